"""A frame -> a table: the one reader of pandas, polars, Arrow and dicts of columns."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from numbers import Integral
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.errors import InputError, Problem
from pmecalc.ingest.cells import FIRST_DATE, LAST_DATE, Where, days_of, numbers_of
from pmecalc.ingest.columns import (
    ACCEPTED,
    FRAME_ADVICE,
    LEAST,
    NUMBERS,
    layout_of,
    number_column,
    word_of,
)
from pmecalc.ingest.frame_columns import array_of, cells_of, distinct_of, library_of
from pmecalc.ingest.labels import NO_NAME, Labels
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.options import not_offered
from pmecalc.ingest.problems import Problems, error_of
from pmecalc.ingest.slices import stripped
from pmecalc.ingest.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pmecalc.core.fund import BoolArray, FloatArray, IntArray
    from pmecalc.ingest.frame_columns import Array, Foreign

Extra: TypeAlias = Literal["ignore", "refuse"]
EXTRAS: tuple[Extra, ...] = ("ignore", "refuse")

_LIMITS = Limits(funds=1 << 31)  # a frame is in memory already: only its names have a length
_BOUNDS = tuple(int(np.datetime64(day, "D").astype(np.int64)) for day in (FIRST_DATE, LAST_DATE))


def table_of_frame(
    frame: object,
    *,
    columns: Mapping[str, str] | None = None,
    extra: Extra = "refuse",
    reversals: bool = False,
) -> Table:
    """The table of a frame; rows count from 1 in the order given.

    `columns` gives the frame's name of each of ours that is called otherwise; `extra` says what
    becomes of columns that are not read.
    """
    if extra not in EXTRAS:
        raise not_offered("extra", extra, EXTRAS)
    chosen, ignored = _chosen(_columns_of(frame), columns or {}, extra)
    found = _Reading(chosen, reversals=reversals).table()
    if ignored:
        found.notes.append(f"Columns not read: {', '.join(ignored)}.")
    return found


@dataclass(slots=True)
class _Column:
    """A column under our name: its values as an array, or one by one where they are not exact."""

    name: str
    title: str
    source: Foreign
    values: Array | None
    kept: IntArray | None = None

    def array(self) -> Array | None:
        return self.values if self.values is None or self.kept is None else self.values[self.kept]

    def cells(self) -> list[object]:
        # Of dates the array: a library's own dates may be beyond those that Python holds.
        is_day = self.values is not None and self.values.dtype.kind == "M"
        found = stripped(cells_of(self.values if is_day else self.source))
        return found if self.kept is None else [found[place] for place in self.kept.tolist()]

    def blank(self) -> BoolArray:
        if self.values is None:
            return np.fromiter((cell == "" for cell in self.cells()), np.bool_)
        if self.values.dtype.kind in "iu":
            return np.zeros(len(self.values), np.bool_)
        is_day = self.values.dtype.kind == "M"
        return np.isnat(self.values) if is_day else np.isnan(self.values)


class _Reading:
    """One pass over the columns: their values as arrays, and what is wrong with them."""

    def __init__(self, columns: list[_Column], *, reversals: bool) -> None:
        self._columns = {column.name: column for column in columns}
        self._reversals = reversals
        self._problems = Problems()
        self._rows = self._numbered()

    def table(self) -> Table:
        """The table of the rows without a problem."""
        days = self._days()
        numbers = {n: self._numbers(n) for n in NUMBERS if n in self._columns}
        labels = {name: self._labels(name) for name in self._columns if name in _LABELS}
        self._check_given(numbers)
        bad = np.isin(self._rows, list(self._problems.rows)) if self._problems.rows else None
        good = slice(None) if bad is None else ~bad
        table = Table(
            rows=_integers(self._rows[good]),
            days=_integers(days[good]),
            numbers={name: _floats(values[good]) for name, values in numbers.items()},
            labels={
                name: replace(found, codes=_integers(codes[good]))
                for name, (found, codes) in labels.items()
            },
            titles={column.name: column.title for column in self._columns.values()},
            problems=self._named(labels),
        )
        if not len(self._rows):
            raise InputError(
                "The table has no rows.", code="NO_DATA_ROWS", hint="Expected a row for each date."
            )
        if skipped := self._count - len(self._rows):
            table.notes.append(f"Wholly blank rows skipped: {skipped:,}.")
        return table

    def _numbered(self) -> IntArray:
        """The numbers of the rows with anything in them."""
        self._count = len(next(iter(self._columns.values())).source)
        rows = np.arange(1, self._count + 1)
        blank = self._columns["date"].blank()
        if blank.any():
            for column in self._columns.values():
                blank &= column.blank()
            if blank.any():
                for column in self._columns.values():
                    column.kept = np.flatnonzero(~blank)
                return rows[~blank]
        return rows

    def _where(self, name: str) -> Where:
        return Where(self._rows.tolist(), self._columns[name].title, self._problems)

    def _days(self) -> IntArray:
        column = self._columns["date"]
        values = column.array()
        if values is not None and values.dtype.kind == "M":
            days: IntArray = values.astype(np.int64)
            if ((days >= _BOUNDS[0]) & (days <= _BOUNDS[1])).all():
                return days
        return np.frombuffer(days_of(column.cells(), self._where("date")), np.int64)

    def _numbers(self, name: str) -> FloatArray:
        column = self._columns[name]
        bounds = number_column(name, reversals=self._reversals)
        values = column.array()
        if values is not None and values.dtype.kind in "iuf":
            numbers: FloatArray = values.astype(np.float64, copy=False)
            if not len(numbers) or _within(numbers, bounds.low, bounds.high):
                return numbers
        return np.frombuffer(numbers_of(column.cells(), bounds, self._where(name)))

    def _labels(self, name: str) -> tuple[Labels, IntArray]:
        column = self._columns[name]
        known = distinct_of(column.source)
        if known is not None:
            labels, silent = Labels(upper=name == "currency", whole=_whole(known[1])), Problems()
            where = Where(range(len(known[1])), column.title, silent)
            codes = np.frombuffer(labels.codes_of(stripped(known[1]), where, _LIMITS), np.int64)
            if not silent.listed():
                of_rows = np.append(codes, NO_NAME)[known[0]]
                return labels, of_rows if column.kept is None else of_rows[column.kept]
        cells = column.cells()
        labels = Labels(upper=name == "currency", whole=_whole(set(cells)))
        of_cells = labels.codes_of(cells, self._where(name), _LIMITS)
        return labels, np.frombuffer(of_cells, np.int64)

    def _check_given(self, numbers: Mapping[str, FloatArray]) -> None:
        """A signed amount is blank only on a row that reports a NAV."""
        if "amount" not in numbers:
            return
        blank = np.isnan(numbers["amount"])
        if "nav" in numbers:
            blank &= np.isnan(numbers["nav"])
        for row in self._rows[blank].tolist():
            if row not in self._problems.rows:
                where = Where((), self._columns["amount"].title, self._problems)
                remedy = "Give an amount (0 if there was none) or a NAV."
                where.report(row, "", "BAD_NUMBER", "The amount is blank.", remedy)

    def _named(self, labels: Mapping[str, tuple[Labels, IntArray]]) -> tuple[Problem, ...]:
        """The problems, each with the fund of its row where there are several."""
        listed = self._problems.listed()
        if "fund" not in labels or len(labels["fund"][0].names) < 2:  # noqa: PLR2004  (several)
            return listed
        found, codes = labels["fund"]
        names = list(found.names)
        return tuple(
            problem if problem.row is None else _of_fund(problem, self._code(problem, codes), names)
            for problem in listed
        )

    def _code(self, problem: Problem, codes: IntArray) -> int:
        return int(codes[np.searchsorted(self._rows, problem.row or 0)])


def _whole(names: Iterable[object]) -> bool:
    """Whether there are names, and all of them are whole numbers."""
    kinds = {type(name) for name in names}
    return bool(kinds) and bool not in kinds and all(issubclass(kind, Integral) for kind in kinds)


def _of_fund(problem: Problem, code: int, names: Sequence[str]) -> Problem:
    if code == NO_NAME:
        return problem
    return replace(problem, message=f"Fund {names[code]}: {problem.message}")


def _within(numbers: FloatArray, low: float, high: float) -> bool:
    """Whether all numbers but blank ones may stand in the column, none infinite or next to 0."""
    least, most = np.fmin.reduce(numbers), np.fmax.reduce(numbers)
    if np.isnan(least):
        return True
    near = (np.abs(numbers) < LEAST) & (numbers != 0)
    return bool(low <= least and most <= high and not near.any())


def _columns_of(frame: Foreign) -> dict[str, Foreign]:
    """The columns by their names as text."""
    if library_of(frame) == "polars" and hasattr(frame, "collect"):
        frame = frame.collect()  # a lazy one
    if not any(hasattr(frame, name) for name in ("column_names", "columns", "keys")):
        frame = _of_stream(frame)
    named = next((name for name in ("column_names", "columns") if hasattr(frame, name)), None)
    names = list(getattr(frame, named) if named else frame.keys())
    for name, count in Counter(map(str, names)).items():
        if count > 1:
            raise InputError(
                f"{count} columns are called {name}.",
                code="AMBIGUOUS_MAPPING",
                field=name,
                hint="Only one of them can be read as that.",
            )
    return {str(name): frame[name] for name in names}


def _of_stream(frame: Foreign) -> Foreign:
    """An Arrow table of what gives itself as a stream of Arrow's."""
    if hasattr(frame, "__arrow_c_stream__") and find_spec("pyarrow") is not None:
        return import_module("pyarrow").table(frame)
    raise TypeError(
        f"a table is a pandas, polars or Arrow table, or a dict of columns; this is "
        f"{type(frame).__name__}"
    )


