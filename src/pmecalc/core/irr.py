"""Internal rates of return: dated and periodic, all roots, and which of them is the IRR."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from pmecalc.core import engine
from pmecalc.core.dates import day_number
from pmecalc.core.daycount import SHARED_TIMES, year_fractions
from pmecalc.core.errors import CashFlowError, InputError, NotDefinedError
from pmecalc.core.fund import FloatArray, IntArray, amount, pair, summed
from pmecalc.core.measure import measure
from pmecalc.core.metric import LARGEST_LOG_RATE, REASONS, Metric, derived_rate, rate_of, several
from pmecalc.core.money import negligible
from pmecalc.core.multiples import gained
from pmecalc.core.rate_grid import NEAR_ZERO, annual_rate, on_grid
from pmecalc.core.roots import Root, UncertifiedError, all_roots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pmecalc.core.daycount import DayCount
    from pmecalc.core.valuation import Valuation

_Time = TypeVar("_Time", np.int64, np.float64)

_LEAST_RATE, _MOST_RATE = math.log(1e-4), math.log(101.0)  # METHODS 2.3: -0.9999 and 100


@dataclass(frozen=True, slots=True)
class Solution:
    """All roots of a stream.

    Parameters
    ----------
    status
        `ok`, `multiple`, `no_root`, `uncertified`, or a degenerate case of METHODS 2.5.
    log_rates
        `ln(1+r)` of every root, ascending.
    total
        The undiscounted sum of the stream.
    near_double
        True where a root is double within rounding.
    """

    status: str
    log_rates: tuple[float, ...] = ()
    total: float = 0.0
    near_double: bool = False

    @property
    def rates(self) -> tuple[float, ...]:
        """Every root as an annual rate, `> -1`, ascending; those beyond a double left out."""
        return tuple(annual_rate(x) for x in self.log_rates if x < LARGEST_LOG_RATE)


def by_date(days: npt.NDArray[_Time], amounts: FloatArray) -> tuple[npt.NDArray[_Time], FloatArray]:
    """Amounts summed by date, dates of no amount left out.

    Parameters
    ----------
    days, amounts
        Day numbers (or years) in any order and money, shape (n,).

    Returns
    -------
    tuple[npt.NDArray[_Time], FloatArray]
        Unique ascending days and their sums, none zero. A sum below the rounding error of its own
        terms counts as zero: it would invent a sign change.

    Examples
    --------
    >>> days, sums = by_date(np.array([5, 2, 5]), np.array([1.0, -3.0, 2.0]))
    >>> days.tolist(), sums.tolist()
    ([2, 5], [-3.0, 3.0])
    """
    dates, stream = _dated(days, amounts, np.abs(amounts), len(amounts))
    return dates, stream.sums


@dataclass(frozen=True, slots=True)
class _Stream:
    """Sums of money by date, none of them zero.

    Parameters
    ----------
    sums
        Money, shape (n_dates,).
    sizes
        The absolute values of the terms of each sum, added up, shape (n_dates,).
    count
        How many terms all sums have.
    """

    sums: FloatArray
    sizes: FloatArray
    count: int

    def total(self) -> float:
        """The undiscounted sum, 0 within its rounding."""
        total = math.fsum(self.sums.tolist())
        return 0.0 if negligible(total, self.count, float(self.sizes.sum())) else total


def _dated(
    days: npt.NDArray[_Time], amounts: FloatArray, sizes: FloatArray, count: int
) -> tuple[npt.NDArray[_Time], _Stream]:
    """Amounts added up by date."""
    unique, places = np.unique(days, return_inverse=True)
    stream = _Stream(
        summed(places, amounts, len(unique)), summed(places, sizes, len(unique)), count
    )
    return _real(unique, stream)


def _real(days: npt.NDArray[_Time], stream: _Stream) -> tuple[npt.NDArray[_Time], _Stream]:
    """The dates whose sum is not zero within its rounding."""
    zero = negligible(stream.sums, stream.count, stream.sizes)
    if not zero.any():
        return days, stream
    return days[~zero], _Stream(stream.sums[~zero], stream.sizes[~zero], stream.count)


def solve(
    days: IntArray, amounts: FloatArray, *, last_day: int, day_count: str = "ACT/365F"
) -> Solution:
    """Every root of a dated stream, and its status.

    Parameters
    ----------
    days, amounts
        Day numbers in any order and money as the investor sees it, shape (n,).
    last_day
        The as-of date.
    day_count
        See `year_fractions`.

    Returns
    -------
    Solution
        Status by METHODS 2.5, read top to bottom.

    References
    ----------
    METHODS 2.1-2.5.

    Examples
    --------
    >>> found = solve(np.array([0, 365]), np.array([-100.0, 110.0]), last_day=365)
    >>> found.status, round(found.rates[0], 12)
    ('ok', 0.1)
    """
    return _solve_dated(*_dated(days, amounts, np.abs(amounts), len(days)), last_day, day_count)


def _solve_dated(dates: IntArray, stream: _Stream, last_day: int, day_count: str) -> Solution:
    if len(dates) == 0:
        return Solution("no_flows")
    if dates[0] == last_day:
        return Solution("zero_duration")
    times = year_fractions(int(dates[0]), dates, day_count)
    if day_count not in SHARED_TIMES:
        return _solve_times(times, stream)
    if year_fractions(int(dates[0]), np.array([last_day]), day_count)[0] == 0:
        return Solution("zero_duration")
    times, stream = _dated(times, stream.sums, stream.sizes, stream.count)
    return _solve_times(times, stream) if len(times) else Solution("no_flows")


def solve_times(times: FloatArray, amounts: FloatArray) -> Solution:
    """Every root of a stream at strictly ascending times; amounts are not zero.

    Examples
    --------
    >>> solve_times(np.array([0.0, 1.0]), np.array([-100.0, -5.0])).status
    'total_loss'
    """
    return _solve_times(times, _Stream(amounts, np.abs(amounts), len(amounts)))


def _solve_times(times: FloatArray, stream: _Stream) -> Solution:
    amounts, total = stream.sums, stream.total()
    received = np.count_nonzero(amounts > 0)
    if received == 0:
        return Solution("total_loss", total=total)
    if received == len(amounts):
        return Solution("no_investment", total=total)
    try:
        roots = _compiled_roots(times, amounts)
        if roots is None:
            roots = _plain_roots(times, amounts)
    except UncertifiedError:
        return Solution("uncertified", total=total)
    if total == 0:
        roots = [_snapped(root) for root in roots]
    status = {0: "no_root", 1: "ok"}.get(len(roots), "multiple")
    return Solution(
        status,
        tuple(root.log_rate for root in roots),
        total,
        any(root.double for root in roots),
    )


def _plain_roots(times: FloatArray, amounts: FloatArray) -> list[Root]:
    """Every root by the plain engine, on the grid where rounding allows."""
    since = times - times[0]
    return [
        root if root.double else Root(on_grid(root.log_rate, since, amounts), double=False)
        for root in all_roots(times, amounts)
    ]


def _snapped(root: Root) -> Root:
    """A root of a stream whose undiscounted sum is zero: one near 0 is 0."""
    return Root(0.0, root.double) if abs(root.log_rate) < NEAR_ZERO else root


def _compiled_roots(times: FloatArray, amounts: FloatArray) -> list[Root] | None:
    """Every root by the compiled loops, on the grid; None where they cannot prove that."""
    compiled = engine.kernels()
    if compiled is None:
        return None
    count, log_rates = compiled.roots_of(times - times[0], amounts)
    if count < 0:
        return None
    return [Root(log_rate, double=False) for log_rate in log_rates[:count].tolist()]


def solve_at(
    at: Valuation, received: FloatArray, paid: FloatArray, end: float | None = None
) -> Solution:
    """Every root of money by day and a value at the as-of date, the NAV by default.

    Parameters
    ----------
    at
        The valuation whose days the money belongs to.
    received, paid
        Money, shape (n_days,); apart, so that what cancels within a day is seen to cancel.
    end
        The value at the as-of date.

    Returns
    -------
    Solution
        `no_flows` where the fund has no money in or out yet, whatever the NAV.
    """
    if at.start is None:
        return Solution("no_flows")
    last = at.nav if end is None else end
    sums, sizes = received - paid, at.inflated(np.abs(received) + np.abs(paid))
    days = at.days
    if days[-1] == at.as_of:
        sums[-1] += last
        sizes[-1] += abs(last)
    else:
        days = np.append(days, at.as_of)
        sums, sizes = np.append(sums, last), np.append(sizes, abs(last))
    stream = _Stream(sums, sizes, 2 * len(at.days) + 1)
    return _solve_dated(*_real(days, stream), at.as_of, at.options.day_count)


def sign_consistent_choice(solution: Solution) -> tuple[float, bool]:
    """The root nearest to zero among those whose sign agrees with the undiscounted sum.

    Returns
    -------
    tuple[float, bool]
        The log rate, and whether its sign is the sum's.

    References
    ----------
    METHODS 2.3.

    Examples
    --------
    >>> sign_consistent_choice(Solution("multiple", (-0.1, 0.3), total=5.0))
    (0.3, True)
    """
    candidates = [x for x in solution.log_rates if _LEAST_RATE <= x <= _MOST_RATE]
    candidates = candidates or list(solution.log_rates)
    consistent = [x for x in candidates if np.sign(x) == np.sign(solution.total)]
    return min(consistent or candidates, key=abs), bool(consistent)


def nearest_choice(anchor: float) -> Callable[[Solution], tuple[float, None]]:
    """A choice of the root nearest to an anchor log rate.

    References
    ----------
    METHODS 2.4.

    Examples
    --------
    >>> nearest_choice(0.07)(Solution("multiple", (-0.1, 0.08)))
    (0.08, None)
    """

    def choose(solution: Solution) -> tuple[float, None]:
        return min(solution.log_rates, key=lambda x: abs(x - anchor)), None

    return choose


def rate_metric(
    solution: Solution,
    choose: Callable[[Solution], tuple[float, bool | None]] = sign_consistent_choice,
    *,
    warnings: Sequence[str] = (),
    reason: str | None = None,
) -> Metric:
    """The rate of a solved stream, with its status, roots and warnings.

    Parameters
    ----------
    solution
        What `solve` found.
    choose
        The choice among several roots.
    warnings
        Codes of METHODS 11.2 that belong to the stream.
    reason
        Why there is no root, where the stream knows better.

    Returns
    -------
    Metric
        An annual rate, `>= -1`; the status `overflow` where it exceeds a double.

    Examples
    --------
    >>> rate_metric(Solution("total_loss")).value
    -1.0
    """
    codes = (*warnings, *(("NEAR_DOUBLE_ROOT",) if solution.near_double else ()))
    if solution.status == "total_loss":
        return Metric(-1.0, "total_loss", roots=(), warnings=codes, reason=REASONS["total_loss"])
    if not solution.log_rates:
        why = reason if reason and solution.status == "no_root" else REASONS[solution.status]
        return Metric(None, solution.status, roots=(), warnings=codes, reason=why)
    log_rate, consistent = choose(solution)
    several = solution.status == "multiple"
    found = rate_of(
        log_rate,
        solution.status,
        _several(solution) if several else None,
    )
    return replace(
        found,
        roots=solution.rates,
        warnings=codes,
        sign_consistent=consistent if several and found.value is not None else None,
    )


def _several(solution: Solution) -> str:
    beyond = [f"ln(1+r) = {x:.6g}" for x in solution.log_rates if x >= LARGEST_LOG_RATE]
    return several(f"{len(solution.log_rates)} rates bring the stream to zero", beyond)


@measure(nav=True)
def irr(at: Valuation) -> Metric:
    """Since-inception IRR of the flows and the NAV: an annual effective rate, `>= -1`.

    Several roots: the sign-consistent one nearest to zero, status `multiple`, all roots listed.

    References
    ----------
    METHODS 2, 3.1; CFA Institute GIPS Handbook (SI-IRR); docs/methods/irr.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> round(irr(Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 110)])), 12)
    0.1
    """
    return against_money(rate_metric(solve_at(at, at.distributions, at.contributions)), gained(at))


@measure(nav=True)
def irr_gips(at: Valuation) -> Metric:
    """The IRR, not annualised where the period is under a year.

    References
    ----------
    METHODS 3.1; GIPS 2020; docs/methods/irr.md.

    Examples
    --------
    A gain of 10 % in 73 days, a fifth of a year:

    >>> from pmecalc import Fund
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2021-03-15", 0, 110)])
    >>> round(irr_gips(fund), 12)
    0.1
    """
    annual = irr.at(at)
    if annual.value is None or annual.status == "total_loss" or at.years >= 1:
        return Metric(annual.value, annual.status, against(annual), reason=annual.reason)
    period = derived_rate(lambda log_rate: log_rate * at.years, annual)
    return replace(period, warnings=against(annual))


def against_money(rate: Metric, money: float) -> Metric:
    """A rate with a warning where its sign is not that of the money made.

    References
    ----------
    METHODS 4.6.

    Examples
    --------
    >>> against_money(rate_of(0.1), -50.0).warnings
    ('RATE_AGAINST_GAIN',)
    """
    if rate.log_rate is None or rate.log_rate * money >= 0:
        return rate
    return replace(rate, warnings=(*rate.warnings, "RATE_AGAINST_GAIN"))


def against(rate: Metric) -> tuple[str, ...]:
    """The warning of `against_money` where the rate has it, for what is derived from it.

    Examples
    --------
    >>> against(against_money(rate_of(0.1), -50.0))
    ('RATE_AGAINST_GAIN',)
    """
    return tuple(code for code in rate.warnings if code == "RATE_AGAINST_GAIN")


def irr_roots(
    flows: Iterable[Sequence[object]], *, day_count: DayCount = "ACT/365F"
) -> list[float]:
    """Every IRR of a dated stream.

    Parameters
    ----------
    flows
        Rows `(date, amount)`, paid in `< 0`, in any order.
    day_count
        See `year_fractions`.

    Returns
    -------
    list[float]
        Every real annual rate `> -1` at which the stream is worth nothing, ascending; `[]` if
        there is none. Rates beyond the largest double (1.8e308) are left out.

    Raises
    ------
    CashFlowError
        `NON_FINITE`, `RAGGED_ROW`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.
    NotDefinedError
        `uncertified`: the sign changes so often that no proof is found in bounded time (ADR 14).

    References
    ----------
    METHODS 2.2; docs/methods/irr.md.

    Examples
    --------
    >>> stream = [("2010-01-01", -100), ("2011-01-01", 230), ("2012-01-01", -132)]
    >>> [round(rate, 12) for rate in irr_roots(stream)]
    [0.1, 0.2]
    """
    days, amounts = dated_amounts(flows)
    year_fractions(0, days, day_count)  # an unknown convention is refused for no flows too
    if len(days) == 0:
        return []
    found = solve(days, amounts, last_day=int(days.max()), day_count=day_count)
    if found.status == "uncertified":
        raise NotDefinedError("irr_roots", found.status, REASONS[found.status])
    return list(found.rates)


def dated_amounts(flows: Iterable[Sequence[object]]) -> tuple[IntArray, FloatArray]:
    """Rows `(date, amount)` as day numbers and money, in their order, shape (n,).

    >>> days, amounts = dated_amounts([("1970-01-31", -100)])
    >>> days.tolist(), amounts.tolist()
    ([30], [-100.0])
    """
    rows = [
        pair(tuple(row), place, "A flow", "(date, amount)")
        for place, row in enumerate(flows, start=1)
    ]
    days = [day_number(date, row=i) for i, (date, _) in enumerate(rows, 1)]
    amounts = [amount(value, row=i, field="amount") for i, (_, value) in enumerate(rows, 1)]
    return np.array(days, np.int64), np.array(amounts, np.float64)


def irr_periodic(
    amounts: Sequence[float],
    *,
    periods_per_year: float = 1.0,
    nav: float = 0.0,
    timing: Literal["end", "mid"] = "end",
) -> float:
    """The annualised IRR of equally spaced amounts.

    Parameters
    ----------
    amounts
        Money as the investor sees it, one a period, shape (n,).
    periods_per_year
        4 for quarters; the result per period is annualised by compounding.
    nav
        The value at the end of the last period.
    timing
        `mid` books each period's amounts half a period before its end, as Cambridge Associates
        does; the NAV stays at the end.

    Returns
    -------
    float
        An annual effective rate, `>= -1`.

    Raises
    ------
    NotDefinedError
        With the status of METHODS 2.5.
    CashFlowError
        `NON_FINITE`, `NO_FLOWS`.

    References
    ----------
    METHODS 2.6; docs/methods/irr.md.

    Examples
    --------
    >>> round(irr_periodic([-100, 0, 0, 0, 110], periods_per_year=4), 12)
    0.1
    """
    if not 0 < periods_per_year < math.inf:
        raise InputError(
            f"periods_per_year={periods_per_year!r} is not a positive number.",
            code="UNSUPPORTED_OPTION",
            field="periods_per_year",
            value=periods_per_year,
            hint="4 for quarters, 12 for months.",
        )
    if timing not in {"end", "mid"}:
        raise InputError(
            f"timing={timing!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="timing",
            value=timing,
            hint="Offered: end, mid.",
        )
    values = [amount(value, row=row, field="amount") for row, value in enumerate(amounts, 1)]
    if not values:
        raise CashFlowError("There are no amounts.", code="NO_FLOWS", hint="Give at least one.")
    # In half periods, so that the mid-period form stays on whole steps.
    ends = 2 * np.arange(1, len(values) + 1)
    steps = np.append(ends - (timing == "mid"), ends[-1])
    dates, sums = by_date(steps, np.append(values, amount(nav, row=None, field="nav")))
    if len(dates) == 0:
        metric = rate_metric(Solution("no_flows"))
    elif dates[0] == ends[-1]:
        metric = rate_metric(Solution("zero_duration"))
    else:
        metric = rate_metric(solve_times((dates - dates[0]) / (2.0 * periods_per_year), sums))
    if metric.value is None:
        raise NotDefinedError("irr_periodic", metric.status, metric.reason)
    return metric.number
