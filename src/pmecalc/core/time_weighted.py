"""Time-weighted returns: modified Dietz, chained at the reported NAVs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.dates import iso
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import BenchmarkError
from pmecalc.core.lookup import levels_on
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, derived, undefined
from pmecalc.core.returns import check_timing, dietz
from pmecalc.core.valuation import once, value

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import FloatArray, Fund, IntArray
    from pmecalc.core.returns import FlowTiming
    from pmecalc.core.valuation import Valuation

_UNDEFINED = (
    "no money, or less than none, was invested over a sub-period, or more than all was lost"
)
_FEW = "no NAV after the first flow was reported while there was money in the fund"


@dataclass(frozen=True, slots=True)
class PeriodReturn:
    """What was earned between two dates, and by the index.

    Parameters
    ----------
    start, end
        ISO text; the period runs from the end of one day to the end of the other.
    value
        The return, `>= -1`, not annualised; None where it is undefined.
    annualised
        The same per year; None under a year.
    index
        The index return over the same period; None without a benchmark.
    """

    start: str
    end: str
    value: float | None
    annualised: float | None = None
    index: float | None = None

    @property
    def excess(self) -> float | None:
        """The return less the index return; None where one of them is."""
        if self.value is None or self.index is None:
            return None
        return self.value - self.index

    @property
    def excess_geometric(self) -> float | None:
        """1 + the return over 1 + the index return, less 1; None where one of them is."""
        if self.value is None or self.index is None:
            return None
        return (1 + self.value) / (1 + self.index) - 1


@dataclass(frozen=True, slots=True)
class Twr:
    """A chain of sub-period returns.

    Parameters
    ----------
    cumulative
        The whole chain's return, `>= -1`; None where a sub-period is undefined.
    annualised
        The same per year; None under a year.
    sub_periods
        Between successive NAV dates, in order.
    segments
        The runs of sub-periods that can be chained; one where all are defined.
    status
        `ok`, `total_loss`, `dietz_undefined`, `too_few_observations` or `no_flows`.
    """

    cumulative: float | None
    annualised: float | None
    sub_periods: tuple[PeriodReturn, ...]
    segments: tuple[PeriodReturn, ...]
    status: str


@dataclass(frozen=True, slots=True)
class _Chain:
    """Days at which a fund was valued, and the returns between, NaN where undefined."""

    at: Valuation
    marks: IntArray
    returns: FloatArray


def time_weighted_return(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    flow_timing: FlowTiming = "end",
    **options: Unpack[Conventions],
) -> Twr:
    """Modified Dietz returns chained at the reported NAV dates, beside the index.

    Not a measure of skill where the manager decides when money is drawn: supplemental.

    Parameters
    ----------
    fund
        Flows and NAVs. The first sub-period starts with the NAV reported on the first flow's day,
        else with that day's net contribution.
    benchmark
        The index, or None.
    as_of
        The last date; the chain ends with the latest NAV reported on or before it, or with the
        last one of a fund that is empty from then on.
    flow_timing
        See `modified_dietz`.
    **options
        As for `evaluate`.

    Returns
    -------
    Twr
        With one segment, or more where a sub-period is undefined: less than nothing was invested,
        or more than all was lost. That sub-period is in no segment.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 3.5; GIPS 2020; docs/methods/twr.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2021-12-31", 100, 0)]
    >>> navs = [("2021-12-31", 210), ("2022-12-31", 231)]
    >>> chained = time_weighted_return(Fund.of(flows=flows, navs=navs))
    >>> round(chained.cumulative, 12), len(chained.sub_periods)
    (0.21, 2)
    """
    check_timing(flow_timing)
    at = value(fund, benchmark, as_of=as_of, options=Options.of(**options))
    return chained_at(at, flow_timing)


def chained_at(at: Valuation, flow_timing: FlowTiming = "end") -> Twr:
    """The chain of a prepared valuation; see `time_weighted_return`."""
    chain = _chain(at, flow_timing)
    levels = _levels(chain)
    segments = tuple(_period(chain, levels, *part) for part in _defined_parts(chain.returns))
    sub_periods = tuple(
        _period(chain, levels, place, place + 1) for place in range(len(chain.returns))
    )
    whole = _outcome(chain)
    total = segments[0] if whole.value is not None else None
    return Twr(
        cumulative=total.value if total else None,
        annualised=total.annualised if total else None,
        sub_periods=sub_periods,
        segments=segments,
        status=whole.status,
    )


@measure(nav=True)
def twr(at: Valuation) -> Metric:
    """The time-weighted return per year, not annualised under a year; `>= -1`; supplemental.

    Null with `dietz_undefined` where a sub-period has no return; `time_weighted_return` shows the
    segments on both sides of it.

    References
    ----------
    METHODS 3.5, 3.1 (GIPS form); docs/methods/twr.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 100, 0)]
    >>> navs = [("2022-01-01", 210), ("2023-01-01", 231)]
    >>> round(twr(Fund.of(flows=flows, navs=navs)), 12)
    0.1
    """
    return _outcome(_own_chain(at))


@measure(nav=True)
def twr_cumulative(at: Valuation) -> Metric:
    """The time-weighted return over the whole chain, not per year; `>= -1`; supplemental.

    References
    ----------
    METHODS 3.5; docs/methods/twr.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 100, 0)]
    >>> navs = [("2022-01-01", 210), ("2023-01-01", 231)]
    >>> round(twr_cumulative(Fund.of(flows=flows, navs=navs)), 12)
    0.21
    """
    chain = _own_chain(at)
    whole = _outcome(chain)
    if whole.value is None:
        return whole
    return replace(whole, value=_compounded(chain, 0, len(chain.returns))[0])


@measure(index=True, nav=True)
def twr_index(at: Valuation) -> Metric:
    """The index return over the days of the time-weighted return, in the same form.

    References
    ----------
    METHODS 3.5, 3.1 (GIPS form); docs/methods/twr.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[("2022-01-01", 130)])
    >>> round(twr_index(fund, world), 12)
    0.2
    """
    chain = _own_chain(at)
    whole = _outcome(chain)
    if whole.value is None:
        return whole
    try:
        levels = _levels(chain)
    except BenchmarkError as error:
        return undefined(error.code.lower(), str(error))
    growth = chain.returns if levels is None else levels[1:] / levels[:-1] - 1
    cumulative, annualised = _compounded(replace(chain, returns=growth), 0, len(growth))
    return Metric(cumulative if annualised is None else annualised)


@measure(index=True, nav=True)
def twr_excess(at: Valuation) -> Metric:
    """The time-weighted return less that of the index over the same days, in the same form.

    References
    ----------
    METHODS 3.5; docs/methods/twr.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[("2022-01-01", 130)])
    >>> round(twr_excess(fund, world), 12)
    0.1
    """
    return derived(lambda fund, index: fund - index, twr.at(at), twr_index.at(at))


@measure(nav=True)
def modified_dietz(at: Valuation) -> Metric:
    """The modified Dietz return from the first flow to the as-of date in one period, not per year.

    It starts from the NAV reported on the first flow's day, else from that day's net contribution.

    References
    ----------
    METHODS 3.4; Dietz (1966); docs/methods/modified_dietz.md.

    Examples
    --------
    30 are gained; 100 were invested all year, and 100 for half a year:

    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2021-07-02", 100, 0)]
    >>> modified_dietz(Fund.of(flows=flows, navs=[("2021-12-31", 230)]))
    0.2
    """
    if at.start is None:
        return undefined("no_flows")
    if at.as_of == at.start:
        return undefined("zero_duration")
    ends = np.array([at.start, at.as_of])
    returns, _ = dietz(
        ends, np.array([_opening(at), at.nav]), at.days, -at.net, "end", moved=at.moved
    )
    if np.isnan(returns[0]):
        return undefined(
            "dietz_undefined", "nothing, or less than nothing, was invested on average"
        )
    return Metric(float(returns[0]))


def _outcome(chain: _Chain) -> Metric:
    """The return of a whole chain, in GIPS form."""
    if chain.at.start is None:
        return undefined("no_flows")
    if len(chain.returns) == 0:
        return undefined("too_few_observations", _FEW)
    if np.isnan(chain.returns).any():
        return undefined("dietz_undefined", _UNDEFINED)
    cumulative, annualised = _compounded(chain, 0, len(chain.returns))
    if cumulative == -1:
        return Metric(-1.0, "total_loss", reason="the value fell to nothing")
    return Metric(cumulative if annualised is None else annualised)


@once
def _own_chain(at: Valuation) -> _Chain:
    """The chain of the measures, whose flows come at the end of their day."""
    return _chain(at, "end")


def _chain(at: Valuation, flow_timing: str) -> _Chain:
    if at.start is None:
        return _Chain(at, np.zeros(0, np.int64), np.zeros(0))
    fund = at.fund
    later = (fund.nav_days > at.start) & (fund.nav_days <= at.as_of)
    marks = np.append(at.start, fund.nav_days[later])
    navs = np.append(_opening(at), fund.navs[later])
    returns, invested = dietz(marks, navs, at.days, -at.net, flow_timing, moved=at.moved)
    returns[returns < -1] = math.nan
    # Once empty for good, the fund has no return any more: the chain ends before.
    last = int(np.flatnonzero(invested).max(initial=-1)) + 1
    return _Chain(at, marks[: last + 1], returns[:last])


def _opening(at: Valuation) -> float:
    """The NAV reported on the day of the first flow, else that day's net contribution."""
    reported = at.fund.navs[at.fund.nav_days == at.start]
    return float(reported[0] if len(reported) else -at.net[at.days == at.start][0])


def _compounded(chain: _Chain, first: int, last: int) -> tuple[float, float | None]:
    """The return from one mark to another, and the same per year where that is a year or more."""
    cumulative = float(np.prod(1 + chain.returns[first:last])) - 1
    start, end = int(chain.marks[first]), chain.marks[last : last + 1]
    years = float(year_fractions(start, end, chain.at.options.day_count)[0])
    if years < 1:
        return cumulative, None
    if cumulative == -1:
        return cumulative, -1.0
    return cumulative, math.expm1(math.log1p(cumulative) / years)


def _period(chain: _Chain, levels: FloatArray | None, first: int, last: int) -> PeriodReturn:
    undefined_part = np.isnan(chain.returns[first:last]).any()
    earned, annualised = (None, None) if undefined_part else _compounded(chain, first, last)
    return PeriodReturn(
        start=iso(chain.marks[first]),
        end=iso(chain.marks[last]),
        value=earned,
        annualised=annualised,
        index=None if levels is None else float(levels[last] / levels[first]) - 1,
    )


def _defined_parts(returns: FloatArray) -> list[tuple[int, int]]:
    """First and last mark of each run of defined returns."""
    defined = np.concatenate([[False], ~np.isnan(returns), [False]])
    edges = np.flatnonzero(defined[1:] != defined[:-1]).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _levels(chain: _Chain) -> FloatArray | None:
    benchmark, options = chain.at.benchmark, chain.at.options
    if benchmark is None:
        return None
    levels, _ = levels_on(
        benchmark,
        chain.marks,
        lookup=options.lookup,
        max_staleness_days=options.max_staleness_days,
    )
    return levels
