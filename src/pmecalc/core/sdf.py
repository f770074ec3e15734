"""Prices of risk (a, b) of a stochastic discount factor `M = exp(a h - b r)` of the index return.

Calibrated to an index and bills alone: it prices both exactly. This is no estimator over funds and
carries no name of one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.nav_returns import LEAST_RETURNS
from pmecalc.core.pme.gpme import Sdf
from pmecalc.core.risk import standard_deviation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.fund import FloatArray

_SETTLED = 1e-14
_DOUBLINGS = 60


def sdf_lognormal(mean: float, volatility: float, risk_free: float) -> Sdf:
    """The parameters that price a lognormal index and the bills: closed form.

    Parameters
    ----------
    mean
        Of annual log returns of the index.
    volatility
        Their standard deviation, `> 0`.
    risk_free
        The annual log risk-free rate, `ln(1 + r)`.

    Returns
    -------
    Sdf
        `b = (mean - r) / volatility^2 + 1/2`, `a = b mean - b^2 volatility^2 / 2 - r`.

    Raises
    ------
    InputError
        `NON_FINITE`: an input is no number. `UNSUPPORTED_OPTION`: the volatility is not positive.

    References
    ----------
    METHODS 7.2; Korteweg and Nagel (2016), Journal of Finance 71(3), for the form of M;
    docs/methods/sdf.md.

    Examples
    --------
    An excess log return of half the variance less than nothing is log utility's, b = 1:

    >>> sdf_lognormal(0.0625, 0.25, 0.03125)
    Sdf(a=0.0, b=1.0)
    """
    for field, given in (("mean", mean), ("volatility", volatility), ("risk_free", risk_free)):
        if not math.isfinite(given):
            raise _refused("NON_FINITE", field, given, "Expected a finite number.")
    if volatility <= 0:
        raise _refused("UNSUPPORTED_OPTION", "volatility", volatility, "A positive number.")
    variance = volatility * volatility
    b = (mean - risk_free) / variance + 0.5
    return Sdf(b * mean - 0.5 * b * b * variance - risk_free, b)


def sdf_moments(
    index_returns: Sequence[float] | FloatArray,
    bill_returns: Sequence[float] | FloatArray,
    *,
    periods_per_year: float,
) -> Sdf:
    """The parameters that price index and bills in a sample: two equations, solved exactly.

    Parameters
    ----------
    index_returns, bill_returns
        Simple returns of the same periods, `> -1`, shape (n,), at least eight.
    periods_per_year
        12 for months, 4 for quarters.

    Returns
    -------
    Sdf
        With `M = exp(a h - b r)` of each period, `h` its years and `r` the log index return, the
        means of `M (1 + bill return)` and `M (1 + index return)` are both 1.

    Raises
    ------
    NotDefinedError
        `too_few_observations`: fewer than eight periods, or index returns that do not vary.
        `no_root`: the index beat the bills, or the bills the index, in its best and its worst
        period alike; no M prices both.
    InputError
        `RAGGED_ROW`: not as many of one as of the other. `NON_FINITE`: a return is not above -1.
        `UNSUPPORTED_OPTION`: the periods per year are not positive.

    References
    ----------
    METHODS 7.2; docs/methods/sdf.md.

    Examples
    --------
    Gross returns of 2 and 1/2 in turn, bills at 0: M is 2/3 and 4/3, so b is 1/2.

    >>> found = sdf_moments([1.0, -0.5] * 4, [0.0] * 8, periods_per_year=1)
    >>> round(found.b, 9), round(math.exp(found.a) ** 2, 9)
    (0.5, 0.888888889)
    """
    if not 0 < periods_per_year < math.inf:
        hint = "4 for quarters, 12 for months."
        raise _refused("UNSUPPORTED_OPTION", "periods_per_year", periods_per_year, hint)
    index = _logs("index_returns", index_returns)
    bills = _logs("bill_returns", bill_returns)
    if len(index) != len(bills):
        hint = "Give both for the same periods."
        raise _refused("RAGGED_ROW", "bill_returns", len(bills), hint)
    if len(index) < LEAST_RETURNS:
        reason = f"{len(index)} periods; {LEAST_RETURNS} are needed"
        raise NotDefinedError("sdf_moments", "too_few_observations", reason)
    if float(np.ptp(index)) == 0:
        reason = "the index returns do not vary"
        raise NotDefinedError("sdf_moments", "too_few_observations", reason)
    low, high = _bracket(index, bills)
    b = _newton(index, bills, low, high)
    # The first equation, mean[exp(a h - b r) R_f] = 1, gives a once b is known.
    return Sdf(-_log_mean(bills - b * index) * periods_per_year, b)


def _logs(field: str, returns: Sequence[float] | FloatArray) -> FloatArray:
    values = np.asarray(returns, np.float64)
    if not (np.isfinite(values) & (values > -1)).all():
        raise _refused("NON_FINITE", field, None, "Expected simple returns above -1.")
    return np.log1p(values)


def _gap(index: FloatArray, bills: FloatArray, b: float) -> float:
    """What is left of both equations once a is eliminated: 0 where M prices both."""
    return _log_mean((1.0 - b) * index) - _log_mean(bills - b * index)


def _slope(index: FloatArray, bills: FloatArray, b: float) -> float:
    return _tilted(index, bills - b * index) - _tilted(index, (1.0 - b) * index)


def _bracket(index: FloatArray, bills: FloatArray) -> tuple[float, float]:
    """Where the gap is positive and where it is negative, grown from the lognormal answer."""
    start = _start(index, bills)
    reach = 1.0 + abs(start)
    for _ in range(_DOUBLINGS):
        if _gap(index, bills, start - reach) > 0 > _gap(index, bills, start + reach):
            return start - reach, start + reach
        reach *= 2.0
    reason = "no discount factor prices both: one of them won in good and bad periods alike"
    raise NotDefinedError("sdf_moments", "no_root", reason)


def _newton(index: FloatArray, bills: FloatArray, low: float, high: float) -> float:
    """Newton on the gap, kept in the bracket by halving."""
    b = _start(index, bills)
    while True:  # the bracket shrinks with every step
        gap = _gap(index, bills, b)
        low, high = (b, high) if gap > 0 else (low, b)
        slope = _slope(index, bills, b)
        following = b - gap / slope if slope else math.inf
        if not low <= following <= high:
            following = (low + high) / 2.0
        if abs(following - b) <= _SETTLED * (1.0 + abs(b)):
            return following
        b = following


def _start(index: FloatArray, bills: FloatArray) -> float:
    mean = (math.fsum(index) - math.fsum(bills)) / len(index)
    return mean / standard_deviation(index) ** 2 + 0.5


def _log_mean(exponents: FloatArray) -> float:
    largest = float(exponents.max())
    return largest + math.log(math.fsum(np.exp(exponents - largest)) / len(exponents))


def _tilted(values: FloatArray, exponents: FloatArray) -> float:
    weights = np.exp(exponents - exponents.max())
    return math.fsum(values * weights) / math.fsum(weights)


def _refused(code: str, field: str, given: object, hint: str) -> InputError:
    return InputError(f"{field} cannot be used.", code=code, field=field, value=given, hint=hint)
