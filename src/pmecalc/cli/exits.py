"""Exit codes (UX 7)."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code says."""

    OK = 0
    UNDEFINED = 1
    USAGE = 2
    REFUSED = 3
    NEEDS_ANSWER = 4
    INTERNAL = 5
