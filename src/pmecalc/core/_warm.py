"""Calls every compiled loop once, so that no later caller waits for a compiler; needs Numba.

Each loop is then closed: code for columns that cannot be written to takes the others too, and
other types are refused instead of compiled.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from pmecalc.core import (
    _fund_kernels,
    _kernels,
    _lane_kernels,
    _pool_kernels,
    _series_kernels,
)

if TYPE_CHECKING:
    import numpy.typing as npt

MODULES = MappingProxyType(
    {
        "rates": {"solver": _kernels, "lanes": _lane_kernels},
        "measures": {"measures": _fund_kernels},
        "series": {"series": _series_kernels},
        "pools": {"pools": _pool_kernels},
    }
)


def _fixed(*columns: npt.ArrayLike) -> tuple[npt.NDArray[Any], ...]:
    """Columns that cannot be written to."""
    arrays = tuple(np.array(column) for column in columns)
    for array in arrays:
        array.flags.writeable = False
    return arrays


_DAYS, _NAV_DAYS = _fixed(np.array([0, 400], np.int32), np.array([800], np.int32))
_PAID, _RECEIVED, _NAVS, _AMOUNTS = _fixed([2.0, 0.0], [0.0, 1.0], [1.5], [-2.0, 1.0])
_POINTERS, _NAV_POINTERS = _fixed([0, 2], [0, 1])
_NONE, _ONES, _WANTED = _fixed(np.zeros(0), np.ones(801), np.ones(6, np.bool_))
(_GAPS,) = _fixed(np.zeros(801, np.int32))
(_REPORTED,) = _fixed(np.zeros(1, np.bool_))
_FLOWS, _RESIDUALS = (_DAYS, _PAID, _RECEIVED), (_NAV_DAYS, _NAVS, _REPORTED)
_CONVENTIONS = (False, _kernels.YEAR, (0, _NONE), _WANTED)


def _one_rate() -> None:
    _kernels.lone_rate(_DAYS, _AMOUNTS)
    _kernels.lone_rate.disable_compile()


def _many_rates() -> None:
    rates, codes = np.empty(1), np.empty(1, np.int8)
    _lane_kernels.stream_rates(_POINTERS, _DAYS, _AMOUNTS, 0, 1, rates, codes)
    _lane_kernels.stream_rates.disable_compile()


def _all_roots() -> None:
    _kernels.roots_of(_RECEIVED, _AMOUNTS)
    _kernels.roots_of.disable_compile()


def _fund_rows() -> None:
    shape = (1, _fund_kernels.N_MEASURES)
    _fund_kernels.fund_rows(
        (_POINTERS, *_FLOWS),
        (_NAV_POINTERS, *_RESIDUALS),
        _NAV_DAYS,
        _NAVS,
        (0, _ONES, _GAPS, True, -1),
        _CONVENTIONS,
        0,
        1,
        (np.empty(shape), np.empty(shape, np.int8), np.empty((1, 2), np.bool_)),
    )
    _fund_kernels.fund_rows.disable_compile()


def _valued_rows() -> None:
    seen = (_NAV_DAYS, _NAVS, _NAVS)
    _fund_kernels.valued_rows(_FLOWS, _RESIDUALS, seen, _ONES, np.nan, _CONVENTIONS)
    _fund_kernels.valued_rows.disable_compile()


def _ratios() -> None:
    levels = _PAID
    _series_kernels.ratio_series(*_FLOWS, levels, _NAV_DAYS, _NAVS, _NAVS)
    _series_kernels.ratio_series.disable_compile()


def _rates() -> None:
    _series_kernels.rate_series(_DAYS, _AMOUNTS, _NAV_DAYS, _NAVS)
    _series_kernels.rate_series.disable_compile()


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
    for entry in (
        _pool_kernels.held_rows,
        _pool_kernels.window,
        _pool_kernels.drawn_log_rates,
        _pool_kernels.log_rates_left_out,
        _pool_kernels.located,
    ):
        entry.disable_compile()


STEPS = MappingProxyType(
    {
        "rates": (_many_rates, _one_rate, _all_roots),
        "measures": (_fund_rows, _valued_rows),
        "series": (_ratios, _rates),
        "pools": (_pooled,),
    }
)
