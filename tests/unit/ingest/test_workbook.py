"""Workbooks, read in a child."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from pmecalc.ingest.limits import Limits
from pmecalc.ingest.upload import read_upload

HEADER = ["date", "contribution", "distribution", "nav"]
DAY = dt.date(2020, 1, 1)


def sheet_xml(cells: str) -> bytes:
    """A workbook whose one sheet is given as XML."""
    book = openpyxl.Workbook()
    book.active.append(["date", "amount"])
    made, file = BytesIO(), BytesIO()
    book.save(made)
    with ZipFile(made) as source, ZipFile(file, "w", ZIP_DEFLATED) as target:
        for entry in source.infolist():
            text = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                text = text.replace(b"</sheetData>", cells.encode() + b"</sheetData>")
            target.writestr(entry.filename, text)
    return file.getvalue()


def test_workbook_is_read(workbook):
    """Date cells, date text, numbers and number text of the first visible sheet are read."""
    data = workbook(
        [["hidden"], [1]],
        [],
        [
            HEADER,
            [DAY, 5, None, None],
            [dt.datetime(2020, 2, 1, 12), None, 0.1, 7.5],  # noqa: DTZ001
            [None, None],
            ["2020-03-01", "1e1", "", "8"],
        ],
        [["other"]],
        hidden=(0,),
    )
    fund = read_upload(data, filename="Alpha IV.xlsx").funds[0]
    assert (fund.name, fund.rows.tolist()) == ("Alpha IV", [2, 3, 5])
    assert fund.contributions.tolist() == [5.0, 0.0, 10.0]
    assert fund.distributions.tolist() == [0.0, 0.1, 0.0]
    assert fund.navs.tolist() == [7.5, 8.0]
    others = '"Sheet 0" (hidden), "Sheet 1", "Sheet 3"'
    assert fund.notes[0] == f'Read from sheet "Sheet 2"; not read: {others}.'


def test_table_may_stand_anywhere():
    """Blank rows above and columns before the table change nothing but the row numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row, cells in enumerate([["date", "amount"], [DAY, -5], [DAY, 4]], 4):
        for column, cell in enumerate(cells, 3):
            sheet.cell(row, column, cell)
    file = BytesIO()
    book.save(file)
    assert read_upload(file.getvalue(), filename="a").funds[0].rows.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("row", "code", "column", "value"),
    [
        ([DAY, True, 0, None], "BAD_NUMBER", "contribution", "True"),
        ([DAY, DAY, 0, None], "BAD_NUMBER", "contribution", "2020-01-01"),
        ([DAY, -1, 0, None], "NEGATIVE_AMOUNT", "contribution", "-1.0"),
        ([43861, 1, 0, None], "BAD_DATE", "date", "43861.0"),
        ([dt.time(1, 2), 1, 0, None], "BAD_DATE", "date", "01:02:00"),
        ([None, 1, 0, None], "MISSING_DATE", "date", ""),
        ([DAY, 1, 0, None, "note"], "RAGGED_ROW", None, None),
    ],
)
def test_bad_cells(refused, workbook, row, code, column, value):  # noqa: PLR0917
    """Bad cells of a workbook are refused with the sheet's row."""
    error = refused(workbook([HEADER, [DAY, 1, 0, None], row]))
    assert (error.code, error.row, error.field, error.value) == (code, 3, column, value)


def test_error_cells(refused):
    """A cell that shows an error is not taken for a blank one."""
    rows = (
        '<row r="2"><c r="A2" t="inlineStr"><is><t>2020-01-01</t></is></c>'
        '<c r="B2" s="0" t="e"><f>A1/0</f><v>#DIV/0!</v></c></row>'
        '<row r="3"><c r="A3" t="e"><v>#REF!</v></c><c r="B3"><v>5</v></c></row>'
    )
    found = refused(sheet_xml(rows)).problems
    assert [(p.code, p.row, p.column, p.value) for p in found] == [
        ("CELL_ERROR", 2, "amount", "#DIV/0!"),
        ("CELL_ERROR", 3, "date", "#REF!"),
    ]


def test_formula_without_a_value(refused, workbook):
    """A formula that nobody calculated is not taken for a blank cell."""
    error = refused(workbook([HEADER, [DAY, 1, 0, None], [DAY, "=1+1", 0, "=A1"]]))
    assert [(p.code, p.row, p.column) for p in error.problems] == [
        ("CELL_ERROR", 3, "contribution"),
        ("CELL_ERROR", 3, "nav"),
    ]


def test_errors_of_other_sheets_do_not_count(workbook):
    """What is wrong on a sheet that is not read is nobody's business."""
    data = workbook([HEADER, [DAY, 1, 0, None]], [["x"], ["", "", "", "=1+1"]])
    assert len(read_upload(data, filename="a", sheet="Sheet 0").funds) == 1


def test_formula_with_a_value():
    """The stored value of a formula is what counts; a stored empty text is blank."""
    rows = (
        '<row r="2"><c r="A2" t="str"><f>X</f><v>2020-01-01</v></c>'
        '<c r="B2"><f>1+1</f><v>2</v></c></row>'
        '<row r="3"><c r="A3" t="str"><f>X</f><v></v></c><c r="B3" t="str"><f>X</f><v/></c></row>'
    )
    fund = read_upload(sheet_xml(rows), filename="a", sign="lp").funds[0]
    assert fund.distributions.tolist() == [2.0]


@pytest.mark.parametrize(
    ("cell", "code", "value"),
    [("1e999", "NON_FINITE", "inf"), ("9" * 400, "NON_FINITE", "inf")],
)
def test_numbers_beyond_all_bounds(refused, cell, code, value):
    """A number cell too large for a number is refused like one in a text."""
    rows = f'<row r="2"><c r="A2" t="str"><v>2020-01-01</v></c><c r="B2"><v>{cell}</v></c></row>'
    error = refused(sheet_xml(rows))
    assert (error.code, error.row, error.field, error.value) == (code, 2, "amount", value)


@pytest.mark.parametrize("sheets", [([],), ([], [])])
def test_empty_workbook(refused, workbook, sheets):
    """A workbook without a cell is empty."""
    assert refused(workbook(*sheets)).code == "EMPTY_FILE"


@pytest.mark.parametrize(
    "limits",
    [
        Limits(entries=3),
        Limits(sheets=1),
        Limits(columns=3),
        Limits(cells=7),
        Limits(unpacked_bytes=1000),
        Limits(ratio=1, ratio_from_bytes=1000),
        Limits(rows=0),
    ],
)
def test_workbook_limits(refused, workbook, limits):
    """Parts, sheets, columns, cells, rows and unpacked bytes have their limits."""
    data = workbook([HEADER, [DAY, 1, 0, 5]], [])
    assert refused(data, limits=limits).code == "FILE_TOO_LARGE"


def test_names_in_workbooks(refused, workbook):
    """A whole number may be a fund's name; a line break may not be in one."""
    rows = [["date", "amount", "fund"], [DAY, -1, 101], [DAY, -1, "B"]]
    assert [f.name for f in read_upload(workbook(rows), filename="a").funds] == ["101", "B"]
    error = refused(workbook([*rows, [DAY, -1, "B\nC"]]))
    assert (error.code, error.row, error.field) == ("NOT_TEXT", 4, "fund")
