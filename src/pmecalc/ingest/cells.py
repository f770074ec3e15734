"""Columns of cells -> day numbers, numbers and labels; each cell that is neither is a problem.

A cell is text (out of a text file), or what a workbook or a frame holds. Standard library alone:
this also runs in the child, which has no room for more.
"""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from pmecalc.core.dates import why_no_day, written_day
from pmecalc.core.errors import Problem
from pmecalc.ingest.columns import LEAST
from pmecalc.ingest.problems import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.ingest.columns import NumberColumn
    from pmecalc.ingest.problems import Problems

BLANK = math.nan
NO_DAY = -(1 << 31)

_EPOCH = date(1970, 1, 1).toordinal()
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2200, 12, 31)
_PLAIN = frozenset("0123456789+-.")
_PLAIN_CHARS = 30  # digits this few cannot come nearer to 0 than LEAST
_NUMBER = re.compile(r"[+-]?(\d++(\.\d*+)?+|\.\d++)([eE][+-]?\d++)?+", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_DATE_HINT = "Expected YYYY-MM-DD, such as 2021-12-31."
_NEGATIVE_HINT = (
    "If the whole column is written below 0, write it without the sign; if money was given back, "
    'say reversals="net".'
)
_NUMBER_HINT = (
    "Expected a plain number with a dot, such as 1234.5, without separators or signs of currency."
)


@dataclass(frozen=True, slots=True)
class CellError:
    """A workbook's cell that shows an error, or whose formula has no stored value (then "")."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def problem(self) -> tuple[str, str, str]:
        """Code, reason and remedy."""
        if self.text:
            remedy = "Correct it in the workbook and save."
            return "CELL_ERROR", f"The cell shows the error {shown(self.text)}.", remedy
        remedy = "Open the workbook in a spreadsheet, let it calculate, and save."
        return "CELL_ERROR", "The cell's formula has no stored value.", remedy


@dataclass(frozen=True, slots=True)
class Where:
    """Where the cells of a column stand, and who is told of the bad ones."""

    rows: Sequence[int]
    title: str
    problems: Problems

    def report(self, row: int, cell: object, code: str, why: str, remedy: str) -> None:
        """Note a bad cell."""
        self.problems.add(Problem(code, why, row, self.title, shown(cell), remedy))


def days_of(cells: Sequence[object], where: Where) -> array[int]:
    """Day numbers; `NO_DAY` where the cell is not a date."""
    known = {cell: _day(cell) for cell in set(cells)}
    if NO_DAY in known.values():
        for row, cell in zip(where.rows, cells, strict=True):
            if known[cell] == NO_DAY:
                where.report(row, cell, *_date_problem(cell))
    return array("q", map(known.__getitem__, cells))


def numbers_of(cells: Sequence[object], column: NumberColumn, where: Where) -> array[float]:
    """Numbers; `BLANK` where the cell is blank or is no number that may stand in the column."""
    fast = _plain_numbers(cells, column)
    if fast is not None:
        return fast
    values = array("d")
    for row, cell in zip(where.rows, cells, strict=True):
        value = _number(cell)
        if cell != "" and (why := _number_problem(cell, value, column)):
            where.report(row, cell, *why)
            value = BLANK
        values.append(value)
    return values


def is_figure(cell: object) -> bool:
    """Whether a cell is a number or a date, also as text."""
    return not math.isnan(_number(cell)) or _day(cell) != NO_DAY


def _day(cell: object) -> int:
    if isinstance(cell, datetime):
        cell = cell.date()  # METHODS 1.4: the time of day is dropped
    elif isinstance(cell, str):
        try:
            cell = written_day(cell)
        except ValueError:
            return NO_DAY
    if not isinstance(cell, date) or not FIRST_DATE <= cell <= LAST_DATE:
        return NO_DAY
    return cell.toordinal() - _EPOCH


def _date_problem(cell: object) -> tuple[str, str, str]:
    """Code, reason and remedy of a cell that is not a date."""
    if isinstance(cell, CellError):
        return cell.problem
    text = shown(cell)
    if cell == "":
        return "MISSING_DATE", "The date is blank.", _DATE_HINT
    if isinstance(cell, (int, float)):
        remedy = "Write dates as text, 2021-12-31, or as dates of the workbook or the table."
        return "BAD_DATE", f"{text} is a number, not a date.", remedy
    try:
        text = str(cell if isinstance(cell, date) else written_day(text))
    except ValueError:
        return "BAD_DATE", why_no_day(text), _DATE_HINT
    return "BAD_DATE", f"{text} is not between {FIRST_DATE} and {LAST_DATE}.", "Correct the date."


def _plain_numbers(cells: Sequence[object], column: NumberColumn) -> array[float] | None:
    """The numbers of a column of text without any problem, which is nearly every column."""
    try:
        if max(map(len, cells), default=0) > _PLAIN_CHARS:  # type: ignore[arg-type]  # below
            return None
        if not _PLAIN.issuperset("".join(cells)):  # type: ignore[arg-type]  # not text: TypeError
            return None
        present = [float(cell) for cell in cells if cell]  # type: ignore[arg-type]  # same
    except (TypeError, ValueError):
        return None
    if present and not (column.low <= min(present) and max(present) <= column.high):
        return None
    if "" not in cells:
        return array("d", present)
    values = iter(present)
    return array("d", [next(values) if cell else BLANK for cell in cells])


def _number(cell: object) -> float:
    """The cell as a number; NaN where it is none."""
    if isinstance(cell, str):
        return float(cell) if _NUMBER.fullmatch(cell) else BLANK
    if isinstance(cell, bool) or not hasattr(cell, "__float__"):
        return BLANK
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def _number_problem(
    cell: object, value: float, column: NumberColumn
) -> tuple[str, str, str] | None:
    """Code, reason and remedy of a cell that may not stand in the column."""
    if isinstance(cell, CellError):
        return cell.problem
    found = _unusable(cell, value) or _out_of_bounds(value, column)
    if found and column.name == "level":
        return "INDEX_INVALID", *found[1:]  # METHODS 11.3 has one code for a bad level
    return found


def _unusable(cell: object, value: float) -> tuple[str, str, str] | None:
    if math.isinf(value) or (isinstance(cell, str) and _NOT_FINITE.fullmatch(cell)):
        return "NON_FINITE", f"{shown(cell)!r} is not a finite number.", _NUMBER_HINT
    if math.isnan(value):
        return "BAD_NUMBER", f"{shown(cell)!r} is not a number.", _NUMBER_HINT
    return None


def _out_of_bounds(value: float, column: NumberColumn) -> tuple[str, str, str] | None:
    if value > column.high or value < column.low < 0:
        why = f"The {column.name} {value:g} is larger than {column.high:g}."
        return "BAD_NUMBER", why, "Correct it."
    if 0 < abs(value) < LEAST:
        return "NON_FINITE", f"{value:g} is nearer to 0 than {LEAST:g}.", "Correct it."
    if value >= column.low:
        return None
    remedy = "Correct it." if column.name == "recallable" else _NEGATIVE_HINT
    return "NEGATIVE_AMOUNT", f"The {column.name} {value:g} is negative.", remedy
