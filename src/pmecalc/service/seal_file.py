"""The file that holds the keys with which the answers in Redis are sealed."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, BinaryIO

from pmecalc.cache.seal import KEY_BYTES, Seals
from pmecalc.core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "cache-seal.keys"  # in the data folder, unless another file is named
ROTATION_DAYS = 90
_OTHERS = 0o077
_MOST_BYTES = 4096
_KEPT = 2  # the newest key, and the one before it, with which older entries are sealed


class SealFileError(StoreError):
    """The file of the seal's keys cannot be used."""


def keep_seals(path: Path, *, renews: bool = False, today: date | None = None) -> Seals:
    """Read the file, and make it where there is none.

    Parameters
    ----------
    path
        The file; a folder that may be written.
    renews
        Whether to put a new key before one of 90 days: once before the workers start, so that all
        of them have the same keys. Entries sealed with the key before it are still believed.
    today
        By default the day in UTC.

    Raises
    ------
    SealFileError
        The file cannot be made, others may read it, or it is not what this function writes.
    """
    day = today or datetime.now(UTC).date()
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = _parsed(path, file.read(_MOST_BYTES))
        if not known or (renews and (day - known[0][0]).days >= ROTATION_DAYS):
            known = [(day, secrets.token_bytes(KEY_BYTES)), *known][:_KEPT]
            lines = "".join(f"{made.isoformat()} {key.hex()}\n" for made, key in known)
            file.seek(0)
            file.write(lines.encode("ascii"))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        return Seals(tuple(key for _, key in known))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file itself, no link, which its owner alone may read."""
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(path, flags, 0o600)
    except OSError as error:
        raise SealFileError(
            f"The keys of the cache's seal cannot be kept in {path} ({error.strerror}): name a "
            "file in a folder that may be written in PME_CACHE_SEAL_FILE."
        ) from error
    with os.fdopen(handle, "rb+") as file:
        if os.fstat(handle).st_mode & _OTHERS:
            raise SealFileError(f"Others may read {path}: chmod 600, or delete it for a new key.")
        yield file


def _parsed(path: Path, content: bytes) -> list[tuple[date, bytes]]:
    """Lines of a date and a key, the newest first."""
    try:
        words = [line.split() for line in content.decode("ascii").splitlines()]
        known = [(date.fromisoformat(made), bytes.fromhex(key)) for made, key in words]
    except ValueError:
        known = [(date.min, b"")]
    if any(len(key) != KEY_BYTES for _, key in known):
        raise SealFileError(f"{path} is not a file of seal keys: delete it, and start again.")
    return known
