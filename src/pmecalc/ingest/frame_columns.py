"""Columns of frames as arrays, by the library they come from; none of these is imported here.

A column whose type is exact (numbers, dates, timestamps) becomes an array. Every other column is
read value by value, as the cells of a workbook are.
"""

from __future__ import annotations

from collections.abc import Hashable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable

Array: TypeAlias = npt.NDArray[np.generic]
Foreign: TypeAlias = Any  # a frame or a column of a library that need not be installed

_DAYS = "datetime64[D]"
_EXACT = "iufM"
_TO_LIST = ("to_pylist", "to_list", "tolist")  # Arrow; pandas and polars; numpy
_MISSING = frozenset({"NAType", "NaTType"})  # pandas' own, known by name since it is not imported
_PLAIN = frozenset({int, float, type(None)})


def library_of(value: object) -> str:
    """The library that a frame or a column belongs to, also where it is a subclass of one."""
    for each in type(value).__mro__:
        library = each.__module__.split(".")[0]
        if library in _ARRAYS:
            return library
    return "builtins"


def array_of(column: Foreign) -> Array | None:
    """Numbers or `datetime64` days, NaN or NaT where blank; None where values have to be read."""
    array = _ARRAYS.get(library_of(column), _of_plain)(column)
    if array is None or array.dtype.kind not in _EXACT or array.ndim != 1:
        return None
    return array.astype(_DAYS) if array.dtype.kind == "M" else array


def cells_of(column: Foreign) -> list[object]:
    """The values as a workbook would hold them: a missing one is blank, a date is a date."""
    if isinstance(column, np.ma.MaskedArray):
        column = np.ma.filled(column.astype(object), None)
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        column = column.astype(_DAYS)  # finer units would come out as integers
    to_list = next((getattr(column, name) for name in _TO_LIST if hasattr(column, name)), None)
    return [_cell(value) for value in (to_list() if to_list else column)]


def distinct_of(column: Foreign) -> tuple[npt.NDArray[np.int64], list[object]] | None:
    """The place of each row's value among the distinct ones, -1 where blank; None where unknown.

    Distinct values stand in the order in which they come first.
    """
    library = library_of(column)
    if library == "pandas":
        codes, values = column.factorize()
        return np.asarray(codes, np.int64), [_cell(value) for value in values.tolist()]
    if library == "polars":
        values = column.unique(maintain_order=True)
        places = values.to_frame("value").with_row_index("place")
        codes = column.to_frame("value").join(
            places, on="value", how="left", nulls_equal=True, maintain_order="left"
        )
        found = [_cell(value) for value in values.to_list()]
        return codes["place"].to_numpy().astype(np.int64), found
    if library == "pyarrow":
        plain = _plain_arrow(column)
        joined = plain.combine_chunks() if hasattr(plain, "combine_chunks") else plain
        encoded = joined.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return codes.astype(np.int64), [_cell(value) for value in encoded.dictionary.to_pylist()]
    if isinstance(column, np.ndarray) and column.dtype.kind in "iu":
        return _distinct_numbers(column)
    return None


def _distinct_numbers(column: Array) -> tuple[npt.NDArray[np.int64], list[object]]:
    values, first, codes = np.unique(column, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[codes], values[order].tolist()


def _cell(value: Foreign) -> object:
    if isinstance(value, np.datetime64):
        value = value.astype(_DAYS).item()
    if value is None or type(value).__name__ in _MISSING:
        return ""
    if isinstance(value, float) and np.isnan(value):
        return ""
    return value if isinstance(value, Hashable) else str(value)


def _of_numpy(column: Foreign) -> Array | None:
    if not isinstance(column, np.ma.MaskedArray):
        return column if isinstance(column, np.ndarray) else None
    if column.dtype.kind == "M":
        return column.filled(np.datetime64("NaT"))
    return np.ma.filled(column.astype(np.float64), np.nan) if column.dtype.kind in "iuf" else None


def _of_pandas(column: Foreign) -> Array | None:
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return np.asarray(column.to_numpy()) if dtype.kind in _EXACT else None
    if type(dtype).__name__ == "DatetimeTZDtype":
        return np.asarray(column.dt.tz_localize(None).to_numpy())  # the written day, METHODS 1.4
    if type(dtype).__name__ == "ArrowDtype":
        return _of_arrow(column.array.__arrow_array__())
    if getattr(dtype, "kind", "") in "iuf" and hasattr(dtype, "numpy_dtype"):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return None


def _of_polars(column: Foreign) -> Array | None:
    dtype = column.dtype
    if getattr(dtype, "time_zone", None):
        column = column.dt.replace_time_zone(None)  # the written day, METHODS 1.4
    exact = type(dtype).__name__ in {"Date", "Datetime"} or dtype.is_integer() or dtype.is_float()
    return np.asarray(column.to_numpy()) if exact else None


def _of_arrow(column: Foreign) -> Array | None:
    column = _plain_arrow(column)
    kind = str(column.type)
    if kind.startswith("timestamp") and column.type.tz:
        # The written day, METHODS 1.4; numpy would take the day of UTC.
        column = import_module("pyarrow.compute").local_timestamp(column)
    elif not kind.startswith(("timestamp", "date", "int", "uint", "float", "double", "halffloat")):
        return None
    options = {} if hasattr(column, "combine_chunks") else {"zero_copy_only": False}
    return np.asarray(column.to_numpy(**options))


def _plain_arrow(column: Foreign) -> Foreign:
    """The column without an encoding by dictionary."""
    is_encoded = hasattr(column.type, "value_type") and str(column.type).startswith("dictionary")
    return column.cast(column.type.value_type) if is_encoded else column


def _of_plain(column: Foreign) -> Array | None:
    """An array of a plain list of floats and small integers, which is what most lists are."""
    if not isinstance(column, list | tuple) or not set(map(type, column)) <= _PLAIN:
        return None
    try:
        return np.array(column, np.float64)
    except OverflowError:
        return None


_ARRAYS: dict[str, Callable[[Foreign], Array | None]] = {
    "numpy": _of_numpy,
    "pandas": _of_pandas,
    "polars": _of_polars,
    "pyarrow": _of_arrow,
}
