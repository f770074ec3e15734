"""Sums of money, which are zero where they are zero within the rounding of their terms.

Amounts come in cents that doubles cannot hold, so a sum that is zero in cents is 1e-13 in doubles.
Every comparison of money in the core uses `negligible`; the compiled loops have the same function.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    import numpy.typing as npt

    BoolArray: TypeAlias = npt.NDArray[np.bool_]
    FloatArray: TypeAlias = npt.NDArray[np.float64]
    IntArray: TypeAlias = npt.NDArray[np.int64]

ROUNDING_PER_TERM = 4 * 2.0**-53  # METHODS 13


@overload
def negligible(total: float, count: int, size: float) -> bool: ...
@overload
def negligible(total: FloatArray, count: IntArray | int, size: FloatArray | float) -> BoolArray: ...
def negligible(total: Any, count: Any, size: Any) -> Any:  # numbers and arrays alike
    """Whether a sum of money is zero within the rounding of its terms.

    Parameters
    ----------
    total
        The sum, in any unit; a scalar or shape (n,).
    count
        The number of its terms.
    size
        The sum of their absolute values, in the unit of `total`.

    References
    ----------
    METHODS 13.

    Examples
    --------
    >>> negligible(0.1 + 0.2 - 0.3, 3, 0.6), negligible(0.01, 3, 0.6)
    (True, False)
    """
    return abs(total) <= ROUNDING_PER_TERM * count * size


def money_sum(terms: Iterable[float], size: float = 0.0) -> float:
    """The exact sum of money, 0 where it is zero within the rounding of its terms.

    Parameters
    ----------
    terms
        Money, in any unit.
    size
        The absolute values added up of what the terms were netted from; their own count at least.

    Examples
    --------
    >>> money_sum([-481.16, 1202.90, -721.74])
    0.0
    """
    listed = list(terms)
    total = math.fsum(listed)
    own = sum(map(abs, listed))
    return 0.0 if negligible(total, len(listed), max(own, size)) else total


def settled(total: FloatArray, count: IntArray | int, size: FloatArray) -> FloatArray:
    """Sums of money, each 0 where it is zero within the rounding of its terms.

    Parameters
    ----------
    total, count, size
        As for `negligible`, shape (n,).

    Examples
    --------
    >>> settled(np.array([1e-17, 0.25]), 2, np.array([0.2, 0.5])).tolist()
    [0.0, 0.25]
    """
    return np.where(negligible(total, count, size), 0.0, total)


def running_minimum(sums: npt.NDArray[np.floating], sizes: FloatArray) -> int:
    """The position of the smallest of running sums of money, the first of equal ones.

    Parameters
    ----------
    sums
        The sum after each step, shape (n,), n >= 1.
    sizes
        The sum of the absolute values of all terms so far, shape (n,), ascending.

    References
    ----------
    METHODS 5.3, 13.

    Examples
    --------
    -0.3 is reached twice, once as -0.1 - 0.2:

    >>> sums = np.cumsum([-0.3, 0.3, -0.1, -0.2])
    >>> running_minimum(sums, np.array([0.3, 0.6, 0.7, 0.9]))
    0
    """
    lowest = int(sums.argmin())
    above = (sums[: lowest + 1] - sums[lowest]).astype(np.float64)
    equal = negligible(above, lowest + 1, sizes[lowest])
    return int(np.flatnonzero(equal)[0])
