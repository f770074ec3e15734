"""Text files as a whole: encoding, lines, quotes, sizes."""

from __future__ import annotations

import pytest

from pmecalc.ingest.limits import Limits
from pmecalc.ingest.upload import read_upload

HEADER = "date,amount\n"


@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n", " , \n,,\n", "   "])
def test_nothing_in_it(refused, text):
    """A file without a word is empty."""
    assert refused(text).code == "EMPTY_FILE"


@pytest.mark.parametrize("text", ["date,level", HEADER, HEADER + "\n,\n"])
def test_header_only(refused, text):
    """A header without rows is told apart from an empty file."""
    assert refused(text).code == "NO_DATA_ROWS"


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"date,amount\n2020-01-01,\x00\n", 2),
        (b"date,amount\r2020-01-01,1\r2020-01-02,\x1b[1m\r", 3),
        ("date,amount\n2020-01-01,1\u0085\n".encode(), 2),
        (b"date,amount\n2020-01-01,\xff\n", 2),
        ("date,fund,amount\n2020-01-01,Zürich,1\n".encode("cp1252"), 2),
        ("date,amount\n".encode("utf-16"), 1),
    ],
)
def test_what_is_not_text(refused, data, row):
    """Control characters and what is not UTF-8 are refused, not repaired."""
    error = refused(data)
    assert (error.code, error.row) == ("NOT_TEXT", row)


def test_rows_are_numbered_as_a_spreadsheet_does(refused):
    """A record of several lines is one row, a blank line is one too."""
    error = refused('fund,date,amount\n"A",2020-01-01,1\n\n"A\nB",2020-01-02,1\nA,x,1\n')
    assert [(p.code, p.row) for p in error.problems] == [("NOT_TEXT", 4), ("BAD_DATE", 5)]


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        ("2020-01-01\n", 2),
        ("2020-01-01,1\n2020-01-02,1,2\n", 3),
        ('2020-01-01,1\n2020-01-02,"1\n', 3),
        ('2020-01-01,1\n2020-01-02,"1"2\n', 3),
        ("2020-01-01,1\r2020\n", 3),
    ],
)
def test_ragged_rows(refused, rows, row):
    """A row of another width than the header, or an open quote, is refused with its row."""
    error = refused(HEADER + rows)
    assert (error.code, error.row) == ("RAGGED_ROW", row)


@pytest.mark.parametrize(
    ("limits", "row"),
    [
        (Limits(line_chars=20), 3),
        (Limits(cell_chars=10), 3),
        (Limits(rows=1), 3),
        (Limits(columns=1), 1),
        (Limits(stored_bytes=30), None),
    ],
)
def test_text_limits(refused, limits, row):
    """A line, a cell, a row, a column or a byte too many is refused with its row."""
    error = refused(HEADER + "2020-01-01,1\n2020-01-02,0.0000000001\n", limits=limits)
    assert (error.code, error.row) == ("FILE_TOO_LARGE", row)


def test_cell_over_the_csv_readers_own_limit(refused):
    """A cell that the CSV reader gives up on is refused as too large."""
    error = refused(HEADER + f'2020-01-01,"{"1" * 200_000}"\n')
    assert (error.code, error.row) == ("FILE_TOO_LARGE", 2)


def test_notes_say_what_was_understood():
    """A fund remembers how its file was read."""
    fund = read_upload(b"date;amount\n2020-01-01;-1\n\n2021-01-01;2", filename="a").funds[0]
    assert fund.notes == (
        "Read as CSV, separated by semicolons.",
        "Wholly blank rows skipped: 1.",
        "Contributions: 1; distributions: 1; valuations: 0.",
        "Negative amounts are contributions, positive ones distributions.",
    )
