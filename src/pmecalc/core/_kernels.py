"""Compiled loops that find every rate of a stream of dated amounts; needs Numba.

A stream is `days` (int32, strictly ascending) and `amounts` (float64, none zero where `all_rates`
is asked). Time runs over [-1, 1] from its first to its last day, and `y` is the log rate `ln(1+r)`
times half the span in years, so that `g(y) = sum a exp(-y t)`.

The quick way needs no exponential: 17 moments about `y = 0` hold `g` to rounding for `|y| <= 1.8`
(35 % a year over 12 years). Beyond that the moments are taken again around the latest `y`. Laguerre
proves that one root is all: the roots above a point are at most the sign changes of the running
sums of the discounted amounts, those below it at most the sign changes of the sums from the end.
What is not proved so goes to `all_rates`, the intervals of `core.roots` compiled, and what those
leave open to `core.roots` itself.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from pmecalc.core import rate_grid
from pmecalc.core.money import ROUNDING_PER_TERM

UNDECIDED, _FARTHER = -1, -2
OK, MULTIPLE, NO_ROOT, TOTAL_LOSS, NO_FLOWS, NO_INVESTMENT, ZERO_DURATION, OVERFLOW = range(8)
MOST_ROOTS = 64
YEAR = 365.0  # of ACT/365F

LOG2_E = 1.4426950408889634
_EPS = 2.220446049250313e-16
LARGEST_LOG_RATE = 709.782712893384
GUARD = 4e-15  # of the money: the largest error seen against 40 digits is 7e-16
_LEAST_RATE, _MOST_RATE = math.log(1e-4), math.log(101.0)
REACH = 1.8  # exp is held to 1.1e-15 of its largest value by the polynomial of `moments`
_LAST_STEP = 3e-5  # Halley is cubic: what is left after this step is below rounding
NEAR_EXP = (  # of exp(-y t), a near-minimax polynomial for |y| <= REACH
    1.0,
    -0.9999999999999908,
    0.4999999999999995,
    -0.16666666666680324,
    0.04166666666667422,
    -0.008333333332743513,
    0.0013888888888562501,
    -0.0001984126995562066,
    2.4801587364860493e-05,
    -2.7557307476928213e-06,
    2.7557312722165586e-07,
    -2.5052792486106265e-08,
    2.0877135708106742e-09,
    -1.6036390795333547e-10,
    1.1458200126994214e-11,
    -8.043608049905083e-13,
    4.9992008296268926e-14,
)
LEFT_OVER = 1e-16  # of a step whose slope is a step old
_FLAT = 1e-3  # a slope below this share of the amounts is near a double root
_SHARP = 20.0  # slope times days over amounts: rounding is then below 1e-13 of ln(1+r)
_FARTHEST = 200.0
_DISTINCT = 1e-3  # log rates: nearer roots are left to the plain engine
_APART = 1.2  # over the span: where the first cuts around a known root stand
_LEAST_SIZE, _MOST_SIZE = 1e-150, 1e150
_FIRST_CUTS = (-3.7, -0.93, -0.21, 0.017, 0.23, 0.97, 3.9)
_MOST_POINTS = 400
_LEAST_WIDTH = 1e-6
_STEP_TOLERANCE = 1e-10
SHIFT = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer in the low bits

_MAX_PARTIALS = 64
_LOWEST, _HIGHEST = rate_grid.LOWEST, rate_grid.HIGHEST
_DECIMALS, _BINARY_DIGITS = rate_grid.DECIMALS, rate_grid.BINARY_DIGITS
_MAX_SHARE, _NEAR_ZERO = rate_grid.MAX_SHARE, rate_grid.NEAR_ZERO
_WELL_INSIDE = 2.0  # log rates: between the ends of the decimals
_MAX_COARSER, _COARSER = rate_grid.MAX_COARSER, rate_grid.COARSER

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
_spliced = njit(
    cache=True,
    nogil=True,
    no_cfunc_wrapper=True,
    no_cpython_wrapper=True,
    error_model="numpy",
    fastmath={"contract"},
    inline="always",
)
_summing = njit(
    cache=True,
    nogil=True,
    no_cfunc_wrapper=True,
    no_cpython_wrapper=True,
    error_model="numpy",
    fastmath={"reassoc", "contract", "nsz"},
)


@_plain
def stream_rate(days, amounts, last_day, anchor, year, scratch, moved, count):
    """Status and log rate of a stream; the root nearest to `anchor`, METHODS 2.3 where it is NaN.

    `year` is its length in days, `scratch` has the shape (6, at least n); the days may repeat, the
    amounts may be zero. The amounts are sums of `count` terms of a size of `moved`; of as many as
    there are amounts where that is below 0.
    """
    y, guard, code = _quick(days, amounts, scratch[0])
    scale = 2.0 * year / max(1.0, float(days[-1] - days[0]))
    guess = y * scale
    if code == OK and abs(guess) > _NEAR_ZERO:
        found = _clear(guess, guard * scale)
        if not math.isnan(found):
            return _overflowing(found)
    times, sums = scratch[1], scratch[2]
    n = _merged(days, amounts, times, sums, scratch[3])
    if n == 0:
        return NO_FLOWS, np.nan
    if times[0] == last_day:
        return ZERO_DURATION, np.nan
    if moved < 0.0:
        count, moved = len(days), scratch[3][:n].sum()
    times, sums = times[:n], sums[:n]
    if code != OK:
        total = _settled_total(sums, count, moved)
        return _general(times, sums, anchor, guess, year, scratch, total)
    _to_years(times, year)
    if abs(guess) < _NEAR_ZERO:
        return _overflowing(_placed(guess, times, sums, _settled_total(sums, count, moved)))
    return _overflowing(on_grid(guess, times, sums))


@_entry
def lone_rate(days, amounts):
    """The annual rate of one prepared stream until its last day; NaN where that is not all."""
    if len(days) == 0:
        return np.nan
    y, guard, code = _near(days, amounts)
    rate = _clear_rate(days, y, guard) if code == OK else np.nan
    if not math.isnan(rate):
        return rate
    scratch = np.empty((6, len(days)))
    code, log_rate = stream_rate(days, amounts, days[-1], np.nan, YEAR, scratch, -1.0, 0)
    return annual_rate(log_rate) if code in (OK, MULTIPLE) else np.nan


@_plain
def rate_until(days, amounts, last_day, scratch):
    """Status and annual rate of a stream whose amounts are single flows; as `stream_rate`."""
    y, guard, code = _quick(days, amounts, scratch[0])
    rate = _clear_rate(days, y, guard) if code == OK else np.nan
    if not math.isnan(rate):
        return OK, rate
    code, log_rate = stream_rate(days, amounts, last_day, np.nan, YEAR, scratch, -1.0, 0)
    return code, rate_by_code(code, log_rate)


@_plain
def _clear_rate(days, y, guard):
    """`annual_rate` of a root that `_clear` places, straight from its decimals; else NaN."""
    scale = 2.0 * YEAR / max(1.0, float(days[-1] - days[0]))
    log_rate = y * scale
    if not _NEAR_ZERO < abs(log_rate) < _WELL_INSIDE:
        return np.nan
    rate = math.expm1(log_rate)
    place = rate * _DECIMALS
    unsure = guard * scale * (1.0 + rate) * _DECIMALS  # as a share of the distance of two points
    if unsure < _MAX_SHARE and abs(place - math.floor(place) - 0.5) > unsure:
        return np.rint(place) / _DECIMALS
    return np.nan


@_plain
def annual_rate(log_rate):
    """`rate_grid.annual_rate`."""
    rate = math.expm1(log_rate)
    return np.rint(rate * _DECIMALS) / _DECIMALS if _LOWEST < log_rate < _HIGHEST else rate


@_plain
def rate_by_code(code, log_rate):
    """The annual rate that belongs to a status, NaN where there is none."""
    if code in (OK, MULTIPLE):
        return annual_rate(log_rate)
    return -1.0 if code == TOTAL_LOSS else np.nan


@_plain
def _scaled(log_rate):
    """The place of a log rate on the grid, the distance of two points, and the scale."""
    if _LOWEST < log_rate < _HIGHEST:
        rate = math.expm1(log_rate)
        return rate * _DECIMALS, 1.0 / (1.0 + rate) / _DECIMALS, _DECIMALS
    scale = math.ldexp(1.0, _BINARY_DIGITS - math.frexp(log_rate)[1])
    return log_rate * scale, 1.0 / scale, scale


@_plain
def _unscaled(point, scale, decimal):
    return math.log1p(point / scale) if decimal else point / scale


@_plain
def _clear(log_rate, guard):
    """The grid point of a root that is surely nearest, NaN where rounding may hide which is."""
    scaled, step, scale = _scaled(log_rate)
    below = math.floor(scaled)
    if guard < _MAX_SHARE * step and abs(scaled - below - 0.5) * step > guard:
        return _unscaled(np.rint(scaled), scale, scale == _DECIMALS)
    return np.nan


@_plain
def on_grid(log_rate, times, amounts):
    """`rate_grid.on_grid`, NaN for a root that stays as it is."""
    scaled, step, scale = _scaled(log_rate)
    uncertain, decimal = _uncertainty(log_rate, times, amounts), _LOWEST < log_rate < _HIGHEST
    coarser = _COARSER[0] if decimal else _COARSER[1]
    for _ in range(_MAX_COARSER):
        if uncertain < _MAX_SHARE * step:
            break
        scale, step, scaled = scale / coarser, step * coarser, scaled / coarser
    if not uncertain < _MAX_SHARE * step:
        return np.nan
    below = math.floor(scaled)
    if abs(scaled - below - 0.5) * step > uncertain:
        return _unscaled(np.rint(scaled), scale, decimal)
    middle = _unscaled(below + 0.5, scale, decimal)
    return _unscaled(below + _above(middle, times, amounts), scale, decimal)


@_plain
def _uncertainty(log_rate, times, amounts):
    """`rate_grid.uncertainty`."""
    span = times[-1]
    shift = 0.0 if log_rate >= 0.0 else -log_rate * span
    size = slope = 0.0
    for i in range(len(times)):
        weighted = amounts[i] * math.exp(-log_rate * times[i] - shift)
        size += abs(weighted)
        slope += weighted * times[i]
    if slope == 0.0:
        return np.inf
    share = (rate_grid.ROUNDINGS + 2.0 * abs(log_rate) * span) * size / abs(slope)
    return _EPS * (share + 4.0 * abs(log_rate))


@_plain
def _above(log_rate, times, amounts):
    """`rate_grid._above`."""
    shift = 0.0 if log_rate >= 0.0 else -log_rate * times[-1]
    discounted, moments = np.empty(len(times)), np.empty(len(times))
    for i in range(len(times)):
        discounted[i] = amounts[i] * math.exp(-log_rate * times[i] - shift)
        moments[i] = -discounted[i] * times[i]
    return 1.0 if _sign_of_sum(discounted) * _sign_of_sum(moments) < 0.0 else 0.0


@_plain
def _placed(log_rate, times, amounts, total):
    """The root of a stream on the grid, 0 where the undiscounted sum is; NaN as `on_grid`."""
    if total == 0.0 and abs(log_rate) < _NEAR_ZERO:
        return 0.0
    return on_grid(log_rate, times, amounts)


@_plain
def negligible(total, count, size):
    """`money.negligible`."""
    return abs(total) <= ROUNDING_PER_TERM * count * size


@_plain
def money_sum(terms):
    """`money.money_sum`."""
    total, size = exact_sum(terms), 0.0
    for term in terms:
        size += abs(term)
    return 0.0 if negligible(total, len(terms), size) else total


@_plain
def _settled_total(sums, count, size):
    total = exact_sum(sums)
    return 0.0 if negligible(total, count, size) else total


@_plain
def _to_years(times, year):
    first = times[0]
    for i in range(len(times)):
        times[i] = (times[i] - first) / year


@_plain
def all_rates(times, amounts, guess, found, scratch):
    """The number of roots, their log rates ascending in `found`; UNDECIDED where none is proved.

    `times` in years from 0, strictly ascending; amounts not zero, with a change of sign. `guess` is
    near a root, or NaN.
    """
    n = len(times)
    received = 0
    changes = 0
    for i in range(n):
        received += amounts[i] > 0.0
        changes += i > 0 and (amounts[i] > 0.0) != (amounts[i - 1] > 0.0)
    # Received from the front, paid from there on: two contiguous runs of times and of logarithms.
    split, logs = scratch[3][:n], scratch[4][:n]
    plus, minus = 0, received
    for i in range(n):
        place = plus if amounts[i] > 0.0 else minus
        split[place], logs[place] = times[i], math.log(abs(amounts[i]))
        plus += amounts[i] > 0.0
        minus += not amounts[i] > 0.0
    ends = (1.0 if amounts[-1] > 0.0 else -1.0, 1.0 if amounts[0] > 0.0 else -1.0)
    sides = (split[:received], logs[:received], split[received:], logs[received:], ends)
    if changes == 1:
        found[0] = _crossing(sides, -np.inf, np.inf, guess)
        return 1
    return _bracketed(sides, guess, _APART / times[-1], found)


@_plain
def _overflowing(log_rate):
    if math.isnan(log_rate):
        return UNDECIDED, log_rate
    if log_rate >= LARGEST_LOG_RATE:
        return OVERFLOW, log_rate
    return OK, log_rate


@_plain
def _general(times, sums, anchor, guess, year, scratch, total):
    """The chosen root of a merged stream; `times` are day numbers and become years."""
    paid = received = False
    _to_years(times, year)
    for i in range(len(times)):
        paid |= sums[i] < 0.0
        received |= sums[i] > 0.0
    if not received:
        return TOTAL_LOSS, np.nan
    if not paid:
        return NO_INVESTMENT, np.nan
    found = np.empty(MOST_ROOTS)
    count = all_rates(times, sums, guess, found, scratch)
    if count == UNDECIDED:
        return UNDECIDED, np.nan
    if count == 0:
        return NO_ROOT, np.nan
    return _one_of(found[:count], times, sums, anchor, total)


@_plain
def _one_of(found, times, sums, anchor, total):
    """The chosen one of the roots of a merged stream, on the grid."""
    for i in range(len(found)):
        found[i] = _placed(found[i], times, sums, total)
        if math.isnan(found[i]):
            return UNDECIDED, np.nan
    chosen = found[0] if len(found) == 1 else _chosen(found, anchor, total)
    if chosen >= LARGEST_LOG_RATE:
        return OVERFLOW, chosen
    return (OK if len(found) == 1 else MULTIPLE), chosen


@_plain
def _chosen(found, anchor, total):
    if not math.isnan(anchor):
        return _nearest(found, anchor, -np.inf, np.inf)
    low = 0.0 if total > 0.0 else -np.inf
    high = 0.0 if total < 0.0 else np.inf
    if total == 0.0:
        low = high = 0.0
    best = np.nan
    for attempt in range(4):
        inside = attempt < 2
        signed = attempt % 2 == 0
        bottom = max(_LEAST_RATE if inside else -np.inf, low if signed else -np.inf)
        top = min(_MOST_RATE if inside else np.inf, high if signed else np.inf)
        best = _nearest(found, 0.0, bottom, top)
        if not math.isnan(best) and (not signed or total == 0.0 or best != 0.0):
            return best
    return best


@_plain
def _nearest(found, anchor, low, high):
    best = np.nan
    for x in found:
        if low <= x <= high and not abs(x - anchor) >= abs(best - anchor):
            best = x
    return best


@_plain
def exact_sum(values):
    """The sum, rounded once: `math.fsum`.

    The rounding errors are carried along (Neumaier); where those of their own sum might matter, all
    parts are kept apart.
    """
    low, high = _enclosed(values)
    return low if low == high else _sum_of_partials(values)


@_plain
def _enclosed(values):
    """Two numbers between which the sum lies, equal where rounding it once is certain."""
    total = error = lost = 0.0
    for value in values:
        new = total + value
        part = (total - new) + value if abs(total) >= abs(value) else (value - new) + total
        error += part
        lost += abs(part)
        total = new
    slack = _EPS * (len(values) + 2) * lost
    return total + (error - slack), total + (error + slack)


@_plain
def _sign_of_sum(values):
    """The sign of `exact_sum`, or a number with that sign."""
    low, high = _enclosed(values)
    return low if low * high > 0.0 else _sum_of_partials(values)


@_plain
def _sum_of_partials(values):
    """Shewchuk's sum: partial sums that do not overlap, then rounded half to even."""
    partials, n = np.empty(_MAX_PARTIALS), 0
    for value in values:
        x, kept = value, 0
        for j in range(n):
            y = partials[j]
            if abs(x) < abs(y):
                x, y = y, x
            high = x + y
            low = y - (high - x)
            if low != 0.0:
                partials[kept] = low
                kept += 1
            x = high
        partials[kept] = x
        n = kept + 1
    if n == 0:
        return 0.0
    n -= 1
    high, low = partials[n], 0.0
    while n > 0:
        n -= 1
        x = high
        high = x + partials[n]
        low = partials[n] - (high - x)
        if low != 0.0:
            break
    if n > 0 and low * partials[n - 1] > 0.0:
        y = 2.0 * low
        x = high + y
        if y == x - high:
            high = x
    return high


