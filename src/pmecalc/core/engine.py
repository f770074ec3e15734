"""Which engine computes: the compiled loops where they are loaded, else the plain functions.

The loops need Numba, which takes seconds to import, and a compiler the first time: `load` waits
for both, `request` only for what is on the disk. Both engines give the same numbers
(tests/contracts/test_engines.py).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from pmecalc.core.daycount import ISDA_YEAR
from pmecalc.core.loops import FAMILIES, LOOPS, PlainEngineWarning, importable

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    import numpy.typing as npt

__all__ = ["FAMILIES", "STATUSES", "YEARS", "PlainEngineWarning", "importable"]

STATUSES = (
    "ok",
    "multiple",
    "no_root",
    "total_loss",
    "no_flows",
    "no_investment",
    "zero_duration",
    "overflow",
    "no_contributions",
    "no_distributions",
    "no_index",
    "no_commitment",
    "index_not_covered",
    "index_stale",
    "uncertified",
    "too_few_observations",
    "dietz_undefined",
    "not_smoothed",
    "no_nav",
    "too_young",
    "stale_start",
)
YEARS = MappingProxyType(  # the days of a year in the conventions that the compiled loops know
    {
        "ACT/365F": 365.0,
        "ACT/360": 360.0,
        "ACT/365.25": 365.25,
        "ACT/ACT ISDA": float(ISDA_YEAR),
        "30E/360": 360.0,
    }
)
_TYPES = MappingProxyType({"i": np.int32, "u": np.int32, "f": np.float64})  # by kind of dtype
_Result = TypeVar("_Result")
_loaded = LOOPS.modules.get


def load(*families: str) -> bool:
    """Load the compiled loops, all families by default, and compile what is on no disk yet.

    Parameters
    ----------
    families
        Some of `FAMILIES`.

    Returns
    -------
    bool
        False where the plain engine has to do: Numba is missing, or `failure` says what is wrong.

    Examples
    --------
    >>> load("rates") == (importable() and failure() is None)
    True
    """
    return LOOPS.load(families)


def request(family: str) -> None:
    """Load a family of loops from the disk, or have a thread compile it, with one warning."""
    LOOPS.request(family)


def is_complete() -> bool:
    """Whether all families of loops are loaded."""
    return LOOPS.is_complete


def failure() -> str | None:
    """The sentence that says why the loops cannot be loaded; None where nothing went wrong."""
    return LOOPS.failure


def notice() -> str | None:
    """The sentence that users should be told about the engine, once; None where there is none."""
    return LOOPS.notice()


def folder() -> str | None:
    """The folder of the compiled loops; None before anything was loaded."""
    return LOOPS.folder


def kernels() -> ModuleType | None:
    """The compiled solver, if it is loaded."""
    return _loaded("solver")


def lane_kernels() -> ModuleType | None:
    """The compiled solver of many streams, if it is loaded."""
    return _loaded("lanes")


def fund_kernels() -> ModuleType | None:
    """The compiled measures, if they are loaded."""
    return _loaded("measures")


def series_kernels() -> ModuleType | None:
    """The compiled series, if they are loaded."""
    return _loaded("series")


def pool_kernels() -> ModuleType | None:
    """The compiled bootstrap, if it is loaded."""
    return _loaded("pools")


def call(loop: Callable[..., _Result], *columns: npt.NDArray[np.generic]) -> _Result:
    """Call a loop of columns, days as int32 and the rest as float64, whatever their types are.

    Examples
    --------
    >>> call(lambda days: str(days.dtype), np.array([0, 1], np.int32))
    'int32'
    """
    try:
        return loop(*columns)
    except TypeError:  # loops are compiled for one type of column, and refuse the others
        return loop(*(np.ascontiguousarray(each, _TYPES[each.dtype.kind]) for each in columns))
