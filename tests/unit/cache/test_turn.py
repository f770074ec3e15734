"""What one turn of the loop asks for goes in as few round trips as the shards allow."""

from __future__ import annotations

import asyncio

from fakes import PATIENCE_SECONDS, FakeRedisClient
from pmecalc.cache.budget import Budget
from pmecalc.cache.redis import RedisTier
from pmecalc.cache.turn import KEYS_A_TRIP, NO_ANSWER, Turn


def patient():
    return Budget(PATIENCE_SECONDS)


def run(story):
    async def inner():
        client = FakeRedisClient()
        tier = RedisTier(client, deadline_seconds=PATIENCE_SECONDS)
        try:
            await story(tier, client)
        finally:
            await tier.close()

    asyncio.run(inner())


def test_equal_keys_of_one_turn_share_a_round_trip():
    """A hundred readers of one key cost one trip with one key, and all are answered."""

    async def story(tier, client):
        client.blobs["k"] = b"v"
        answers = await asyncio.gather(*(tier.get("k", budget=patient()) for _ in range(100)))
        assert answers == [b"v"] * 100
        assert client.asked == [("k",)]
        assert tier.stats()["round_trips"] == 1
        assert tier.stats()["hits"] == 100

    run(story)


def test_distinct_keys_of_one_turn_go_in_one_round_trip():
    """Ten keys, some of them missing, cost one trip; each reader gets its own."""

    async def story(tier, client):
        client.blobs = {"k1": b"1", "k7": b"7"}
        answers = await asyncio.gather(*(tier.get(f"k{n}", budget=patient()) for n in range(10)))
        assert answers == [client.blobs.get(f"k{n}") for n in range(10)]
        assert client.asked == [tuple(f"k{n}" for n in range(10))]
        assert (tier.stats()["hits"], tier.stats()["misses"]) == (2, 8)

    run(story)


def test_each_shard_has_a_trip_of_its_own():
    """Keys of two slots never share a command."""

    async def story(tier, client):
        names = ["a", "other.a", "b", "other.b"]
        await asyncio.gather(*(tier.get(name, budget=patient()) for name in names))
        assert sorted(client.asked) == [("a", "b"), ("other.a", "other.b")]

    run(story)


def test_keys_of_different_turns_go_apart():
    """What is asked after the answer is another trip."""

    async def story(tier, client):
        await tier.get("a", budget=patient())
        await tier.get("a", budget=patient())
        assert client.asked == [("a",), ("a",)]

    run(story)


def test_a_trip_carries_so_many_keys_and_no_more():
    """One key too many makes a second trip."""

    async def story(tier, client):
        await asyncio.gather(*(tier.get(f"{n}", budget=patient()) for n in range(KEYS_A_TRIP + 1)))
        assert [len(keys) for keys in client.asked] == [KEYS_A_TRIP, 1]

    run(story)


def test_one_failed_trip_is_one_failure():
    """Ten readers of one bad trip are ten misses, and one failure for the breaker."""

    async def story(tier, client):
        client.error = OSError()
        assert await asyncio.gather(*(tier.get(f"{n}", budget=patient()) for n in range(10))) == (
            [None] * 10
        )
        assert tier.stats()["failures"] == 1
        assert not tier.stats()["breakers"]["reads"]["open"]

    run(story)


def test_a_waiter_who_goes_does_not_hurt_the_others():
    """The first of two waiters is cancelled, a third runs out of time: the second is answered."""

    async def story():
        gate = asyncio.Event()

        async def fetch(keys, until):
            await gate.wait()
            return [b"v" for _ in keys]

        turn = Turn(fetch, shard_of=len)
        now = asyncio.get_running_loop().time()
        first, second, third = (
            asyncio.create_task(turn.ask("k", until=until))
            for until in (now + PATIENCE_SECONDS, now + PATIENCE_SECONDS, now + 0.01)
        )
        assert await third is NO_ANSWER
        first.cancel()
        gate.set()
        assert await second == b"v"
        await asyncio.gather(first, return_exceptions=True)
        assert first.cancelled()

    asyncio.run(story())


def test_closing_leaves_nobody_waiting():
    """Who waits when the tier closes gets no answer, and nothing runs on."""

    async def story():
        async def fetch(keys, until):
            await asyncio.Event().wait()

        turn = Turn(fetch, shard_of=len)
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        waiter = asyncio.create_task(turn.ask("k", until=until))
        await asyncio.sleep(0.01)
        await turn.close()
        assert await waiter is NO_ANSWER
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(story())