@_plain
def _merged(days, amounts, times, sums, sizes):
    """Sums by day, those below the rounding error of their terms left out (`irr.by_date`)."""
    n = 0
    for i in range(len(days)):
        day = float(days[i])
        if n > 0 and times[n - 1] == day:
            sums[n - 1] += amounts[i]
            sizes[n - 1] += abs(amounts[i])
            continue
        if n > 0 and negligible(sums[n - 1], len(days), sizes[n - 1]):
            n -= 1
        times[n], sums[n], sizes[n] = day, amounts[i], abs(amounts[i])
        n += 1
    if n > 0 and negligible(sums[n - 1], len(days), sizes[n - 1]):
        n -= 1
    return n


@_plain
def _quick(days, amounts, weights):
    """The only root of an ordinary stream as `y`, how exact it is, and OK or UNDECIDED."""
    y, guard, code = _near(days, amounts)
    if code == _FARTHER:
        return _walk(days, amounts, days[-1] - days[0], y, weights)
    return y, guard, code


@_plain
def _near(days, amounts):
    """The same without an exponential; _FARTHER where these are needed."""
    span = days[-1] - days[0]
    if span <= 0 or not amounts[0] < 0.0:
        return np.nan, 0.0, UNDECIDED
    about = moments(days, amounts, 2.0 / span)
    if not holds(about[0]):
        return np.nan, 0.0, UNDECIDED
    y, slope = _polished(about)
    if steep(slope, about[0], span) and _one_root(amounts, about[1], about[0]):
        return y, guard_of(y, slope, about[0]), OK
    return y, 0.0, _FARTHER


