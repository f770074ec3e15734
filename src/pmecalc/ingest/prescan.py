"""Looks at a workbook before its reader does: what it is, how far it unpacks, what its cells hide.

The reader allocates highest row x highest column, and gives an error cell, or a formula without a
stored value, as blank. Both are found here, in the sheets' XML, a piece at a time.
"""

from __future__ import annotations

import posixpath
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from zipfile import BadZipFile, ZipFile

from pmecalc.core.errors import InputError
from pmecalc.ingest.formats import unsupported
from pmecalc.ingest.limits import megabytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from pmecalc.ingest.limits import Limits

HiddenCells: TypeAlias = "dict[tuple[int, int], str]"

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_OTHERS = (
    ("xl/workbook.bin", "a binary workbook (.xlsb)"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("content.xml", "an OpenDocument file (such as .ods)"),
)
# What the standard library's reader raises on archives that are not as they say.
_DAMAGED = (BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, LookupError)
_ENCRYPTED = 0x1
_PIECE = 4 << 20
_OVERLAP = 64 << 10
_HIDDEN = 100_000

_COLUMN = re.compile(rb"""\sr=["']([A-Za-z]{1,3})\d""")
_ROW = re.compile(rb"""\sr=["'][A-Za-z]{1,3}(\d{1,9})["']""")
_CELL = re.compile(rb"""\sr=["']([A-Za-z]{1,3})(\d{1,9})["']""")
# Linear in the part (docs/security/linear_parsing.md): no tag is searched beyond the next "<", no
# cell beyond the next cell, and no repetition gives back what it took.
_ERROR = re.compile(
    rb"""<(?:\w++:)?c(\s(?>[^<>]*?\bt=["']e["'])[^<>]*+)>"""
    rb"(?:<(?!(?:\w++:)?v>|/?(?:\w++:)?c[\s>])[^<]*+)*+<(?:\w++:)?v>([^<]{0,20})"
)
_NO_VALUE = re.compile(
    rb"""<(?:\w++:)?c(\s(?:(?!\bt=["']str)[^<>])*+)>"""
    rb"<(?:\w++:)?f(?:/|\s[^<>]*+)?+(?:(?<=/)>|>[^<]*+</(?:\w++:)?f>)\s*+"
    rb"(?:<(?:\w++:)?v\s*+/>|<(?:\w++:)?v>\s*+</(?:\w++:)?v>)?+\s*+</(?:\w++:)?c>"
)
_SHEET = re.compile(rb"""<(?:\w++:)?sheet\s[^<>]*?\w:id\s*+=\s*+["']([^"']++)""")
_RELATION = re.compile(rb"<(?:\w++:)?Relationship\s([^<>]*+)>")
_ID = re.compile(rb"""\bId\s*=\s*["']([^"']+)""")
_TARGET = re.compile(rb"""\bTarget\s*=\s*["']([^"']+)""")


@dataclass(frozen=True, slots=True)
class Scan:
    """The part of each sheet, in their order, and the cells of each part that look blank."""

    parts: tuple[str, ...]
    hidden: dict[str, HiddenCells]


def scan_workbook(file: BinaryIO, *, size: int, limits: Limits) -> Scan:
    """What the reader would not tell of a workbook; raises if it is none, or too large."""
    try:
        with ZipFile(file) as archive:
            _check_archive(archive, size, limits)
            hidden = {
                name: _scan_part(archive, name, limits)
                for name in archive.namelist()
                if name.lower().endswith(".xml")
            }
            return Scan(_sheet_parts(archive), hidden)
    except InputError:
        raise
    except _DAMAGED as error:
        raise corrupt() from error


def corrupt() -> InputError:
    """The error of a workbook that nothing can be read from."""
    return InputError(
        "The workbook is damaged and cannot be read.",
        code="CORRUPT_FILE",
        hint="Open it in a spreadsheet and save it again as .xlsx.",
    )


def too_large(what: str, limit: str) -> InputError:
    """The error of a workbook over a limit."""
    return InputError(
        f"The workbook {what}.", code="FILE_TOO_LARGE", hint=f"At most {limit} are read."
    )


def _check_archive(archive: ZipFile, size: int, limits: Limits) -> None:
    entries = archive.infolist()
    if len(entries) > limits.entries:
        raise too_large(f"has {len(entries):,} parts", f"{limits.entries:,}")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise InputError(
            "The file is protected by a password.",
            code="ENCRYPTED_FILE",
            hint="Save it without the password.",
        )
    _check_kind({entry.filename.lower() for entry in entries})
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked_bytes:
        raise too_large(f"unpacks to {megabytes(unpacked)}", megabytes(limits.unpacked_bytes))
    if unpacked > limits.ratio_from_bytes and unpacked > limits.ratio * size:
        raise too_large(
            f"unpacks to {unpacked // max(size, 1):,} times its size", f"{limits.ratio} times"
        )


def _check_kind(names: set[str]) -> None:
    if {"[content_types].xml", _WORKBOOK} <= names:
        return
    for part, what in _OTHERS:
        if part in names:
            raise unsupported(what)
    raise unsupported("a zip archive", "Unpack it and give the file inside.")


def _scan_part(archive: ZipFile, name: str, limits: Limits) -> HiddenCells:
    hidden: HiddenCells = {}
    rows = columns = 0
    for piece in _pieces(archive, name):
        if b"<!DOCTYPE" in piece:
            raise corrupt()
        columns = max(columns, *map(_column_number, set(_COLUMN.findall(piece))), 0)
        rows = max(rows, *map(int, set(_ROW.findall(piece))), 0)
        if columns > limits.columns:
            raise too_large(f"has {columns:,} columns", f"{limits.columns:,}")
        if rows * columns > limits.cells:
            raise too_large(f"spans {rows * columns:,} cells", f"{limits.cells:,}")
        if len(hidden) < _HIDDEN:
            hidden.update(_hidden_cells(piece))
    return hidden


def _pieces(archive: ZipFile, name: str) -> Iterator[bytes]:
    """The part's text; each piece begins with the end of the one before, so no cell is cut."""
    tail = b""
    with archive.open(name) as part:
        while chunk := part.read(_PIECE):
            piece = tail + chunk
            yield piece
            tail = piece[-_OVERLAP:]


def _hidden_cells(piece: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    if b't="e"' in piece or b"t='e'" in piece:
        for attributes, text in _ERROR.findall(piece):
            if cell := _CELL.search(attributes):
                yield _place(cell), text.decode("ascii", "replace")
    if b"f>" in piece or b"/>" in piece:
        for attributes in _NO_VALUE.findall(piece):
            if cell := _CELL.search(attributes):
                yield _place(cell), ""


def _place(cell: re.Match[bytes]) -> tuple[int, int]:
    return int(cell[2]), _column_number(cell[1])


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _sheet_parts(archive: ZipFile) -> tuple[str, ...]:
    names = {name.lower(): name for name in archive.namelist()}
    workbook = archive.read(names[_WORKBOOK])
    relations = archive.read(names[_RELATIONS]) if _RELATIONS in names else b""
    targets = {}
    for attributes in _RELATION.findall(relations):
        key, target = _ID.search(attributes), _TARGET.search(attributes)
        if key and target:
            path = posixpath.normpath(posixpath.join("/xl", target[1].decode("utf-8", "replace")))
            targets[key[1]] = path.lstrip("/")
    return tuple(targets.get(key, "") for key in _SHEET.findall(workbook))
