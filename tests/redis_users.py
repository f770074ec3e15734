"""A cache over a Redis, and users who ask it while something befalls that Redis."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager

from fakes import PATIENCE_SECONDS, until
from pmecalc.cache.breaker import ProbePauses
from pmecalc.cache.cache import Cache
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.lag import LoopLag
from pmecalc.cache.memory import MemoryTier
from pmecalc.cache.redis import DEADLINE_SECONDS, RedisTier
from pmecalc.cache.workers import ComputePool
from sealing import SEALS

USERS = 200
FIVE_SECONDS = 5.0
# As much as a page takes to draw; without it the loop is full of users and nothing else.
THINK_SECONDS = 0.1
FUNDS = 50
KEYS = 1000
# Memory holds less than a tenth of the keys: the others are Redis's to answer.
MEMORY_BYTES = 64 * 1024
QUICK = ProbePauses(first_seconds=0.05, longest_seconds=0.2, good_seconds=0.02)


def key_of(number):
    """Keys of many funds, hence of many slots."""
    scope = Scope("t", (f"fund{number % FUNDS}",), ("r",), 1)
    return make_cache_key("v", {"n": number}, scope=scope)


def body_of(number):
    return b'{"n":%d}' % number


def patient_cache_on(url):
    """For what is not about waiting: a loaded machine is no fault of Redis."""
    return cache_on(url, deadline_seconds=PATIENCE_SECONDS)


@asynccontextmanager
async def cache_on(url, *, pauses=QUICK, deadline_seconds=DEADLINE_SECONDS):
    tier = RedisTier.from_url(url, pauses=pauses, deadline_seconds=deadline_seconds)
    memory = MemoryTier(MEMORY_BYTES, size_of=lambda entry: entry.size)
    pool = ComputePool(workers=1, queue_length=10_000)
    cache = Cache(memory, tier, budget_ms=2000 * deadline_seconds, compute_pool=pool, seals=SEALS)
    await cache.start()
    try:
        yield cache
    finally:
        await cache.close()


class Users:
    """They ask for key after key, check every answer, and stop when told."""

    def __init__(self, cache, *, users=USERS):
        self._cache = cache
        self._users = users
        self._next = itertools.cycle(range(KEYS))
        self._tasks = []
        self._going = True
        self.answered = 0

    async def __aenter__(self):
        self._tasks = [asyncio.create_task(self._ask()) for _ in range(self._users)]
        return self

    async def __aexit__(self, *_):
        self._going = False
        await asyncio.gather(*self._tasks)

    async def some_more(self, answers=200):
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
            await asyncio.sleep(THINK_SECONDS)


def redis_of(cache):
    return cache.stats()["redis"]


def reads_are_open(cache):
    return redis_of(cache)["breakers"]["reads"]["open"]


def answers_of(cache):
    """How many questions Redis has answered, with a value or without."""
    return redis_of(cache)["hits"] + redis_of(cache)["misses"]


async def until_used_again(cache):
    """R5, without its five seconds: the breaker's own test proves those on a clock that is told."""
    await until(lambda: not reads_are_open(cache))
    before = answers_of(cache)
    await until(lambda: answers_of(cache) > before)


async def used_again_at_once(cache):
    """R5: in five seconds, apart from what the loop of a loaded machine was late."""
    lag = LoopLag()
    clock = asyncio.get_running_loop().time
    with lag.watch():
        well_at = clock()
        await until_used_again(cache)
        assert clock() - well_at - lag.late_seconds() <= FIVE_SECONDS


def assert_within_budget(cache):
    """B50: of all waits of requests for Redis none was over the budget by Redis's fault."""
    redis = redis_of(cache)
    assert redis["waits"] > 0
    assert redis["waits_over_budget"] == 0
