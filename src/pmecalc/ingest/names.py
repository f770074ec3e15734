"""Names out of files: one Unicode form, nothing invisible in them, not too long."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from unicodedata import normalize

# Control characters, those that change the direction in which a reader sees the text, and halves
# of characters, which no encoding can carry.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
# An export puts a quote before what a spreadsheet would take for a formula (SECURITY 7).
_QUOTED_FORMULA = re.compile("^'(?=[=+\\-@＝＋－＠])")
_DISPLAY_CHARS = 120


def name_of(cell: object) -> str:
    """A cell as a name: NFC, no blanks around it, without the quote of an export."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return normalize("NFC", _QUOTED_FORMULA.sub("", str(cell).strip(" \t")))


def invisible(name: str) -> str | None:
    """The first character that a reader of the name could not see, as `U+202E`."""
    found = None if name.isprintable() else _INVISIBLE.search(name)
    return f"U+{ord(found[0]):04X}" if found else None


def display_name(filename: str) -> str:
    """A file name as text to show: base name, 120 characters, nothing invisible."""
    base = _INVISIBLE.sub("", re.split(r"[/\\]", filename)[-1]).strip()
    return normalize("NFC", base)[:_DISPLAY_CHARS] if base.strip(".") else "unnamed"


def stem(filename: str) -> str:
    """The display name without its suffix: what a fund is called when nothing else says so."""
    return PurePosixPath(display_name(filename)).stem
