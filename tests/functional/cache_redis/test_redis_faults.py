"""Real redis-servers and what befalls them: no failed request, no wait beyond the budget."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from fakes import PATIENCE_SECONDS, until
from pmecalc.cache.breaker import ProbePauses
from pmecalc.cache.cache import Cache
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.memory import MemoryTier
from pmecalc.cache.redis import DEADLINE_SECONDS, RedisTier
from pmecalc.cache.workers import ComputePool
from redis_server import RedisServer

USERS = 200
QUICK = ProbePauses(first_seconds=0.05, longest_seconds=0.2, good_seconds=0.02)


def key_of(number):
    return make_cache_key("v", {"n": number}, scope=Scope("t", ("d",), ("r",), 1))


def body_of(number):
    return b'{"n":%d}' % number


def patient_cache_on(url):
    """For what is not about waiting: a loaded machine is no fault of Redis."""
    return cache_on(url, deadline_seconds=PATIENCE_SECONDS)


@asynccontextmanager
async def cache_on(url, *, pauses=QUICK, deadline_seconds=DEADLINE_SECONDS):
    tier = RedisTier.from_url(url, pauses=pauses, deadline_seconds=deadline_seconds)
    memory = MemoryTier(1 << 24, size_of=lambda entry: entry.size)
    pool = ComputePool(workers=1, queue_length=10_000)
    cache = Cache(memory, tier, budget_ms=2000 * deadline_seconds, compute_pool=pool)
    await cache.start()
    try:
        yield cache
    finally:
        await cache.close()


class Users:
    """They ask for key after key, check every answer, and stop when told."""

    def __init__(self, cache):
        self._cache = cache
        self._next = iter(range(10**9))
        self._tasks = []
        self._going = True
        self.answered = 0

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._ask()) for _ in range(USERS)]
        return self

    async def __aexit__(self, *_):
        self._going = False
        await asyncio.gather(*self._tasks)

    async def some_more(self, answers=500):
        """Wait for so many further answers; an answer that fails ends the test."""
        goal = self.answered + answers
        await until(lambda: self.answered >= goal or any(task.done() for task in self._tasks))
        assert self.answered >= goal

    async def _ask(self):
        while self._going:
            number = next(self._next)
            result = await self._cache.get_or_compute(key_of(number), lambda n=number: body_of(n))
            assert result.entry.body == body_of(number)
            self.answered += 1


def redis_of(cache):
    return cache.stats()["redis"]


def reads_are_open(cache):
    return redis_of(cache)["breakers"]["reads"]["open"]


def assert_within_budget(cache):
    """B50: of all waits of requests for Redis none was over the budget by Redis's fault."""
    redis = redis_of(cache)
    assert redis["waits"] > 0
    assert redis["waits_over_budget"] == 0


def test_absent_at_start_then_appearing(redis_program):
    """C1: without Redis no request fails; when it appears it is used, with the real pauses."""

    async def story(server):
        async with cache_on(server.url, pauses=ProbePauses()) as cache:
            async with Users(cache) as users:
                await users.some_more()
                await until(lambda: reads_are_open(cache))
                assert redis_of(cache)["round_trips"] < USERS * 3
                await asyncio.to_thread(server.start)
                await until(lambda: not reads_are_open(cache))
                await until(lambda: redis_of(cache)["writes"]["written"] > 0)
                await users.some_more()
            assert redis_of(cache)["misses"] > 0
            assert_within_budget(cache)

    with RedisServer(started=False) as server:
        asyncio.run(story(server))


def test_killed_under_load_and_back(redis_server):
    """C2: killed under its users no request fails; restarted it is used again."""

    async def story():
        async with cache_on(redis_server.url) as cache:
            async with Users(cache) as users:
                await users.some_more()
                redis_server.kill()
                await until(lambda: reads_are_open(cache))
                await users.some_more()
                await asyncio.to_thread(redis_server.start)
                await until(lambda: not reads_are_open(cache))
                before = redis_of(cache)["misses"]
                await until(lambda: redis_of(cache)["misses"] > before)
                await users.some_more()
            assert_within_budget(cache)

    asyncio.run(story())


def test_stopped_under_load_and_back(redis_server):
    """C2: a server that hangs with its connections open fails no request and is used again."""

    async def story():
        async with cache_on(redis_server.url) as cache:
            async with Users(cache) as users:
                await users.some_more()
                redis_server.pause()
                await until(lambda: redis_of(cache)["timeouts"] >= 3)
                await users.some_more()
                redis_server.resume()
                await until(lambda: not reads_are_open(cache))
                before = redis_of(cache)["misses"]
                await until(lambda: redis_of(cache)["misses"] > before)
                await users.some_more()
            assert_within_budget(cache)

    asyncio.run(story())


