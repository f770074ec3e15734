"""The data folder that a command works on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pmecalc.settings import Settings
from pmecalc.store.errors import FolderError

if TYPE_CHECKING:
    import argparse


def existing(given: argparse.Namespace) -> Path:
    """The folder that was named, or else that of the settings; it must be there."""
    folder = Path(given.data) if given.data else Settings().data
    if not (folder / "FORMAT").exists():
        raise FolderError(f"{folder} is no data folder; name one with --data.")
    return folder
