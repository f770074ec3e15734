"""The flows and NAVs of a fund as rows by date: a page of JSON, or all of them as CSV or Arrow."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.dates import iso
from pmecalc.report.save import text_cell
from pmecalc.store.cursors import cursor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pmecalc.core.fund import Fund

    Array = np.ndarray[tuple[int], np.dtype[np.float64]]

COLUMNS = ("date", "contribution", "distribution", "nav", "source_row", "recallable")
CHUNK_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class FlowTable:
    """The rows of a fund's revision: on a day flows, then NAVs, then recallable parts."""

    revision: str
    days: np.ndarray[tuple[int], np.dtype[np.int64]]
    numbers: tuple[Array, ...]  # the other columns; NaN where there is nothing

    @classmethod
    def of(cls, fund: Fund, revision: str) -> FlowTable:
        """The table of a fund."""
        sizes = (len(fund.days), len(fund.nav_days), len(fund.recallable_days))
        days = np.concatenate([fund.days, fund.nav_days, fund.recallable_days])
        order = np.argsort(days, kind="stable")
        columns = (
            _stacked(sizes, 0.0, fund.contributions, place=0),
            _stacked(sizes, 0.0, fund.distributions, place=0),
            _stacked(sizes, np.nan, fund.navs, place=1),
            _stacked(sizes, np.nan, fund.rows, place=0),
            _stacked(sizes, np.nan, fund.recallable, place=2),
        )
        return cls(revision, days[order], tuple(column[order] for column in columns))

    def __len__(self) -> int:
        return len(self.days)

    def rows(self, start: int, stop: int) -> list[list[object]]:
        """Some rows, in the order of `COLUMNS`."""
        dates = [iso(day) for day in self.days[start:stop].tolist()]
        parts = [
            [None if value != value else value for value in column[start:stop].tolist()]  # noqa: PLR0124  (NaN)
            for column in self.numbers
        ]
        source = COLUMNS.index("source_row") - 1
        parts[source] = [None if row is None else int(row) for row in parts[source]]
        return [list(row) for row in zip(dates, *parts, strict=True)]

    def page(self, start: int, limit: int) -> tuple[bytes, str | None]:
        """A page as JSON, and the cursor of the next one."""
        stop = start + limit
        after = cursor_of(self.revision, str(stop)) if stop < len(self) else None
        shown = {"columns": COLUMNS, "rows": self.rows(start, stop), "next": after}
        return json.dumps(shown, separators=(",", ":"), allow_nan=False).encode(), after

    def csv_chunks(self) -> Iterator[bytes]:
        """The whole table as CSV, a piece at a time."""
        yield (",".join(COLUMNS) + "\n").encode()
        for start in range(0, len(self), CHUNK_ROWS):
            yield _csv(self.rows(start, start + CHUNK_ROWS))

    def arrow_chunks(self) -> Iterator[bytes]:
        """The whole table as a stream of Arrow record batches."""
        import pyarrow as pa  # noqa: PLC0415  (an extra, and slow to load)

        kinds: list[pa.DataType] = [pa.date32(), *[pa.float64()] * 3, pa.int64(), pa.float64()]
        schema = pa.schema(list(map(pa.field, COLUMNS, kinds)))
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, schema) as writer:
            for start in range(0, len(self), CHUNK_ROWS):
                part = slice(start, start + CHUNK_ROWS)
                days = pa.array(self.days[part].astype("datetime64[D]"))
                numbers = [pa.array(column[part], from_pandas=True) for column in self.numbers]
                cells = [
                    each.cast(kind) for each, kind in zip((days, *numbers), kinds, strict=True)
                ]
                writer.write_batch(pa.record_batch(cells, schema=schema))
                yield _taken(sink)
        yield _taken(sink)


def _stacked(sizes: tuple[int, ...], empty: float, values: object, *, place: int) -> Array:
    """A column that the rows of one kind have, with `empty` in those of the others."""
    parts = [np.full(size, empty) for size in sizes]
    parts[place] = np.asarray(values, np.float64)
    return np.concatenate(parts)


def _csv(rows: list[list[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([text_cell(str(row[0])), *row[1:]] for row in rows)
    return text.getvalue().encode()


def _taken(sink: io.BytesIO) -> bytes:
    """What was written since the last time."""
    piece = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return piece
