"""Processes that write no more, and why: a note in the data folder for those who ask."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"refused-(\d+)")


class Refusal(NamedTuple):
    """A process that refuses to write, and its reason."""

    pid: int
    reason: str


def note(root: Path, reason: str) -> None:
    """Leave a note; a disk that takes not even that is no worse for it."""
    with suppress(OSError):
        path = root / "locks" / f"refused-{os.getpid()}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(reason)


def clear(root: Path) -> None:
    """A store that is opened by this process writes again."""
    with suppress(OSError):
        (root / "locks" / f"refused-{os.getpid()}").unlink(missing_ok=True)


def of_living(root: Path) -> list[Refusal]:
    """The notes of processes that are still there."""
    found = []
    for path in sorted((root / "locks").glob("refused-*")):
        named = _NAME.fullmatch(path.name)
        if named is not None and is_alive(int(named[1])):
            found.append(Refusal(int(named[1]), path.read_text("utf-8")))
    return found


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
