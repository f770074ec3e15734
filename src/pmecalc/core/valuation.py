"""A fund seen on one day against one index: all that the measures share, prepared once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.dates import day_number
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import InputError
from pmecalc.core.fund import Fund, summed
from pmecalc.core.lookup import levels_on, rule_of

if TYPE_CHECKING:
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import BoolArray, FloatArray, IntArray
    from pmecalc.core.metric import Metric

Netting: TypeAlias = Literal["gross", "same_day"]
NO_DAY = -(2**62)
NavGrowth: TypeAlias = Literal["none", "index"]
NAV_GROWTHS: tuple[NavGrowth, ...] = ("none", "index")
Recallable: TypeAlias = Literal["gross", "net"]
RECALLABLES: tuple[Recallable, ...] = ("gross", "net")
NETTINGS: tuple[Netting, ...] = ("gross", "same_day")


@dataclass(frozen=True, slots=True)
class Options:
    """The conventions of a calculation; build one with `Options.of`.

    Parameters
    ----------
    day_count
        See `year_fractions`.
    netting
        `gross`, or `same_day` to net contributions against distributions of one day first.
    lookup, max_staleness_days
        See `levels_on`.
    recallable
        `gross`, or `net` to offset recallable distributions against later calls in the multiples.
    nav_growth
        `none`, or `index` to let a NAV grow with the index while it is rolled forward.
    """

    day_count: str = "ACT/365F"
    netting: str = "gross"
    lookup: str = "previous"
    max_staleness_days: int | None = 100
    nav_growth: str = "none"
    recallable: str = "gross"

    @classmethod
    def of(cls, **options: object) -> Options:
        """The conventions, checked.

        Raises
        ------
        InputError
            `UNSUPPORTED_OPTION`.
        TypeError
            An option of that name does not exist.
        """
        made = cls(**options)  # type: ignore[arg-type]  # unknown names are a TypeError
        year_fractions(0, np.zeros(0, np.int64), made.day_count)
        if made.netting not in NETTINGS:
            raise _refused("netting", made.netting, "gross, same_day")
        if made.nav_growth not in NAV_GROWTHS:
            raise _refused("nav_growth", made.nav_growth, "none, index")
        if made.recallable not in RECALLABLES:
            raise _refused("recallable", made.recallable, "gross, net")
        rule_of(made.lookup)
        if made.max_staleness_days is not None and made.max_staleness_days < 0:
            raise _refused("max_staleness_days", made.max_staleness_days, "0 or more, or None")
        return made


@dataclass(frozen=True, slots=True)
class ResidualValue:
    """NAVs on the days asked for.

    Parameters
    ----------
    values
        Money, shape (n_days,).
    reported
        True where the value was reported for that day, shape (n_days,).
    floored
        True where the roll-forward was cut at zero, shape (n_days,).
    source_days
        The day of the NAV it starts from; `NO_DAY` where there was none before, shape (n_days,).
    max_index_gap_days
        The largest gap between a day and the index level that a NAV grew with.
    """

    values: FloatArray
    reported: BoolArray
    floored: BoolArray
    source_days: IntArray
    max_index_gap_days: int = 0


@dataclass(frozen=True, slots=True)
class Valuation:
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
        The value at the as-of date.
    nav_day
        The day of the NAV used; None where none was reported up to the as-of date.
    start
        The day of the first amount that is not zero; None where there is none.
    years
        Years from `start` to the as-of date, 0 where there is no start.
    net
        Distributions less contributions by day, shape (n_days,).
    paid_in, distributed
        All contributions, all distributions.
    levels, end_level
        Index levels by day, shape (n_days,), and at the as-of date; 1 without a benchmark.
    growth
        Index growth from each day to the as-of date, shape (n_days,).
    max_index_gap_days
        The largest gap between a needed date and the level used.
    warnings
        Codes of METHODS 11.2.
    n_flows, n_excluded
        Rows up to the as-of date, and after it.
    known
        Metrics computed so far, by name.
    shared
        What several measures need, computed so far, by name; see `measure.once`.
    """

    fund: Fund
    benchmark: Benchmark | None
    options: Options
    as_of: int
    days: IntArray
    contributions: FloatArray
    distributions: FloatArray
    nav: float
    nav_day: int | None
    start: int | None
    years: float
    net: FloatArray
    paid_in: float
    distributed: float
    levels: FloatArray
    end_level: float
    growth: FloatArray
    max_index_gap_days: int
    warnings: tuple[str, ...]
    n_flows: int
    n_excluded: int
    known: dict[str, Metric] = field(default_factory=dict, compare=False, repr=False)
    shared: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

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