@_plain
def guard_of(y, slope, size):
    """How far from the root `y` may be: rounding of the moments and of the polynomial."""
    y = abs(y)
    return GUARD * size * at_most_exp(y) / abs(slope) + 4.0 * _EPS * y


@_spliced
def at_most_exp(y):
    """A bound of `exp(y)`, `0 <= y <= REACH`."""
    return 1.0 + y * (1.0 + y * (0.5 + 0.5 * y))


@_plain
def steep(slope, size, span):
    return abs(slope) > _FLAT * size and abs(slope) * span > _SHARP * size


@_fused
def _polished(about):
    """The root of the polynomial nearest to 0 and its slope; slope 0 where it is out of reach."""
    y = first_guess(about)
    for _ in range(6):
        if not abs(y) <= REACH:
            break
        value, slope, bend = polynomial(about, y)
        step = -value * slope / (slope * slope - 0.5 * value * bend)
        y += step
        slope += bend * step
        last = -value_of(about, y) / slope
        y += last
        if abs(last) * step * step < LEFT_OVER and abs(y) <= REACH:
            return y, slope
    return (y if abs(y) < 2.0 * REACH else math.copysign(REACH, y)), 0.0


@_spliced
def first_guess(c):
    """The ratio of two coefficients of the reciprocal series (König): order five, one division."""
    a, b, d, e, f = c[1], c[2], c[3], c[4], c[5]
    second = b * b - a * d
    third = b * second - a * (b * d - a * e)
    fourth = b * third - a * (d * second - a * (b * e - a * f))
    return -a * third / fourth


