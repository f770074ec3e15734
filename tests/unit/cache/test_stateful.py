"""C15: whatever happens to Redis and to its bytes, the cache may miss, never lie."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError

from fakes import FakeRedisClient
from pmecalc.cache.breaker import ProbePauses
from pmecalc.cache.cache import MISS, Cache
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.memory import MemoryTier
from pmecalc.cache.redis import RedisTier
from pmecalc.cache.workers import ComputePool

NUMBERS = st.integers(0, 5)
TENANTS = st.sampled_from(["ours", "theirs"])
QUICK = ProbePauses(first_seconds=0.001, longest_seconds=0.002, good_seconds=0.001)
MEMORY_BYTES = 12_000  # holds four or five of the twelve entries, so eviction is part of the game


def key_of(tenant, number):
    return make_cache_key("v", {"n": number}, scope=Scope(tenant, ("d",), ("r",), 1))


def truth(tenant, number):
    """What the answer to a key is, always."""
    return {"tenant": tenant, "n": number}


def body(tenant, number):
    return b'{"tenant":"%s","n":%d}' % (tenant.encode(), number)


class CacheMachine(RuleBasedStateMachine):
    """One process at a time over one Redis, both with their accidents."""

    steps = 0  # of all machines

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.client = FakeRedisClient()
        self.cache = self.new_cache()

    def new_cache(self):
        return Cache(
            MemoryTier(MEMORY_BYTES, size_of=lambda entry: entry.size),
            RedisTier(self.client, deadline_seconds=0.005, pauses=QUICK),
            budget_ms=10,
            compute_pool=ComputePool(workers=1),
        )

    def teardown(self):
        self.client.hangs = False
        self.runner.run(self.cache.close())
        self.runner.close()

    @rule(tenant=TENANTS, number=NUMBERS)
    def ask(self, tenant, number):
        """A request is answered, and with the truth."""
        result = self.runner.run(
            self.cache.get_or_compute(key_of(tenant, number), lambda: body(tenant, number))
        )
        assert result.entry.body == body(tenant, number)

    @rule(tenants=st.lists(TENANTS, min_size=2, max_size=12), number=NUMBERS)
    def ask_at_once(self, tenants, number):
        """Requests of both tenants at once each get their own answer."""

        async def together():
            return await asyncio.gather(
                *(
                    self.cache.get_or_compute(key_of(t, number), lambda t=t: body(t, number))
                    for t in tenants
                )
            )

        results = self.runner.run(together())
        assert [result.entry.body for result in results] == [body(t, number) for t in tenants]

    @rule(tenant=TENANTS, number=NUMBERS)
    def get(self, tenant, number):
        """A read finds the truth or nothing."""
        value = self.runner.run(self.cache.get(key_of(tenant, number)))
        assert value is MISS or value == truth(tenant, number)

    @rule(tenant=TENANTS, number=NUMBERS)
    def store(self, tenant, number):
        """A write never fails."""
        self.runner.run(self.cache.set(key_of(tenant, number), truth(tenant, number)))

    @rule()
    def settle(self):
        """Background writes and probes get some turns of the loop."""
        self.runner.run(asyncio.sleep(0.003))

    @rule(error=st.sampled_from([RedisConnectionError("x"), RuntimeError("x"), None]))
    def redis_fails(self, error):
        self.client.error = error

    @rule(full=st.booleans())
    def redis_is_full(self, full):
        self.client.write_error = OutOfMemoryError("x") if full else None

    @rule(hangs=st.booleans())
    def redis_hangs(self, hangs):
        self.client.hangs = hangs

    @rule()
    def redis_forgets(self):
        self.client.blobs.clear()

    @rule(at=st.integers(0, 200), bit=st.integers(0, 7))
    def redis_flips_a_bit(self, at, bit):
        for name, blob in self.client.blobs.items():
            damaged = bytearray(blob or b"0")
            damaged[at % len(damaged)] ^= 1 << bit
            self.client.blobs[name] = bytes(damaged)

    @rule()
    def redis_mixes_up_its_keys(self):
        names = list(self.client.blobs)
        blobs = [self.client.blobs[name] for name in names]
        self.client.blobs = dict(zip(names, blobs[1:] + blobs[:1], strict=True))

    @rule(keep=st.integers(0, 100))
    def redis_truncates(self, keep):
        self.client.blobs = {name: blob[:keep] for name, blob in self.client.blobs.items()}

    @rule()
    def restart(self):
        """A new process over the old Redis."""
        self.runner.run(self.cache.close())
        self.cache = self.new_cache()

    @invariant()
    def memory_is_bounded(self):
        CacheMachine.steps += 1
        assert self.cache.stats()["memory"]["bytes"] <= MEMORY_BYTES


TestCacheMachine = CacheMachine.TestCase
TestCacheMachine.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


@pytest.mark.soak
def test_ten_thousand_steps():
    """C15 at full length: 10 000 steps, faults included."""
    at_length = settings(max_examples=100, stateful_step_count=50, deadline=None)
    before = CacheMachine.steps
    while CacheMachine.steps - before < 10_000:
        run_state_machine_as_test(CacheMachine, settings=at_length)
    print(f"\n{CacheMachine.steps - before:,} steps")
