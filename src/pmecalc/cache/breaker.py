"""Decides whether one side of Redis may be asked at all: a state machine without I/O."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

IN_A_ROW = 3
WINDOW = 20
WINDOW_SECONDS = 10.0
GOOD_PROBES = 3


@dataclass(frozen=True, slots=True)
class ProbePauses:
    """Before the first probe, at most between bad answers, and between good ones.

    Three good answers after the longest pause still come within five seconds.
    """

    first_seconds: float = 1.0
    longest_seconds: float = 4.0
    good_seconds: float = 0.1


class Breaker:
    """Closed: ask. Open: only the background probe asks, until its third good answer in a row.

    Each verb that can change the state returns whether it did.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        pauses: ProbePauses = ProbePauses(),
    ) -> None:
        self._clock = clock
        self._pauses = pauses
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=WINDOW)
        self._failures_in_a_row = 0
        self._open = False
        self._opened = 0
        self._good_probes = 0
        self._pause_seconds = pauses.first_seconds
        self._next_probe = 0.0

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def opened(self) -> int:
        """How often it has opened."""
        return self._opened

    def succeed(self) -> None:
        self._outcomes.append((self._clock(), True))
        self._failures_in_a_row = 0

    def fail(self) -> bool:
        now = self._clock()
        self._outcomes.append((now, False))
        self._failures_in_a_row += 1
        if self._failures_in_a_row < IN_A_ROW and not self._half_failed(now):
            return False
        return self.trip()

    def trip(self) -> bool:
        """Open at once: the answer said that the next ones will fail as well."""
        if self._open:
            return False
        self._open = True
        self._opened += 1
        self._good_probes = 0
        self._pause_seconds = self._pauses.first_seconds
        self._next_probe = self._clock() + self._pause_seconds
        return True

    def probe_in(self) -> float | None:
        """Seconds until the next probe is due; None while closed."""
        return max(0.0, self._next_probe - self._clock()) if self._open else None

    def probe_succeed(self) -> bool:
        if not self._open:
            return False
        self._good_probes += 1
        if self._good_probes < GOOD_PROBES:
            self._next_probe = self._clock() + self._pauses.good_seconds
            return False
        self._open = False
        self._failures_in_a_row = 0
        self._outcomes.clear()
        return True

    def probe_fail(self, *, began: float) -> None:
        """The pause counts from when the probe began: a hanging one does not lengthen it."""
        self._good_probes = 0
        self._pause_seconds = min(2 * self._pause_seconds, self._pauses.longest_seconds)
        self._next_probe = began + self._pause_seconds

    def _half_failed(self, now: float) -> bool:
        failed = sum(1 for at, good in self._outcomes if not good and now - at <= WINDOW_SECONDS)
        return 2 * failed >= WINDOW
