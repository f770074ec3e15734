"""Opaque cursors: where a list goes on, in a form that clients only hand back."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeAlias

from pmecalc.core.errors import InputError

Place: TypeAlias = tuple[str, str]

START: Place = ("", "")
_DIGITS = 19  # of a 64-bit integer


def cursor_of(name: str, dataset: str) -> str:
    return urlsafe_b64encode(json.dumps([name, dataset]).encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> Place:
    """The name and id after which the list goes on."""
    if cursor is None:
        return START
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        name, dataset = json.loads(urlsafe_b64decode(padded))
    except (ValueError, TypeError) as error:
        raise _unknown(cursor) from error
    if not (isinstance(name, str) and isinstance(dataset, str)):
        raise _unknown(cursor)
    return name, dataset


def time_of(cursor: str | None) -> tuple[int, str] | None:
    """The time and id after which a list of imports goes on."""
    if cursor is None:
        return None
    time, import_id = place_of(cursor)
    if not (time.isascii() and time.isdigit() and len(time) < _DIGITS):
        raise _unknown(cursor)
    return int(time), import_id


def position_of(cursor: str | None, revision: str) -> int:
    """The position at which the rows of a revision go on."""
    if cursor is None:
        return 0
    given, position = place_of(cursor)
    if not (position.isascii() and position.isdigit() and len(position) < _DIGITS):
        raise _unknown(cursor)
    if given != revision:
        raise InputError(
            "The rows have changed since this cursor was given.",
            code="BAD_CURSOR",
            field="after",
            hint="Begin with the first page again.",
        )
    return int(position)


def _unknown(cursor: str) -> InputError:
    return InputError(
        "This cursor is not known.",
        code="BAD_CURSOR",
        field="after",
        value=cursor[:40],
        hint="Use `next` of the page before, or leave it out.",
    )
