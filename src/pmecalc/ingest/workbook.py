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

from pmecalc.core.errors import InputError, NeedsInputError
from pmecalc.ingest.cells import CellError, is_figure
from pmecalc.ingest.columns import PLAIN
from pmecalc.ingest.prescan import HiddenCells, Scan, corrupt, scan_workbook, too_large
from pmecalc.ingest.problems import shown
from pmecalc.ingest.table import tabulate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from python_calamine import CalamineSheet, CalamineWorkbook

    from pmecalc.ingest.columns import Form, Kind
    from pmecalc.ingest.limits import Limits
    from pmecalc.ingest.table import Table


def read_workbook(data: bytes, *, kind: Kind | None, limits: Limits, form: Form = PLAIN) -> Table:
    """The table of the visible sheet of this name, or of the only one that holds figures."""
    scan = scan_workbook(BytesIO(data), size=len(data), limits=limits)
    try:
        with load_workbook(BytesIO(data)) as workbook:
            return _read(workbook, scan, form, kind=kind, limits=limits)
    except PasswordError:
        raise InputError(
            "The workbook is protected by a password.",
            code="ENCRYPTED_FILE",
            hint="Save it without the password.",
        ) from None
    except CalamineError as error:
        raise corrupt() from error


def _read(
    workbook: CalamineWorkbook, scan: Scan, form: Form, *, kind: Kind | None, limits: Limits
) -> Table:
    if len(workbook.sheet_names) > limits.sheets:
        raise too_large(f"has {len(workbook.sheet_names):,} sheets", f"{limits.sheets:,}")
    sheets = {
        meta.name: (workbook.get_sheet_by_index(place), _hidden(scan, place))
        for place, meta in enumerate(workbook.sheets_metadata)
        if meta.typ == SheetTypeEnum.WorkSheet and meta.visible == SheetVisibleEnum.Visible
    }
    filled = [name for name, (sheet, hidden) in sheets.items() if sheet.start or hidden]
    if not filled:
        raise InputError(
            "No visible sheet holds anything.",
            code="EMPTY_FILE",
            hint="Expected a header and dated rows on a sheet.",
        )
    name = _chosen(form.sheet, filled, [name for name in filled if _holds_figures(*sheets[name])])
    table = tabulate(_records(*sheets[name]), kind=kind, limits=limits, form=form)
    table.notes.insert(0, _said(name, workbook.sheet_names, sheets))
    return table


def _chosen(wanted: str | None, filled: list[str], figures: list[str]) -> str:
    """The sheet to read; a question where several hold figures."""
    if wanted in filled:
        return str(wanted)
    if wanted is None and len(figures) < 2:  # noqa: PLR2004  (several)
        return (figures or filled)[0]
    choices = figures if wanted is None else filled
    listed = ", ".join(f'"{shown(name)}"' for name in choices)
    raise NeedsInputError(
        f"Figures stand on {len(choices)} sheets: {listed}."
        if wanted is None
        else f'No visible, filled sheet is called "{shown(wanted)}"; there is {listed}.',
        code="SHEET_CHOICE",
        choices=choices,
        option="sheet",
        hint="One sheet is read, the others are not.",
    )


def _said(name: str, names: list[str], visible: Collection[str]) -> str:
    """The note of which sheet was read and which were not."""
    others = [
        f'"{shown(other)}"' + ("" if other in visible else " (hidden)")
        for other in names
        if other != name
    ]
    rest = f"; not read: {', '.join(others)}" if others else ""
    return f'Read from sheet "{shown(name)}"{rest}.'


def _holds_figures(sheet: CalamineSheet, hidden: HiddenCells) -> bool:
    """Whether a sheet holds numbers or dates, also where they stand as text."""
    return bool(hidden) or any(is_figure(cell) for cells in sheet.iter_rows() for cell in cells)


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
