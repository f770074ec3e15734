"""Compiled loops that find the rates of many streams side by side; need Numba.

The quick way of `_kernels`, for `LANES` streams with each instruction: their flows stand row by
row, a stream a lane, short ones padded with nothing. Three rounds over the rows do all: moments
about a rate of 0, the root of their polynomial, and the running sums that prove it the only one
(Laguerre). A stream that is not proved so is left to `stream_rate`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pmecalc.core._kernels import (
    GUARD,
    LEFT_OVER,
    LOG2_E,
    NO_FLOWS,
    OK,
    REACH,
    SHIFT,
    YEAR,
    at_most_exp,
    first_guess,
    holds,
    moments,
    polynomial,
    rate_by_code,
    rounding_of,
    steep,
    stream_rate,
    value_of,
)
from pmecalc.core.rate_grid import DECIMALS, HIGHEST, LOWEST, MAX_SHARE, NEAR_ZERO

LANES = 16
_ROWS = 4  # flows of a lane between two stores of its sums
_LONGEST = 512  # flows: a longer stream fills the registers by itself
_MOST_PADDING = 2  # rows for one that is a flow
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10

# The figures of a lane, LANES of them side by side: size, moments 0 to 16, and what follows
_SIZE, _TOTAL = 0, 1
_SPAN, _Y, _SLOPE, _LEFT = range(18, 22)
_MARGIN, _RUNNING, _HIGHEST, _LOWEST, _SINCE = range(22, 27)
_LOG_RATE, _RATE, _BESIDE, _UNSURE = 27, 28, 29, 30
_FIGURES = 31

_entry = njit(cache=True, nogil=True, no_cfunc_wrapper=True, error_model="numpy")
_plain = njit(
    cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True, error_model="numpy"
)
_fused = njit(
    cache=True,
    nogil=True,
    no_cfunc_wrapper=True,
    no_cpython_wrapper=True,
    error_model="numpy",
    fastmath={"contract"},
)
_spliced = njit(  # into the loops over lanes, which a call would keep from being vectors
    cache=True,
    nogil=True,
    no_cfunc_wrapper=True,
    no_cpython_wrapper=True,
    error_model="numpy",
    fastmath={"contract"},
    inline="always",
)


@_entry
def stream_rates(pointers, days, amounts, first, last, rates, codes):
    """Annual rates and statuses of the streams `first` to `last`, each until its own last day."""
    longest = 1
    for stream in range(first, last):
        longest = max(longest, pointers[stream + 1] - pointers[stream])
    scratch = np.empty((6, longest))
    money = np.empty(LANES * (min(longest, _LONGEST) + _ROWS))
    lanes = np.empty(_FIGURES * LANES)
    for start in range(first, last, LANES):
        stop = min(start + LANES, last)
        bounds = pointers[start : stop + 1]
        rows = _rows_of(bounds)
        if rows > 0:
            _gather(bounds, days, amounts, money[: rows * LANES], lanes)
            _polish(lanes)
            _begin(bounds, lanes)
            _run_over(money[: rows * LANES], lanes)
            _to_rates(lanes)
        for lane in range(stop - start):
            if rows > 0 and _proved(lanes, lane):
                rates[start + lane], codes[start + lane] = lanes[_RATE * LANES + lane], OK
            else:
                rates[start + lane], codes[start + lane] = _alone(
                    days[bounds[lane] : bounds[lane + 1]],
                    amounts[bounds[lane] : bounds[lane + 1]],
                    scratch,
                )


@_plain
def _alone(days, amounts, scratch):
    if len(days) == 0:
        return np.nan, NO_FLOWS
    code, log_rate = stream_rate(days, amounts, days[-1], np.nan, YEAR, scratch, -1.0, 0)
    return rate_by_code(code, log_rate), code


@_plain
def _rows_of(bounds):
    """How many rows the streams need side by side; 0 where they are too long or too unlike."""
    longest = 1
    for lane in range(len(bounds) - 1):
        longest = max(longest, bounds[lane + 1] - bounds[lane])
    if longest > _LONGEST or longest * LANES > _MOST_PADDING * (bounds[-1] - bounds[0]):
        return 0
    return (longest + _ROWS - 1) // _ROWS * _ROWS


@_plain
def _gather(bounds, days, amounts, money, lanes):
    """Moments of each stream, and its flows row by row.

    A stream that does not begin with money paid in stays empty: it is not for here.
    """
    lanes[:] = money[:] = 0.0
    for lane in range(len(bounds) - 1):
        own_days = days[bounds[lane] : bounds[lane + 1]]
        own = amounts[bounds[lane] : bounds[lane + 1]]
        if len(own) == 0 or own_days[-1] <= own_days[0] or not own[0] < 0.0:
            continue
        span = np.float64(own_days[-1] - own_days[0])
        lanes[_SPAN * LANES + lane] = span
        for place, figure in enumerate(moments(own_days, own, 2.0 / span)):
            lanes[place * LANES + lane] = figure
        sign = 1.0 if lanes[_TOTAL * LANES + lane] > 0.0 else -1.0
        for row in range(len(own) - 1):  # the last flow makes no running sum
            money[row * LANES + lane] = sign * own[row]


@_spliced
def _kept(lanes, lane):
    """The first 18 figures of a lane."""
    return (
        lanes[lane],
        lanes[LANES + lane],
        lanes[2 * LANES + lane],
        lanes[3 * LANES + lane],
        lanes[4 * LANES + lane],
        lanes[5 * LANES + lane],
        lanes[6 * LANES + lane],
        lanes[7 * LANES + lane],
        lanes[8 * LANES + lane],
        lanes[9 * LANES + lane],
        lanes[10 * LANES + lane],
        lanes[11 * LANES + lane],
        lanes[12 * LANES + lane],
        lanes[13 * LANES + lane],
        lanes[14 * LANES + lane],
        lanes[15 * LANES + lane],
        lanes[16 * LANES + lane],
        lanes[17 * LANES + lane],
    )


@_spliced
def _step(m, y):
    """A step of Halley's and one of Newton's; the slope, and what they leave."""
    value, slope, bend = polynomial(m, y)
    step = -value * slope / (slope * slope - 0.5 * value * bend)
    slope += bend * step
    last = -value_of(m, y + step) / slope
    return y + step + last, slope, abs(last) * step * step


@_fused
def _polish(lanes):
    for lane in range(LANES):
        m = _kept(lanes, lane)
        y, slope, left = _step(m, first_guess(m))
        y, slope, left = _step(m, y)
        lanes[_Y * LANES + lane] = y
        lanes[_SLOPE * LANES + lane] = slope
        lanes[_LEFT * LANES + lane] = left


@_plain
def _begin(bounds, lanes):
    """Where the running sums begin, and what their rounding may come to.

    Those of a stream that gains must pass 0 upwards once; of one that loses, the sums from its end
    must, taken from the start: what is left of the loss.
    """
    for lane in range(len(bounds) - 1):
        count, size = bounds[lane + 1] - bounds[lane], lanes[_SIZE * LANES + lane]
        lanes[_MARGIN * LANES + lane] = rounding_of(count, size)
        lanes[_RUNNING * LANES + lane] = min(0.0, lanes[_TOTAL * LANES + lane])
        lanes[_HIGHEST * LANES + lane] = -np.inf
        lanes[_LOWEST * LANES + lane] = lanes[_SINCE * LANES + lane] = np.inf


@_spliced
def _run(sums, margin, step):
    """A running sum, its highest and lowest, and its lowest since it was not clearly below 0."""
    running, highest, lowest, since = sums
    running += step
    highest = running if running > highest else highest
    lowest = running if running < lowest else lowest
    after = running if highest > -margin else np.inf
    return running, highest, lowest, after if after < since else since


@_fused
def _run_over(money, lanes):
    for row in range(0, len(money), _ROWS * LANES):
        for lane in range(LANES):
            at, margin = row + lane, lanes[_MARGIN * LANES + lane]
            sums = (
                lanes[_RUNNING * LANES + lane],
                lanes[_HIGHEST * LANES + lane],
                lanes[_LOWEST * LANES + lane],
                lanes[_SINCE * LANES + lane],
            )
            sums = _run(sums, margin, money[at])
            sums = _run(sums, margin, money[at + LANES])
            sums = _run(sums, margin, money[at + 2 * LANES])
            sums = _run(sums, margin, money[at + 3 * LANES])
            lanes[_RUNNING * LANES + lane] = sums[0]
            lanes[_HIGHEST * LANES + lane] = sums[1]
            lanes[_LOWEST * LANES + lane] = sums[2]
            lanes[_SINCE * LANES + lane] = sums[3]


@_plain
def _placed(lanes, lane):
    """Whether it is certain which point of the grid is nearest to the rate."""
    log_rate, unsure = lanes[_LOG_RATE * LANES + lane], lanes[_UNSURE * LANES + lane]
    if not (LOWEST < log_rate < HIGHEST and abs(log_rate) > NEAR_ZERO and unsure < MAX_SHARE):
        return False
    return lanes[_BESIDE * LANES + lane] < 0.5 - unsure


@_plain
def _proved(lanes, lane):
    """Whether the root was reached and is all there is (`_kernels._one_root` tells why)."""
    if not _placed(lanes, lane):
        return False
    size, total = lanes[_SIZE * LANES + lane], lanes[_TOTAL * LANES + lane]
    margin = lanes[_MARGIN * LANES + lane]
    if not (holds(size) and lanes[_LEFT * LANES + lane] < LEFT_OVER):
        return False
    if not (
        abs(lanes[_Y * LANES + lane]) <= REACH
        and steep(lanes[_SLOPE * LANES + lane], size, lanes[_SPAN * LANES + lane])
    ):
        return False
    if not (lanes[_SINCE * LANES + lane] > margin and abs(total) > margin):
        return False
    highest, lowest = lanes[_HIGHEST * LANES + lane], lanes[_LOWEST * LANES + lane]
    if total > 0.0:
        return highest < total - margin
    return highest > margin and lowest > total + margin


@_spliced
def _series_of_exp_less_1(x):
    """`exp(x) - 1` for `|x| <= ln(2) / 2`."""
    p = 1.0 / 87178291200.0
    p = p * x + 1.0 / 6227020800.0
    p = p * x + 1.0 / 479001600.0
    p = p * x + 1.0 / 39916800.0
    p = p * x + 1.0 / 3628800.0
    p = p * x + 1.0 / 362880.0
    p = p * x + 1.0 / 40320.0
    p = p * x + 1.0 / 5040.0
    p = p * x + 1.0 / 720.0
    p = p * x + 1.0 / 120.0
    p = p * x + 1.0 / 24.0
    p = p * x + 1.0 / 6.0
    p = p * x + 0.5
    return x + x * x * p


@_spliced
def _uncertainty(lanes, lane):
    """`_kernels.guard_of` as a log rate, and the rounding of the rate itself."""
    y = abs(lanes[_Y * LANES + lane])
    slope = abs(lanes[_SLOPE * LANES + lane])
    guard = GUARD * lanes[_SIZE * LANES + lane] * at_most_exp(y) / slope + 1e-15 * y
    return guard * (2.0 * YEAR) / lanes[_SPAN * LANES + lane] + 1e-15


@_fused
def _to_rates(lanes):
    """`exp(x) - 1` of the log rates on the grid: a power of two, and a series for the rest."""
    for lane in range(LANES):
        x = lanes[_Y * LANES + lane] * (2.0 * YEAR) / lanes[_SPAN * LANES + lane]
        shifted = x * LOG2_E + SHIFT
        whole = shifted - SHIFT
        rest = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
        series = _series_of_exp_less_1(rest)
        bits = (np.float64(1.0).view(np.int64)) + (np.float64(shifted).view(np.int64) << 52)
        power = np.int64(bits).view(np.float64)
        rate = power * series + (power - 1.0)
        point = (rate * DECIMALS + SHIFT) - SHIFT
        lanes[_LOG_RATE * LANES + lane] = x
        lanes[_RATE * LANES + lane] = point / DECIMALS
        lanes[_BESIDE * LANES + lane] = abs(rate * DECIMALS - point)
        lanes[_UNSURE * LANES + lane] = _uncertainty(lanes, lane) * (1.0 + rate) * DECIMALS
