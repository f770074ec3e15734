"""The line before the connection pool: so many at a time, and what requests wait is measured."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from pmecalc.cache.histogram import Histogram
from pmecalc.cache.lag import BEAT_SECONDS, LoopLag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pmecalc.cache.budget import Budget

# Two turns of the loop lie between a timer and the one who waits for it, and until the next beat
# of the lag's watch nobody knows whether they were late.
LAST_TURNS_SECONDS = 0.002 + BEAT_SECONDS


class Line:
    """Plain pools raise at the first user too many, blocking ones starve: wait here, in order."""

    def __init__(self, places: int) -> None:
        self.lag = LoopLag()
        self._places = asyncio.Semaphore(places)
        self._waits = Histogram()
        self._waited = 0
        self._over_budget = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        with self.lag.watch():
            async with self._places:
                yield

    @contextmanager
    def charged(self, budget: Budget) -> Iterator[float]:
        """Charge the time inside to the budget of a request; yields when the wait has to end.

        A wait beyond the budget is counted, unless the loop itself was late by that much.
        """
        clock = asyncio.get_running_loop().time
        with self.lag.watch():
            granted = budget.left_seconds
            started = clock()
            late = self.lag.late_seconds()
            try:
                yield started + granted - LAST_TURNS_SECONDS
            finally:
                ended = clock()
                self._waited += 1
                self._waits.observe(ended - started)
                budget.spend(ended - started)
                if ended - started - (self.lag.late_seconds() - late) > granted:
                    self._over_budget += 1

    def stats(self) -> dict[str, object]:
        waits = self._waits.stats()
        return {
            "waits": self._waited,
            "waits_over_budget": self._over_budget,
            "wait_seconds": waits,
            "wait_max_ms": round(1000 * self._waits.longest_seconds, 3),
            "loop_lag_max_ms": round(1000 * self.lag.worst_seconds, 3),
        }
