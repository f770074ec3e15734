"""Returns that do not come from a root: modified IRR, modified Dietz, time-weighted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.dates import day_number, iso
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.fund import amount
from pmecalc.core.irr import by_date, dated_amounts
from pmecalc.core.lookup import levels_on
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, rate_of, undefined
from pmecalc.core.valuation import Options, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.dates import DateLike
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.fund import BoolArray, FloatArray, Fund, IntArray
    from pmecalc.core.valuation import Valuation

FlowTiming: TypeAlias = Literal["end", "start"]

_ROUNDING = 1e-13  # of the money in a sub-period: less invested than this is nothing invested
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


def mirr(
    flows: Iterable[Sequence[object]],
    *,
    finance_rate: float,
    reinvest_rate: float,
    day_count: DayCount = "ACT/365F",
) -> float:
    """The modified IRR: what comes in is reinvested, what goes out is set aside, at known rates.

    Parameters
    ----------
    flows
        Rows `(date, amount)`, paid in `< 0`, in any order; a last row of 0 says how long money
        received stays reinvested. Amounts of one date are summed first.
    finance_rate, reinvest_rate
        Annual rates, `> -1`.
    day_count
        See `year_fractions`.

    Returns
    -------
    float
        An annual rate, `> -1`.

    Raises
    ------
    NotDefinedError
        `no_flows`, `no_investment`, `no_distributions` (nothing came back), `zero_duration`,
        `overflow`.
    CashFlowError
        `NON_FINITE`, `RAGGED_ROW`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 3.3; INSEAD GPEI (2019), Measuring Private Equity Fund Performance.

    Examples
    --------
    50 received after one year of two grow to 55; 55 and 66 come from 100:

    >>> stream = [("2021-01-01", -100), ("2022-01-01", 50), ("2023-01-01", 66)]
    >>> round(mirr(stream, finance_rate=0.0, reinvest_rate=0.1), 12)
    0.1
    """
    finance = _log_of_rate("finance_rate", finance_rate)
    reinvest = _log_of_rate("reinvest_rate", reinvest_rate)
    days, amounts = dated_amounts(flows)
    last = days.max(initial=0)
    dates, sums = by_date(days, amounts)
    if len(dates) == 0:
        raise NotDefinedError("mirr", "no_flows")
    received, paid = sums > 0, sums < 0
    if not paid.any():
        raise NotDefinedError("mirr", "no_investment")
    if not received.any():
        raise NotDefinedError("mirr", "no_distributions")
    times = year_fractions(int(dates[0]), np.append(dates, last), day_count)
    end, times = float(times[-1]), times[:-1]
    if end == 0:
        raise NotDefinedError("mirr", "zero_duration")
    grown = _log_sum(np.log(sums[received]) + (end - times[received]) * reinvest)
    set_aside = _log_sum(np.log(-sums[paid]) - times[paid] * finance)
    rate = rate_of((grown - set_aside) / end)
    if rate.value is None:
        raise NotDefinedError("mirr", rate.status, rate.reason)
    return rate.number


def modified_dietz(
    flows: Iterable[Sequence[object]],
    *,
    start: DateLike,
    end: DateLike,
    nav_start: float,
    nav_end: float,
    flow_timing: FlowTiming = "end",
) -> float:
    """The return between two NAVs, flows weighted by the time they were invested.

    Parameters
    ----------
    flows
        Rows `(date, amount)`, paid in `< 0`, in any order. Those not in `(start, end]` belong to
        other periods and are left out.
    start, end
        The dates of the NAVs, which are end-of-day values.
    nav_start, nav_end
        The NAVs, in fund currency.
    flow_timing
        Whether a flow comes at the `end` of its day, or at the `start`.

    Returns
    -------
    float
        A return over the period, not annualised.

    Raises
    ------
    NotDefinedError
        `dietz_undefined`: nothing, or less than nothing, was invested on average.
    CashFlowError
        `NON_FINITE`, `RAGGED_ROW`.
    InputError
        `BAD_DATE`, where the end is not after the start too; `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 3.4; Dietz (1966).

    Examples
    --------
    30 are gained; 100 were invested all year, and 100 for half a year:

    >>> dates = {"start": "2021-01-01", "end": "2021-12-31"}
    >>> flows = [("2021-07-02", -100)]
    >>> modified_dietz(flows, **dates, nav_start=100, nav_end=230)
    0.2
    """
    _check_timing(flow_timing)
    marks = np.array([day_number(start, field="start"), day_number(end, field="end")])
    if marks[1] <= marks[0]:
        raise InputError(
            f"The end {iso(marks[1])} is not after the start {iso(marks[0])}.",
            code="BAD_DATE",
            field="end",
            value=end,
            hint="Choose a later end.",
        )
    navs = [
        amount(nav_start, row=None, field="nav_start"),
        amount(nav_end, row=None, field="nav_end"),
    ]
    days, amounts = dated_amounts(flows)
    returns, _ = _dietz(marks, np.array(navs), days, -amounts, flow_timing)
    if math.isnan(returns[0]):
        raise NotDefinedError(
            "modified_dietz", "dietz_undefined", "nothing was invested on average"
        )
    return float(returns[0])


def time_weighted_return(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    flow_timing: FlowTiming = "end",
    **options: object,
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
    METHODS 3.5; GIPS 2020.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2021-12-31", 100, 0)]
    >>> navs = [("2021-12-31", 210), ("2022-12-31", 231)]
    >>> chained = time_weighted_return(Fund.of(flows=flows, navs=navs))
    >>> round(chained.cumulative, 12), len(chained.sub_periods)
    (0.21, 2)
    """
    _check_timing(flow_timing)
    at = value(fund, benchmark, as_of=as_of, options=Options.of(**options))
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


@measure()
def twr(at: Valuation) -> Metric:
    """The time-weighted return per year, not annualised under a year; `>= -1`; supplemental.

    Null with `dietz_undefined` where a sub-period has no return; `time_weighted_return` shows the
    segments on both sides of it.

    References
    ----------
    METHODS 3.5, 3.1 (GIPS form).

    Examples
    --------
    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 100, 0)]
    >>> navs = [("2022-01-01", 210), ("2023-01-01", 231)]
    >>> round(twr(Fund.of(flows=flows, navs=navs)), 12)
    0.1
    """
    return _outcome(_chain(at, "end"))


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


def _chain(at: Valuation, flow_timing: str) -> _Chain:
    if at.start is None:
        return _Chain(at, np.zeros(0, np.int64), np.zeros(0))
    fund = at.fund
    later = (fund.nav_days > at.start) & (fund.nav_days <= at.as_of)
    marks = np.append(at.start, fund.nav_days[later])
    reported = fund.navs[fund.nav_days == at.start]
    opening = reported[0] if len(reported) else -at.net[at.days == at.start][0]
    navs = np.append(opening, fund.navs[later])
    returns, invested = _dietz(marks, navs, at.days, -at.net, flow_timing)
    returns[returns < -1] = math.nan
    # Once empty for good, the fund has no return any more: the chain ends before.
    last = int(np.flatnonzero(invested).max(initial=-1)) + 1
    return _Chain(at, marks[: last + 1], returns[:last])


def _dietz(
    marks: IntArray, navs: FloatArray, days: IntArray, paid: FloatArray, flow_timing: str
) -> tuple[FloatArray, BoolArray]:
    """The return between each two marks, NaN where undefined, and whether there was any money."""
    places = np.searchsorted(marks, days, side="left") - 1
    within = (places >= 0) & (places < len(marks) - 1)
    places, days, paid = places[within], days[within], paid[within]
    lengths = np.diff(marks)
    left = marks[1:][places] - days + (1 if flow_timing == "start" else 0)
    weighted = paid * left / lengths[places]
    flows, invested, size = np.zeros(len(lengths)), navs[:-1].copy(), np.abs(navs[:-1])
    np.add.at(flows, places, paid)
    np.add.at(invested, places, weighted)
    np.add.at(size, places, np.abs(weighted))
    returns = np.full(len(lengths), math.nan)
    gains = np.diff(navs) - flows
    np.divide(gains, invested, out=returns, where=invested > _ROUNDING * size)
    moved = np.bincount(places, np.abs(paid), minlength=len(lengths)) > 0
    return returns, moved | (navs[:-1] != 0) | (navs[1:] != 0)


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


def _log_of_rate(name: str, rate: float) -> float:
    if not -1 < rate < math.inf:
        raise InputError(
            f"{name}={rate!r} is not a rate above -1.",
            code="UNSUPPORTED_OPTION",
            field=name,
            value=rate,
            hint="0.08 is 8 % a year.",
        )
    return math.log1p(rate)


def _log_sum(logs: FloatArray) -> float:
    """The logarithm of a sum of exponentials, which may each exceed a double."""
    largest = float(logs.max())
    return largest + math.log(math.fsum(np.exp(logs - largest)))


def _check_timing(flow_timing: str) -> None:
    if flow_timing not in {"end", "start"}:
        raise InputError(
            f"flow_timing={flow_timing!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="flow_timing",
            value=flow_timing,
            hint="Offered: end, start.",
        )
