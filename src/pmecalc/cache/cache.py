"""The reading path: memory, then the flight of the key, then Redis, then the computation."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

import orjson

from pmecalc.cache.budget import Budget
from pmecalc.cache.entry import NEVER, Entry, EntryRejectedError, decode, finish, finished
from pmecalc.cache.fair_queue import Workload
from pmecalc.cache.flights import Flights
from pmecalc.cache.histogram import Histogram
from pmecalc.cache.seal import Seals
from pmecalc.cache.workers import ComputePool
from pmecalc.cache.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.cache.key import CacheKey
    from pmecalc.cache.memory import MemoryTier
    from pmecalc.cache.tier import SharedTier

_WorkT = TypeVar("_WorkT")

Outcome: TypeAlias = Literal["memory", "redis", "computed", "joined"]

TTL_SECONDS = 300.0
BUDGET_MS = 50.0
MAX_ENTRY_BYTES = 8 * 2**20

_CLOSING_SECONDS = 1.0


class Missing(Enum):
    """A default that no stored value equals: null, 0, [] and {} are hits."""

    MISS = "miss"


MISS: Final = Missing.MISS


@dataclass(frozen=True, slots=True)
class Result:
    """An entry, and where it came from."""

    entry: Entry
    outcome: Outcome


class Cache:
    """May miss, never lies, never fails a request, and waits at most the budget for Redis.

    Its methods belong to the event loop's thread.
    """

    def __init__(
        self,
        memory: MemoryTier[Entry],
        redis: SharedTier | None = None,
        *,
        ttl_seconds: float = TTL_SECONDS,
        budget_ms: float = BUDGET_MS,
        max_entry_bytes: int = MAX_ENTRY_BYTES,
        compute_pool: ComputePool | None = None,
        seals: Seals | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._memory = memory
        self._redis = redis
        self._ttl_seconds = ttl_seconds
        self._budget_seconds = budget_ms / 1000
        self._max_entry_bytes = max_entry_bytes
        self._pool = compute_pool or ComputePool()
        self._seals = seals or Seals.new()
        self._clock = clock
        # Decoding and encoding have a thread of their own: hits do not queue behind computations.
        self._codec = ThreadPoolExecutor(1, thread_name_prefix="pme-codec")
        self._flights: Flights[Result] = Flights()
        self._loads: Flights[Entry | None] = Flights()
        self._writer = Writer(redis, codec=self._codec, seals=self._seals, clock=clock)
        self._counts: Counter[str] = Counter()
        self._answers: Counter[tuple[str, str]] = Counter()  # by view and outcome
        self._compute_times: defaultdict[str, Histogram] = defaultdict(Histogram)
        self._rejected: Counter[str] = Counter()

    async def start(self) -> None:
        """Greet Redis; threads start with their work."""
        if self._redis is not None:
            await self._redis.greet()

    async def close(self) -> None:
        """Lands the flights and drains the writes, each for a second at most."""
        await self._flights.land(patience_seconds=_CLOSING_SECONDS)
        await self._loads.land(patience_seconds=_CLOSING_SECONDS)
        await self._writer.drain(patience_seconds=_CLOSING_SECONDS)
        if self._redis is not None:
            await self._redis.close()
        self._pool.close()
        self._codec.shutdown(wait=False, cancel_futures=True)
        self._memory.close()

    def budget(self) -> Budget:
        """A full budget, for a request that asks for several keys."""
        return Budget(self._budget_seconds)

    def peek(self, key: CacheKey) -> Entry | None:
        """The entry if memory has it; synchronous. A hit counts, a miss does not."""
        entry = self._memory.get(key.text)
        if entry is None or entry.digest != key.digest:
            return None
        self._answers[key.view, "memory"] += 1
        return entry

    async def get_or_compute(
        self,
        key: CacheKey,
        compute: Callable[[], bytes],
        *,
        order: Callable[[], bytes] | None = None,
        budget: Budget | None = None,
        workload: Workload | None = None,
    ) -> Result:
        """The entry of `key`; `compute` returns its JSON body and runs in a worker thread.

        With an `order`, a process of the compute pool that is ready makes the same instead.
        What `compute` raises is raised here, to every waiter of this flight, and never stored.
        Its computation is queued fairly among tenants; `workload` says what it may cost. One that
        no caller waits for any more is dropped, unless it has begun: then its answer is kept.
        ComputeError: too much waits to be computed already, or it took too long.
        """
        entry = self.peek(key)
        if entry is not None:
            return Result(entry, "memory")
        self._counts["memory_misses"] += 1
        load = workload or Workload(key.tenant)
        result, joined = await self._flights.share(
            key.text,
            lambda: self._load_or_compute(key, compute, order, budget or self.budget(), load),
            goes_on=lambda: load.has_started,
        )
        outcome: Outcome = "joined" if joined else result.outcome
        self._answers[key.view, outcome] += 1
        return Result(result.entry, outcome)

    async def compute(self, work: Callable[[], bytes], workload: Workload) -> bytes:
        """What nobody else asks and nothing keeps, in the pool and its queue like all the rest."""
        return await self._pool.run(work, workload)

    async def get(self, key: CacheKey, default: object = MISS) -> object:
        """The stored value, or `default`."""
        entry = self.peek(key)
        if entry is None:
            self._counts["memory_misses"] += 1
            entry = await self._load(key, self.budget())
            self._answers[key.view, "missed" if entry is None else "redis"] += 1
        return default if entry is None else orjson.loads(entry.body)

    async def set(self, key: CacheKey, value: object, ttl_seconds: float = TTL_SECONDS) -> None:
        """Store a JSON-able value until its time is over: memory at once, Redis soon after."""
        now = self._clock()
        entry = await self._in_codec(
            lambda: finish(orjson.dumps(value), key=key, created=now, expires=now + ttl_seconds)
        )
        self._store(key, entry)

    def stats(self) -> dict[str, object]:
        """Counters only, whatever the tiers hold; `answers` by view and outcome."""
        outcomes = dict.fromkeys(("memory", "redis", "computed", "joined"), 0)
        for (_, outcome), count in self._answers.items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
        hits, misses = outcomes["memory"], self._counts["memory_misses"]
        shared = {"state": "off"} if self._redis is None else self._redis.stats()
        return {
            "memory": {
                "state": "ready",
                "hits": hits,
                "misses": misses,
                "hit_ratio": _ratio(hits, misses),
                **self._memory.stats(),
            },
            "redis": {
                **shared,
                "hit_ratio": _ratio(shared.get("hits", 0), shared.get("misses", 0)),
                "rejected": dict(self._rejected),
                "writes": self._writer.stats(),
            },
            "compute": {
                "failed": self._counts["failed"],
                "dropped": self._flights.dropped,
                **self._pool.stats(),
                "seconds": {view: took.stats() for view, took in self._compute_times.items()},
            },
            "outcomes": outcomes,
            "answers": [
                {"view": view, "outcome": outcome, "count": count}
                for (view, outcome), count in self._answers.items()
            ],
            "computes": self._counts["computes"],
            "joined": outcomes["joined"],
            "flights": len(self._flights),
            "too_large": self._counts["too_large"],
        }

    async def redis_figures(self) -> dict[str, int] | None:
        """What Redis says of itself: a round trip, for the background alone."""
        return None if self._redis is None else await self._redis.figures()

    async def _load_or_compute(
        self,
        key: CacheKey,
        compute: Callable[[], bytes],
        order: Callable[[], bytes] | None,
        budget: Budget,
        workload: Workload,
    ) -> Result:
        entry = await self._load(key, budget)
        if entry is not None:
            return Result(entry, "redis")
        self._counts["computes"] += 1
        try:
            made = await self._pool.make(compute, order, workload)
        except Exception:
            self._counts["failed"] += 1
            raise
        self._compute_times[key.view].observe(made.seconds)
        computed = finished(made.bodies, key=key, created=self._clock())
        self._store(key, computed)
        return Result(computed, "computed")

    async def _load(self, key: CacheKey, budget: Budget) -> Entry | None:
        """What Redis holds under the key, or is about to hold."""
        if self._redis is None:
            return None
        waiting = self._writer.waiting(key)
        if waiting is not None and waiting.expires > self._clock():
            self._remember(key, waiting)
            return waiting
        read = partial(self._read, self._redis, key, budget)
        entry, _ = await self._loads.share(key.text, read)
        return entry

    async def _read(self, redis: SharedTier, key: CacheKey, budget: Budget) -> Entry | None:
        blob = await redis.get(key.text, budget=budget)
        if blob is None:
            return None
        check = partial(decode, blob, key, self._seals, max_bytes=self._max_entry_bytes)
        try:
            entry = await self._in_codec(check)
        except EntryRejectedError as error:
            self._rejected[error.reason] += 1
            self._writer.put(key, None)
            return None
        if entry.expires <= self._clock():
            return None
        # Somebody may have stored the key while this was under way: what memory has is newer.
        newer = self._memory.get(key.text)
        if newer is not None:
            return newer
        self._remember(key, entry)
        return entry

    def _store(self, key: CacheKey, entry: Entry) -> None:
        if len(entry.body) > self._max_entry_bytes:
            self._counts["too_large"] += 1
            return
        self._remember(key, entry)
        self._writer.put(key, entry)

    def _remember(self, key: CacheKey, entry: Entry) -> None:
        if entry.expires == NEVER:
            self._memory.keep(key.text, entry, ttl_seconds=self._ttl_seconds, owner=key.tenant)
        else:
            left = entry.expires - self._clock()
            self._memory.set(key.text, entry, ttl_seconds=left, owner=key.tenant)

    async def _in_codec(self, work: Callable[[], _WorkT]) -> _WorkT:
        return await asyncio.get_running_loop().run_in_executor(self._codec, work)


def _ratio(hits: object, misses: object) -> float | None:
    if not isinstance(hits, int) or not isinstance(misses, int) or hits + misses == 0:
        return None
    return round(hits / (hits + misses), 4)
