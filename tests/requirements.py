"""What a test needs from the machine: it skips with a word, or fails where PME_REQUIRE asks."""

from __future__ import annotations

import os

import pytest


def require(name: str, present: bool) -> None:  # noqa: FBT001  (reads as a sentence)
    """Skip the test unless `name` is present; fail when PME_REQUIRE names it."""
    if present:
        return
    required = {word.strip() for word in os.environ.get("PME_REQUIRE", "").split(",")}
    if name in required:
        pytest.fail(f"{name} is required by PME_REQUIRE and not here")
    pytest.skip(f"no {name} on this machine")
