"""What a request may still wait for Redis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """Starts full and only shrinks; one budget serves all the keys of one request."""

    left_seconds: float

    def spend(self, seconds: float) -> None:
        self.left_seconds = max(0.0, self.left_seconds - seconds)