def _chosen(
    found: dict[str, Foreign], columns: Mapping[str, str], extra: Extra
) -> tuple[list[_Column], list[str]]:
    """The columns to read under our names, and the titles of those left out."""
    for ours, theirs in columns.items():
        _check_mapped(ours, str(theirs), list(found))
    ours_of = {str(theirs): ours for ours, theirs in columns.items()}
    headers = {title: ours_of.get(title, title) for title in found}
    ignored = []
    if extra == "ignore":
        accepted = ACCEPTED["fund"]
        ignored = [
            title
            for title, header in headers.items()
            if title not in ours_of and (word_of(header) not in accepted or header in columns)
        ]
        headers = {title: header for title, header in headers.items() if title not in ignored}
    try:
        layout = layout_of(list(headers.values()), kind="fund", row=None, advice=FRAME_ADVICE)
    except InputError as refusal:
        raise error_of(refusal.problems, file=None) from None
    chosen = [
        _column(name, title, found[title])
        for name, title in zip(layout.names, headers, strict=True)
        if name is not None
    ]
    if len({len(column.source) for column in chosen}) > 1:
        raise InputError(
            "The columns have different lengths.",
            code="RAGGED_ROW",
            hint=", ".join(f"{column.title}: {len(column.source):,}" for column in chosen) + ".",
        )
    return chosen, ignored


