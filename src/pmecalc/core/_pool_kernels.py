"""Compiled loops of the pooled bootstrap: draws, sums by fund, and roots; need Numba.

Each has a twin in NumPy that says what it means, `resampling._counted` and `_sums`, `_terms` and
`_located` of `rate_window`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from pmecalc.core._kernels import LOG2_E, exp2
from pmecalc.core.rate_window import LEAST_SLOPE, MARGIN, SETTLED, STEPS

_BLOCK = 32  # weightings at a time
FUNDS = 8  # to a turn of `_multiply`

_plain = njit(cache=True, nogil=True, error_model="numpy")
_fused = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
_summing = njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"}
)


@_plain
def drawn_log_rates(words, strata, table, window, log_rates):
    """`located` for resamples drawn: the digits of their words are the funds that each holds.

    `words` stratum after stratum; `strata` the size, the digits a word and the words a row of each;
    `table` by fund and figure, of as many funds as fill the last turn of `_multiply`.
    """
    n_figures = table.shape[1]
    counts, products = np.empty(len(table) * _BLOCK), np.empty(n_figures * _BLOCK)
    rests = np.empty(_BLOCK * strata[:, 2].max())
    places = np.empty(_BLOCK, np.uint32)
    for start in range(0, len(log_rates), _BLOCK):
        stop = min(start + _BLOCK, len(log_rates))
        counts[:] = 0.0
        first_word = first_fund = 0
        for stratum in range(len(strata)):
            size, digits, width = strata[stratum]
            own = words[first_word + start * width : first_word + stop * width]
            _tally(own, size, digits, width, rests, places, counts[first_fund * _BLOCK :])
            first_word += len(log_rates) * width
            first_fund += size
        _multiply(table, counts, products)
        _locate(products, window, log_rates[start:stop])


@_fused
def _tally(words, size, digits, width, rests, places, counts):
    """Count the digits to the base `size`, the first `size` of a row of words.

    The inverse is rounded up: quotients of numbers below 2**32 are never one too low, nor too high.
    """
    inverse = np.nextafter(1.0 / size, 1.0)
    rows = len(words) // width
    for place in range(width):
        own, own_rests = words[place::width], rests[place * rows : (place + 1) * rows]
        for row in range(rows):
            own_rests[row] = own[row]
    for first in range(0, digits * width, width):
        for place in range(min(width, size - first)):
            own_rests = rests[place * rows : (place + 1) * rows]
            for row in range(rows):
                quotient = np.floor(own_rests[row] * inverse)
                pick = own_rests[row] - quotient * size
                places[row] = np.uint32(pick * _BLOCK + row)
                own_rests[row] = quotient
            for row in range(rows):
                counts[np.uint64(places[row])] += 1.0


@_fused
def _multiply(table, counts, products):
    """Sums of the funds held, eight funds to a load and a store of the sums."""
    for figure in range(table.shape[1]):
        own, at = table[:, figure], figure * _BLOCK
        for i in range(_BLOCK):
            products[at + i] = 0.0
        for fund in range(0, len(own), FUNDS):
            a, b, c, d = own[fund], own[fund + 1], own[fund + 2], own[fund + 3]
            e, f, g, h = own[fund + 4], own[fund + 5], own[fund + 6], own[fund + 7]
            times = counts[fund * _BLOCK : (fund + FUNDS) * _BLOCK]
            for i in range(_BLOCK):
                products[at + i] += (
                    (a * times[i] + b * times[_BLOCK + i])
                    + (c * times[2 * _BLOCK + i] + d * times[3 * _BLOCK + i])
                ) + (
                    (e * times[4 * _BLOCK + i] + f * times[5 * _BLOCK + i])
                    + (g * times[6 * _BLOCK + i] + h * times[7 * _BLOCK + i])
                )


@_plain
def located(products, n_terms, centre, reach, size, log_rates):
    """The log rate of each weighting, NaN where its root is not proved."""
    own = np.ones(len(products) * _BLOCK)
    for start in range(0, len(log_rates), _BLOCK):
        stop = min(start + _BLOCK, len(log_rates))
        for figure in range(len(products)):
            own[figure * _BLOCK : figure * _BLOCK + stop - start] = products[figure, start:stop]
        _locate(own, (n_terms, centre, reach, size), log_rates[start:stop])


@_plain
def _locate(products, window, log_rates):
    n_terms, centre, reach, size = window
    at, slope, step = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    _roots(products, n_terms, at, slope, step)
    for row in range(len(log_rates)):
        sums = products[n_terms * _BLOCK + row :: _BLOCK]
        money = size * (sums[2] + sums[3])
        proved = abs(step[row]) <= SETTLED and abs(at[row]) < 1.0
        proved = proved and abs(slope[row]) > LEAST_SLOPE * reach * money and _proof(sums)
        log_rates[row] = centre + reach * at[row] if proved else np.nan


@_fused
def _roots(terms, n_terms, at, slope, step):
    """Newton from the inverse of the first terms, until every step of the block is tiny."""
    value = np.empty(_BLOCK)
    for i in range(_BLOCK):
        first = -terms[i] / terms[_BLOCK + i]
        bend = terms[2 * _BLOCK + i] / terms[_BLOCK + i]
        twist = terms[3 * _BLOCK + i] / terms[_BLOCK + i]
        at[i] = first * (1.0 - first * (bend - first * (2.0 * bend * bend - twist)))
    for _ in range(STEPS):
        for i in range(_BLOCK):
            at[i] = min(1.0, max(-1.0, at[i]))
            value[i] = terms[(n_terms - 1) * _BLOCK + i]
            slope[i] = 0.0
        for place in range(n_terms - 2, -1, -1):
            for i in range(_BLOCK):
                slope[i] = slope[i] * at[i] + value[i]
                value[i] = value[i] * at[i] + terms[place * _BLOCK + i]
        largest = 0.0
        for i in range(_BLOCK):
            step[i] = value[i] / slope[i]
            at[i] -= step[i]
            largest = max(largest, abs(step[i]))
        if largest <= SETTLED:
            break


@_plain
def _proof(sums):
    """`rate_window._proof` of one weighting: money at a rate of 0, then four sums a point."""
    sure = 1.0 + MARGIN
    last = len(sums) - 4
    if not (sums[2] > sums[3] * sure and sums[last] * sure < sums[last + 1]):
        return False
    for low in range(2, last, 4):
        high = low + 4
        if not sums[high + 2] * sums[low + 1] > sums[low + 3] * sums[high] * sure:
            return False
    return abs(sums[0] - sums[1]) > MARGIN * (sums[0] + sums[1])


@_plain
def fund_sums(times, received, paid, starts, x, sums):
    """PVs of money in and out by fund, and the same times the time, shape (4, n_funds)."""
    for fund in range(len(starts)):
        own = slice(starts[fund], starts[fund + 1] if fund + 1 < len(starts) else len(times))
        found = _stream_sums(times[own], received[own], paid[own], -x * LOG2_E)
        sums[0, fund], sums[1, fund], sums[2, fund], sums[3, fund] = found


@_summing
def _stream_sums(times, received, paid, rate):
    plus = minus = plus_time = minus_time = 0.0
    for i in range(len(times)):
        factor = exp2(rate * times[i])
        p, m = received[i] * factor, paid[i] * factor
        plus += p
        minus += m
        plus_time += p * times[i]
        minus_time += m * times[i]
    return plus, minus, plus_time, minus_time


@_summing
def fund_terms(times, signed, starts, centre, half, reach, terms):
    """Power series of the discounted sum by fund, times counted from `half`, (n_terms, n_funds)."""
    values, ratios = np.empty(len(times)), np.empty(len(times))
    for i in range(len(times)):
        values[i] = signed[i] * exp2(-centre * LOG2_E * (times[i] - half))
        ratios[i] = -reach * (times[i] - half)
    for power in range(len(terms)):
        for fund in range(len(starts)):
            stop = starts[fund + 1] if fund + 1 < len(starts) else len(times)
            own, own_ratios = values[starts[fund] : stop], ratios[starts[fund] : stop]
            total = 0.0
            for i in range(len(own)):
                total += own[i]
                own[i] *= own_ratios[i] / (power + 1.0)
            terms[power, fund] = total
