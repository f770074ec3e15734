"""Flows and NAVs of several funds on one day, as flat columns: no valuation a fund."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core import engine
from pmecalc.core.daycount import year_fractions
from pmecalc.core.lookup import levels_on
from pmecalc.core.residual_nav import residual_nav

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Options
    from pmecalc.core.fund import BoolArray, FloatArray, Fund, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """What several funds moved until a day and are worth on it; build one with `Holdings.of`.

    Parameters
    ----------
    starts
        The first row of each fund, shape (n_funds,), ascending.
    days, contributions, distributions
        Day numbers, and money in fund currency, shape (n_rows,). The last row of each fund is that
        of its NAV, on which nothing moves; what came later is left out.
    growth
        The index growth from each row to the day, shape (n_rows,); 1 without an index.
    navs
        The NAV of each fund on the day, shape (n_funds,), rolled forward where none was reported;
        NaN where it is not known.
    as_of, day_count
        The day, and how years are counted.
    """

    starts: IntArray
    days: IntArray
    contributions: FloatArray
    distributions: FloatArray
    growth: FloatArray
    navs: FloatArray
    as_of: int
    day_count: str

    @classmethod
    def of(
        cls, funds: Sequence[Fund], benchmark: Benchmark | None, as_of: int, options: Options
    ) -> Holdings:
        """Gather the columns of at least one fund.

        Raises
        ------
        BenchmarkError
            `INDEX_NOT_COVERED`, `INDEX_STALE`, on days on which anything moved.

        References
        ----------
        METHODS 1.5, 1.6; each NAV and growth is that of `value_on`.

        Examples
        --------
        >>> from pmecalc import Fund
        >>> from pmecalc.core.conventions import Options
        >>> fund = Fund.of(flows=[("1970-01-01", 5, 0), ("1970-01-21", 0, 2)])
        >>> Holdings.of([fund, fund], None, 10, Options()).owners.tolist()
        [0, 0, 1, 1]
        """
        loops = engine.pool_kernels()
        rows = _rows(funds, as_of) if loops is None else loops.held_rows(*_columns(funds), as_of)
        starts, days, paid, received, navs = rows
        return cls(
            starts=starts,
            days=days,
            contributions=paid,
            distributions=received,
            growth=np.ones(len(days))
            if benchmark is None
            else _growth(benchmark, days, _moving(paid, received), as_of, options),
            navs=navs,
            as_of=as_of,
            day_count=options.day_count,
        )

    @property
    def owners(self) -> IntArray:
        """The fund of each row, shape (n_rows,), ascending."""
        return _repeated(np.diff(self.starts, append=len(self.days)))

    def by_fund(self, money: FloatArray) -> FloatArray:
        """Sums by fund of money of shape (..., n_rows), shape (..., n_funds)."""
        sums: FloatArray = np.add.reduceat(money, self.starts, axis=-1)
        return sums

    def moving(self) -> BoolArray:
        """On which rows anything moves, shape (n_rows,)."""
        return _moving(self.contributions, self.distributions)


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """Dated money of several funds, their NAVs included; build one with `Streams.of`.

    Parameters
    ----------
    held
        The funds, row by row.
    times
        Years from the earliest day, shape (n_rows,).
    received, paid
        Money, shape (n_rows,), `>= 0` but for reversals.
    """

    held: Holdings
    times: FloatArray
    received: FloatArray
    paid: FloatArray

    @classmethod
    def of(cls, held: Holdings, *, carried: bool) -> Streams:
        """Flows and NAVs as they are, or `carried` to the as-of date at the index return.

        Examples
        --------
        >>> from pmecalc import Fund
        >>> from pmecalc.core.conventions import Options
        >>> fund = Fund.of(flows=[("1970-01-01", 5, 0)], navs=[("1970-01-11", 6)])
        >>> Streams.of(Holdings.of([fund], None, 10, Options()), carried=False).received.tolist()
        [0.0, 6.0]
        """
        received, paid = held.distributions.copy(), held.contributions.copy()
        if carried:
            received *= held.growth
            paid *= held.growth
        ends = np.empty_like(held.starts)
        ends[:-1], ends[-1] = held.starts[1:] - 1, len(held.days) - 1
        received[ends], paid[ends] = np.maximum(held.navs, 0.0), np.maximum(-held.navs, 0.0)
        times = year_fractions(int(held.days.min()), held.days, held.day_count)
        return cls(held, times, received, paid)


def _columns(funds: Sequence[Fund]) -> tuple[object, ...]:
    """Flows and NAVs of the funds one after the other, and how many there are of each."""
    flows = (
        np.concatenate([fund.days for fund in funds]),
        np.concatenate([fund.contributions for fund in funds]),
        np.concatenate([fund.distributions for fund in funds]),
    )
    residuals = (
        np.concatenate([fund.nav_days for fund in funds]),
        np.concatenate([fund.navs for fund in funds]),
    )
    counts = np.array([len(fund.days) for fund in funds])
    nav_counts = np.array([len(fund.nav_days) for fund in funds])
    return flows, counts, residuals, nav_counts


def _rows(
    funds: Sequence[Fund], as_of: int
) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]:
    """What the compiled `held_rows` gives."""
    own_day, nothing = np.array([as_of]), np.zeros(1)
    days = np.concatenate([part for fund in funds for part in (fund.days, own_day)])
    paid, received = (
        np.concatenate([part for column in columns for part in (column, nothing)])
        for columns in (
            [fund.contributions for fund in funds],
            [fund.distributions for fund in funds],
        )
    )
    owners = _repeated([len(fund.days) + 1 for fund in funds])
    navs = np.array([_nav(fund, as_of) for fund in funds])
    seen = days <= as_of
    if not seen.all():
        owners, days, paid, received = (x[seen] for x in (owners, days, paid, received))
    return np.searchsorted(owners, np.arange(len(funds))), days, paid, received, navs


def _moving(paid: FloatArray, received: FloatArray) -> BoolArray:
    moves: BoolArray = (paid != 0) | (received != 0)
    return moves


def _repeated(lengths: IntArray | list[int]) -> IntArray:
    """Each place as often as it is long."""
    return np.repeat(np.arange(len(lengths)), lengths)


def _nav(fund: Fund, as_of: int) -> float:
    """The NAV on a day; where none is known NaN, and 0 before the first flow."""
    count = int(fund.days.searchsorted(as_of, side="right"))
    begun = _moving(fund.contributions[:count], fund.distributions[:count]).any()
    residual = residual_nav(fund, as_of)
    return 0.0 if residual.missing is not None and not begun else residual.value


def _growth(
    benchmark: Benchmark, days: IntArray, moving: BoolArray, as_of: int, options: Options
) -> FloatArray:
    """Index growth to the day; days on which nothing moves need no level and get 1."""
    growth = np.ones(len(days))
    if not moving.any():
        return growth
    levels, _ = levels_on(
        benchmark,
        np.append(days[moving], as_of),
        lookup=options.lookup,
        max_staleness_days=options.max_staleness_days,
    )
    growth[moving] = levels[-1] / levels[:-1]
    return growth