def value_on(fund: Fund, benchmark: Benchmark | None, as_of: int, options: Options) -> Valuation:
    """See a fund on a day given as a number; see `value`."""
    n_flows = int(fund.days.searchsorted(as_of, side="right"))
    days, contributions, distributions = _by_day(fund, n_flows, options.netting)
    moving = ((contributions != 0) | (distributions != 0)).nonzero()[0]
    start = int(days[moving[0]]) if len(moving) else None
    years = 0.0
    if start is not None:
        years = float(year_fractions(start, np.array([as_of]), options.day_count)[0])
    levels, end_level, gap = _levels(benchmark, days, moving, as_of, options)
    residual = _residual_on(fund, as_of, benchmark, options)
    return Valuation(
        fund=fund,
        benchmark=benchmark,
        options=options,
        as_of=as_of,
        days=days,
        contributions=contributions,
        distributions=distributions,
        nav=residual.value,
        nav_day=residual.day,
        start=start,
        years=years,
        net=distributions - contributions,
        paid_in=math.fsum(contributions.tolist()),
        distributed=math.fsum(distributions.tolist()),
        levels=levels,
        end_level=end_level,
        growth=end_level / levels,
        max_index_gap_days=max(gap, residual.max_index_gap_days),
        warnings=(
            *fund.warnings,
            *residual.warnings,
            *_other_warnings(fund, benchmark, as_of, young=start is not None and years < 1),
        ),
        n_flows=n_flows,
        n_excluded=len(fund.days) - n_flows,
    )


def default_as_of(fund: Fund) -> int:
    """The date of the latest NAV, else of the last flow.

    >>> from pmecalc.core.fund import Fund
    >>> default_as_of(Fund.of(flows=[("1970-01-01", 100, 0)], navs=[("1970-01-11", 1)]))
    10
    """
    return int(fund.nav_days[-1] if len(fund.nav_days) else fund.days[-1])


def residual_values(
    fund: Fund,
    days: IntArray,
    benchmark: Benchmark | None = None,
    options: Options | None = None,
) -> ResidualValue:
    """NAVs on any days: reported, else the last one rolled forward with the flows since.

    Parameters
    ----------
    fund
        Flows and NAVs.
    days
        Day numbers, shape (n_days,).
    benchmark, options
        With `nav_growth="index"` a NAV grows with the benchmark from its own day on; flows since
        do not.

    Returns
    -------
    ResidualValue
        Values in fund currency. Before the first NAV the base is 0; a fund that never reported a
        NAV has none on any day.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`: with `nav_growth="index"`, at either end of a roll.
    InputError
        `UNSUPPORTED_OPTION`: `nav_growth="index"` without a benchmark.

    References
    ----------
    METHODS 1.5; docs/adr/0003-no-nav-means-zero.md.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> fund = Fund.of(
    ...     flows=[("1970-01-01", 100, 0), ("1970-01-21", 0, 30)], navs=[("1970-01-11", 110)]
    ... )
    >>> residual_values(fund, np.array([10, 20])).values.tolist()
    [110.0, 80.0]
    """
    none = np.zeros(len(days), np.bool_)
    if len(fund.nav_days) == 0:
        return ResidualValue(
            np.zeros(len(days)), none, none, np.full(len(days), NO_DAY, dtype=np.int64)
        )
    places = np.searchsorted(fund.nav_days, days, side="right") - 1
    has_base = places >= 0
    base_days = np.where(has_base, fund.nav_days[places], NO_DAY)
    bases = np.where(has_base, fund.navs[places], 0.0)
    estimated = ~has_base | fund.nav_estimated[places]
    on_the_day = base_days == days
    growth, gap = np.ones(len(days)), 0
    if options is not None and options.nav_growth == "index":
        moving = has_base & ~on_the_day
        growth[moving], gap = _growth(benchmark, base_days[moving], days[moving], options)
    rolled = bases * growth + _flows_between(fund, base_days, days)
    floored = ~on_the_day & (rolled < 0)
    return ResidualValue(
        np.where(on_the_day, bases, np.where(floored, 0.0, rolled)),
        on_the_day & ~estimated,
        floored,
        base_days,
        gap,
    )


