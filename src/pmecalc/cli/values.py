"""What options take: a text as the value that it means, or a sentence why it means none."""

from __future__ import annotations

import argparse
import re

_MOST_DAYS = 1_000_000
_CURRENCY = re.compile("[A-Z]{3}")


def whole(text: str, *, most: int) -> int:
    """A number from 1."""
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {most}")
    return int(text)


def days(text: str) -> int | None:
    """A number of days, or none for no limit."""
    if text == "none":
        return None
    if not text.isdecimal() or int(text) > _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of days nor `none`")
    return int(text)


def names(text: str) -> tuple[str, ...]:
    """Names with commas between."""
    found = tuple(name.strip() for name in text.split(","))
    if "" in found:
        raise argparse.ArgumentTypeError(f"{text!r} has a comma without a name")
    return found


def currency(text: str) -> str:
    """The code of a currency."""
    if not _CURRENCY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no code of three capitals such as EUR")
    return text
