"""One suite over every tier: four verbs on bytes."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest

from pmecalc.cache.budget import Budget
from pmecalc.cache.memory import MemoryTier
from pmecalc.cache.redis import RedisTier
from redis_server import RedisServer, redis_server_path
from requirements import require

PATIENCE_SECONDS = 30


class MemoryAsShared:
    """The memory tier behind the shared tiers' verbs."""

    def __init__(self):
        self._tier = MemoryTier(1 << 22, size_of=len)

    async def get(self, key):
        return self._tier.get(key)

    async def set(self, key, value, *, ttl_seconds):
        self._tier.set(key, value, ttl_seconds=ttl_seconds)
        return True

    async def delete(self, key):
        self._tier.delete(key)
        return True

    async def close(self):
        self._tier.close()


class PatientRedis:
    """The Redis tier with time enough for a loaded machine: the suite is about bytes."""

    def __init__(self, url):
        self._tier = RedisTier.from_url(url, deadline_seconds=PATIENCE_SECONDS)

    async def get(self, key):
        return await self._tier.get(key, budget=Budget(PATIENCE_SECONDS))

    async def set(self, key, value, *, ttl_seconds):
        return await self._tier.set(key, value, ttl_seconds=ttl_seconds)

    async def delete(self, key):
        return await self._tier.delete(key)

    async def close(self):
        await self._tier.close()


@contextmanager
def memory():
    yield MemoryAsShared


@contextmanager
def redis():
    require("redis", present=redis_server_path() is not None)
    with RedisServer() as server:
        yield lambda: PatientRedis(server.url)


@pytest.fixture(params=[memory, redis], ids=["memory", "redis"], scope="module")
def new_tier(request):
    with request.param() as make:
        yield make


def run(new_tier, story):
    async def inner():
        tier = new_tier()
        try:
            await story(tier)
        finally:
            await tier.close()

    asyncio.run(inner())


def test_nothing_is_none(new_tier):
    """A key that was never set has no value."""

    async def story(tier):
        assert await tier.get("never") is None

    run(new_tier, story)


@pytest.mark.parametrize("value", [b"", b"\0\xff\r\n", b"x" * 100_000], ids=len)
def test_what_is_set_is_got(new_tier, value):
    """Any bytes come back as they were, the empty ones too."""

    async def story(tier):
        assert await tier.set("k", value, ttl_seconds=60)
        assert await tier.get("k") == value

    run(new_tier, story)


def test_a_second_set_replaces(new_tier):
    """The newer value is the value."""

    async def story(tier):
        await tier.set("k", b"old", ttl_seconds=60)
        await tier.set("k", b"new", ttl_seconds=60)
        assert await tier.get("k") == b"new"

    run(new_tier, story)


def test_what_is_deleted_is_gone(new_tier):
    """Deleting takes the value of that key alone, and deleting nothing is no fault."""

    async def story(tier):
        await tier.set("a", b"1", ttl_seconds=60)
        await tier.set("b", b"2", ttl_seconds=60)
        assert await tier.delete("a")
        assert await tier.delete("a")
        assert await tier.get("a") is None
        assert await tier.get("b") == b"2"

    run(new_tier, story)


def test_what_is_past_its_time_is_gone(new_tier):
    """A value ends with its time to live."""

    async def story(tier):
        await tier.set("short", b"v", ttl_seconds=0.01)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await tier.get("short") is not None:  # noqa: ASYNC110  (bytes have no event)
                await asyncio.sleep(0.005)

    run(new_tier, story)


def test_many_at_once_get_their_own(new_tier):
    """A hundred readers at once each get the value of their key."""

    async def story(tier):
        for number in range(100):
            await tier.set(f"n{number}", b"%d" % number, ttl_seconds=60)
        values = await asyncio.gather(*(tier.get(f"n{number}") for number in range(100)))
        assert values == [b"%d" % number for number in range(100)]

    run(new_tier, story)