def _growth(
    benchmark: Benchmark | None, after: IntArray, until: IntArray, options: Options
) -> tuple[FloatArray, int]:
    """Index growth of each span, and the largest gap."""
    if benchmark is None:
        raise _refused("nav_growth", "index", "none where there is no benchmark")
    levels, gap = levels_on(
        benchmark,
        np.concatenate([after, until]),
        lookup=options.lookup,
        max_staleness_days=options.max_staleness_days,
    )
    return levels[len(after) :] / levels[: len(after)], gap


def _flows_between(fund: Fund, after: IntArray, until: IntArray) -> FloatArray:
    """Contributions less distributions in `(after, until]`, exact sums of each span."""
    paid = (fund.contributions - fund.distributions).tolist()
    first = fund.days.searchsorted(after, side="right").tolist()
    last = fund.days.searchsorted(until, side="right").tolist()
    return np.array([math.fsum(paid[a:b]) for a, b in zip(first, last, strict=True)])


def _by_day(fund: Fund, n_flows: int, netting: str) -> tuple[IntArray, FloatArray, FloatArray]:
    days = fund.days[:n_flows]
    contributions, distributions = fund.contributions[:n_flows], fund.distributions[:n_flows]
    if not (days[1:] > days[:-1]).all():
        days, places = np.unique(days, return_inverse=True)
        contributions = summed(places, contributions, len(days))
        distributions = summed(places, distributions, len(days))
    if netting == "same_day":
        net = distributions - contributions
        return days, np.maximum(-net, 0.0), np.maximum(net, 0.0)
    return days, contributions, distributions


def _levels(
    benchmark: Benchmark | None, days: IntArray, moving: IntArray, as_of: int, options: Options
) -> tuple[FloatArray, float, int]:
    """Levels by day and at the end; days on which nothing moves need none and get a growth of 1."""
    if benchmark is None or len(moving) == 0:
        return np.ones(len(days)), 1.0, 0
    found, gap = levels_on(
        benchmark,
        np.concatenate([days[moving], [as_of]]),
        lookup=options.lookup,
        max_staleness_days=options.max_staleness_days,
    )
    end_level = float(found[-1])
    if len(moving) == len(days):
        return found[:-1], end_level, gap
    levels = np.full(len(days), end_level)
    levels[moving] = found[:-1]
    return levels, end_level, gap


@dataclass(frozen=True, slots=True)
class _Residual:
    """The NAV of one day."""

    value: float
    day: int | None
    max_index_gap_days: int
    warnings: tuple[str, ...]


def _residual_on(
    fund: Fund, as_of: int, benchmark: Benchmark | None, options: Options
) -> _Residual:
    """`residual_values` of one day, without its arrays where the NAV of the day was reported."""
    place = int(fund.nav_days.searchsorted(as_of, side="right")) - 1
    if place >= 0 and fund.nav_days[place] == as_of and not fund.nav_estimated[place]:
        nav = float(fund.navs[place])
        return _Residual(nav, as_of, 0, ("NAV_NEGATIVE",) if nav < 0 else ())
    residual = residual_values(fund, np.array([as_of]), benchmark, options)
    source = int(residual.source_days[0])
    return _Residual(
        value=float(residual.values[0]),
        day=None if source == NO_DAY else source,
        max_index_gap_days=residual.max_index_gap_days,
        warnings=tuple(_nav_warnings(fund, residual)),
    )


def _nav_warnings(fund: Fund, residual: ResidualValue) -> list[str]:
    facts = {
        "NAV_ASSUMED_ZERO": len(fund.nav_days) == 0,
        "NAV_ROLLED_FORWARD": len(fund.nav_days) > 0 and not residual.reported[0],
        "NAV_FLOORED": bool(residual.floored[0]),
        "NAV_NEGATIVE": bool(residual.values[0] < 0),
    }
    return [code for code, holds in facts.items() if holds]


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


def _refused(name: str, given: object, offered: str) -> InputError:
    return InputError(
        f"{name}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=name,
        value=given,
        hint=f"Offered: {offered}.",
    )
