"""The returns of a fund from one NAV to the next, on which every risk figure stands."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.content import ByContent
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import NotDefinedError, counted
from pmecalc.core.fund import frozen
from pmecalc.core.lookup import levels_on
from pmecalc.core.returns import dietz
from pmecalc.core.through_time import valued_slice
from pmecalc.core.valuation import default_as_of, once, value_on

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.dates import DateLike
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.fund import FloatArray, Fund, IntArray
    from pmecalc.core.lookup import Lookup
    from pmecalc.core.valuation import Valuation

LEAST_RETURNS = 8  # METHODS 8
_FREQUENCIES = (1.0, 2.0, 4.0, 12.0)
_IRREGULAR = 1.5  # months differ by 31/28, quarters by 92/90; a missed NAV doubles an interval


@dataclass(frozen=True, slots=True, eq=False)
class ReturnSeries(ByContent):
    """Modified Dietz returns between NAVs; build one with `return_series`.

    Parameters
    ----------
    days
        Day numbers that bound the intervals, shape (n + 1,), ascending.
    returns
        Return of each interval, a decimal not annualised, shape (n,); NaN where it is undefined.
    index_returns
        Index return of the same intervals, shape (n,); None without a benchmark.
    years
        Length of each interval, shape (n,), `> 0`.
    opening
        1 where the first interval starts from the first flow rather than from a NAV, else 0.
    periods_per_year
        1, 2, 4 or 12, the nearest to how often NAVs came; None without two NAVs.
    regular
        Whether the longest interval between NAVs is less than one and a half times the shortest.
    n_estimated
        How many of the NAVs were rolled forward rather than reported.
    """

    days: IntArray
    returns: FloatArray
    index_returns: FloatArray | None
    years: FloatArray
    opening: int
    periods_per_year: float | None
    regular: bool
    n_estimated: int

    def segments(self) -> list[slice]:
        """Runs of intervals whose return is defined, in order."""
        defined = np.zeros(len(self.returns) + 2, np.bool_)  # a gap before the first and the last
        defined[1:-1] = ~np.isnan(self.returns)
        edges = np.flatnonzero(defined[1:] != defined[:-1]).tolist()
        return [slice(*edge) for edge in zip(edges[::2], edges[1::2], strict=True)]


def return_series(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    day_count: DayCount = "ACT/365F",
    lookup: Lookup = "previous",
    max_staleness_days: int | None = 100,
) -> ReturnSeries:
    """Modified Dietz returns over successive NAV dates, and the index over the same intervals.

    Parameters
    ----------
    fund
        Flows and NAVs.
    benchmark
        The index, or None.
    as_of
        The last date looked at; by default the latest NAV's.
    day_count, lookup, max_staleness_days
        As for `evaluate`.

    Returns
    -------
    ReturnSeries
        The first interval starts at the first flow, from that day's NAV or else from its net
        contribution. Flows weigh by the days that they were in, from the end of their day.
        An interval with nothing invested (average capital `<= 0`) has no return.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 3.4, 3.5, 8; Dietz (1966); docs/methods/risk.md.

    Examples
    --------
    100 grow to 110; then 10 come in half-way and it ends at 131, 11 over 115:

    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2021-07-01", 10, 0)]
    >>> navs = [("2021-04-01", 110), ("2021-09-30", 131)]
    >>> series = return_series(Fund.of(flows=flows, navs=navs))
    >>> [round(each, 6) for each in series.returns.tolist()]
    [0.1, 0.095652]
    """
    options = Options.of(day_count=day_count, lookup=lookup, max_staleness_days=max_staleness_days)
    last = default_as_of(fund) if as_of is None else day_number(as_of, field="as_of")
    return series_at(value_on(fund, None, last, options), benchmark)


def series_at(at: Valuation, benchmark: Benchmark | None) -> ReturnSeries:
    """The returns up to the date of a prepared valuation; see `return_series`."""
    series = own_series(at)
    if benchmark is None:
        return series
    growth = growth_over(benchmark, series.days, at.options)
    return replace(series, index_returns=frozen(growth))


@once
def own_series(at: Valuation) -> ReturnSeries:
    """The returns of the fund alone; see `return_series`."""
    valued = valued_slice(at)
    days, navs = at.fund.nav_days[valued], at.fund.navs[valued]
    opening = int(at.start is not None and len(days) > 0 and days[0] != at.start)
    if opening:
        days = np.append(at.days[at.days == at.start], days)
        navs = np.append(-at.net[at.days == at.start], navs)
    gaps = np.diff(days)[opening:]
    years = np.zeros(0)
    if len(days):
        years = np.diff(year_fractions(int(days[0]), days, at.options.day_count))
    return ReturnSeries(
        days=frozen(np.array(days)),
        returns=frozen(_dietz(at, days, navs) if len(days) else years),
        index_returns=None,
        years=frozen(years),
        opening=opening,
        periods_per_year=_frequency(gaps),
        regular=len(gaps) > 0 and bool(gaps.max() < _IRREGULAR * gaps.min()),
        n_estimated=int(np.count_nonzero(at.fund.nav_estimated[valued])),
    )


def _dietz(at: Valuation, days: IntArray, navs: FloatArray) -> FloatArray:
    return dietz(days, navs, at.days, -at.net, "end", moved=at.moved)[0]


def growth_over(benchmark: Benchmark, days: IntArray, options: Options) -> FloatArray:
    """Index return over each interval between days, shape (n_days - 1,)."""
    levels, _ = levels_on(
        benchmark, days, lookup=options.lookup, max_staleness_days=options.max_staleness_days
    )
    return levels[1:] / levels[:-1] - 1.0


def longest_run(series: ReturnSeries, measure: str) -> slice:
    """The longest run of defined returns between NAVs, the earliest of equals.

    Raises
    ------
    NotDefinedError
        `too_few_observations`: fewer than eight intervals between NAVs. `dietz_undefined`: enough
        intervals, but no eight in a row have a return.

    References
    ----------
    METHODS 3.5: a chain stops at an undefined interval; METHODS 8: at least eight observations.
    """
    n_intervals = len(series.returns) - series.opening
    if n_intervals < LEAST_RETURNS:
        there = counted(max(n_intervals, 0), "return")
        reason = f"{there} between NAVs; {LEAST_RETURNS} are needed"
        raise NotDefinedError(measure, "too_few_observations", reason)
    runs = [slice(max(run.start, series.opening), run.stop) for run in series.segments()]
    longest = max(runs, key=lambda run: run.stop - run.start, default=slice(0, 0))
    if longest.stop - longest.start < LEAST_RETURNS:
        reason = f"no {LEAST_RETURNS} returns in a row: in between nothing was invested"
        raise NotDefinedError(measure, "dietz_undefined", reason)
    return longest


def _frequency(gaps: IntArray) -> float | None:
    if len(gaps) == 0:
        return None
    rate = 365.25 * len(gaps) / int(gaps.sum())
    return min(_FREQUENCIES, key=lambda frequency: abs(math.log(rate / frequency)))
