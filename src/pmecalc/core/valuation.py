"""A fund seen on one day against one index: all that the measures share, prepared once."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.content import ByContent
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.daycount import year_fractions
from pmecalc.core.fund import Fund, frozen, summed
from pmecalc.core.lookup import levels_on
from pmecalc.core.money import money_sum, settled
from pmecalc.core.residual_nav import residual_nav

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import FloatArray, IntArray
    from pmecalc.core.metric import Metric
    from pmecalc.core.residual_nav import ResidualNav


_Shared = TypeVar("_Shared")


def once(compute: Callable[[Valuation], _Shared]) -> Callable[[Valuation], _Shared]:
    """Make a function of a valuation, which several measures need, compute once for each."""
    name = compute.__qualname__

    @functools.wraps(compute)
    def kept(at: Valuation) -> _Shared:
        shared = at.shared
        if name not in shared:
            shared[name] = compute(at)
        return cast("_Shared", shared[name])

    return kept


@dataclass(frozen=True, slots=True, eq=False)
class Valuation(ByContent):
    """Flows up to the as-of date by day, the NAV, and the index growth of each flow.

    Parameters
    ----------
    fund, benchmark, options
        What it was made of.
    as_of
        The valuation date, a day number.
    days
        Days with a row, ascending and unique, shape (n_days,).
    contributions, distributions
        Money by day, shape (n_days,).
    nav
        The value at the as-of date; NaN where it is not known.
    residual
        Where the NAV comes from, and why it is not known.
    start
        The day of the first amount that is not zero; None where there is none.
    years
        Years from `start` to the as-of date, 0 where there is no start.
    moved
        Both columns added up before any netting, shape (n_days,): what rounding is measured
        against.
    levels, end_level
        Index levels by day, shape (n_days,), and at the as-of date; 1 without a benchmark.
    max_index_gap_days
        The largest gap between a needed date and the level used.
    warnings
        Codes of METHODS 11.2.
    n_flows, n_excluded
        Rows up to the as-of date, and after it.
    opening
        Of a horizon, the NAV that it starts from; None otherwise.
    void
        Why no measure has a value; None where measures may have one.
    known
        Metrics computed so far, by name.
    shared
        What several measures need, computed so far, by name; see `once`.
    """

    fund: Fund
    benchmark: Benchmark | None
    options: Options
    as_of: int
    days: IntArray
    contributions: FloatArray
    distributions: FloatArray
    nav: float
    residual: ResidualNav
    start: int | None
    years: float
    moved: FloatArray
    levels: FloatArray
    end_level: float
    max_index_gap_days: int
    warnings: tuple[str, ...]
    n_flows: int
    n_excluded: int
    opening: ResidualNav | None = None
    void: Metric | None = None
    known: dict[str, Metric] = field(default_factory=dict, compare=False, repr=False)
    shared: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

    @property
    @once
    def net(self) -> FloatArray:
        """Distributions less contributions by day, shape (n_days,)."""
        return frozen(self.distributions - self.contributions)

    @property
    @once
    def growth(self) -> FloatArray:
        """Index growth from each day to the as-of date, shape (n_days,)."""
        return frozen(self.end_level / self.levels)

    @property
    @once
    def paid_in(self) -> float:
        """All contributions."""
        return money_sum(self.contributions.tolist())

    @property
    @once
    def distributed(self) -> float:
        """All distributions."""
        return money_sum(self.distributions.tolist())

    def inflated(self, sizes: FloatArray) -> FloatArray:
        """Sizes of netted money by day, as large as before netting."""
        if self.options.netting == "gross":
            return sizes
        netted = np.abs(self.net)  # one column of a netted day is 0
        return sizes * self.moved / np.where(netted > 0, netted, 1.0)

    def stream(
        self, received: FloatArray, paid: FloatArray, end: float | None = None
    ) -> tuple[IntArray, FloatArray]:
        """Money by day, in and out apart, with a value at the as-of date, the NAV by default.

        Returns
        -------
        tuple[IntArray, FloatArray]
            Day numbers and money as the investor sees it, shape (2 * n_days + 1,).
        """
        last = self.nav if end is None else end
        days = np.concatenate([self.days, self.days, [self.as_of]])
        return days, np.concatenate([received, -paid, [last]])


def value(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    options: Options | None = None,
) -> Valuation:
    """See a fund on a day.

    Parameters
    ----------
    fund
        Flows and NAVs.
    benchmark
        The index, or None.
    as_of
        The valuation date; by default the latest NAV's, else the last flow's.
    options
        The conventions.

    Returns
    -------
    Valuation
        The prepared value.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.
    InputError
        `BAD_DATE`.

    References
    ----------
    METHODS 1.3-1.6.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> seen = value(Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-12-31", 120)]))
    >>> seen.nav, seen.years
    (120.0, 1.0)
    """
    _check_kinds(fund, benchmark)
    last = default_as_of(fund) if as_of is None else day_number(as_of, field="as_of")
    return value_on(fund, benchmark, last, options or Options())


def _check_kinds(fund: object, benchmark: object) -> None:
    """Say what was given where it is no fund or no index, and what makes one of it."""
    if not isinstance(fund, Fund):
        raise TypeError(
            f"a Fund was expected, not {type(fund).__name__}: pmecalc.read_table(table) makes one "
            "of a table, pmecalc.batch(table) computes a table of many"
        )
    if benchmark is not None and not isinstance(benchmark, Benchmark):
        raise TypeError(
            f"a Benchmark was expected, not {type(benchmark).__name__}: "
            "pmecalc.Benchmark.of(rows) makes one of rows (date, level)"
        )


def value_on(
    fund: Fund,
    benchmark: Benchmark | None,
    as_of: int,
    options: Options,
    opening: ResidualNav | None = None,
) -> Valuation:
    """See a fund on a day given as a number, from a horizon's NAV if there is one; see `value`."""
    n_flows = int(fund.days.searchsorted(as_of, side="right"))
    days, contributions, distributions, moved = _by_day(fund, n_flows, options.netting)
    moving = (moved if options.netting == "gross" else contributions + distributions).nonzero()[0]
    start = int(days[moving[0]]) if len(moving) else None
    years = 0.0
    if start is not None:
        years = float(year_fractions(start, np.array([as_of]), options.day_count)[0])
    levels, end_level, gap = _levels(benchmark, days, moving, as_of, options)
    residual = residual_nav(fund, as_of, benchmark=benchmark, options=options)
    return Valuation(
        fund=fund,
        benchmark=benchmark,
        options=options,
        as_of=as_of,
        days=days,
        contributions=contributions,
        distributions=distributions,
        nav=residual.value,
        residual=residual,
        start=start,
        years=years,
        moved=moved,
        levels=levels,
        end_level=end_level,
        max_index_gap_days=max(gap, residual.max_index_gap_days),
        warnings=(
            *fund.warnings,
            *residual.warnings,
            *_other_warnings(fund, benchmark, as_of, young=start is not None and years < 1),
        ),
        n_flows=n_flows,
        n_excluded=len(fund.days) - n_flows,
        opening=opening,
    )


def default_as_of(fund: Fund) -> int:
    """The date of the latest NAV, else of the last flow.

    >>> from pmecalc.core.fund import Fund
    >>> default_as_of(Fund.of(flows=[("1970-01-01", 100, 0)], navs=[("1970-01-11", 1)]))
    10
    """
    return int(fund.nav_days[-1] if len(fund.nav_days) else fund.days[-1])


def _by_day(
    fund: Fund, n_flows: int, netting: str
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Days, contributions and distributions, and both added up before netting."""
    days = fund.days[:n_flows]
    contributions, distributions = fund.contributions[:n_flows], fund.distributions[:n_flows]
    if not (days[1:] > days[:-1]).all():
        days, places = np.unique(days, return_inverse=True)
        contributions = _added(places, contributions, len(days))
        distributions = _added(places, distributions, len(days))
    moved = np.abs(contributions) + np.abs(distributions)
    if netting == "same_day":
        net = settled(distributions - contributions, 2 * n_flows, moved)
        return days, np.maximum(-net, 0.0), np.maximum(net, 0.0), moved
    return days, contributions, distributions, moved


def _added(places: IntArray, amounts: FloatArray, count: int) -> FloatArray:
    """Sums of money by place, 0 where reversals cancel within rounding."""
    sums = summed(places, amounts, count)
    return settled(sums, len(amounts), summed(places, np.abs(amounts), count))


def _levels(
    benchmark: Benchmark | None, days: IntArray, moving: IntArray, as_of: int, options: Options
) -> tuple[FloatArray, float, int]:
    """Levels by day and at the end; days on which nothing moves need none and get a growth of 1."""
    if benchmark is None or len(moving) == 0:
        return np.ones(len(days)), 1.0, 0
    needed = np.empty(len(moving) + 1, np.int64)
    needed[:-1], needed[-1] = days[moving], as_of
    found, gap = levels_on(
        benchmark,
        needed,
        lookup=options.lookup,
        max_staleness_days=options.max_staleness_days,
    )
    end_level = float(found[-1])
    if len(moving) == len(days):
        return found[:-1], end_level, gap
    levels = np.full(len(days), end_level)
    levels[moving] = found[:-1]
    return levels, end_level, gap


def _other_warnings(
    fund: Fund, benchmark: Benchmark | None, as_of: int, *, young: bool
) -> list[str]:
    currencies = {fund.currency, benchmark.currency if benchmark else None} - {None}
    facts = {
        "FLOWS_AFTER_AS_OF": bool(fund.days[-1] > as_of),
        "INDEX_PRICE_ONLY": benchmark is not None and benchmark.kind == "price",
        "CURRENCY_MISMATCH": len(currencies) > 1,
        "UNDER_ONE_YEAR": young,
    }
    return [code for code, holds in facts.items() if holds]
