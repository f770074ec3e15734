"""CSV text -> a table."""

from __future__ import annotations

import codecs
import csv
import re
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError
from pmecalc.ingest.columns import ACCEPTED, PLAIN
from pmecalc.ingest.formats import refuse_foreign
from pmecalc.ingest.table import tabulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pmecalc.ingest.columns import Form, Kind
    from pmecalc.ingest.limits import Limits
    from pmecalc.ingest.table import Table

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS = {",": "comma", ";": "semicolon"}
_SAVE_UTF8 = "Save it as CSV (UTF-8)."


def read_text(data: bytes, *, kind: Kind | None, limits: Limits, form: Form = PLAIN) -> Table:
    """The table of a CSV file: UTF-8, separated by commas or semicolons."""
    refuse_foreign(data)
    _check_text(data)
    separator = _separator(data, limits)
    records = _records(csv.reader(_lines(data, limits), delimiter=separator, strict=True))
    table = tabulate(records, kind=kind, limits=limits, form=form)
    table.notes.insert(0, f"Read as CSV, separated by {_SEPARATORS[separator]}s.")
    return table


def _check_text(data: bytes) -> None:
    if data.startswith(_WIDE):
        raise _not_text(data, 0, "The text is UTF-16, not UTF-8.")
    if found := _CONTROL.search(data):
        code = ord(found[0].decode("utf-8"))
        raise _not_text(data, found.start(), f"It holds the control character U+{code:04X}.")
    try:
        codecs.decode(data, "utf-8")
    except UnicodeDecodeError as error:
        why = f"The byte 0x{data[error.start]:02X} is not UTF-8 text."
        raise _not_text(data, error.start, why) from None


def _not_text(data: bytes, place: int, why: str) -> InputError:
    before = data[:place]
    row = 1 + max(before.count(b"\n"), before.count(b"\r"))
    return InputError(why, code="NOT_TEXT", row=row, hint=_SAVE_UTF8)


def _separator(data: bytes, limits: Limits) -> str:
    """The separator under which the first line names the most columns that we know."""
    known = {name for names in ACCEPTED.values() for name in names}
    first = next((line for line in _lines(data, limits) if line.strip(" \t\r\n,;")), "")

    def named(separator: str) -> tuple[int, int]:
        words = [word.strip(' \t\r\n"').casefold() for word in first.split(separator)]
        return len(known.intersection(words)), len(words)

    return max(_SEPARATORS, key=named)


def _lines(data: bytes, limits: Limits) -> Iterator[str]:
    stream = TextIOWrapper(BytesIO(data), encoding="utf-8-sig", newline="")
    for row, line in enumerate(stream, 1):
        if len(line) > limits.line_chars:
            raise InputError(
                f"The line has {len(line):,} characters.",
                code="FILE_TOO_LARGE",
                row=row,
                hint=f"At most {limits.line_chars:,} are read.",
            )
        yield line


def _records(reader: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    row = 0
    try:
        for row, record in enumerate(reader, 1):  # noqa: B007  (the count is told on an error)
            yield record
    except csv.Error as error:
        if "field limit" in str(error):
            raise InputError(
                "A cell is far too long; perhaps a quotation mark is not closed.",
                code="FILE_TOO_LARGE",
                row=row + 1,
                hint="Look for a missing quotation mark.",
            ) from None
        raise InputError(
            "A quotation mark is not closed, or text follows a closing one.",
            code="RAGGED_ROW",
            row=row + 1,
            hint='Write a cell that holds a quotation mark as "a ""b""".',
        ) from None