@_plain
def _walk(days, amounts, span, start, weights):
    """Steps of a short polynomial about the latest point, until the next one is tiny."""
    y = start if abs(start) < 2.0 * REACH else 0.0
    for _ in range(40):
        about = _weighed(days, amounts, 2.0 / span, y, weights)
        if not holds(about[0]):
            break
        step, slope = _short_step(about)
        if abs(step) < 0.02:
            if steep(slope, about[0], span) and _one_root(weights[: len(days)], about[1], about[0]):
                guard = GUARD * (1.0 + 0.25 * abs(y)) * about[0] / abs(slope)
                return y + step, guard + 4.0 * _EPS * abs(y), OK
            return y, 0.0, UNDECIDED
        y += step
        if not abs(y) < _FARTHEST:
            break
    return np.nan, 0.0, UNDECIDED


@_plain
def _short_step(about):
    """The root of the local polynomial, at most 1.5 away, in the direction of fewer discounts."""
    e = 0.0
    value, slope, bend = about[1], about[2], 2.0 * about[3]
    for _ in range(5):
        step = -2.0 * value * slope / (2.0 * slope * slope - value * bend)
        e += step
        if not abs(e) <= 1.5:
            return math.copysign(1.5, about[1]), slope
        if abs(step) < _LAST_STEP:
            return e, slope
        value, slope, bend = _short_polynomial(about, e)
    return math.copysign(0.5, about[1]), slope


