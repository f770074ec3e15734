"""XLSX -> a table. Runs in the child alone: its reader ends the process on some files."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from python_calamine import (
    CalamineError,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from pmecalc.core.errors import InputError
from pmecalc.ingest.cells import CellError
from pmecalc.ingest.prescan import HiddenCells, Scan, corrupt, scan_workbook, too_large
from pmecalc.ingest.table import tabulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_calamine import CalamineSheet, CalamineWorkbook

    from pmecalc.ingest.columns import Kind
    from pmecalc.ingest.limits import Limits
    from pmecalc.ingest.table import Table


def read_workbook(data: bytes, *, kind: Kind | None, limits: Limits) -> Table:
    """The table of the first visible sheet that holds anything."""
    scan = scan_workbook(BytesIO(data), size=len(data), limits=limits)
    try:
        with load_workbook(BytesIO(data)) as workbook:
            return _read(workbook, scan, kind=kind, limits=limits)
    except PasswordError:
        raise InputError(
            "The workbook is protected by a password.",
            code="ENCRYPTED_FILE",
            hint="Save it without the password.",
        ) from None
    except CalamineError as error:
        raise corrupt() from error


def _read(workbook: CalamineWorkbook, scan: Scan, *, kind: Kind | None, limits: Limits) -> Table:
    if len(workbook.sheet_names) > limits.sheets:
        raise too_large(f"has {len(workbook.sheet_names):,} sheets", f"{limits.sheets:,}")
    for place, meta in enumerate(workbook.sheets_metadata):
        if meta.typ != SheetTypeEnum.WorkSheet or meta.visible != SheetVisibleEnum.Visible:
            continue
        sheet, hidden = workbook.get_sheet_by_index(place), _hidden(scan, place)
        if sheet.start is None and not hidden:
            continue
        table = tabulate(_records(sheet, hidden), kind=kind, limits=limits)
        others = len(workbook.sheet_names) - 1
        more = f"; {others} other sheets were not" if others > 1 else ""
        more = "; the other sheet was not" if others == 1 else more
        table.notes.insert(0, f'Read from sheet "{meta.name}"{more}.')
        return table
    raise InputError(
        "No visible sheet holds anything.",
        code="EMPTY_FILE",
        hint="Expected a header and dated rows on the first sheet.",
    )


def _hidden(scan: Scan, place: int) -> HiddenCells:
    """The hidden cells of a sheet; of every part, where its own is not known."""
    part = scan.parts[place] if place < len(scan.parts) else ""
    if part in scan.hidden:
        return scan.hidden[part]
    return {cell: text for cells in scan.hidden.values() for cell, text in cells.items()}


def _records(sheet: CalamineSheet, hidden: HiddenCells) -> Iterator[list[object]]:
    """The sheet's rows from its first row and column on, the hidden cells in their places."""
    by_row: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in hidden.items():
        by_row.setdefault(row, []).append((column, text))
    before = [""] * (sheet.start[1] if sheet.start else 0)
    row = 0
    for row, cells in enumerate(sheet.iter_rows(), 1):
        record: list[object] = [*before, *cells]
        yield _shown(record, by_row[row]) if row in by_row else record
    for below in range(row + 1, max(by_row, default=0) + 1):
        yield _shown([], by_row.get(below, []))


def _shown(record: list[object], hidden: list[tuple[int, str]]) -> list[object]:
    width = max((column for column, _ in hidden), default=0)
    record += [""] * (width - len(record))
    for column, text in hidden:
        if record[column - 1] == "":
            record[column - 1] = CellError(text)
    return record
