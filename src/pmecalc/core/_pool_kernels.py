"""Compiled loops of the pooled bootstrap: columns, window, draws, sums and roots; need Numba.

Each has a twin in NumPy that says what it means: `held_rows` in `streams._rows`, `window` in
`rate_window._around`, `located` in `rate_window._located`, and the draws in `resampling`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from pmecalc.core import rate_window
from pmecalc.core._fund_kernels import nav_on
from pmecalc.core._kernels import LOG2_E, exp2
from pmecalc.core.rate_window import (
    CHEBYSHEV,
    EASE,
    EXPANDED,
    FARTHEST,
    KEPT,
    LEAST_REACH,
    LEAST_SLOPE,
    MARGIN,
    MOST_ANGLE,
    NEAREST,
    PIECES,
    SEARCH_STEPS,
    SEARCHED,
    SETTLED,
    SPREADS,
    STEPS,
)

_BLOCK = 32  # weightings at a time
_TURN = 4  # figures and funds to a turn of `_multiply`
_LANES = 32  # a sum over as many has no rest

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
_summing = njit(
    cache=True,
    nogil=True,
    no_cfunc_wrapper=True,
    no_cpython_wrapper=True,
    error_model="numpy",
    fastmath={"reassoc", "contract", "nsz"},
)
_spliced = njit(inline="always", error_model="numpy")  # without a call, or loops stay scalar

term_count = _plain(rate_window.term_count)


@_entry
def drawn_log_rates(words, strata, places, table, window, log_rates):
    """`located` for resamples drawn: the digits of their words are the units that each holds.

    `words` stratum after stratum; `strata` the size and the words a row of each; `places` where
    the unit of each fund stands.
    """
    n_rows, table = len(log_rates), _by_place(table, places, strata[:, 0].sum())
    counts, products = np.empty(table.shape[1] * _BLOCK), np.empty(len(table) * _BLOCK)
    rests = np.zeros(_BLOCK * strata[:, 1].max())
    picks = np.empty(len(rests), np.uint32)
    for start in range(0, n_rows, _BLOCK):
        stop = min(start + _BLOCK, n_rows)
        counts[:] = 0.0
        first_word = first_fund = 0
        for stratum in range(len(strata)):
            size, width = strata[stratum]
            own = words[first_word + start * width : first_word + stop * width]
            _tally(own, size, width, rests, picks, counts[first_fund * _BLOCK :])
            first_word += n_rows * width
            first_fund += size
        _multiply(table, counts, products)
        _locate(products, window, log_rates[start:stop])


@_entry
def log_rates_left_out(sizes, places, table, window, log_rates):
    """`located` for all funds, then with each unit left out by its place: `Plan.leave_one_out`."""
    table = _by_place(table, places, len(log_rates) - 1)
    products = np.empty((len(table), len(log_rates)))
    for figure in range(len(table)):
        products[figure] = table[figure].sum()
        place = 0
        for size in sizes:
            own = table[figure, place : place + size]
            rest, total = 1.0 / (size - 1.0), own.sum()
            for unit in range(size if size > 1 else 0):
                products[figure, 1 + place + unit] += (total - own[unit]) * rest - own[unit]
            place += size
    n_terms, centre, reach, size = window
    located(products, n_terms, centre, reach, size, log_rates)


@_plain
def _by_place(table, places, count):
    """The figures of units, of as many as fill the last turns of `_multiply`."""
    figures, units = -(-len(table) // _TURN) * _TURN, -(-count // _TURN) * _TURN
    sums = np.zeros((figures, units))
    for figure in range(len(table)):
        for fund in range(len(places)):
            sums[figure, places[fund]] += table[figure, fund]
    return sums


@_fused
def _tally(words, size, width, rests, picks, counts):
    """Count the digits to the base `size`, the first `size` of a row of words.

    The inverse is rounded up: quotients of numbers below 2**51 are never one too low, nor too high.
    """
    base, inverse = float(size), np.nextafter(1.0 / size, 1.0)
    for place in range(width):
        own, own_rests = words[place::width], rests[place * _BLOCK : (place + 1) * _BLOCK]
        for row in range(len(own)):
            own_rests[row] = own[row]
    for first in range(0, size, width):
        own_picks = picks[: _BLOCK * min(width, size - first)]
        for i in range(len(own_picks)):
            quotient = np.floor(rests[i] * inverse)
            own_picks[i] = np.uint32((rests[i] - quotient * base) * _BLOCK + i % _BLOCK)
            rests[i] = quotient
        for pick in own_picks:
            counts[np.uint64(pick)] += 1.0


@_fused
def _multiply(table, counts, products):
    """Sums of the funds held, four figures and four funds to a load and a store."""
    for turn in range(len(table) // _TURN):
        figure = _TURN * turn
        at = figure * _BLOCK
        for i in range(_TURN * _BLOCK):
            products[at + i] = 0.0
        for part in range(table.shape[1] // _TURN):
            fund = _TURN * part
            own = fund * _BLOCK
            a, b = _four(table, figure, fund), _four(table, figure + 1, fund)
            c, d = _four(table, figure + 2, fund), _four(table, figure + 3, fund)
            for i in range(_BLOCK):
                p, q = counts[own + i], counts[own + _BLOCK + i]
                r, s = counts[own + 2 * _BLOCK + i], counts[own + 3 * _BLOCK + i]
                products[at + i] += _dot(a, p, q, r, s)
                products[at + _BLOCK + i] += _dot(b, p, q, r, s)
                products[at + 2 * _BLOCK + i] += _dot(c, p, q, r, s)
                products[at + 3 * _BLOCK + i] += _dot(d, p, q, r, s)


@_spliced
def _four(table, figure, fund):
    return (
        table[figure, fund],
        table[figure, fund + 1],
        table[figure, fund + 2],
        table[figure, fund + 3],
    )


@_spliced
def _dot(own, p, q, r, s):
    return (own[0] * p + own[1] * q) + (own[2] * r + own[3] * s)


@_entry
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
    sums = products[n_terms * _BLOCK :]
    _proof(sums, centre, reach, size, at, slope, step)
    for row in range(len(log_rates)):
        log_rates[row] = at[row]


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
        last = terms[(n_terms - 1) * _BLOCK :]
        for i in range(_BLOCK):
            at[i] = min(1.0, max(-1.0, at[i]))
            value[i] = last[i]
            slope[i] = 0.0
        for place in range(n_terms - 2, -1, -1):
            own = terms[place * _BLOCK :]
            for i in range(_BLOCK):
                slope[i] = slope[i] * at[i] + value[i]
                value[i] = value[i] * at[i] + own[i]
        largest = 0.0
        for i in range(_BLOCK):
            step[i] = value[i] / slope[i]
            at[i] -= step[i]
            largest = max(largest, abs(step[i]))
        if largest <= SETTLED:
            break


@_plain
def _proof(sums, centre, reach, size, at, slope, step):
    """`rate_window._proof`: turns offsets into log rates, NaN where one is not proved."""
    sure, least = 1.0 + MARGIN, LEAST_SLOPE * reach * size
    n_pieces = (len(sums) // _BLOCK - 2) // 4
    for i in range(_BLOCK):
        received, paid = sums[i], sums[2 * _BLOCK + i]
        log_rate = centre + reach * at[i]
        proved = (abs(step[i]) <= SETTLED) & (abs(at[i]) < 1.0) & (abs(log_rate) > NEAREST)
        proved = proved & (abs(slope[i]) > least * (received + paid)) & (received > paid * sure)
        at[i] = log_rate if proved else np.nan
    for piece in range(n_pieces):
        own = sums[(2 + 4 * piece) * _BLOCK :]
        for i in range(_BLOCK):
            paid, paid_time = own[i], own[_BLOCK + i]
            received, received_time = own[2 * _BLOCK + i], own[3 * _BLOCK + i]
            later = received_time * paid > paid_time * received * sure
            at[i] = at[i] if later else np.nan
    own = sums[4 * n_pieces * _BLOCK :]
    for i in range(_BLOCK):
        at[i] = at[i] if own[i] * sure < sums[_BLOCK + i] else np.nan


@_entry
def held_rows(flows, counts, residuals, nav_counts, as_of):
    """The first row of each fund, its days, money in and out, and the NAV of each fund on a day."""
    days, paid, received = flows
    n_funds = len(counts)
    starts, navs = np.empty(n_funds, np.int64), np.empty(n_funds)
    seen_days = np.full(len(days) + n_funds, as_of)
    seen_paid, seen_received = np.zeros(len(seen_days)), np.zeros(len(seen_days))
    row = first = first_nav = 0
    for fund in range(n_funds):
        starts[fund] = row
        own = slice(first, first + counts[fund])
        own_navs = slice(first_nav, first_nav + nav_counts[fund])
        rows = days[own], paid[own], received[own]
        count = np.searchsorted(rows[0], as_of, side="right")
        seen_days[row : row + count] = rows[0][:count]
        seen_paid[row : row + count] = rows[1][:count]
        seen_received[row : row + count] = rows[2][:count]
        navs[fund] = nav_on(rows, (residuals[0][own_navs], residuals[1][own_navs]), as_of)
        if math.isnan(navs[fund]) and not _moves(rows[1][:count], rows[2][:count]):
            navs[fund] = 0.0
        row += count + 1  # the last one, of the day, is that of the NAV
        first, first_nav = own.stop, own_navs.stop
    return starts, seen_days[:row], seen_paid[:row], seen_received[:row], navs


@_plain
def _moves(paid, received):
    return np.any(paid != 0.0) or np.any(received != 0.0)


@_entry
def window(times, received, paid, starts):
    """`RateWindow.around`: terms, centre, reach, size and table; no terms where there is none."""
    columns, none = (times, received, paid, starts), np.empty((0, 0))
    half, at_zero = times.max() / 2.0, np.empty((4, len(starts)))
    found, centre, near = _pooled_log_rate(columns, at_zero)
    if not found or _negative(received, paid):
        return 0, 0.0, 0.0, 0.0, none
    reach = min(_spread(near), MOST_ANGLE / half)
    low, high = min(0.0, centre - reach), max(0.0, centre + reach)
    if low < -FARTHEST or high > FARTHEST:
        return 0, 0.0, 0.0, 0.0, none
    terms = _terms(columns, centre, reach, half)
    table = _table(terms, _points(columns, at_zero, low, high))
    return len(terms), centre, reach, math.exp(centre * half), table


@_plain
def _negative(received, paid):
    count = 0
    for i in range(len(paid)):  # to the end: a way out of it would keep it scalar
        count += (received[i] < 0.0) | (paid[i] < 0.0)
    return count > 0


@_plain
def _table(terms, points):
    count, last = len(terms), len(points) - 1
    table = np.empty((count + 2 + 4 * last, terms.shape[1]))
    table[:count] = terms
    table[count], table[count + 1] = points[0, 0], points[last, 1]
    for piece in range(last):
        at = count + 2 + 4 * piece
        table[at], table[at + 1] = points[piece, 1], points[piece, 3]
        table[at + 2], table[at + 3] = points[piece + 1, 0], points[piece + 1, 2]
    return table


@_plain
def _pooled_log_rate(columns, at_zero):
    """Also the sums at the last point but one, which is near; those at 0 are kept."""
    x, sums = 0.0, at_zero
    for count in range(SEARCH_STEPS):
        if count == 1:
            sums = np.empty_like(at_zero)
        _fund_sums(columns, x, sums)
        worth, cost = sums[0].sum(), sums[1].sum()
        if not (worth > 0.0 and cost > 0.0):
            break
        later = sums[2].sum() / worth - sums[3].sum() / cost
        if not later > 0.0:
            break
        step = math.log(worth / cost) / later
        x += step
        if abs(step) < SEARCHED:
            return True, x, sums
        if not abs(x) < FARTHEST:
            break
    return False, x, sums


@_plain
def _spread(near):
    moves, later = 0.0, near[2].sum() - near[3].sum()
    for fund in range(near.shape[1]):
        moves += ((near[0, fund] - near[1, fund]) / later) ** 2
    return max(SPREADS * math.sqrt(moves), LEAST_REACH)


@_plain
def _points(columns, at_zero, low, high):
    for pieces in PIECES:
        points = np.empty((pieces + 1, *at_zero.shape))
        for place in range(pieces + 1):
            x = low + (high - low) * place / pieces
            if x == 0.0:
                points[place] = at_zero
            else:
                _fund_sums(columns, x, points[place])
        if _eased(points):
            break
    return points


@_plain
def _eased(points):
    for piece in range(len(points) - 1):
        low, high = points[piece], points[piece + 1]
        later, sooner = high[2].sum() * low[1].sum(), low[3].sum() * high[0].sum()
        if not later > EASE * sooner:
            return False
    return True


@_plain
def _fund_sums(columns, x, sums):
    times, received, paid, starts = columns
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


@_plain
def _terms(columns, centre, reach, half):
    """`rate_window._terms`: a power series by fund, economised."""
    times, received, paid, starts = columns
    angle = reach * half
    kept = term_count(angle / 2.0, angle, KEPT / 2.0)
    terms = np.empty((max(kept, term_count(angle, angle, EXPANDED)), len(starts)))
    own_terms, room = np.empty(len(terms)), len(times) + _LANES
    all_values, all_ratios = np.empty(room), np.empty(room)
    for fund in range(len(starts)):
        own = slice(starts[fund], starts[fund + 1] if fund + 1 < len(starts) else len(times))
        full = _LANES * -(-len(times[own]) // _LANES)
        values, ratios = all_values[:full], all_ratios[:full]
        values[:] = 0.0
        ratios[:] = 0.0
        _prepared(times[own], received[own], paid[own], centre, half, reach, values, ratios)
        _expanded(values, ratios, own_terms)
        terms[:, fund] = own_terms
    for degree in range(len(terms) - 1, kept - 1, -1):
        for power in range(degree):
            share = CHEBYSHEV[degree, power] / CHEBYSHEV[degree, degree]
            if share != 0.0:  # every second one
                terms[power] -= share * terms[degree]
    return terms[:kept]


@_fused
def _prepared(times, received, paid, centre, half, reach, values, ratios):
    for i in range(len(times)):
        time = times[i] - half
        values[i] = (received[i] - paid[i]) * exp2(-centre * LOG2_E * time)
        ratios[i] = -reach * time


@_summing
def _expanded(values, ratios, terms):
    """Sums of the values, which then become those of the next power."""
    for power in range(len(terms)):
        total, share = 0.0, 1.0 / (power + 1.0)
        for i in range(len(values)):
            total += values[i]
            values[i] *= ratios[i] * share
        terms[power] = total