def test_an_open_breaker_sends_no_user_to_redis(redis_server):
    """While open, a thousand requests cost no round trip; the probe alone asks."""

    async def story():
        async with cache_on(redis_server.url, pauses=ProbePauses(600, 600, 600)) as cache:
            redis_server.kill()
            for number in range(50):
                await cache.get_or_compute(key_of(number), lambda n=number: body_of(n))
            assert reads_are_open(cache)
            await until(lambda: redis_of(cache)["writes"]["queue"] == 0)
            trips = redis_of(cache)["round_trips"]
            for number in range(1000, 2000):
                await cache.get_or_compute(key_of(number), lambda n=number: body_of(n))
            reads = redis_of(cache)["round_trips"] - trips
            assert reads <= 3  # writes have a breaker of their own, which three failures open

    asyncio.run(story())


def test_full_memory_stops_the_writes_alone(redis_program):
    """C3: at maxmemory with noeviction no request fails and reads go on."""

    async def story(server):
        async with patient_cache_on(server.url) as cache:
            await cache.get_or_compute(key_of(1), lambda: body_of(1))
            await until(lambda: redis_of(cache)["writes"]["written"] == 1)
            assert server.command("CONFIG", "SET", "maxmemory", "1") == b"+OK"
            async with Users(cache) as users:
                await users.some_more()
                assert redis_of(cache)["breakers"]["writes"]["open"]
                assert not reads_are_open(cache)
                assert server.command("CONFIG", "SET", "maxmemory", "0") == b"+OK"
                await until(lambda: not redis_of(cache)["breakers"]["writes"]["open"])
        async with patient_cache_on(server.url) as other:
            assert (await other.get_or_compute(key_of(1), lambda: b"")).outcome == "redis"

    with RedisServer("--maxmemory-policy", "noeviction") as server:
        asyncio.run(story(server))


def test_read_only_replica_serves_reads(redis_server):
    """C3: a replica refuses writes: the write side opens, reads go on, no request fails."""

    async def story(replica):
        async with patient_cache_on(redis_server.url) as cache:
            await cache.get_or_compute(key_of(1), lambda: body_of(1))
            await until(lambda: redis_of(cache)["writes"]["written"] == 1)
        await until(lambda: replica.command("EXISTS", key_of(1).text) == b":1")
        async with patient_cache_on(replica.url) as cache:
            assert (await cache.get_or_compute(key_of(1), lambda: b"")).outcome == "redis"
            await cache.get_or_compute(key_of(2), lambda: body_of(2))
            await until(lambda: redis_of(cache)["breakers"]["writes"]["open"])
            assert not reads_are_open(cache)

    master = ("127.0.0.1", str(redis_server.port))
    with RedisServer("--replicaof", *master, "--repl-diskless-sync-delay", "0") as replica:
        asyncio.run(story(replica))


def test_round_trips_counted_by_the_server(redis_server):
    """C14: one GET and one SET for a miss, one GET for a hit, none from memory.

    Each start greets the server with one GET of its own.
    """

    async def story():
        async with patient_cache_on(redis_server.url) as cache:
            await cache.get_or_compute(key_of(1), lambda: body_of(1))
            await until(lambda: redis_of(cache)["writes"]["written"] == 1)
            assert (redis_server.calls("get"), redis_server.calls("set")) == (1 + 1, 1)
        async with patient_cache_on(redis_server.url) as cache:
            assert (await cache.get_or_compute(key_of(1), lambda: b"")).outcome == "redis"
            assert (await cache.get_or_compute(key_of(1), lambda: b"")).outcome == "memory"
            assert (redis_server.calls("get"), redis_server.calls("set")) == (2 + 2, 1)
            assert redis_of(cache)["round_trips"] == 1

    asyncio.run(story())
    # A new connection asks for nothing but what it is for.
    assert redis_server.calls("hello") == redis_server.calls("client") == 0


def test_entries_live_a_day_at_most(redis_server):
    """Redis holds an entry for 24 hours, less at most a tenth."""

    async def story():
        async with patient_cache_on(redis_server.url) as cache:
            await cache.get_or_compute(key_of(1), lambda: body_of(1))
            await until(lambda: redis_of(cache)["writes"]["written"] == 1)

    asyncio.run(story())
    left = int(redis_server.command("PTTL", key_of(1).text).removeprefix(b":"))
    assert 0.9 * 86_400_000 - 60_000 <= left <= 86_400_000
