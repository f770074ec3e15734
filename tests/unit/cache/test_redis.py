"""The Redis tier over a fake client: deadline, budget, line, breaker; and it never raises."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

from fakes import PATIENCE_SECONDS, FakeRedisClient, until
from pmecalc.cache.breaker import ProbePauses
from pmecalc.cache.budget import Budget
from pmecalc.cache.lag import LoopLag
from pmecalc.cache.redis import RedisTier

QUICK = ProbePauses(first_seconds=0.01, longest_seconds=0.02, good_seconds=0.01)


def breakers(tier):
    sides = tier.stats()["breakers"]
    return sides["reads"]["open"], sides["writes"]["open"]


def test_what_is_not_a_url_is_refused_at_once():
    """A wrong scheme is a ValueError when the tier is made."""
    with pytest.raises(ValueError, match="scheme"):
        RedisTier.from_url("http://localhost")


@pytest.mark.parametrize(
    "error",
    [RedisConnectionError("x"), ResponseError("x"), OSError(), RuntimeError(), ValueError()],
    ids=repr,
)
def test_no_error_of_the_client_comes_through(error):
    """Whatever the client raises, a read is a miss and a write is not taken."""

    async def story():
        client = FakeRedisClient()
        client.error = error
        tier = RedisTier(client)
        assert await tier.get("k") is None
        assert await tier.set("k", b"v", ttl_seconds=1) is False
        assert await tier.delete("k") is False
        assert tier.stats()["failures"] == 3
        await tier.close()

    asyncio.run(story())


def test_three_failures_open_the_reads_and_nothing_asks():
    """After the third failure no read reaches the client, and writes go on by themselves."""

    async def story():
        client = FakeRedisClient()
        client.error = RedisConnectionError("away")
        tier = RedisTier(client)
        for _ in range(10):
            await tier.get("k")
        assert client.calls["get"] == 3
        assert tier.stats()["skipped"] == 7
        assert breakers(tier) == (True, False)
        await tier.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    "error",
    [
        OutOfMemoryError("command not allowed"),
        ReadOnlyError("You can't write against a read only replica."),
        ResponseError("NOREPLICAS Not enough good replicas to write."),
        ResponseError("MISCONF Redis is configured to save RDB snapshots"),
    ],
    ids=lambda error: type(error).__name__ + str(error)[:10],
)
def test_refused_writes_open_the_write_side_alone(error):
    """One refusal opens the writes; reads go on; three good probes close it again."""

    async def story():
        client = FakeRedisClient()
        client.blobs["k"] = b"v"
        client.write_error = error
        tier = RedisTier(client, pauses=QUICK)
        assert await tier.set("k", b"w", ttl_seconds=1) is False
        assert breakers(tier) == (False, True)
        assert await tier.get("k") == b"v"
        client.write_error = None
        await until(lambda: breakers(tier) == (False, False))
        assert await tier.set("k", b"w", ttl_seconds=1) is True
        await tier.close()

    asyncio.run(story())


def test_the_probe_closes_the_breaker_without_user_traffic():
    """Well again, Redis is used again, though no request asked in between."""

    async def story():
        client = FakeRedisClient()
        client.error = RedisConnectionError("away")
        tier = RedisTier(client, pauses=QUICK)
        for _ in range(3):
            await tier.get("k")
            await tier.set("k", b"", ttl_seconds=1)
        assert breakers(tier) == (True, True)
        await until(lambda: tier.stats()["probes"] >= 4)
        assert breakers(tier) == (True, True)
        client.error = None
        trips = tier.stats()["round_trips"]
        await until(lambda: breakers(tier) == (False, False))
        assert tier.stats()["round_trips"] == trips
        await tier.close()

    asyncio.run(story())


def test_a_hanging_read_ends_at_its_deadline():
    """A read that gets no answer is a miss, and its wait is taken from the budget."""

    async def story():
        client = FakeRedisClient()
        client.hangs = True
        tier = RedisTier(client)
        budget = Budget(0.050)
        assert await tier.get("k", budget=budget) is None
        assert budget.left_seconds <= 0.0251
        assert tier.stats()["timeouts"] == 1
        assert client.running == 0
        await tier.close()

    asyncio.run(story())


def test_an_empty_budget_asks_nothing():
    """What a request has waited already it does not wait again."""

    async def story():
        client = FakeRedisClient()
        tier = RedisTier(client)
        assert await tier.get("k", budget=Budget(0.0)) is None
        assert client.calls["get"] == 0
        assert tier.stats()["skipped"] == 1
        await tier.close()

    asyncio.run(story())


def test_the_line_stands_before_the_pool():
    """Of a thousand keys at once never more trips than the pool's size are under way."""

    async def story():
        client = FakeRedisClient()
        client.blobs = {f"k{number}": b"%d" % number for number in range(1000)}
        tier = RedisTier(client, pool_size=20)
        answers = await asyncio.gather(
            *(tier.get(key, budget=Budget(PATIENCE_SECONDS)) for key in client.blobs)
        )
        assert answers == list(client.blobs.values())
        assert client.most_running == 20
        assert tier.stats()["round_trips"] == 32  # 1000 keys, 32 a trip
        await tier.close()

    asyncio.run(story())


