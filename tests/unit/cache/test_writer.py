"""The background writer: one bounded queue, the newest intent of each key."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fakes import FakeClock, FakeTier
from pmecalc.cache.entry import finish
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.writer import Writer
from sealing import SEALS, decode


def key_of(number):
    return make_cache_key("v", {"n": number}, scope=Scope("t", ("d",), ("r",), 1))


def entry_of(number, body=b"1", **times):
    return finish(body, key=key_of(number), created=0.0, **times)


def run(story, **bounds):
    async def inner():
        tier, clock = FakeTier(), FakeClock()
        with ThreadPoolExecutor(1) as codec:
            await story(tier, Writer(tier, codec=codec, seals=SEALS, clock=clock, **bounds), clock)

    asyncio.run(inner())


def test_a_newer_intent_replaces_the_older():
    """Of three intents for a key only the last is written."""

    async def story(tier, writer, _):
        writer.put(key_of(1), entry_of(1, b"old"))
        writer.put(key_of(1), None)
        writer.put(key_of(1), entry_of(1, b"new"))
        assert writer.waiting(key_of(1)).body == b"new"
        await writer.drain(patience_seconds=30)
        assert tier.calls == {"set": 1}
        blob = tier.blobs[key_of(1).text]
        assert decode(blob, key_of(1), max_bytes=100).body == b"new"

    run(story)


def test_overflow_drops_the_oldest_and_counts():
    """Of five intents in a queue of three the first two are dropped."""

    async def story(tier, writer, _):
        for number in range(5):
            writer.put(key_of(number), entry_of(number))
        assert writer.stats()["queue"] == 3
        await writer.drain(patience_seconds=30)
        assert set(tier.blobs) == {key_of(number).text for number in (2, 3, 4)}
        assert writer.stats()["dropped"] == 2
        assert writer.stats()["written"] == 3

    run(story, max_intents=3)


def test_the_queue_is_bounded_in_bytes():
    """Large entries are dropped before small numbers of them fill the memory."""

    async def story(_, writer, __):
        for number in range(5):
            writer.put(key_of(number), entry_of(number, b"x" * 4000))
        assert writer.stats()["queue_bytes"] <= 14_000
        assert writer.stats()["dropped"] == 3
        await writer.drain(patience_seconds=30)
        assert writer.stats()["queue_bytes"] == 0

    run(story, max_bytes=14_000)


def test_jitter_only_shortens():
    """The time to live is a day or what is left, less at most a tenth."""

    async def story(tier, writer, clock):
        for number in range(40):
            writer.put(key_of(number), entry_of(number))
        writer.put(key_of(99), entry_of(99, expires=clock() + 100))
        writer.put(key_of(98), entry_of(98, expires=clock() - 1))
        await writer.drain(patience_seconds=30)
        last = tier.ttls.pop(key_of(99).text)
        assert 90 <= last <= 100
        assert all(0.9 * 86_400 <= ttl <= 86_400 for ttl in tier.ttls.values())
        assert len(set(tier.ttls.values())) > 10
        assert key_of(98).text not in tier.blobs

    run(story)


def test_a_tier_that_is_away_costs_the_writes_only():
    """Refused writes are counted, and the next one is written when the tier is back."""

    async def story(tier, writer, _):
        tier.away = True
        writer.put(key_of(1), entry_of(1))
        await writer.drain(patience_seconds=30)
        assert writer.stats()["refused"] == 1
        tier.away = False
        writer.put(key_of(2), entry_of(2))
        await writer.drain(patience_seconds=30)
        assert set(tier.blobs) == {key_of(2).text}

    run(story)


def test_draining_is_bounded():
    """A tier that hangs does not keep the process from ending; what waits is counted as dropped."""

    async def story(tier, writer, _):
        tier.hangs = True
        for number in range(3):
            writer.put(key_of(number), entry_of(number))
        await asyncio.wait_for(writer.drain(patience_seconds=0.05), timeout=30)
        assert writer.stats()["queue"] == 0
        assert writer.stats()["dropped"] >= 2

    run(story)
