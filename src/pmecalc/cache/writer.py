"""What is still to be written to the shared tier: one bounded queue, one writer behind it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pmecalc.cache.entry import encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from pmecalc.cache.entry import Entry
    from pmecalc.cache.key import CacheKey
    from pmecalc.cache.seal import Seals
    from pmecalc.cache.tier import SharedTier

MAX_INTENTS = 1024
MAX_BYTES = 32 * 2**20
RETENTION_SECONDS = 24 * 3600.0

_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class Intent:
    """Store the entry under the key, or without one delete what is there."""

    key: CacheKey
    entry: Entry | None

    @property
    def size(self) -> int:
        return 0 if self.entry is None else self.entry.size


class Writer:
    """Without a tier it does nothing. Entries are encoded in `codec`."""

    def __init__(
        self,
        tier: SharedTier | None,
        *,
        codec: Executor,
        seals: Seals,
        clock: Callable[[], float],
        max_intents: int = MAX_INTENTS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._tier = tier
        self._codec = codec
        self._seals = seals
        self._clock = clock
        self._max_intents = max_intents
        self._max_bytes = max_bytes
        self._queue: OrderedDict[str, Intent] = OrderedDict()
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._written = 0
        self._refused = 0
        self._dropped = 0

    def put(self, key: CacheKey, entry: Entry | None) -> None:
        """A newer intent for a key replaces the older; overflow drops the oldest of all."""
        if self._tier is None:
            return
        self._take(key.text)
        intent = Intent(key, entry)
        self._queue[key.text] = intent
        self._bytes += intent.size
        while len(self._queue) > self._max_intents or self._bytes > self._max_bytes:
            self._take(next(iter(self._queue)))
            self._dropped += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all(self._tier), name="cache-writer")

    def waiting(self, key: CacheKey) -> Entry | None:
        """The entry that still waits to be written: newer than what the tier holds."""
        intent = self._queue.get(key.text)
        return None if intent is None else intent.entry

    async def drain(self, *, patience_seconds: float) -> None:
        """Write what can be written in the time; the rest is dropped."""
        if self._task is None:
            return
        await asyncio.wait({self._task}, timeout=patience_seconds)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._dropped += len(self._queue)
        self._queue.clear()
        self._bytes = 0

    def stats(self) -> dict[str, int]:
        return {
            "queue": len(self._queue),
            "queue_bytes": self._bytes,
            "written": self._written,
            "refused": self._refused,
            "dropped": self._dropped,
        }

    async def _write_all(self, tier: SharedTier) -> None:
        while self._queue:
            intent = self._take(next(iter(self._queue)))
            if intent is not None and await self._write(tier, intent):
                self._written += 1
            else:
                self._refused += 1

    async def _write(self, tier: SharedTier, intent: Intent) -> bool:
        """Whether the tier took it."""
        if intent.entry is None:
            return await tier.delete(intent.key.text)
        ttl_seconds = _retention_seconds(intent.entry, self._clock())
        if ttl_seconds <= 0:
            return False
        loop = asyncio.get_running_loop()
        blob = await loop.run_in_executor(self._codec, partial(encode, intent.entry, self._seals))
        return await tier.set(intent.key.text, blob, ttl_seconds=ttl_seconds)

    def _take(self, text: str) -> Intent | None:
        intent = self._queue.pop(text, None)
        if intent is not None:
            self._bytes -= intent.size
        return intent


def _retention_seconds(entry: Entry, now: float) -> float:
    """Up to a day; shortened by a share that the digest chooses, so that not all end at once."""
    longest = min(RETENTION_SECONDS, entry.expires - now)
    return longest * (1 - _JITTER * entry.digest[0] / 255)
