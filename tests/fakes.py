"""Named fakes for a tier, a client and a clock, and the waiting for what they lead to."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from pmecalc.api.doorkeeper import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pmecalc.api.checks import Refusal

PATIENCE_SECONDS = 60
POLL_SECONDS = 0.005


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, a minute at most."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  (counters and files have no event)
            await asyncio.sleep(POLL_SECONDS)


class FakeClock:
    """Time that stands still until told to advance."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FakeTier:
    """A shared tier in a dict; while `away` it answers nothing; it counts what it is asked."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.ttls: dict[str, float] = {}
        self.calls: Counter[str] = Counter()
        self.away = False
        self.hangs = False
        self.closed = False

    async def greet(self) -> None:
        self.calls["greet"] += 1

    async def get(self, key: str, *, budget: object = None) -> bytes | None:  # noqa: ARG002
        self.calls["get"] += 1
        await asyncio.sleep(0)
        return None if self.away else self.blobs.get(key)

    async def set(self, key: str, value: bytes, *, ttl_seconds: float) -> bool:
        self.calls["set"] += 1
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if not self.away:
            self.blobs[key] = value
            self.ttls[key] = ttl_seconds
        return not self.away

    async def delete(self, key: str) -> bool:
        self.calls["delete"] += 1
        await asyncio.sleep(0)
        if not self.away:
            self.blobs.pop(key, None)
        return not self.away

    async def figures(self) -> dict[str, int] | None:
        return None if self.away else {"entries": len(self.blobs)}

    async def close(self) -> None:
        self.closed = True

    def stats(self) -> dict[str, object]:
        return {"state": "open" if self.away else "closed", "hits": 0, "misses": 0}


class FakeRedisClient:
    """A Redis client in a dict: raises `error`, or hangs, or is slow, or answers what it has."""

    def __init__(self) -> None:
        self.blobs: dict[str, object] = {}
        self.calls: Counter[str] = Counter()
        self.asked: list[tuple[str, ...]] = []
        self.error: Exception | None = None
        self.write_error: Exception | None = None
        self.hangs = False
        self.slow_seconds = 0.0
        self.px: list[int] = []
        self.running = 0
        self.most_running = 0

    async def settle(self) -> None:
        self.calls["settle"] += 1

    def probe_keys(self) -> Sequence[str]:
        return ("probe",)

    def shard_of(self, key: str) -> int:
        return int(key.startswith("other"))

    async def get(self, keys: Sequence[str]) -> Sequence[object]:
        self.asked.append(tuple(keys))
        await self._answer("get", self.error)
        return [self.blobs.get(key) for key in keys]

    async def set(self, key: str, value: bytes, *, px: int) -> bool:
        await self._answer("set", self.error or self.write_error)
        self.blobs[key] = value
        self.px.append(px)
        return True

    async def delete(self, key: str) -> None:
        await self._answer("delete", self.error or self.write_error)
        self.blobs.pop(key, None)

    async def info(self) -> Sequence[dict[str, object]]:
        await self._answer("info", self.error)
        return [{"used_memory": 1000, "connected_clients": 2, "db0": {"keys": len(self.blobs)}}]

    async def aclose(self) -> None:
        self.calls["aclose"] += 1

    async def _answer(self, verb: str, error: Exception | None) -> None:
        self.calls[verb] += 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.slow_seconds)
            if self.hangs:
                await asyncio.Event().wait()
            if error is not None:
                raise error
        finally:
            self.running -= 1


class FakeConnection:
    """What a doorkeeper sees of a connection: `now` is its phase; it keeps what it was told."""

    def __init__(self, request: object = None) -> None:
        self.now = Phase.HEAD
        self.request = request
        self.received = 0
        self.refusals: list[Refusal | None] = []
        self.aborted = False

    def phase(self) -> tuple[Phase, object]:
        return self.now, self.request

    def refuse(self, refusal: Refusal | None) -> None:
        self.refusals.append(refusal)

    def abort(self) -> None:
        self.aborted = True
