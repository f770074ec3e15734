"""The door to the compiled loops: which engine computes, and what to do without one.

The loops need Numba, which takes seconds to import; they are loaded by `load`, which the batch
functions call. Both engines give the same numbers (tests/contracts/test_engines.py).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from types import ModuleType

    import numpy.typing as npt

    from pmecalc.core.fund import FloatArray

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
)
_KERNELS = "pmecalc.core._kernels"
_FUND_KERNELS = "pmecalc.core._fund_kernels"
_SERIES_KERNELS = "pmecalc.core._series_kernels"


def load() -> bool:
    """Load the compiled loops; False where Numba is not installed.

    Examples
    --------
    >>> load() == (importlib.util.find_spec("numba") is not None)
    True
    """
    if importlib.util.find_spec("numba") is None:
        return False
    for name in (_KERNELS, _FUND_KERNELS, _SERIES_KERNELS):
        importlib.import_module(name)
    return True


def kernels() -> ModuleType | None:
    """The compiled solver, if it is loaded."""
    return sys.modules.get(_KERNELS)


def fund_kernels() -> ModuleType | None:
    """The compiled measures, if they are loaded."""
    return sys.modules.get(_FUND_KERNELS)


def series_kernels() -> ModuleType | None:
    """The compiled series, if they are loaded."""
    return sys.modules.get(_SERIES_KERNELS)


def to_rates(log_rates: FloatArray, codes: npt.NDArray[np.int8]) -> None:
    """Turn log rates into annual rates in place, by their status codes.

    Examples
    --------
    >>> values = np.array([0.0, np.nan])
    >>> to_rates(values, np.array([0, STATUSES.index("total_loss")], np.int8))
    >>> values.tolist()
    [0.0, -1.0]
    """
    with np.errstate(over="ignore"):
        np.expm1(log_rates, out=log_rates)
    log_rates[codes == STATUSES.index("overflow")] = np.nan
    log_rates[codes == STATUSES.index("total_loss")] = -1.0
