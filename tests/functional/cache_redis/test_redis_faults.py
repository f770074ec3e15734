"""Real redis-servers and what befalls them: no failed request, no wait beyond the budget."""

from __future__ import annotations

import asyncio

import pytest

from fakes import until
from pmecalc.cache.breaker import ProbePauses
from redis_server import RedisServer
from redis_users import (
    USERS,
    Users,
    assert_within_budget,
    body_of,
    cache_on,
    key_of,
    patient_cache_on,
    reads_are_open,
    redis_of,
    until_used_again,
    used_again_at_once,
)


def test_absent_at_start_then_appearing(redis_program):
    """C1: without Redis no request fails; when it appears it is used."""

    async def story(server):
        async with cache_on(server.url) as cache:
            async with Users(cache) as users:
                await users.some_more()
                await until(lambda: reads_are_open(cache))
                assert redis_of(cache)["round_trips"] < USERS * 3
                await asyncio.to_thread(server.start)
                await until_used_again(cache)
                await until(lambda: redis_of(cache)["writes"]["written"] > 0)
                await users.some_more()
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
                await until_used_again(cache)
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
                await until_used_again(cache)
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
                await until(lambda: redis_of(cache)["breakers"]["writes"]["open"])
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
    with RedisServer("--replicaof", *master) as replica:
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


FAULT_SECONDS = 30


@pytest.mark.soak
@pytest.mark.parametrize(
    ("fall_ill", "get_well"),
    [(RedisServer.kill, RedisServer.start), (RedisServer.pause, RedisServer.resume)],
    ids=["killed", "stopped"],
)
def test_half_a_minute_without_redis(redis_server, fall_ill, get_well, capsys):
    """C2 with the pauses of production: Z, B50, and used again within five seconds."""

    async def story():
        async with cache_on(redis_server.url, pauses=ProbePauses()) as cache:
            async with Users(cache) as users:
                await until(lambda: redis_of(cache)["hits"] > 0)
                fall_ill(redis_server)
                await asyncio.sleep(FAULT_SECONDS)
                assert reads_are_open(cache)
                await asyncio.to_thread(get_well, redis_server)
                await used_again_at_once(cache)
                await users.some_more()
            assert_within_budget(cache)
            return users.answered, redis_of(cache)

    answered, redis = asyncio.run(story())
    with capsys.disabled():
        print(
            f"\n{answered} answered, 0 failed; {redis['waits']} waited for Redis, "
            f"{redis['waits_over_budget']} over 50 ms, {redis['probes']} probes"
        )
