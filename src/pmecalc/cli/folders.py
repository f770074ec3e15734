"""The settings and the data folder that a command works with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pmecalc.core.errors import InputError
from pmecalc.settings import Settings
from pmecalc.store.errors import FolderError

if TYPE_CHECKING:
    import argparse


def settings() -> Settings:
    """The settings of the environment, or which of them cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(map(str, ("PME", *first["loc"]))).upper()
        raise InputError(
            f"{name} cannot be used: {first['msg']}.",
            code="UNSUPPORTED_OPTION",
            hint="docs/settings.md lists what each setting takes.",
        ) from error


def existing(given: argparse.Namespace) -> Path:
    """The folder that was named, or else that of the settings; it must be there."""
    folder = Path(given.data) if given.data else settings().data
    if not (folder / "FORMAT").exists():
        raise FolderError(f"{folder} is no data folder; name one with --data.")
    return folder