@_plain
def rounding_of(count, size):
    """What the rounding of so many sums of such a size may come to."""
    return _EPS * (count + 4) * size


@_plain
def holds(size):
    """Whether moments of a size neither overflow nor vanish."""
    return _LEAST_SIZE < size < _MOST_SIZE


@_plain
def _one_root(values, total, size):
    """Whether running sums from both ends change sign once in all (Laguerre): one root is all.

    `values` start negative. From the start no sum but the last may pass the higher of 0 and the
    total, and the lower of the two is passed once; what rounding could turn is not proved.
    """
    margin = rounding_of(len(values), size)
    low, high = min(0.0, total), max(0.0, total)
    running = 0.0
    largest = -np.inf
    nearest = np.inf
    below = total >= 0.0
    passes = 0
    for i in range(len(values) - 1):
        running += values[i]
        largest = running if running > largest else largest
        above = running - low
        nearest = abs(above) if abs(above) < nearest else nearest
        passes += (above < 0.0) ^ below
        below = above < 0.0
    if largest < low - margin:
        return True
    if not (largest < high - margin and nearest > margin and values[0] < -margin):
        return False
    return passes == 1 if total < -margin else total > margin and passes <= 1


@_fused
def exp2(z):
    """2**z for |z| < 1000: a polynomial on [-1/2, 1/2], and the integer part in the exponent."""
    rounded = z + SHIFT
    f = z - (rounded - SHIFT)
    p = 4.4558179083360645e-10
    p = p * f + 7.074194297288521e-09
    p = p * f + 1.0178057087733941e-07
    p = p * f + 1.3215432535912375e-06
    p = p * f + 1.5252733841556773e-05
    p = p * f + 0.00015403530463724353
    p = p * f + 0.001333355814640647
    p = p * f + 0.009618129107587256
    p = p * f + 0.055504108664821625
    p = p * f + 0.24022650695910158
    p = p * f + 0.6931471805599453
    p = p * f + 1.0
    bits = np.float64(p).view(np.int64) + (np.float64(rounded).view(np.int64) << 52)
    return np.int64(bits).view(np.float64)


