"""Returns that do not come from a root: modified IRR and modified Dietz."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.dates import day_number, iso
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.fund import amount, summed
from pmecalc.core.irr import by_date, dated_amounts
from pmecalc.core.metric import rate_of
from pmecalc.core.money import settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pmecalc.core.dates import DateLike
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.fund import BoolArray, FloatArray, IntArray

FlowTiming: TypeAlias = Literal["end", "start"]


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
    METHODS 3.3; INSEAD GPEI (2019), Measuring Private Equity Fund Performance;
    docs/methods/mirr.md.

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
    METHODS 3.4; Dietz (1966); docs/methods/modified_dietz.md.

    Examples
    --------
    30 are gained; 100 were invested all year, and 100 for half a year:

    >>> dates = {"start": "2021-01-01", "end": "2021-12-31"}
    >>> flows = [("2021-07-02", -100)]
    >>> modified_dietz(flows, **dates, nav_start=100, nav_end=230)
    0.2
    """
    check_timing(flow_timing)
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
    returns, _ = dietz(marks, np.array(navs), days, -amounts, flow_timing)
    if math.isnan(returns[0]):
        raise NotDefinedError(
            "modified_dietz", "dietz_undefined", "nothing was invested on average"
        )
    return float(returns[0])


def dietz(
    marks: IntArray,
    navs: FloatArray,
    days: IntArray,
    paid: FloatArray,
    flow_timing: str,
    *,
    moved: FloatArray | None = None,
) -> tuple[FloatArray, BoolArray]:
    """Modified Dietz returns between successive dates, and whether there was any money.

    Parameters
    ----------
    marks
        Day numbers, shape (n + 1,), ascending.
    navs
        Money at the end of each of them, shape (n + 1,); NaN where it is not known.
    days, paid
        Day numbers and money paid in (positive) or received, shape (n_flows,).
    flow_timing
        See `modified_dietz`.
    moved
        Of sums by day, what they were netted from, shape (n_flows,).

    Returns
    -------
    tuple[FloatArray, BoolArray]
        Returns of shape (n,), NaN where the average capital is not above 0; exactly -1 where
        nothing is left.

    References
    ----------
    METHODS 3.4, 13.

    Examples
    --------
    >>> marks, navs = np.array([0, 10]), np.array([100.0, 121.0])
    >>> dietz(marks, navs, np.array([5]), np.array([10.0]), "end")[0].round(9).tolist()
    [0.104761905]
    """
    places = np.searchsorted(marks, days, side="left") - 1
    within = (places >= 0) & (places < len(marks) - 1)
    sizes = np.abs(paid) if moved is None else moved
    places, days, paid, sizes = places[within], days[within], paid[within], sizes[within]
    lengths = np.diff(marks)
    left = marks[1:][places] - days + (1 if flow_timing == "start" else 0)
    weights = left / lengths[places]
    added = _by_period(places, paid, sizes, len(lengths))
    weighted = _by_period(places, paid * left / lengths[places], sizes * weights, len(lengths))
    begin, end = navs[:-1], navs[1:]
    gains = added.summed_with(end - begin - added.sums, np.abs(begin) + np.abs(end))
    capital = weighted.summed_with(begin + weighted.sums, np.abs(begin))
    returns = np.full(len(lengths), math.nan)
    np.divide(gains, capital, out=returns, where=capital > 0)
    returns[(capital > 0) & (added.summed_with(gains + capital, np.abs(end)) == 0)] = -1.0
    return returns, (added.sizes > 0) | (begin != 0) | (end != 0)


@dataclass(frozen=True, slots=True)
class _PeriodSums:
    """Money by period: sums, how many terms each has, and their absolute values added up."""

    sums: FloatArray
    counts: IntArray
    sizes: FloatArray

    def summed_with(self, totals: FloatArray, sizes: FloatArray) -> FloatArray:
        """Sums of these terms and at most three others of a size, 0 within their rounding."""
        return settled(totals, self.counts + 3, self.sizes + sizes)


def _by_period(places: IntArray, money: FloatArray, sizes: FloatArray, count: int) -> _PeriodSums:
    return _PeriodSums(
        summed(places, money, count),
        2 * np.bincount(places, minlength=count),
        summed(places, sizes, count),
    )


def check_timing(flow_timing: str) -> None:
    """Whether flows come at the `end` or at the `start` of their day; anything else is refused."""
    if flow_timing not in {"end", "start"}:
        raise InputError(
            f"flow_timing={flow_timing!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="flow_timing",
            value=flow_timing,
            hint="Offered: end, start.",
        )


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