def test_standing_in_line_counts_against_the_budget():
    """Behind a hanging call of a pool of one, a reader gives up at its budget, unasked."""

    async def story():
        client = FakeRedisClient()
        client.hangs = True
        tier = RedisTier(client, pool_size=1, deadline_seconds=PATIENCE_SECONDS)
        holder = asyncio.create_task(tier.get("a", budget=Budget(PATIENCE_SECONDS)))
        await until(lambda: client.running == 1)
        assert await tier.get("b", budget=Budget(0.010)) is None
        assert client.calls["get"] == 1
        assert tier.stats()["failures"] == 0
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)
        await tier.close()

    asyncio.run(story())


def test_a_timeout_with_less_than_the_deadline_is_not_held_against_redis():
    """A request that came with 15 ms left proves nothing."""

    async def story():
        client = FakeRedisClient()
        client.hangs = True
        tier = RedisTier(client)
        for _ in range(5):
            assert await tier.get("k", budget=Budget(0.015)) is None
        assert client.calls["get"] == 5
        assert tier.stats()["failures"] == 0
        assert breakers(tier) == (False, False)
        await tier.close()

    asyncio.run(story())


def test_a_timeout_while_the_loop_lagged_is_not_held_against_redis():
    """A loop that was blocked for longer than 20 ms has only itself to blame."""

    async def story():
        client = FakeRedisClient()
        client.hangs = True
        tier = RedisTier(client)
        reads = [asyncio.create_task(tier.get(f"k{number}")) for number in range(5 * 32)]
        await until(lambda: client.running == 5)
        block_the_loop()
        assert await asyncio.gather(*reads) == [None] * len(reads)
        assert tier.stats()["lagged"] == 5
        assert tier.stats()["waits_over_budget"] == 0
        assert tier.stats()["failures"] == 0
        await tier.close()

    asyncio.run(story())


def block_the_loop():
    started = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() < started + 0.060:
        pass


def test_the_lag_watch_stops_with_its_last_waiter():
    """Nobody waits, no timer beats; lateness counts while it lasts and stays counted."""

    async def story():
        lag = LoopLag()
        with lag.watch(), lag.watch():
            block_the_loop()
            assert lag.late_seconds() > 0.050
            await asyncio.sleep(0.001)
            assert lag.late_seconds() > 0.050
            block_the_loop()
        assert lag._timer is None
        assert lag.late_seconds() > 0.100
        assert lag.worst_seconds > 0.050
        before = lag.late_seconds()
        block_the_loop()
        assert lag.late_seconds() == before

    asyncio.run(story())


def test_one_log_line_per_change_and_no_secrets(caplog):
    """Opening and closing are logged once each, without URL, key or value."""

    async def story():
        client = FakeRedisClient()
        client.error = RedisConnectionError("redis://:secret@host")
        tier = RedisTier(client, pauses=QUICK)
        for _ in range(9):
            await tier.get("the-key")
        client.error = None
        await until(lambda: breakers(tier) == (False, False))
        await tier.close()

    with caplog.at_level(logging.DEBUG, logger="pmecalc.cache"):
        asyncio.run(story())
    assert [record.getMessage() for record in caplog.records] == [
        "redis reads: breaker opened after ConnectionError",
        "redis reads: breaker closed",
    ]


def test_a_day_is_the_longest_time_to_live():
    """PX is at most 24 hours and at least a millisecond."""

    async def story():
        client = FakeRedisClient()
        tier = RedisTier(client)
        for seconds in (1e9, 1.5, 0.0):
            await tier.set("k", b"v", ttl_seconds=seconds)
        assert tuple(client.px) == (86_400_000, 1500, 1)
        await tier.close()

    asyncio.run(story())


WARNING = "redis does not answer; answers are kept in memory until it does"


def messages(caplog):
    return [record.getMessage() for record in caplog.records]


def test_first_answer_that_is_late_is_no_warning(caplog):
    """A healthy Redis that misses the first greeting is asked again, and nothing is logged."""

    async def story():
        client = FakeRedisClient()
        client.error = TimeoutError()
        tier = RedisTier(client)
        await tier.greet()
        client.error = None
        await until(lambda: client.calls["get"] == 2)
        assert await tier.get("k") is None
        await tier.close()

    with caplog.at_level(logging.DEBUG, logger="pmecalc.cache"):
        asyncio.run(story())
    assert messages(caplog) == []


def test_redis_that_never_answers_is_one_warning(caplog):
    """After three greetings without an answer one line says so."""

    async def story():
        client = FakeRedisClient()
        client.error = RedisConnectionError("away")
        tier = RedisTier(client)
        await tier.greet()
        await until(lambda: WARNING in messages(caplog))
        assert client.calls["get"] == 3
        await tier.close()

    with caplog.at_level(logging.DEBUG, logger="pmecalc.cache"):
        asyncio.run(story())
    assert messages(caplog).count(WARNING) == 1


def test_greeting_that_our_own_loop_delayed_is_not_counted():
    """A time limit missed while the loop stood still is no failure of Redis."""

    async def story():
        client = FakeRedisClient()
        client.hangs = True
        tier = RedisTier(client, deadline_seconds=0.02)
        greeting = asyncio.create_task(tier.greet())
        await until(lambda: client.calls["get"] == 1)
        time.sleep(0.5)  # noqa: ASYNC251  (it is the fault)
        await greeting
        assert tier.stats()["failures"] == 0
        await tier.close()

    asyncio.run(story())
