"""Asks in the background whether an ill Redis is well again, so that no request has to."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pmecalc.cache.breaker import Breaker

SUMMARY_SECONDS = 60.0
RENEW_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Side:
    """Reads, or writes: a breaker, the probe that may close it, and what passed it by."""

    def __init__(self, name: str, breaker: Breaker, probe: Callable[[], Awaitable[None]]) -> None:
        self.name = name
        self.breaker = breaker
        self.probe = probe
        self.skipped = 0
        self.probes = 0
        self.opened_at = 0.0
        self.said_at = 0.0

    def stats(self) -> dict[str, object]:
        return {
            "open": self.breaker.is_open,
            "opened": self.breaker.opened,
            "skipped": self.skipped,
            "probes": self.probes,
        }


class Prober:
    """Works while a breaker is open: probes it when it is due, says how it stands once a minute.

    `renew` puts a new client in the place of one that found no way for five seconds.
    """

    def __init__(
        self,
        sides: Sequence[Side],
        *,
        renew: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._sides = sides
        self._renew = renew
        self._clock = clock
        self._renewed_at = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def opened(self, side: Side, error: Exception) -> None:
        """A breaker has just opened."""
        _log.warning("redis %s: breaker opened after %s", side.name, type(error).__name__)
        side.opened_at = side.said_at = self._clock()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="redis-probe")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while ill := [side for side in self._sides if side.breaker.is_open]:
            await asyncio.sleep(min(side.breaker.probe_in() or 0.0 for side in ill))
            await asyncio.gather(*(self._attend(side) for side in ill))

    async def _attend(self, side: Side) -> None:
        self._summarise(side)
        if side.breaker.probe_in() == 0:
            self._renew_if_lost(side)
            await self._probe(side)

    async def _probe(self, side: Side) -> None:
        side.probes += 1
        began = self._clock()
        try:
            await side.probe()
        except Exception:  # noqa: BLE001  (whatever it is, Redis is not well yet)
            side.breaker.probe_fail(began=began)
            return
        if side.breaker.probe_succeed():
            _log.warning("redis %s: breaker closed", side.name)

    def _renew_if_lost(self, side: Side) -> None:
        now = self._clock()
        if now - max(side.opened_at, self._renewed_at) > RENEW_SECONDS:
            self._renewed_at = now
            self._renew()

    def _summarise(self, side: Side) -> None:
        now = self._clock()
        if now - side.said_at < SUMMARY_SECONDS:
            return
        side.said_at = now
        _log.warning(
            "redis %s: breaker open for %.0f s; %d questions not asked and %d probes so far",
            side.name,
            now - side.opened_at,
            side.skipped,
            side.probes,
        )
