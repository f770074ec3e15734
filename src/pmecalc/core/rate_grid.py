"""Rates on a grid that is finer than any input, so that every way to a root ends at the same bits.

Two solvers differ in the last digits of a root. Each root is moved to the nearest point of a grid:
rates from -92 % to 937 % to twelve decimals, others to 43 binary digits of `ln(1+r)`, and to fewer
where a flat sum hides the last ones in its rounding. Where that leaves open on which side of the
middle between two points the root lies, the sign of the discounted sum at that middle decides; all
solvers add the same numbers exactly, so they see the same sign. What is lost is below 1e-12 of a
rate, a thousandth of what METHODS 13 asks for, or rounding. The compiled loops have the same
functions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray

DECIMALS = 1e12
LOWEST, HIGHEST = math.log(0.0763), math.log(10.37)  # no common rate lies at these ends
BINARY_DIGITS = 43
NEAR_ZERO = 1e-6  # log rates nearer to 0 are 0 where the undiscounted sum is
MAX_SHARE = 0.25  # of the distance between two points: a root less exact needs a coarser grid
MAX_COARSER, COARSER = 2, (10.0, 16.0)  # times: to 1e-10 of a rate, and what it leaves stays
ROUNDINGS = 10.0  # of the money: four times what was seen of either solver against 40 digits
_EPS = float(np.finfo(np.float64).eps)


def annual_rate(log_rate: float) -> float:
    """The annual rate of `ln(1+r)`, on the grid where it has decimals.

    Parameters
    ----------
    log_rate
        Below `metric.LARGEST_LOG_RATE`.

    Examples
    --------
    >>> annual_rate(math.log1p(0.1)), annual_rate(math.log(2.5))
    (0.1, 1.5)
    """
    rate = math.expm1(log_rate)
    return round(rate * DECIMALS) / DECIMALS if LOWEST < log_rate < HIGHEST else rate


def on_grid(log_rate: float, times: FloatArray, amounts: FloatArray) -> float:
    """The grid point nearest to a root; the root itself where rounding hides which one that is.

    Parameters
    ----------
    log_rate
        A root of `sum a_j exp(-x t_j)`, to rounding.
    times
        Years from the first amount, shape (n,), strictly ascending from 0.
    amounts
        Money, shape (n,), none of it zero.

    Examples
    --------
    >>> stream = np.array([0.0, 1.0]), np.array([-100.0, 110.0])
    >>> on_grid(math.log(1.1) + 1e-15, *stream) == math.log1p(0.1)
    True
    """
    decimal = LOWEST < log_rate < HIGHEST
    if decimal:
        scale, rate = DECIMALS, math.expm1(log_rate)
        scaled, step = rate * DECIMALS, (1.0 + rate) ** -1 / DECIMALS
    else:
        scale = math.ldexp(1.0, BINARY_DIGITS - math.frexp(log_rate)[1])
        scaled, step = log_rate * scale, 1.0 / scale
    uncertain = uncertainty(log_rate, times, amounts)
    for _ in range(MAX_COARSER):
        if uncertain < MAX_SHARE * step:
            break
        scale, step, scaled = (
            scale / COARSER[not decimal],
            step * COARSER[not decimal],
            scaled / COARSER[not decimal],
        )
    if not uncertain < MAX_SHARE * step:
        return log_rate
    below = math.floor(scaled)
    if abs(scaled - below - 0.5) * step > uncertain:
        point = float(round(scaled))
    else:
        middle = (below + 0.5) / scale
        point = below + _above(math.log1p(middle) if decimal else middle, times, amounts)
    return math.log1p(point / scale) if decimal else point / scale


def uncertainty(log_rate: float, times: FloatArray, amounts: FloatArray) -> float:
    """How far rounding may move a root, at most; infinite where the sum is flat."""
    exponents = -log_rate * times
    weighted = amounts * np.exp(exponents - exponents.max())
    slope = abs(float(weighted @ times))
    size, span = float(np.abs(weighted).sum()), float(times[-1])
    if slope == 0.0:
        return math.inf
    share = (ROUNDINGS + 2.0 * abs(log_rate) * span) * size / slope
    return _EPS * (share + 4.0 * abs(log_rate))


def _above(log_rate: float, times: FloatArray, amounts: FloatArray) -> bool:
    """Whether the root near a log rate lies above it, by exact sums."""
    years = times.tolist()
    shift = 0.0 if log_rate >= 0.0 else -log_rate * years[-1]
    discounted = [
        amount * math.exp(-log_rate * time - shift)
        for amount, time in zip(amounts.tolist(), years, strict=True)
    ]
    value = math.fsum(discounted)
    slope = math.fsum(-each * time for each, time in zip(discounted, years, strict=True))
    return value * slope < 0.0
