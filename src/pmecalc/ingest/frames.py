"""Frames -> a fund: pandas, polars, Arrow or a dict of columns, none of which is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from pmecalc.core.errors import InputError
from pmecalc.ingest.build import funds_of
from pmecalc.ingest.columns import ACCEPTED
from pmecalc.ingest.files import only
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.options import Options
from pmecalc.ingest.problems import error_of
from pmecalc.ingest.table import tabulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pmecalc.core.fund import Fund
    from pmecalc.ingest.options import Sign

_FILE = "table"
_DAYS = "datetime64[D]"
_TO_LIST = ("to_pylist", "to_list", "tolist")  # Arrow; pandas and polars; numpy
_MISSING = frozenset({"NAType", "NaTType"})  # pandas' own, known by name since it is not imported


class Frame(Protocol):
    """Named columns: what pandas, polars, Arrow and dict have in common."""

    def __getitem__(self, name: str, /) -> Iterable[object]:
        """The values of a column."""


def read_table(
    frame: Frame,
    columns: Mapping[str, str] | None = None,
    *,
    name: str | None = None,
    currency: str | None = None,
    commitment: float | None = None,
    vintage: int | None = None,
    strategy: str | None = None,
    sign: Sign | None = None,
) -> Fund:
    """The fund of a frame with the columns of a tidy file; rows count from 1.

    `columns` gives the frame's name of each of ours; then these are read, and no others.
    """
    options = Options(name, currency, commitment, vintage, strategy, sign=sign)
    wanted = _wanted(_names(frame), columns)
    cells = [_cells(frame[theirs]) for theirs in wanted.values()]
    if len({len(column) for column in cells}) > 1:
        raise InputError("The columns have different lengths.", code="RAGGED_ROW")
    records = [tuple(wanted), *zip(*cells, strict=True)]
    try:
        table = tabulate(records, first=0, kind="fund", limits=Limits())
    except InputError as refusal:
        raise error_of(refusal.problems, file=None) from None
    return only(funds_of(table, file=_FILE, options=options), _FILE)


def _names(frame: Frame) -> list[str]:
    """The frame's names of its columns."""
    for attribute in ("column_names", "columns"):  # Arrow's `columns` are not names
        if hasattr(frame, attribute):
            return list(getattr(frame, attribute))
    if not hasattr(frame, "keys"):
        raise TypeError(f"no table of columns: {type(frame).__name__}")
    return list(frame.keys())


def _wanted(names: list[str], columns: Mapping[str, str] | None) -> dict[str, str]:
    """Our name, or a header to be judged, of each column to read, and the frame's."""
    if columns is None:
        return {str(name): name for name in names}
    for ours, theirs in columns.items():
        if ours not in ACCEPTED["fund"]:
            raise InputError(
                f"No column of ours is called {ours}.",
                code="UNSUPPORTED_OPTION",
                field="columns",
                value=ours,
                hint=f"Expected: {', '.join(ACCEPTED['fund'])}.",
            )
        if theirs not in names:
            raise InputError(
                f"The table has no column {theirs!r}.",
                code="NO_DATE_COLUMN" if ours == "date" else "NO_AMOUNT_COLUMN",
                field=ours,
                value=theirs,
                hint=f"It has: {', '.join(map(str, names))}.",
            )
    return dict(columns)


def _cells(column: Iterable[object]) -> list[object]:
    """The values as a workbook would hold them: a missing one is blank, a date is a date."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        column = column.astype(_DAYS)  # finer units would come out as integers
    to_list = next((getattr(column, name) for name in _TO_LIST if hasattr(column, name)), None)
    values = to_list() if to_list else column
    return [_cell(value) for value in values]


def _cell(value: object) -> object:
    if isinstance(value, np.datetime64):
        value = value.astype(_DAYS).item()
    if value is None or type(value).__name__ in _MISSING:
        return ""
    return "" if isinstance(value, float) and np.isnan(value) else value
