"""The reading path: order, refill, single flight, and what a request may never see."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import pytest

from fakes import PATIENCE_SECONDS, FakeClock, FakeTier, until
from pmecalc.cache.cache import MISS, Cache
from pmecalc.cache.compute_errors import ComputeQueueFullError
from pmecalc.cache.entry import finish
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.memory import MemoryTier
from pmecalc.cache.workers import ComputePool
from sealing import SEALS, encode


def key_of(number=1, *, tenant="t"):
    return make_cache_key("v", {"n": number}, scope=Scope(tenant, ("d",), ("r",), 1))


def cache_over(tier=None, *, clock=None, **options):
    clock = clock or FakeClock()
    memory = MemoryTier(1 << 20, size_of=lambda entry: entry.size, clock=clock)
    return Cache(memory, tier, clock=clock, seals=SEALS, **options)


async def written(cache):
    """Wait until nothing is left to write."""
    writer = cache._writer
    await until(lambda: writer._task is None or writer._task.done())


class Computation:
    """Counts its runs; waits for its gate, raises its error, or returns its body."""

    def __init__(self, body=b'{"tvpi":1.5}', *, error=None, gated=False):
        self.body = body
        self.error = error
        self.runs = 0
        self.threads = set()
        self.gate = threading.Event()
        if not gated:
            self.gate.set()

    def __call__(self):
        self.runs += 1
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(PATIENCE_SECONDS)
        if self.error is not None:
            raise self.error
        return self.body


def test_a_computed_answer_is_a_memory_hit_from_then_on():
    """Computed once in a worker thread, then served from memory without any tier."""

    async def story():
        tier, compute = FakeTier(), Computation()
        cache = cache_over(tier)
        first = await cache.get_or_compute(key_of(), compute)
        await written(cache)
        calls = Counter(tier.calls)
        second = await cache.get_or_compute(key_of(), compute)
        assert (first.outcome, second.outcome) == ("computed", "memory")
        assert second.entry is first.entry is cache.peek(key_of())
        assert second.entry.body == compute.body
        assert compute.runs == 1
        assert all(name.startswith("pme-compute") for name in compute.threads)
        assert tier.calls == calls
        await cache.close()

    asyncio.run(story())


def test_round_trips_are_counted():
    """C14: a miss costs a read and a write, a Redis hit one read, a memory hit nothing."""

    async def story():
        tier = FakeTier()
        writer = cache_over(tier)
        await writer.get_or_compute(key_of(), Computation())
        await written(writer)
        assert tier.calls == {"get": 1, "set": 1}
        reader, never = cache_over(tier), Computation()
        result = await reader.get_or_compute(key_of(), never)
        assert (result.outcome, never.runs) == ("redis", 0)
        await written(reader)
        assert tier.calls == {"get": 2, "set": 1}
        assert (await reader.get_or_compute(key_of(), never)).outcome == "memory"
        assert tier.calls == {"get": 2, "set": 1}
        await writer.close()
        await reader.close()

    asyncio.run(story())


def test_a_thousand_equal_requests_make_one_computation():
    """C5: one computes, 999 join, one Redis read, one body."""

    async def story():
        tier, compute = FakeTier(), Computation(gated=True)
        cache = cache_over(tier)
        tasks = [asyncio.create_task(cache.get_or_compute(key_of(), compute)) for _ in range(1000)]
        await until(lambda: compute.runs == 1)
        compute.gate.set()
        results = await asyncio.gather(*tasks)
        assert Counter(result.outcome for result in results) == {"computed": 1, "joined": 999}
        assert len({id(result.entry) for result in results}) == 1
        assert compute.runs == 1
        assert tier.calls["get"] == 1
        assert cache.stats()["joined"] == 999
        assert cache.stats()["flights"] == 0
        await cache.close()

    asyncio.run(story())


@pytest.mark.parametrize("victim", [0, 5, 9])
def test_a_cancelled_waiter_does_not_hurt_the_others(victim):
    """C6: whoever hangs up, the first one too, the other nine are answered."""

    async def story():
        compute, cache = Computation(gated=True), cache_over(FakeTier())
        tasks = [asyncio.create_task(cache.get_or_compute(key_of(), compute)) for _ in range(10)]
        await until(lambda: compute.runs == 1)
        tasks[victim].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[victim]
        compute.gate.set()
        others = await asyncio.gather(*(task for task in tasks if task is not tasks[victim]))
        assert {result.entry.body for result in others} == {compute.body}
        assert compute.runs == 1
        await cache.close()

    asyncio.run(story())


def test_all_waiters_gone_the_answer_is_still_kept():
    """A flight belongs to no caller: with all of them cancelled it lands in memory."""

    async def story():
        compute, cache = Computation(gated=True), cache_over()
        task = asyncio.create_task(cache.get_or_compute(key_of(), compute))
        await until(lambda: compute.runs == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        compute.gate.set()
        await until(lambda: cache.peek(key_of()) is not None)
        await cache.close()

    asyncio.run(story())


def test_what_nobody_waits_for_is_not_computed():
    """Sixty wait behind one that runs and leave: none of theirs runs, and asked again it does."""

    async def story():
        running, waiting = Computation(gated=True), Computation()
        cache = cache_over(compute_pool=ComputePool(workers=1))
        first = asyncio.create_task(cache.get_or_compute(key_of(0), running))
        await until(lambda: running.runs == 1)
        left = [asyncio.create_task(cache.get_or_compute(key_of(n), waiting)) for n in range(1, 61)]
        stays = asyncio.create_task(cache.get_or_compute(key_of(60), waiting))
        await until(lambda: cache.stats()["compute"]["pending"] == 61)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        again = asyncio.create_task(cache.get_or_compute(key_of(1), waiting))
        running.gate.set()
        outcomes = [(await each).outcome for each in (first, stays, again)]
        assert outcomes == ["computed", "joined", "computed"]
        assert waiting.runs == 2
        assert cache.stats()["compute"]["dropped"] == 59
        assert cache.stats()["compute"]["pending"] == cache.stats()["flights"] == 0
        await cache.close()

    asyncio.run(story())


def test_a_failed_computation_reaches_all_its_waiters_and_is_not_stored():
    """Ten waiters get the error; the eleventh request computes anew."""

    async def story():
        tier, cache = FakeTier(), None
        failing = Computation(error=ArithmeticError("no sign change"), gated=True)
        cache = cache_over(tier)
        tasks = [asyncio.create_task(cache.get_or_compute(key_of(), failing)) for _ in range(10)]
        await until(lambda: failing.runs == 1)
        failing.gate.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(answer) for answer in answers] == [ArithmeticError] * 10
        assert failing.runs == 1
        assert cache.peek(key_of()) is None
        assert (await cache.get_or_compute(key_of(), Computation())).outcome == "computed"
        assert cache.stats()["compute"]["failed"] == 1
        await cache.close()

    asyncio.run(story())


def test_a_failure_that_nobody_waits_for_makes_no_noise():
    """With its caller gone a failing flight ends without an unretrieved exception."""

    async def story():
        compute, cache = Computation(error=ValueError(), gated=True), cache_over()
        noise = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: noise.append(context))
        task = asyncio.create_task(cache.get_or_compute(key_of(), compute))
        await until(lambda: compute.runs == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        compute.gate.set()
        await until(lambda: cache.stats()["flights"] == 0)
        await cache.close()
        assert noise == []

    asyncio.run(story())


def test_a_full_queue_is_said_and_other_keys_are_answered():
    """The request too many gets ComputeQueueFullError; those in the queue get their answers."""

    async def story():
        compute = Computation(gated=True)
        cache = cache_over(compute_pool=ComputePool(workers=1, queue_length=1))
        tasks = [asyncio.create_task(cache.get_or_compute(key_of(n), compute)) for n in (1, 2)]
        await until(lambda: cache.stats()["compute"]["pending"] == 2)
        with pytest.raises(ComputeQueueFullError):
            await cache.get_or_compute(key_of(3), compute)
        compute.gate.set()
        assert [result.outcome for result in await asyncio.gather(*tasks)] == ["computed"] * 2
        await cache.close()

    asyncio.run(story())


@pytest.mark.parametrize("value", [None, 0, [], {}, False, "", 1.5, {"a": [1, None]}], ids=repr)
@pytest.mark.parametrize("shared", [False, True], ids=["memory", "redis"])
def test_an_empty_value_is_a_hit(value, shared):
    """C9: null, 0, [] and {} are hits, from memory and from Redis."""

    async def story():
        tier = FakeTier()
        cache = cache_over(tier)
        await cache.set(key_of(), value)
        await written(cache)
        reader = cache_over(tier) if shared else cache
        assert await reader.get(key_of(), "default") == value
        assert tier.calls["get"] == (1 if shared else 0)
        await cache.close()
        await reader.close()

    asyncio.run(story())


def test_get_of_nothing_is_the_default():
    """MISS unless another default is given."""

    async def story():
        cache = cache_over(FakeTier())
        assert await cache.get(key_of()) is MISS
        assert await cache.get(key_of(), None) is None
        await cache.close()

    asyncio.run(story())


def test_a_set_value_ends_with_its_time_in_every_tier():
    """After its seconds a set value is a miss, though memory and Redis still hold its bytes."""

    async def story():
        clock, tier = FakeClock(), FakeTier()
        cache, other = cache_over(tier, clock=clock), cache_over(tier, clock=clock)
        await cache.set(key_of(), 7, ttl_seconds=300)
        await written(cache)
        clock.advance(200)
        assert await other.get(key_of()) == 7
        clock.advance(101)
        assert key_of().text in tier.blobs
        assert await cache.get(key_of()) is MISS
        assert await other.get(key_of()) is MISS
        await cache.close()
        await other.close()

    asyncio.run(story())


def test_a_computed_answer_outlives_its_ttl_without_computing():
    """A hit after the TTL renews an immutable entry."""

    async def story():
        clock, compute = FakeClock(), Computation()
        cache = cache_over(clock=clock)
        await cache.get_or_compute(key_of(), compute)
        clock.advance(301)
        assert (await cache.get_or_compute(key_of(), compute)).outcome == "memory"
        assert compute.runs == 1
        assert cache.stats()["memory"]["renewals"] == 1
        await cache.close()

    asyncio.run(story())


def test_a_damaged_entry_is_a_miss_counted_and_replaced():
    """What does not decode is computed anew, counted by reason, and overwritten."""

    async def story():
        tier = FakeTier()
        tier.blobs[key_of().text] = b"rubbish" * 20
        cache = cache_over(tier)
        result = await cache.get_or_compute(key_of(), Computation())
        assert result.outcome == "computed"
        assert cache.stats()["redis"]["rejected"] == {"magic": 1}
        await written(cache)
        reader = cache_over(tier)
        assert (await reader.get_or_compute(key_of(), Computation())).outcome == "redis"
        await cache.close()
        await reader.close()

    asyncio.run(story())


def test_a_damaged_entry_is_deleted():
    """A read that computes nothing deletes what it could not believe."""

    async def story():
        tier = FakeTier()
        tier.blobs[key_of().text] = b"rubbish" * 20
        cache = cache_over(tier)
        assert await cache.get(key_of()) is MISS
        await written(cache)
        assert tier.blobs == {}
        await cache.close()

    asyncio.run(story())


def test_another_tenants_entry_under_our_key_is_not_served():
    """Even if Redis holds the other tenant's bytes under our key, we compute our own."""

    async def story():
        tier, ours, theirs = FakeTier(), key_of(tenant="ours"), key_of(tenant="theirs")
        tier.blobs[ours.text] = encode(finish(b'"theirs"', key=theirs, created=0.0))
        cache = cache_over(tier)
        result = await cache.get_or_compute(ours, Computation(b'"ours"'))
        assert result.entry.body == b'"ours"'
        assert cache.stats()["redis"]["rejected"] == {"other_key": 1}
        await cache.close()

    asyncio.run(story())


