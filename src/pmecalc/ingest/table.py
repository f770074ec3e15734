"""Records of cells -> a table of typed columns, with every problem noted."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError, Problem
from pmecalc.ingest.cells import Where, days_of, numbers_of
from pmecalc.ingest.columns import NUMBERS, PLAIN, Form, Kind, Layout, layout_of, number_column
from pmecalc.ingest.labels import Labels
from pmecalc.ingest.problems import Problems, shown
from pmecalc.ingest.slices import filled, slices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pmecalc.ingest.limits import Limits
    from pmecalc.ingest.slices import Slice


@dataclass(slots=True)
class Table:
    """What a file holds: columns of equal length, of the rows that have no problem.

    `numbers` and `codes` are keyed by our names of the columns, `titles` gives the file's.
    """

    kind: Kind = "fund"
    rows: array[int] = field(default_factory=lambda: array("q"))
    days: array[int] = field(default_factory=lambda: array("q"))
    numbers: dict[str, array[float]] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: list[str] = field(default_factory=list)


def tabulate(
    records: Iterable[Sequence[object]],
    *,
    kind: Kind | None,
    limits: Limits,
    form: Form = PLAIN,
) -> Table:
    """The table of numbered records; the first with anything in it is the header."""
    unread = iter(records)
    row, layout = _layout(unread, kind, limits)
    table = _empty(layout)
    problems = Problems()
    blank = 0
    for part in slices(unread, layout, row=row + 1, limits=limits, problems=problems):
        blank += part.blank
        _extend(table, part, layout, limits=limits, problems=problems, form=form)
    table.problems = problems.listed()
    if not table.rows and not table.problems:
        raise InputError(
            "There are no rows below the header.",
            code="NO_DATA_ROWS",
            hint="Expected a row for each date.",
        )
    if blank:
        table.notes.append(f"Wholly blank rows skipped: {blank:,}.")
    return table


def _layout(
    records: Iterator[Sequence[object]], kind: Kind | None, limits: Limits
) -> tuple[int, Layout]:
    """The row of the header, and what it names."""
    numbered = enumerate(records, 1)
    row, header = next(((row, cells) for row, cells in numbered if filled(cells)), (1, ()))
    if not header:
        raise InputError(
            "There is nothing in it.", code="EMPTY_FILE", hint="Expected a header and dated rows."
        )
    width = max(place for place, cell in enumerate(header, 1) if filled([cell]))
    if width > limits.columns:
        raise InputError(
            f"It has {width:,} columns.",
            code="FILE_TOO_LARGE",
            row=row,
            hint=f"At most {limits.columns:,} are read.",
        )
    return row, layout_of(header[:width], kind=kind, row=row)


def _empty(layout: Layout) -> Table:
    named = [(place, name) for place, name in enumerate(layout.names) if name is not None]
    return Table(
        kind=layout.kind,
        numbers={name: array("d") for _, name in named if name in NUMBERS},
        labels={
            name: Labels(upper=name == "currency")
            for _, name in named
            if name in {"fund", "currency"}
        },
        titles={name: layout.title(place) for place, name in named},
    )


def _extend(
    table: Table,
    part: Slice,
    layout: Layout,
    *,
    limits: Limits,
    problems: Problems,
    form: Form,
) -> None:
    """Append the slice's rows to the table, those without a problem."""
    days = array("q")
    numbers: dict[str, array[float]] = {}
    codes: dict[str, array[int]] = {}
    for place, (name, cells) in enumerate(zip(layout.names, part.columns, strict=True)):
        where = Where(part.rows, layout.title(place), problems)
        if name is None:
            _check_blank(cells, where)
        elif name == "date":
            days = days_of(cells, where)
        elif name in NUMBERS:
            column = number_column(name, reversals=form.reversals)
            numbers[name] = numbers_of(cells, column, where)
            _check_given(name, cells, part, layout, where)
        else:
            codes[name] = table.labels[name].codes_of(cells, where, limits)
    good = [row not in problems.rows for row in part.rows]
    table.rows.extend(compress(part.rows, good))
    table.days.extend(compress(days, good))
    for name, values in numbers.items():
        table.numbers[name].extend(compress(values, good))
    for name, labels in codes.items():
        table.labels[name].codes.extend(compress(labels, good))
    problems.rows.clear()  # a file may have more bad rows than there is room for


def _check_blank(cells: Sequence[object], where: Where) -> None:
    for row, cell in zip(where.rows, cells, strict=True):
        if cell != "":
            where.report(
                row,
                cell,
                "RAGGED_ROW",
                f"{shown(cell)!r} stands in a column without a header.",
                "Name the column in the header.",
            )


def _check_given(
    name: str, cells: Sequence[object], part: Slice, layout: Layout, where: Where
) -> None:
    """A level is never blank; a signed amount only on a row that reports a NAV."""
    if name not in {"amount", "level"} or "" not in cells:
        return
    navs = part.columns[layout.names.index("nav")] if "nav" in layout.names else None
    for place, (row, cell) in enumerate(zip(where.rows, cells, strict=True)):
        if cell != "" or (name == "amount" and navs is not None and navs[place] != ""):
            continue
        if name == "level":
            remedy = "Give a level, or remove the row from the file."
            where.report(row, cell, "INDEX_INVALID", "The level is blank.", remedy)
        else:
            remedy = "Give an amount (0 if there was none) or a NAV."
            where.report(row, cell, "BAD_NUMBER", "The amount is blank.", remedy)
