"""Records -> slices of a table: numbered rows of one width, as columns, without blank rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress, islice
from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pmecalc.ingest.columns import Layout
    from pmecalc.ingest.limits import Limits
    from pmecalc.ingest.problems import Problems

_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of the file: their numbers, their cells column by column, how many were blank."""

    rows: list[int]
    columns: list[list[object]]
    blank: int


def slices(
    records: Iterator[Sequence[object]],
    layout: Layout,
    *,
    row: int,
    limits: Limits,
    problems: Problems,
) -> Iterator[Slice]:
    """The records from `row` on, a bounded number at a time."""
    while part := list(islice(records, _ROWS)):
        rows = list(range(row, row + len(part)))
        row += len(part)
        if rows[-1] > limits.rows + 1:
            raise InputError(
                f"It has more than {limits.rows:,} rows.",
                code="FILE_TOO_LARGE",
                row=limits.rows + 2,
                hint="Split the file.",
            )
        found = _slice(rows, part, layout, problems)
        _check_sizes(found, layout, limits)
        yield found


def filled(record: Sequence[object]) -> bool:
    """Whether any cell holds something."""
    return any(not (isinstance(cell, str) and not cell.strip()) for cell in record)


def _slice(
    rows: list[int], records: list[Sequence[object]], layout: Layout, problems: Problems
) -> Slice:
    width = len(layout.names)
    if set(map(len, records)) != {width}:
        fitted = [
            _fitted(record, row, width, problems) for row, record in zip(rows, records, strict=True)
        ]
        rows = [row for row, record in zip(rows, fitted, strict=True) if record is not None]
        records = [record for record in fitted if record is not None]
    columns = _columns(records, width)
    dates = columns[layout.names.index("date")]
    blank = [cell == "" and not filled(record) for cell, record in zip(dates, records, strict=True)]
    if any(blank):
        kept = [not is_blank for is_blank in blank]
        rows = list(compress(rows, kept))
        columns = [list(compress(column, kept)) for column in columns]
    return Slice(rows, columns, sum(blank))


def _fitted(
    record: Sequence[object], row: int, width: int, problems: Problems
) -> Sequence[object] | None:
    """The record at the header's width; None, and a problem, if something would be lost."""
    if len(record) == width:
        return record
    if not filled(record):
        return [""] * width
    if len(record) > width and not filled(record[width:]):
        return record[:width]
    cells = "1 cell" if len(record) == 1 else f"{len(record):,} cells"
    problems.add(
        Problem(
            "RAGGED_ROW",
            f"The row has {cells}, the header {width}.",
            row,
            hint="Look for a missing or an extra separator, or for an open quotation mark.",
        )
    )
    return None


def _columns(records: list[Sequence[object]], width: int) -> list[list[object]]:
    """The columns, without blanks around their cells."""
    columns = zip(*records, strict=True) if records else [()] * width
    return [stripped(column) for column in columns]


def stripped(column: Sequence[object]) -> list[object]:
    """The cells of a column without blanks around them."""
    try:
        return [*map(str.strip, column)]  # type: ignore[arg-type]  # what is not text: TypeError
    except TypeError:
        return [cell.strip() if isinstance(cell, str) else cell for cell in column]


def _check_sizes(found: Slice, layout: Layout, limits: Limits) -> None:
    for place, column in enumerate(found.columns):
        longest = max(column, key=_size, default="")
        if _size(longest) > limits.cell_chars:
            raise InputError(
                f"The cell holds {_size(longest):,} characters.",
                code="FILE_TOO_LARGE",
                row=found.rows[column.index(longest)],
                field=layout.title(place),
                hint=f"At most {limits.cell_chars:,} are read.",
            )


def _size(cell: object) -> int:
    return len(cell) if isinstance(cell, str) else 0