@_summing
def moments(days, amounts, scale):
    """Size, and the coefficients of `g` about 0: a near-minimax polynomial of exp(-y t)."""
    first = days[0]
    size = m0 = m1 = m2 = m3 = m4 = m5 = m6 = m7 = m8 = 0.0
    m9 = m10 = m11 = m12 = m13 = m14 = m15 = m16 = 0.0
    for i in range(len(days)):
        t = np.float64(days[i] - first) * scale - 1.0
        w = amounts[i]
        size += abs(w)
        m0 += w
        w *= t
        m1 += w
        w *= t
        m2 += w
        w *= t
        m3 += w
        w *= t
        m4 += w
        w *= t
        m5 += w
        w *= t
        m6 += w
        w *= t
        m7 += w
        w *= t
        m8 += w
        w *= t
        m9 += w
        w *= t
        m10 += w
        w *= t
        m11 += w
        w *= t
        m12 += w
        w *= t
        m13 += w
        w *= t
        m14 += w
        w *= t
        m15 += w
        w *= t
        m16 += w
    return (
        size,
        m0,
        NEAR_EXP[1] * m1,
        NEAR_EXP[2] * m2,
        NEAR_EXP[3] * m3,
        NEAR_EXP[4] * m4,
        NEAR_EXP[5] * m5,
        NEAR_EXP[6] * m6,
        NEAR_EXP[7] * m7,
        NEAR_EXP[8] * m8,
        NEAR_EXP[9] * m9,
        NEAR_EXP[10] * m10,
        NEAR_EXP[11] * m11,
        NEAR_EXP[12] * m12,
        NEAR_EXP[13] * m13,
        NEAR_EXP[14] * m14,
        NEAR_EXP[15] * m15,
        NEAR_EXP[16] * m16,
    )