def test_an_answer_over_the_limit_is_given_but_not_kept():
    """Too large for the cache is not too large for the caller."""

    async def story():
        tier = FakeTier()
        cache = cache_over(tier, max_entry_bytes=100)
        result = await cache.get_or_compute(key_of(), Computation(b"x" * 101))
        assert len(result.entry.body) == 101
        assert cache.peek(key_of()) is None
        assert cache.stats()["too_large"] == 1
        await cache.close()
        assert tier.blobs == {}

    asyncio.run(story())


def test_what_waits_to_be_written_is_a_hit():
    """An entry evicted from memory before its write is read from the queue, not from the tier."""

    async def story():
        tier = FakeTier()
        cache = cache_over(tier)
        await cache.set(key_of(), 1)
        cache._memory.close()
        assert await cache.get(key_of()) == 1
        assert tier.calls["get"] == 0
        await cache.close()

    asyncio.run(story())


def test_a_slow_read_does_not_overwrite_what_was_stored_meanwhile():
    """What memory got while Redis was being read is newer, and stays."""

    async def story():
        tier, old = FakeTier(), finish(b'"old"', key=key_of(), created=0.0)
        tier.blobs[key_of().text] = encode(old)
        cache = cache_over(tier)
        reading = asyncio.create_task(cache.get(key_of()))
        while tier.calls["get"] == 0:  # noqa: ASYNC110  (turn by turn: the read is under way)
            await asyncio.sleep(0)
        new = finish(b'"new"', key=key_of(), created=1.0)
        cache._store(key_of(), new)
        assert await reading == "new"
        assert cache.peek(key_of()) is new
        await cache.close()

    asyncio.run(story())


def test_a_computation_that_is_no_bytes_is_an_error():
    """Text instead of bytes is a TypeError to the caller and stores nothing."""

    async def story():
        cache = cache_over()
        with pytest.raises(TypeError, match="bytes"):
            await cache.get_or_compute(key_of(), lambda: "{}")
        assert cache.peek(key_of()) is None
        await cache.close()

    asyncio.run(story())


def test_statistics_are_counters():
    """One of each outcome is one in each counter; the hit ratio follows."""

    async def story():
        tier = FakeTier()
        cache = cache_over(tier)
        await cache.get_or_compute(key_of(1), Computation())
        await cache.get_or_compute(key_of(1), Computation())
        await written(cache)
        cache._memory.delete(key_of(1).text)
        await cache.get_or_compute(key_of(1), Computation())
        stats = cache.stats()
        assert stats["outcomes"] == {"memory": 1, "redis": 1, "computed": 1, "joined": 0}
        assert stats["memory"]["hit_ratio"] == pytest.approx(1 / 3, abs=1e-4)
        assert stats["memory"]["entries"] == 1
        assert stats["computes"] == 1
        assert stats["redis"]["writes"]["written"] == 1
        await cache.close()
        assert tier.closed

    asyncio.run(story())
