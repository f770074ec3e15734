"""Calls every compiled loop once, so that no later caller waits for a compiler; needs Numba."""

from __future__ import annotations

import numpy as np

from pmecalc.core import _fund_kernels, _kernels, _series_kernels

_ENTRIES = (
    _kernels.lone_rate,
    _kernels.stream_rates,
    _kernels.roots_of,
    _series_kernels.ratio_series,
    _series_kernels.rate_series,
    _fund_kernels.valued_rows,
    _fund_kernels.fund_rows,
)
_DAYS, _NAV_DAYS = np.array([0, 400], np.int32), np.array([800], np.int32)
_PAID, _RECEIVED, _NAVS = np.array([2.0, 0.0]), np.array([0.0, 1.0]), np.array([1.5])
_POINTERS, _NAV_POINTERS = np.array([0, 2]), np.array([0, 1])
_FLOWS, _LEVELS, _TIMES = (_DAYS, _PAID, _RECEIVED), np.array([1.0, 1.2]), np.array([0.0, 1.0])
_CONVENTIONS = (False, _kernels.YEAR, np.ones(6, np.bool_))
_TABLE = (np.zeros(801, np.int32), np.zeros(1, np.int32), np.ones(1), -1)
_BY_FUND = (_POINTERS, _NAV_POINTERS, _NAV_DAYS, _NAVS)
for _column in (*_FLOWS, *_BY_FUND, *_TABLE[:3], *_CONVENTIONS[2:], _LEVELS, _TIMES):
    _column.flags.writeable = False  # code for these takes writable columns too


def _call_each() -> None:
    amounts = _RECEIVED - _PAID
    amounts.flags.writeable = False
    _kernels.lone_rate(_DAYS, amounts)
    _kernels.stream_rates(_POINTERS, _DAYS, amounts, 0, 1, np.empty(1), np.empty(1, np.int8))
    _kernels.roots_of(_TIMES, amounts)
    _series_kernels.ratio_series((*_FLOWS, _LEVELS), _NAV_DAYS, _NAVS, _NAVS)
    _series_kernels.rate_series(_DAYS, amounts, _NAV_DAYS, _NAVS)
    seen = (_NAV_DAYS, _NAVS, _NAVS)
    _fund_kernels.valued_rows(_FLOWS, (_NAV_DAYS, _NAVS), seen, _LEVELS, np.nan, _CONVENTIONS)
    _fund_kernels.fund_rows(
        (_POINTERS, *_FLOWS),
        (_NAV_POINTERS, _NAV_DAYS, _NAVS),
        _NAV_DAYS,
        _NAVS,
        _TABLE,
        _CONVENTIONS,
        0,
        1,
        (np.empty((1, _fund_kernels.N_MEASURES)), np.empty((1, _fund_kernels.N_MEASURES), np.int8)),
    )


_call_each()
for _entry in _ENTRIES:
    _entry.disable_compile()
READY = True
