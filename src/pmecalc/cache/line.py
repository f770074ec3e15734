"""The line before the connection pool: so many at a time, their waiting measured."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from pmecalc.cache.lag import LoopLag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pmecalc.cache.budget import Budget


class Line:
    """Plain pools raise at the first user too many, blocking ones starve: wait here, in order."""

    def __init__(self, places: int) -> None:
        self.lag = LoopLag()
        self._places = asyncio.Semaphore(places)
        self._waits = 0
        self._wait_seconds = 0.0
        self._wait_max_seconds = 0.0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        with self.lag.watch():
            async with self._places:
                yield

    @contextmanager
    def charged(self, budget: Budget) -> Iterator[None]:
        """Charge the time inside to the budget of a request."""
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            yield
        finally:
            waited = clock() - started
            budget.spend(waited)
            self._waits += 1
            self._wait_seconds += waited
            self._wait_max_seconds = max(self._wait_max_seconds, waited)

    def stats(self) -> dict[str, object]:
        return {
            "waits": self._waits,
            "wait_ms": round(1000 * self._wait_seconds, 3),
            "wait_max_ms": round(1000 * self._wait_max_seconds, 3),
            "loop_lag_max_ms": round(1000 * self.lag.worst_seconds, 3),
        }
