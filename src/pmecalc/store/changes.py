"""Whether the catalog may have changed: one word that all processes map, instead of a query."""

from __future__ import annotations

import mmap
import os
import secrets
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WORD_BYTES = 8
_LOOK_SECONDS = 0.25


class Changes:
    """Whoever sees the same word twice knows that no acknowledged commit lies between.

    A writer replaces the word after its commit and before its answer. Words are drawn, not
    counted: two writers that overtake each other cannot bring an old one back. A writer that is
    killed in between says nothing, so `data_version` of the catalog is looked at now and then.
    """

    def __init__(
        self,
        path: Path,
        *,
        data_version: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._map = _mapped(path)
        self._word = memoryview(self._map).cast("Q")
        self._data_version = data_version
        self._clock = clock
        self._seen = self._word[0]
        self._version = data_version()
        self._look_at = clock() + _LOOK_SECONDS

    def now(self) -> int:
        """The word; read it before what it is to vouch for."""
        if self._clock() >= self._look_at:
            self._look()
        return self._word[0]

    def publish(self) -> None:
        """Replace the word: something was committed."""
        self._word[0] = secrets.randbits(8 * _WORD_BYTES)

    def close(self) -> None:
        self._word.release()
        self._map.close()

    def _look(self) -> None:
        version = self._data_version()
        if version != self._version and self._word[0] == self._seen:
            self.publish()
        self._version, self._seen = version, self._word[0]
        self._look_at = self._clock() + _LOOK_SECONDS


def _mapped(path: Path) -> mmap.mmap:
    """The file, made if it is missing; written, not stretched, so that a full disk shows here."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(handle).st_size < _WORD_BYTES:
            os.pwrite(handle, secrets.token_bytes(_WORD_BYTES), 0)
        return mmap.mmap(handle, _WORD_BYTES)
    finally:
        os.close(handle)