@_spliced
def polynomial(c, y):
    """Value, slope and second derivative of `sum c[m+1] y**m`, odd and even terms apart."""
    z = y * y
    even = (((((c[17] * z + c[15]) * z + c[13]) * z + c[11]) * z + c[9]) * z + c[7]) * z + c[5]
    even = (even * z + c[3]) * z + c[1]
    odd = (((((c[16] * z + c[14]) * z + c[12]) * z + c[10]) * z + c[8]) * z + c[6]) * z + c[4]
    odd = odd * z + c[2]
    de = (((16 * c[17] * z + 14 * c[15]) * z + 12 * c[13]) * z + 10 * c[11]) * z + 8 * c[9]
    de = ((de * z + 6 * c[7]) * z + 4 * c[5]) * z + 2 * c[3]
    do = (((15 * c[16] * z + 13 * c[14]) * z + 11 * c[12]) * z + 9 * c[10]) * z + 7 * c[8]
    do = ((do * z + 5 * c[6]) * z + 3 * c[4]) * z + c[2]
    ce = (((240 * c[17] * z + 182 * c[15]) * z + 132 * c[13]) * z + 90 * c[11]) * z + 56 * c[9]
    ce = ((ce * z + 30 * c[7]) * z + 12 * c[5]) * z + 2 * c[3]
    co = (((210 * c[16] * z + 156 * c[14]) * z + 110 * c[12]) * z + 72 * c[10]) * z + 42 * c[8]
    co = (co * z + 20 * c[6]) * z + 6 * c[4]
    return even + odd * y, de * y + do, ce + co * y


@_spliced
def value_of(c, y):
    """The value alone, in a shallow tree."""
    z = y * y
    q = z * z
    r = q * q
    a = (c[1] + c[2] * y) + (c[3] + c[4] * y) * z
    b = (c[5] + c[6] * y) + (c[7] + c[8] * y) * z
    d = (c[9] + c[10] * y) + (c[11] + c[12] * y) * z
    e = (c[13] + c[14] * y) + (c[15] + c[16] * y) * z
    return (a + b * q) + ((d + e * q) + c[17] * r) * r


@_summing
def _weighed(days, amounts, scale, y, weights):
    """Discounted amounts at `y`, their size, and the Taylor coefficients of `g` there."""
    first = days[0]
    rate = -y * LOG2_E
    size = m0 = m1 = m2 = m3 = m4 = m5 = m6 = 0.0
    for i in range(len(days)):
        t = np.float64(days[i] - first) * scale - 1.0
        w = amounts[i] * exp2(rate * t)
        weights[i] = w
        size += abs(w)
        m0 += w
        w *= t
        m1 += w
        w *= t
        m2 += w
        w *= t
        m3 += w
        w *= t
        m4 += w
        w *= t
        m5 += w
        w *= t
        m6 += w
    return size, m0, -m1, m2 / 2.0, -m3 / 6.0, m4 / 24.0, -m5 / 120.0, m6 / 720.0


@_fused
def _short_polynomial(c, e):
    value = (((((c[7] * e + c[6]) * e + c[5]) * e + c[4]) * e + c[3]) * e + c[2]) * e + c[1]
    slope = ((((6 * c[7] * e + 5 * c[6]) * e + 4 * c[5]) * e + 3 * c[4]) * e + 2 * c[3]) * e + c[2]
    bend = (((30 * c[7] * e + 20 * c[6]) * e + 12 * c[5]) * e + 6 * c[4]) * e + 2 * c[3]
    return value, slope, bend


@_plain
def _at(sides, x):
    """`ln P`, `ln N` and the mean discounted times of both at one log rate (`roots.at`)."""
    log_p, time_p = _log_sum(sides[0], sides[1], x)
    log_n, time_n = _log_sum(sides[2], sides[3], x)
    return log_p, log_n, time_p, time_n


@_plain
def _log_sum(times, logs, x):
    largest = _largest(times, logs, x)
    total, moment = _shifted(times, logs, x, largest)
    return largest + math.log(total), moment / total


@_summing
def _largest(times, logs, x):
    largest = -np.inf
    for i in range(len(times)):
        e = logs[i] - x * times[i]
        largest = e if e > largest else largest
    return largest


@_summing
def _shifted(times, logs, x, largest):
    total = moment = 0.0
    for i in range(len(times)):
        e = (logs[i] - x * times[i] - largest) * LOG2_E
        w = exp2(e if e > -1000.0 else -1000.0)
        total += w
        moment += w * times[i]
    return total, moment


@_plain
def _crossing(sides, low, high, guess):
    """The one place in `(low, high)` where the sum changes sign (`roots._root`)."""
    if math.isinf(low):
        rising = sides[4][0] < 0.0
    else:
        p, n, _, _ = _at(sides, low)
        rising = p < n
    x = 0.0 if low < 0.0 < high else _halfway(low, high, 1.0)
    x = guess if low < guess < high else x
    last = np.inf
    reach = 1.0
    for _ in range(400):
        p, n, tp, tn = _at(sides, x)
        value, slope = p - n, tn - tp
        if value == 0.0:
            return x
        if (value < 0.0) == rising:
            low = x
        else:
            high = x
        step = -value / slope if slope != 0.0 else np.inf
        if abs(step) <= _STEP_TOLERANCE * min(1.0, 1.0 / max(_EPS, abs(x))) + _EPS * abs(x):
            return x + step
        if not low < x + step < high or abs(step) > abs(last) * 0.7:
            step = _halfway(low, high, reach) - x
            reach *= 2.0
        if abs(step) <= _EPS * abs(x):
            return x + step
        last = step
        x += step
    return x


@_plain
def _halfway(low, high, reach):
    if math.isinf(low):
        return high - reach
    if math.isinf(high):
        return low + reach
    return (low + high) / 2.0


@_plain
def _bracketed(sides, guess, apart, found):
    """Cut the line until each piece surely holds one root or none (`roots._certified_brackets`).

    The first cuts stand around the guess, or where rates usually are. A point is
    (x, ln P, ln N, mean time of P, of N, sign); pieces wait on a stack, lowest on top.
    """
    stack = np.empty((_MOST_POINTS + 16, 6))
    low = np.empty(6)
    _end(sides, 1, stack[0])
    _end(sides, -1, low)
    if math.isnan(guess):
        top = 7
        for place in range(7):
            _point(sides, _FIRST_CUTS[place], stack[7 - place])
    else:
        top = 2
        _point(sides, guess + apart, stack[1])
        _point(sides, guess - apart, stack[2])
    points, count = top, 0
    while top >= 0:
        high = stack[top]
        state = _settled(low, high)
        if state == UNDECIDED:
            points += 1
            if points > _MOST_POINTS or _too_narrow(low[0], high[0]):
                return UNDECIDED
            top += 1
            _point(sides, _cut(low[0], high[0]), stack[top])
            continue
        if state == 1:
            if count == len(found):
                return UNDECIDED
            found[count] = _crossing(sides, low[0], high[0], guess)
            count += 1
        low[:] = high
        top -= 1
    return count


@_plain
def _point(sides, x, point):
    p, n, tp, tn = _at(sides, x)
    point[0], point[1], point[2], point[3], point[4] = x, p, n, tp, tn
    point[5] = 1.0 if p >= n else -1.0


@_plain
def _end(sides, side, point):
    """What is known at an infinite rate: the first times and sign, or the last ones."""
    place = 0 if side > 0 else -1
    point[0], point[1], point[2] = side * np.inf, np.nan, np.nan
    point[3], point[4] = sides[0][place], sides[2][place]
    point[5] = sides[4][1 if side > 0 else 0]


@_plain
def _settled(low, high):
    """1 root or 0 for sure, else UNDECIDED."""
    if high[1] > low[2] or low[1] < high[2]:
        return 0
    if not (high[3] > low[4] or low[3] < high[4]):
        return UNDECIDED
    return 1 if low[5] != high[5] else 0


@_plain
def _cut(low, high):
    if math.isinf(low):
        return 2.03 * min(high, -0.1)
    if math.isinf(high):
        return 2.03 * max(low, 0.1)
    return (low + high) / 2.0


@_plain
def _too_narrow(low, high):
    if math.isinf(low) or math.isinf(high):
        return False
    return (high - low) / max(1.0, max(abs(low), abs(high))) < _LEAST_WIDTH


@_entry
def roots_of(times, amounts):
    """The number of roots of a stream, or UNDECIDED, and their log rates ascending.

    `times` in years from 0, strictly ascending; amounts not zero, with a change of sign. Roots next
    to each other may be a double one within rounding: that is not for here.
    """
    found = np.empty(MOST_ROOTS)
    count = all_rates(times, amounts, np.nan, found, np.empty((6, len(times))))
    for i in range(1, count):
        if found[i] - found[i - 1] < _DISTINCT:
            return UNDECIDED, found
    for i in range(count):
        found[i] = on_grid(found[i], times, amounts)
        if math.isnan(found[i]):
            return UNDECIDED, found
    return count, found
