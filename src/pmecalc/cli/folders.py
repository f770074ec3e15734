"""The settings and the data folder that a command works with."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pmecalc.environment import read_settings, unknown_names
from pmecalc.store.errors import FolderError

if TYPE_CHECKING:
    import argparse

    from pmecalc.settings import Settings


def settings() -> Settings:
    """The settings of the environment, with a line for each name that is not one of them."""
    for sentence in unknown_names(os.environ):
        _warn(sentence)
    return read_settings()


@cache
def _warn(sentence: str) -> None:
    """Say it once, however often a command asks for the settings."""
    print(f"pme: {sentence}", file=sys.stderr)


def existing(given: argparse.Namespace) -> Path:
    """The folder that was named, or else that of the settings; it must be there."""
    folder = Path(given.data) if given.data else settings().data
    if not (folder / "FORMAT").exists():
        raise FolderError(f"{folder} is no data folder; name one with --data.")
    return folder
