"""Calls every compiled loop once, so that no later caller waits for a compiler; needs Numba."""

from __future__ import annotations

import numpy as np

from pmecalc.core import (
    _fund_kernels,
    _kernels,
    _lane_kernels,
    _pool_kernels,
    _series_kernels,
)

_CLOSED = (  # code for columns that cannot be written to takes the others too
    _lane_kernels.stream_rates,
    _kernels.roots_of,
    _fund_kernels.valued_rows,
    _fund_kernels.fund_rows,
    _pool_kernels.drawn_log_rates,
    _pool_kernels.held_rows,
    _pool_kernels.window,
    _pool_kernels.located,
    _pool_kernels.log_rates_left_out,
)


def _prepared(*, writable: bool) -> None:
    """The loops that callers hand their own columns to: code for either kind of column."""
    days, nav_days = np.array([0, 400], np.int32), np.array([800], np.int32)
    paid, received, navs = np.array([2.0, 0.0]), np.array([0.0, 1.0]), np.array([1.5])
    amounts = received - paid
    for column in (days, nav_days, paid, received, navs, amounts):
        column.flags.writeable = writable
    _kernels.lone_rate(days, amounts)
    _series_kernels.ratio_series(days, paid, received, paid, nav_days, navs, navs)
    _series_kernels.rate_series(days, amounts, nav_days, navs)


def _closed() -> None:
    days, nav_days = np.array([0, 400], np.int32), np.array([800], np.int32)
    paid, received, navs = np.array([2.0, 0.0]), np.array([0.0, 1.0]), np.array([1.5])
    amounts, ones, wanted = received - paid, np.ones(801), np.ones(6, np.bool_)
    pointers, nav_pointers, none = np.array([0, 2]), np.array([0, 1]), np.zeros(0)
    gaps = np.zeros(801, np.int32)
    columns = (days, nav_days, paid, received, navs, amounts, ones, wanted, none, gaps)
    for column in (*columns, pointers, nav_pointers):
        column.flags.writeable = False
    flows, residuals = (days, paid, received), (nav_days, navs)
    conventions = (False, _kernels.YEAR, (0, none), wanted)
    shape = (1, _fund_kernels.N_MEASURES)
    rates, codes = np.empty(shape), np.empty(shape, np.int8)
    _lane_kernels.stream_rates(pointers, days, amounts, 0, 1, rates[0], codes[0])
    _kernels.roots_of(received, amounts)
    seen = (nav_days, navs, navs)
    _fund_kernels.valued_rows(flows, residuals, seen, ones, np.nan, conventions)
    _fund_kernels.fund_rows(
        (pointers, *flows),
        (nav_pointers, *residuals),
        nav_days,
        navs,
        (0, ones, gaps, True, -1),
        conventions,
        0,
        1,
        (rates, codes),
    )


def _pooled() -> None:
    days, paid, received = np.array([0, 365]), np.array([2.0, 0.0]), np.array([0.0, 3.0])
    counts, no_navs = np.array([2]), (np.zeros(0, np.int64), np.zeros(0))
    starts, *_ = _pool_kernels.held_rows((days, paid, received), counts, no_navs, counts - 2, 365)
    *series, table = _pool_kernels.window(days / 365.0, received, paid, starts)
    words, strata, places = np.zeros(1, np.uint64), np.array([[1, 1]]), np.zeros(1, np.int64)
    rates = np.empty(1)
    _pool_kernels.drawn_log_rates(words, strata, places, table, tuple(series), rates)
    _pool_kernels.log_rates_left_out(places + 1, places, table, tuple(series), np.empty(2))
    _pool_kernels.located(table, *series, rates)


_prepared(writable=True)
_prepared(writable=False)
_closed()
_pooled()
for _entry in _CLOSED:
    _entry.disable_compile()
SOLVER, LANES, MEASURES = _kernels, _lane_kernels, _fund_kernels
SERIES, POOLS = _series_kernels, _pool_kernels
