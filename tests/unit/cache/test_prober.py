"""While a breaker is open: who asks, what is said, and when the client is replaced."""

from __future__ import annotations

import asyncio
import logging

from redis.exceptions import ConnectionError as RedisConnectionError

from fakes import FakeClock, FakeRedisClient, until
from pmecalc.cache.breaker import ProbePauses
from pmecalc.cache.redis import RedisTier

# On a clock that is told, every probe is due at once: the story sets the pace.
NO_PAUSES = ProbePauses(first_seconds=0.0, longest_seconds=0.0, good_seconds=0.0)


def run(story, **options):
    async def inner():
        client, clock = FakeRedisClient(), FakeClock()
        tier = RedisTier(client, pauses=NO_PAUSES, clock=clock, **options)
        client.error = RedisConnectionError("redis://:secret@host")
        for _ in range(3):
            await tier.get("the-key")
        try:
            await story(tier, client, clock)
        finally:
            await tier.close()

    asyncio.run(inner())


def reads_of(tier):
    return tier.stats()["breakers"]["reads"]


async def some_probes(tier):
    """So many that whatever is due has been done."""
    before = reads_of(tier)["probes"]
    await until(lambda: reads_of(tier)["probes"] >= before + 3)


def messages(caplog):
    return [record.getMessage() for record in caplog.records]


def test_one_line_a_minute_while_it_lasts(caplog):
    """Three minutes of illness are three lines with counts, no URL, key or password."""

    async def story(tier, client, clock):
        for _ in range(3):
            clock.advance(59.0)
            await some_probes(tier)
            clock.advance(1.5)
            await some_probes(tier)

    with caplog.at_level(logging.DEBUG, logger="pmecalc.cache"):
        run(story)
    opened, *lines = messages(caplog)
    assert opened == "redis reads: breaker opened after ConnectionError"
    assert [line.split(";")[0] for line in lines] == [
        "redis reads: breaker open for 60 s",
        "redis reads: breaker open for 121 s",
        "redis reads: breaker open for 182 s",
    ]
    assert "secret" not in caplog.text
    assert "the-key" not in caplog.text


def test_a_client_that_finds_no_way_is_replaced_every_five_seconds():
    """Within five seconds never, after them once, after five more once again; each is closed."""
    made = []

    def new_client():
        made.append(FakeRedisClient())
        made[-1].error = RedisConnectionError("still away")
        return made[-1]

    async def story(tier, client, clock):
        clock.advance(5.0)
        await some_probes(tier)
        assert not made
        clock.advance(0.5)
        await until(lambda: len(made) == 1)
        await until(lambda: client.calls["aclose"] == 1)
        clock.advance(5.5)
        await until(lambda: len(made) == 2)
        await until(lambda: made[0].calls["aclose"] == 1)
        assert tier.stats()["renewals"] == 2
        made[1].error = None
        await until(lambda: not reads_of(tier)["open"])
        made[1].blobs["k"] = b"v"
        assert await tier.get("k") == b"v"

    run(story, new_client=new_client)


def test_an_answer_that_comes_too_late_for_a_request_closes_nothing():
    """A Redis that takes 50 ms where a request gives it one is not well."""

    async def story(tier, client, clock):
        client.error = None
        client.slow_seconds = 0.05
        await some_probes(tier)
        assert reads_of(tier)["open"]
        client.slow_seconds = 0.0
        await until(lambda: not reads_of(tier)["open"])

    run(story, deadline_seconds=0.001)


def test_servers_are_looked_for_before_each_probe():
    """The client settles in the background, and no request does it."""

    async def story(tier, client, clock):
        await some_probes(tier)
        assert client.calls["settle"] >= reads_of(tier)["probes"] - 1

    run(story)


def test_a_probe_that_hangs_ends():
    """It is counted as bad, and the next one asks anew."""

    async def story(tier, client, clock):
        client.error = None
        client.hangs = True
        await some_probes(tier)
        assert client.running <= 1
        client.hangs = False
        await until(lambda: not reads_of(tier)["open"])

    run(story)
