"""Compiled loops that compute every measure of a fund, as `evaluate` does; needs Numba.

A fund is its rows (days, contributions, distributions) and its NAVs; an index is its first day, the
level that counts on each day since and its distance, whether the last level counts after the end,
and the largest distance allowed. `values` and `codes` hold the measures in the order of
`methods.METHODS`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from pmecalc.core._kernels import (
    LARGEST_LOG_RATE as _LARGEST_LOG_RATE,
)
from pmecalc.core._kernels import (
    MULTIPLE,
    NO_FLOWS,
    NO_INVESTMENT,
    OK,
    OVERFLOW,
    TOTAL_LOSS,
    UNDECIDED,
    ZERO_DURATION,
    annual_rate,
    exact_sum,
    money_sum,
    negligible,
    rate_by_code,
    stream_rate,
)

NO_CONTRIBUTIONS, NO_DISTRIBUTIONS, NO_INDEX, NO_COMMITMENT = 8, 9, 10, 11
INDEX_NOT_COVERED, INDEX_STALE = 12, 13
NO_NAV = 18
N_MEASURES = 35
# Not Python integers: Numba would compile a function anew for each constant that it is given.
(PAID_IN, DISTRIBUTED, NAV, GAIN, DPI, RVPI, TVPI, MOIC, PIC, UNFUNDED, YEARS) = np.arange(11)
(IRR, IRR_GIPS, FV_CONTRIBUTIONS, FV_DISTRIBUTIONS, KS_PME, NFV, NPV, INDEX_CAGR) = np.arange(
    11, 19
)
(LN_NAV, LN_IRR, LN_SPREAD, LN_GEOMETRIC, LN_SHORT_FROM, LN_MIN) = np.arange(19, 25)
(LAMBDA, PLUS_IRR, PLUS_SPREAD, ALPHA, ALPHA_LOG, IMPLIED) = np.arange(25, 31)
(MPME_NAV, MPME_IRR, MPME_SPREAD, SCALED_IRR) = np.arange(31, 35)

_NEED_NAV = (NAV, GAIN, RVPI, TVPI, MOIC, IRR, IRR_GIPS)
_NEED_NAV_AND_INDEX = (KS_PME, NFV, NPV, LN_SPREAD, LN_GEOMETRIC, LAMBDA, PLUS_IRR, PLUS_SPREAD)
_NEED_NAV_AND_RATES = (ALPHA, ALPHA_LOG, IMPLIED, MPME_SPREAD, SCALED_IRR)
_ROWS = 11
_NEVER = 2**31 - 1

_entry = njit(cache=True, nogil=True, no_cfunc_wrapper=True, error_model="numpy")
_plain = njit(
    cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True, error_model="numpy"
)


@_entry
def fund_rows(flows, residuals, as_ofs, commitments, index, conventions, first, last, out):
    """Every measure of the funds `first` to `last`, a row of `out` each.

    `conventions` are whether a day's flows are netted, the days of a year, a clock (the first day
    of a table and the time of each day since, in days; no table: the days themselves) and which
    rates are wanted. A fund with reversed flows is left open: a matter for the plain engine. The
    third array of `out` says whether the NAV of the day, and one that mPME used, were estimated.
    """
    values, codes, estimated = out
    longest = 1
    for fund in range(first, last):
        longest = max(longest, flows[0][fund + 1] - flows[0][fund])
    scratch = room(longest)
    for fund in range(first, last):
        start, end = flows[0][fund], flows[0][fund + 1]
        nav_start, nav_end = residuals[0][fund], residuals[0][fund + 1]
        fund_row(
            (flows[1][start:end], flows[2][start:end], flows[3][start:end]),
            (
                residuals[1][nav_start:nav_end],
                residuals[2][nav_start:nav_end],
                residuals[3][nav_start:nav_end],
            ),
            (as_ofs[fund], commitments[fund]),
            index,
            conventions,
            (values[fund], codes[fund], estimated[fund]),
            scratch,
        )


@_entry
def valued_rows(flows, residuals, seen, levels, commitment, conventions):
    """Every measure of one fund on some days, whose NAVs and index levels are known.

    `seen` are the days, ascending, their NAVs and their levels; `levels` are those of the flow
    days, both empty without an index. Returns values, codes and log rates, a row a day each.
    """
    as_ofs, navs, end_levels = seen
    values, logs = np.empty((len(as_ofs), N_MEASURES)), np.empty((len(as_ofs), N_MEASURES))
    codes = np.empty((len(as_ofs), N_MEASURES), np.int8)
    wanted = conventions[3]
    scratch = room(len(flows[0]))
    for place in range(len(as_ofs)):
        row = (values[place], codes[place], logs[place])
        at, n_rows = _seen(flows, as_ofs[place], conventions, row, scratch)
        if n_rows < 0:
            continue
        start = _start(at)
        known, nav = _known(navs[place])
        _own(at, row, nav, commitment, start, wanted)
        if not known:
            _without(row, _NEED_NAV, start)
        if len(end_levels) == 0:
            codes[place, FV_CONTRIBUTIONS:] = NO_INDEX
            continue
        for i in range(len(at[0])):  # a day on which nothing moves needs no level of its own
            moves = at[1][i] + at[2][i] != 0.0
            scratch[2][2][i] = levels[i] if moves else end_levels[place]
        source = (flows, residuals, at[3])
        _against_index(at, row, nav, start, end_levels[place], wanted, source, scratch)
        if not known:
            _without(row, _NEED_NAV_AND_INDEX, start)
            _without(row, _NEED_NAV_AND_RATES, start)
    return values, codes, logs


@_plain
def _known(nav):
    """Whether a NAV is known, and the NAV, 0 where it is not."""
    return (False, 0.0) if math.isnan(nav) else (True, nav)


@_plain
def _without(row, measures, start):
    """Take back measures that need a NAV which is not known."""
    for measure in measures:
        row[0][measure] = row[2][measure] = np.nan
        row[1][measure] = NO_FLOWS if start < 0 else NO_NAV


@_plain
def room(longest):
    """Scratch arrays for a fund of that many rows."""
    return (
        np.empty(longest + 1, np.int32),
        np.empty(longest + 1),
        np.empty((_ROWS, longest + 1)),
        np.empty((6, longest + 1)),
        np.empty(N_MEASURES),
        np.empty(2 * longest + 2),
    )


@_plain
def fund_row(flows, residuals, facts, index, conventions, out, scratch):
    """Every measure of one fund on one day; see `fund_rows`."""
    as_of, commitment = facts
    wanted = conventions[3]
    row = (out[0], out[1], scratch[4])
    out[2][:] = False
    at, n_rows = _seen(flows, as_of, conventions, row, scratch)
    if n_rows < 0:
        return
    if len(residuals[1]) > 0 and math.isnan(residuals[1].sum()):  # of a pool
        out[1][:] = UNDECIDED
        return
    start = _start(at)
    known, nav = _known(nav_on(flows, residuals, as_of))
    out[2][0] = known and len(residuals[0]) > 0 and not _is_reported(residuals, as_of)
    _own(at, row, nav, commitment, start, wanted)
    if not known:
        _without(row, _NEED_NAV, start)
    state, end_level = _levels(index, at, start, scratch[2][2])
    if state != OK:
        out[1][FV_CONTRIBUTIONS:] = state
        return
    source = (flows, residuals, at[3])
    out[2][1] = _against_index(at, row, nav, start, end_level, wanted, source, scratch)
    if not known:
        _without(row, _NEED_NAV_AND_INDEX, start)
        _without(row, _NEED_NAV_AND_RATES, start)


@_plain
def _is_reported(residuals, day):
    """`residual_nav.reported_on` of one day."""
    nav_days, navs, estimated = residuals
    place = np.searchsorted(nav_days, day, side="right") - 1
    return _is_of(nav_days, navs, estimated, place, day)


@_plain
def _is_of(nav_days, navs, estimated, place, day):
    """Whether the NAV at a place was reported for a day."""
    if place < 0 or nav_days[place] != day:
        return False
    return not (estimated[place] or math.isnan(navs[place]))


@_plain
def _seen(flows, as_of, conventions, row, scratch):
    """The rows up to a day, by day, and how many they are; -1 where a flow is reversed."""
    same_day, year, clock, _ = conventions
    values, codes, logs = row
    values[:] = np.nan
    logs[:] = np.nan
    codes[:] = OK
    days, stream_days, rows, solving, _, terms = scratch
    n_rows = np.searchsorted(flows[0], as_of, side="right")
    n = _by_day(flows, n_rows, same_day, days, rows[0], rows[1], rows[10])
    times = rows[9][:n]
    for i in range(n):
        times[i] = _time(clock, days[i])
    at = (
        days[:n],
        rows[0][:n],
        rows[1][:n],
        np.int64(as_of),
        stream_days,
        rows[4],
        solving,
        rows[8],
        logs,
        year,
        times,
        _time(clock, as_of),
        terms,
        rows[10][:n],
    )
    for i in range(len(flows[0])):
        if flows[1][i] < 0.0 or flows[2][i] < 0.0:
            codes[:] = UNDECIDED
            n_rows = -1
            break
    return at, n_rows


@_plain
def _time(clock, day):
    first, table = clock
    return table[day - first] if len(table) > 0 else float(day)


@_plain
def _own(at, row, nav, commitment, start, wanted):
    """What needs no index."""
    _multiples(row[0], row[1], at, nav, commitment, start)
    _own_rates(row[0], row[1], at, nav, start, wanted)


@_plain
def _against_index(at, row, nav, start, end_level, wanted, source, scratch):
    """What needs an index; whether mPME used an estimate.

    The levels of the flow days stand in `scratch`.
    """
    values, codes, _ = row
    n, rows = len(at[0]), scratch[2]
    levels, growth = rows[2][:n], rows[3][:n]
    for i in range(n):
        growth[i] = end_level / levels[i]
    held = (levels, growth, end_level, rows[5][:n], rows[6][:n], rows[7][:n])
    anchor = _future_values(values, codes, at, held, nav, start)
    _long_nickels(values, codes, at, held, start, anchor, wanted)
    _scaled_streams(values, codes, at, held, nav, start, anchor, wanted)
    if wanted[4]:
        return _modified(values, codes, at, held, source, start, anchor)
    return False


@_plain
def _by_day(flows, n_rows, same_day, days, contributions, distributions, moved):
    """Money by day, and how much moved before netting."""
    n = 0
    for i in range(n_rows):
        if n > 0 and days[n - 1] == flows[0][i]:
            contributions[n - 1] += flows[1][i]
            distributions[n - 1] += flows[2][i]
        else:
            days[n], contributions[n], distributions[n] = flows[0][i], flows[1][i], flows[2][i]
            n += 1
    for i in range(n):
        moved[i] = contributions[i] + distributions[i]
    if same_day:
        for i in range(n):
            net = distributions[i] - contributions[i]
            if negligible(net, 2 * n_rows, moved[i]):
                net = 0.0
            contributions[i], distributions[i] = max(-net, 0.0), max(net, 0.0)
    return n


@_plain
def _start(at):
    """The place of the first day on which money moves, -1 where there is none."""
    for i in range(len(at[0])):
        if at[1][i] + at[2][i] != 0.0:
            return i
    return -1


@_plain
def nav_on(flows, residuals, day):
    """The NAV of a day: reported, else rolled forward with the flows since (METHODS 1.5)."""
    nav_days, navs = residuals[0], residuals[1]
    if len(nav_days) == 0:
        return 0.0 if _realisation_day(flows, day) <= day else np.nan
    place = np.searchsorted(nav_days, day, side="right") - 1
    if place < 0:
        return np.nan
    if nav_days[place] == day or math.isnan(navs[place]):
        return navs[place]
    first = np.searchsorted(flows[0], nav_days[place], side="right")
    total = error = size = 0.0
    count = 0
    for i in range(first, len(flows[0])):
        if flows[0][i] > day:
            break
        total, error = _added(total, error, flows[1][i])
        total, error = _added(total, error, -flows[2][i])
        size += abs(flows[1][i])
        size += abs(flows[2][i])
        count += 2
    return _rolled(navs[place], total + error, count, size)


@_plain
def _rolled(base, net, count, size):
    """A NAV and the flows since, not below 0."""
    total = base + net
    if negligible(total, count + 1, size + abs(base)):
        return 0.0
    return max(total, 0.0)


@_plain
def _realisation_day(flows, until):
    """`residual_nav.realisation_day` of a fund without any NAV; `_NEVER` where there is none."""
    days, paid, received = flows
    last = np.searchsorted(days, until, side="right") - 1
    while last >= 0 and paid[last] == 0.0 and received[last] == 0.0:
        last -= 1
    if last < 0:
        return _NEVER
    net = error = size = 0.0
    count, row = 0, last
    while row >= 0 and days[row] == days[last]:
        net, error = _added(net, error, received[row])
        net, error = _added(net, error, -paid[row])
        size += received[row] + paid[row]
        count += 2
        row -= 1
    total = net + error
    return days[last] if total > 0.0 and not negligible(total, count, size) else _NEVER


@_plain
def _added(total, error, value):
    """One step of `exact_sum`."""
    new = total + value
    error += (total - new) + value if abs(total) >= abs(value) else (value - new) + total
    return new, error


@_plain
def _multiples(values, codes, at, nav, commitment, start):
    paid, received = exact_sum(at[1]), exact_sum(at[2])
    values[PAID_IN], values[DISTRIBUTED], values[NAV] = paid, received, nav
    values[GAIN] = _gained(at, nav)
    if paid == 0.0:
        codes[DPI : MOIC + 1] = _nothing_paid_in(start)
    else:
        values[DPI], values[RVPI] = received / paid, nav / paid
        value = received + nav
        if negligible(value, 3, received + abs(nav)):
            value = 0.0
        values[TVPI] = values[MOIC] = value / paid
    if math.isnan(commitment):
        codes[PIC] = codes[UNFUNDED] = NO_COMMITMENT
    else:
        terms = at[12][: len(at[0]) + 1]
        terms[0] = commitment
        terms[1:] = -at[1]
        values[PIC], values[UNFUNDED] = paid / commitment, money_sum(terms)
    if start < 0:
        codes[YEARS] = NO_FLOWS
    else:
        values[YEARS] = (at[11] - at[10][start]) / at[9]


@_plain
def _gained(at, nav):
    n, terms = len(at[0]), at[12]
    terms[:n] = at[2]
    terms[n : 2 * n] = -at[1]
    terms[2 * n] = nav
    return _sum_of(terms[: 2 * n + 1], at[13].sum() + abs(nav))


@_plain
def _sum_of(terms, size):
    """`money.money_sum` of terms that were netted from money of a size."""
    total = exact_sum(terms)
    return 0.0 if negligible(total, len(terms), size) else total


@_plain
def _nothing_paid_in(start):
    return NO_FLOWS if start < 0 else NO_CONTRIBUTIONS


@_plain
def _own_rates(values, codes, at, nav, start, wanted):
    if not wanted[0]:
        return
    for i in range(len(at[0])):
        _put(at, i, at[2][i], at[1][i])
    _rate(values, codes, IRR, at, nav, np.nan, start)
    values[IRR_GIPS], codes[IRR_GIPS] = values[IRR], codes[IRR]
    log_rate = at[8][IRR]
    if not math.isnan(log_rate) and values[YEARS] < 1.0:
        at[8][IRR_GIPS] = log_rate * values[YEARS]
        values[IRR_GIPS] = annual_rate(at[8][IRR_GIPS])


@_plain
def _put(at, i, received, paid):
    """The money of a day in the stream, and how much of it moved."""
    netted = at[1][i] + at[2][i]
    share = at[13][i] / netted if netted > 0.0 else 1.0  # 1 but for a netted day
    at[5][i], at[7][i] = received - paid, (abs(received) + abs(paid)) * share


@_plain
def _rate(values, codes, measure, at, end, anchor, start):
    """Solve the money put into `at`, closed by `end` on the as-of date."""
    if start < 0:
        codes[measure] = NO_FLOWS
        return
    days, amounts, sizes = at[4], at[5], at[7]
    last, open_end = len(at[0]), end != 0.0
    if open_end and last > 0 and at[0][last - 1] == at[3]:
        amounts[last - 1] += end
        sizes[last - 1] += abs(end)
        open_end = False
    n, moved, count = 0, 0.0, 2 * last + 1
    for i in range(last):
        if not negligible(amounts[i], count, sizes[i]):
            days[n], amounts[n] = at[10][i], amounts[i]
            moved += sizes[i]
            n += 1
    if open_end:
        days[n], amounts[n] = at[11], end
        moved += abs(end)
        n += 1
    if n == 0:
        codes[measure] = NO_FLOWS
    elif days[0] == at[11]:
        codes[measure] = ZERO_DURATION
    else:
        code, log_rate = stream_rate(
            days[:n], amounts[:n], at[11], anchor, at[9], at[6], moved, count
        )
        codes[measure], values[measure] = code, rate_by_code(code, log_rate)
        if code in (OK, MULTIPLE):
            at[8][measure] = log_rate


@_plain
def _levels(index, at, start, levels):
    """Index levels by day, and at the end; a code where the index does not reach."""
    n = len(at[0])
    if len(index[1]) == 0:
        return NO_INDEX, 1.0
    levels[:n] = 1.0
    if start < 0:
        return OK, 1.0
    state, end_level = _level(index, at[3])
    levels[:n] = end_level
    for i in range(n):
        if at[1][i] + at[2][i] != 0.0:
            code, levels[i] = _level(index, at[0][i])
            state = code if code == INDEX_NOT_COVERED or state == OK else state
    return state, end_level


@_plain
def _level(index, day):
    first, levels, gaps, goes_on, most_gap = index
    offset, last = day - first, len(levels) - 1
    if offset < 0 or (offset > last and not goes_on):
        return INDEX_NOT_COVERED, 1.0
    gap = gaps[offset] if offset <= last else offset - last
    stale = most_gap >= 0 and gap > most_gap
    return (INDEX_STALE if stale else OK), levels[min(offset, last)]


@_plain
def _future_values(values, codes, at, held, nav, start):
    """KS-PME and its kin; returns `ln(1 + index_cagr)`."""
    levels, growth, end_level, paid, received, _ = held
    n = len(at[0])
    for i in range(n):
        paid[i], received[i] = growth[i] * at[1][i], growth[i] * at[2][i]
    carried_in, carried_out = exact_sum(paid), exact_sum(received)
    terms = at[12]
    terms[:n], terms[n : 2 * n], terms[2 * n] = received, -paid, nav
    size = 0.0
    for i in range(n):
        size += at[13][i] * growth[i]
    values[NFV] = _sum_of(terms[: 2 * n + 1], size + abs(nav))
    values[LN_NAV] = 0.0 - _sum_of(terms[: 2 * n], size)
    values[FV_CONTRIBUTIONS], values[FV_DISTRIBUTIONS] = carried_in, carried_out
    if carried_in == 0.0:
        codes[KS_PME] = _nothing_paid_in(start)
    else:
        value = carried_out + nav
        if negligible(value, 2, carried_out + abs(nav)):
            value = 0.0
        values[KS_PME] = value / carried_in
    if start < 0:
        codes[NPV] = codes[INDEX_CAGR] = NO_FLOWS
        return 0.0
    values[NPV] = values[NFV] * levels[start] / end_level
    if values[YEARS] == 0.0:
        codes[INDEX_CAGR] = ZERO_DURATION
        return 0.0
    anchor = math.log(end_level / levels[start]) / values[YEARS]
    if anchor >= _LARGEST_LOG_RATE:
        codes[INDEX_CAGR] = OVERFLOW
    else:
        values[INDEX_CAGR], at[8][INDEX_CAGR] = annual_rate(anchor), anchor
    return anchor


@_plain
def _long_nickels(values, codes, at, held, start, anchor, wanted):
    levels, end = held[0], values[LN_NAV]
    moved = units = 0.0
    least, short_from = np.inf, np.nan
    for i in range(len(at[0])):
        moved += at[13][i] / levels[i]
        units += (at[1][i] - at[2][i]) / levels[i]
        position = 0.0 if negligible(units, 2 * (i + 1), moved) else units * levels[i]
        least = min(least, position)
        if position < 0.0 and math.isnan(short_from):
            short_from = at[0][i]
    if math.isnan(short_from) and end < 0.0:
        short_from = at[3]
    values[LN_SHORT_FROM] = short_from
    values[LN_MIN] = min(least, end)
    if start < 0:
        values[LN_MIN], codes[LN_MIN] = np.nan, NO_FLOWS
    if not wanted[1]:
        return
    for i in range(len(at[0])):
        _put(at, i, at[2][i], at[1][i])
    _rate(values, codes, LN_IRR, at, end, anchor, start)
    _spread(values, codes, LN_SPREAD, LN_IRR)
    if codes[IRR] == TOTAL_LOSS and not math.isnan(at[8][LN_IRR]):
        values[LN_GEOMETRIC], codes[LN_GEOMETRIC] = -1.0, TOTAL_LOSS
    else:
        _ratio(values, codes, at[8], LN_GEOMETRIC, LN_IRR)


@_plain
def _first_code(one, other):
    """`metric.first_status`; open where either is."""
    if UNDECIDED in (one, other):
        return UNDECIDED
    return one if one != OK else other


@_plain
def _spread(values, codes, measure, other):
    values[measure] = values[IRR] - values[other]
    codes[measure] = _first_code(codes[IRR], codes[other])


@_plain
def _ratio(values, codes, logs, measure, other):
    """`metric.derived_rate` of a difference of log rates."""
    codes[measure] = _first_code(codes[IRR], codes[other])
    difference = logs[IRR] - logs[other]
    if difference >= _LARGEST_LOG_RATE:
        codes[measure] = OVERFLOW
    else:
        values[measure], logs[measure] = annual_rate(difference), difference


@_plain
def _scaled_streams(values, codes, at, held, nav, start, anchor, wanted):
    if wanted[2]:
        _pme_plus(values, codes, at, held, nav, start, anchor)
    if wanted[3]:
        for i in range(len(at[0])):
            _put(at, i, at[2][i] * held[1][i], at[1][i] * held[1][i])
        _rate(values, codes, ALPHA, at, nav, np.nan, start)
        values[ALPHA_LOG], codes[ALPHA_LOG] = at[8][ALPHA], codes[ALPHA]
        _ratio(values, codes, at[8], IMPLIED, ALPHA)
    if wanted[5]:
        _scaled(values, codes, at, nav, start, anchor)


@_plain
def _pme_plus(values, codes, at, held, nav, start, anchor):
    if values[FV_CONTRIBUTIONS] == 0.0:
        codes[LAMBDA] = codes[KS_PME]
    elif values[FV_DISTRIBUTIONS] == 0.0:
        codes[LAMBDA] = NO_DISTRIBUTIONS
    else:
        terms, size = at[12][: len(held[3]) + 1], abs(nav)
        terms[:-1], terms[-1] = held[3], -nav
        for i in range(len(at[0])):
            size += at[13][i] * held[1][i]
        values[LAMBDA] = _sum_of(terms, size) / values[FV_DISTRIBUTIONS]
    if codes[LAMBDA] != OK:
        codes[PLUS_IRR] = codes[LAMBDA]
    else:
        for i in range(len(at[0])):
            _put(at, i, values[LAMBDA] * at[2][i], at[1][i])
        _rate(values, codes, PLUS_IRR, at, nav, anchor, start)
    _spread(values, codes, PLUS_SPREAD, PLUS_IRR)


@_plain
def _scaled(values, codes, at, nav, start, anchor):
    ratio = values[KS_PME]
    if codes[KS_PME] != OK:
        codes[SCALED_IRR] = codes[KS_PME]
    elif ratio <= 0.0:
        codes[SCALED_IRR] = NO_FLOWS if ratio == 0.0 else NO_INVESTMENT
    else:
        for i in range(len(at[0])):
            _put(at, i, at[2][i], ratio * at[1][i])
        _rate(values, codes, SCALED_IRR, at, nav, anchor, start)


@_plain
def _modified(values, codes, at, held, source, start, anchor):
    """The index investor who sells the share that the fund distributes (mPME).

    Returns whether one of the NAVs that weigh the distributions was estimated.
    """
    flows, residuals, as_of = source
    levels, end_level, residual = held[0], held[2], held[5]
    guessed = _navs_by_day(flows, residuals, at, as_of, residual)
    units = 0.0
    for i in range(len(at[0])):
        units += at[1][i] / levels[i]
        sold = 0.0
        if at[2][i] > 0.0:
            sold = at[2][i] / (at[2][i] + residual[i]) * units
        units -= sold
        _put(at, i, sold * levels[i], at[1][i])
    values[MPME_NAV] = units * end_level
    _rate(values, codes, MPME_IRR, at, values[MPME_NAV], anchor, start)
    _spread(values, codes, MPME_SPREAD, MPME_IRR)
    return guessed


@_plain
def _navs_by_day(flows, residuals, at, as_of, out):
    """`residual_nav.residual_navs` on every flow day, not below 0, in one sweep.

    Returns whether a distribution falls on a day whose NAV was not reported.
    """
    nav_days, navs, estimated = residuals
    days, guessed = at[0], False
    realised = _realisation_day(flows, as_of) if len(nav_days) == 0 else _NEVER
    row, place, count = 0, -1, 0
    total = error = size = base = 0.0
    for i in range(len(days)):
        moved = place
        while place + 1 < len(nav_days) and nav_days[place + 1] <= days[i]:
            place += 1
        if place != moved:
            base, total, error, size, count = navs[place], 0.0, 0.0, 0.0, 0
            while row < len(flows[0]) and flows[0][row] <= nav_days[place]:
                row += 1
        while row < len(flows[0]) and flows[0][row] <= days[i]:
            total, error = _added(total, error, flows[1][row])
            total, error = _added(total, error, -flows[2][row])
            size += abs(flows[1][row])
            size += abs(flows[2][row])
            count += 2
            row += 1
        out[i] = 0.0 if realised <= days[i] else _rolled(base, total + error, count, size)
        if at[2][i] > 0.0 and not _is_of(nav_days, navs, estimated, place, days[i]):
            guessed = True
    return guessed
