"""The door to the compiled loops: which engine computes, and what to do without one.

The loops need Numba, which takes seconds to import; they are loaded by `load`, which the batch
functions call. Both engines give the same numbers (tests/contracts/test_engines.py).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING

from pmecalc.core.daycount import ISDA_YEAR

if TYPE_CHECKING:
    from types import ModuleType


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
    "too_few_observations",  # this one and what follows only of the further measures
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
# Another thread may be at it: the names below are there once all is compiled, and nobody waits.
_WARM = "pmecalc.core._warm"


def load() -> bool:
    """Load the compiled loops and call each once; False where Numba is not installed.

    The first call of all compiles (half a minute); later processes read the code from disk.

    Examples
    --------
    >>> load() == importable()
    True
    """
    if not importable():
        return False
    importlib.import_module(_WARM)
    return True


def importable() -> bool:
    """Whether Numba is installed.

    Examples
    --------
    >>> importable() == (importlib.util.find_spec("numba") is not None)
    True
    """
    return importlib.util.find_spec("numba") is not None


def kernels() -> ModuleType | None:
    """The compiled solver, if it is loaded."""
    return getattr(sys.modules.get(_WARM), "SOLVER", None)


def lane_kernels() -> ModuleType | None:
    """The compiled solver of many streams, if it is loaded."""
    return getattr(sys.modules.get(_WARM), "LANES", None)


def fund_kernels() -> ModuleType | None:
    """The compiled measures, if they are loaded."""
    return getattr(sys.modules.get(_WARM), "MEASURES", None)


def series_kernels() -> ModuleType | None:
    """The compiled series, if they are loaded."""
    return getattr(sys.modules.get(_WARM), "SERIES", None)


def pool_kernels() -> ModuleType | None:
    """The compiled bootstrap, if it is loaded."""
    return getattr(sys.modules.get(_WARM), "POOLS", None)
