"""Tells a slow Redis from a slow event loop."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LAG_LIMIT_SECONDS = 0.020
BEAT_SECONDS = 0.005


class LoopLag:
    """A timer that beats while somebody waits, and remembers by how much it came late, and when."""

    def __init__(self) -> None:
        self._waiting = 0
        self._due = 0.0
        self._late_at = float("-inf")
        self._late_seconds = 0.0
        self._worst_seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def worst_seconds(self) -> float:
        return self._worst_seconds

    def late_since(self, moment: float) -> bool:
        """Whether the loop lagged more than the limit after `moment` (of the loop's clock)."""
        return self._late_at >= moment or self._overdue() > LAG_LIMIT_SECONDS

    def late_seconds(self) -> float:
        """All lateness so far; of two readings the difference is the loop's own part of a wait."""
        return self._late_seconds + self._overdue()

    @contextmanager
    def watch(self) -> Iterator[None]:
        self._waiting += 1
        if self._timer is None:
            self._schedule(asyncio.get_running_loop())
        try:
            yield
        finally:
            self._waiting -= 1
            if self._waiting == 0 and self._timer is not None:
                self._note(self._overdue())
                self._timer.cancel()
                self._timer = None

    def _overdue(self) -> float:
        if self._timer is None:
            return 0.0
        return max(0.0, asyncio.get_running_loop().time() - self._due)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + BEAT_SECONDS
        self._timer = loop.call_at(self._due, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._note(max(0.0, loop.time() - self._due))
        self._schedule(loop)

    def _note(self, late: float) -> None:
        self._late_seconds += late
        self._worst_seconds = max(self._worst_seconds, late)
        if late > LAG_LIMIT_SECONDS:
            self._late_at = asyncio.get_running_loop().time()


async def turns_seconds(count: int) -> float:
    """What so many turns of the loop take now, whoever else uses them."""
    clock = asyncio.get_running_loop().time
    started = clock()
    for _ in range(count):
        await asyncio.sleep(0)
    return clock() - started
