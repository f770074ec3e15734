"""C2, and every way in which a wire can be bad: no failed request, no wait beyond the budget."""

from __future__ import annotations

import asyncio

import pytest

from fakes import until
from fault_proxy import FAULTS
from pmecalc.cache.breaker import ProbePauses
from redis_users import (
    Users,
    answers_of,
    assert_within_budget,
    cache_on,
    reads_are_open,
    redis_of,
    until_used_again,
    used_again_at_once,
)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_bad_wire_under_two_hundred_users(proxy, fault):
    """Z and B50 while it is bad, and Redis is used again when it is good."""

    async def story():
        async with cache_on(proxy.url) as cache:
            async with Users(cache) as users:
                await until(lambda: redis_of(cache)["hits"] > 0)
                await asyncio.to_thread(fault, proxy)
                await until(lambda: reads_are_open(cache))
                await users.some_more()
                await asyncio.to_thread(proxy.heal)
                await until_used_again(cache)
                await users.some_more()
            assert_within_budget(cache)

    asyncio.run(story())


def test_a_slow_wire_that_is_quick_enough_is_used(proxy):
    """5 ms each way leave time for an answer: the breaker stays closed."""

    async def story():
        proxy.delay(0.005)
        async with cache_on(proxy.url) as cache, Users(cache, users=5):
            await until(lambda: answers_of(cache) > 50)
            assert not reads_are_open(cache)

    asyncio.run(story())


def test_a_reply_for_another_question_is_not_believed(proxy):
    """After replies that ended in the middle every answer is still that of its own key."""

    async def story():
        async with cache_on(proxy.url) as cache, Users(cache) as users:
            await until(lambda: redis_of(cache)["hits"] > 0)
            for count in range(1, 6):
                await asyncio.to_thread(proxy.truncate, count)
                await users.some_more(50)
                await asyncio.to_thread(proxy.heal)
                await users.some_more(50)

    asyncio.run(story())


SOAK_SECONDS = 30.0


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_bad_wire_for_half_a_minute(proxy, fault, capsys):
    """The same with the pauses of production: Z, B50, and R5 by the clock."""

    async def story():
        async with cache_on(proxy.url, pauses=ProbePauses()) as cache:
            async with Users(cache) as users:
                await until(lambda: redis_of(cache)["hits"] > 0)
                await asyncio.to_thread(fault, proxy)
                await asyncio.sleep(SOAK_SECONDS)
                assert reads_are_open(cache)
                await asyncio.to_thread(proxy.heal)
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
