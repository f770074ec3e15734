"""Tells a slow Redis from a slow event loop."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LAG_LIMIT_SECONDS = 0.020

_BEAT_SECONDS = 0.005


class LoopLag:
    """A timer that beats while somebody waits, and remembers when it last came late."""

    def __init__(self) -> None:
        self._waiting = 0
        self._due = 0.0
        self._late_at = float("-inf")
        self._worst_seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def worst_seconds(self) -> float:
        return self._worst_seconds

    def late_since(self, moment: float) -> bool:
        """Whether the loop lagged more than the limit after `moment` (of the loop's clock)."""
        return self._late_at >= moment

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
                self._timer.cancel()
                self._timer = None

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + _BEAT_SECONDS
        self._timer = loop.call_at(self._due, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        late = loop.time() - self._due
        self._worst_seconds = max(self._worst_seconds, late)
        if late > LAG_LIMIT_SECONDS:
            self._late_at = loop.time()
        self._schedule(loop)
