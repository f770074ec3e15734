"""How much a run of the tests tries, by PME_EFFORT: `quick`, `usual` or `long`."""

from __future__ import annotations

import os

MIN_EXAMPLES = 5
SHARES = {"quick": 0.1, "usual": 0.4, "long": 1.0}  # `make quick`, `make test`, `make soak`
EFFORT = os.environ.get("PME_EFFORT") or "usual"


def examples(number: int) -> int:
    """The examples of a run out of the number that a property is tried on in full."""
    return max(MIN_EXAMPLES, round(number * SHARES[EFFORT]))