def _column(name: str, title: str, source: Foreign) -> _Column:
    if isinstance(source, str | bytes) or not hasattr(source, "__iter__"):
        raise InputError(
            f"The column {title} is {type(source).__name__}, not a column of values.",
            code="RAGGED_ROW",
            field=title,
            hint="Give one value a row.",
        )
    source = source if hasattr(source, "__len__") else list(source)
    return _Column(name, title, source, None if name in _LABELS else array_of(source))


def _check_mapped(ours: str, theirs: str, titles: list[str]) -> None:
    if ours not in ACCEPTED["fund"]:
        raise not_offered("columns", ours, ACCEPTED["fund"])
    if theirs not in titles:
        raise InputError(
            f"The table has no column {theirs!r}.",
            code="NO_DATE_COLUMN" if ours == "date" else "NO_AMOUNT_COLUMN",
            field=ours,
            value=theirs,
            hint=f"It has: {', '.join(titles)}.",
        )


def _integers(values: IntArray) -> array[int]:
    found = array("q")
    found.frombytes(np.ascontiguousarray(values, np.int64).view(np.uint8).data)
    return found


def _floats(values: FloatArray) -> array[float]:
    found = array("d")
    found.frombytes(np.ascontiguousarray(values, np.float64).view(np.uint8).data)
    return found


_LABELS = frozenset({"fund", "currency"})
