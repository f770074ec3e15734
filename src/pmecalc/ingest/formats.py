"""What a file is, by its first bytes: text and workbooks are read, all else is refused by name."""

from __future__ import annotations

import re

from pmecalc.core.errors import InputError

ZIP = b"PK"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS = "Save it as .xlsx or as CSV (UTF-8)."
_SIGNATURES = (
    (_OLE, "an old Office file (such as .xls)"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_HTML = re.compile(
    rb"\s*<(!doctype html|html|head|body|meta|table|div|style|script)\b", re.IGNORECASE
)
_MARKUP = (
    (_HTML, "a web page (HTML)"),
    (re.compile(rb"\s*<(\?xml|!doctype|!--|[a-z:]+[\s>])", re.IGNORECASE), "an XML file"),
    (re.compile(rb'\s*(\{\s*"|\[\s*[\[{])'), "a JSON file"),
)
_BOM = b"\xef\xbb\xbf"
_HEAD = 4096


def refuse_foreign(data: bytes) -> None:
    """Raise what the file is, if it is nothing that is read as text."""
    if data.startswith(_OLE) and _ENCRYPTED_PACKAGE in data:
        raise InputError(
            "The workbook is protected by a password.",
            code="ENCRYPTED_FILE",
            hint="Save it without the password.",
        )
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            raise unsupported(what)
    head = data[:_HEAD].removeprefix(_BOM)
    for pattern, what in _MARKUP:
        if pattern.match(head):
            raise unsupported(what)


def unsupported(what: str, hint: str = _SAVE_AS) -> InputError:
    """The error that names what the file is."""
    return InputError(
        f"This is {what}, whatever its name says; a CSV file or an .xlsx workbook was expected.",
        code="UNSUPPORTED_FORMAT",
        hint=hint,
    )
