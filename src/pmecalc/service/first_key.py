"""The file that hands the first admin's API key over to whoever installs the service."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pmecalc.core.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from pmecalc.service.keys import Keys

FILE_NAME = "first-admin.key"  # in the data folder, unless another file is named


class FirstKeyFileError(StoreError):
    """The first admin's key cannot be handed over, so no key was made."""


def write_first_key(keys: Keys, path: Path) -> Path | None:
    """Make the first admin's key and write it to a new file; None where there was a key before.

    The file is written before the key is stored: a crash in between leaves a file whose key opens
    nothing, never a key that nobody has seen.
    """
    if not keys.is_new():
        return None
    made = keys.first()
    _write_new(path, made.text)
    try:
        is_stored = keys.bootstrap(made)
    except BaseException:
        path.unlink()
        raise
    if not is_stored:  # another process was first, and has a file of its own
        path.unlink()
        return None
    return path


def _write_new(path: Path, text: str) -> None:
    """Create the file for its owner alone; whatever has the name already, a link too, stays."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise FirstKeyFileError(
            f"{path} exists already, and the first admin's key would be written there: delete the "
            "file, or name another in PME_FIRST_KEY_FILE, and start again. No key was made."
        ) from None
    except OSError as error:
        raise FirstKeyFileError(
            f"The first admin's key cannot be written to {path} ({error.strerror}): name a file in "
            "a folder that exists and may be written in PME_FIRST_KEY_FILE. No key was made."
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise
