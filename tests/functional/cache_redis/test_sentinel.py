"""C13: a master that is lost, and the one that takes its place."""

from __future__ import annotations

import asyncio

import pytest

from fakes import until
from pmecalc.cache.breaker import ProbePauses
from redis_groups import SentinelGroup
from redis_users import (
    QUICK,
    Users,
    answers_of,
    assert_within_budget,
    body_of,
    cache_on,
    key_of,
    patient_cache_on,
    redis_of,
    until_used_again,
    used_again_at_once,
)


@pytest.fixture
def group(redis_program):
    with SentinelGroup() as started:
        yield started


def test_answers_are_kept_with_the_master(group):
    """What one process writes another reads, and it is the master who was asked."""

    async def story():
        async with patient_cache_on(group.url) as cache:
            await cache.get_or_compute(key_of(1), lambda: body_of(1))
            await until(lambda: redis_of(cache)["writes"]["written"] == 1)
        async with patient_cache_on(group.url) as cache:
            assert (await cache.get_or_compute(key_of(1), lambda: b"")).outcome == "redis"

    asyncio.run(story())
    assert group.master.command("EXISTS", key_of(1).text) == b":1"
    assert group.master.calls("set") == 1


async def fail_over(group, fall_ill, *, pauses, used_again):
    """The master is lost under load; the replica takes over and is used."""
    async with cache_on(group.url, pauses=pauses) as cache:
        async with Users(cache) as users:
            await until(lambda: redis_of(cache)["hits"] > 0)
            fall_ill(group.master)
            await users.some_more()
            await asyncio.to_thread(until_promoted, group)
            asked = group.replica.calls("get") + group.replica.calls("mget")
            await used_again(cache)
            await users.some_more()
            await until(
                lambda: group.replica.calls("get") + group.replica.calls("mget") > asked + 10
            )
            await until(lambda: not redis_of(cache)["breakers"]["writes"]["open"])
        assert_within_budget(cache)
        return users.answered, redis_of(cache)


def until_promoted(group):
    while group.master_port() != group.replica.port or not is_master(group.replica):
        pass


def is_master(server):
    return b"role:master" in server.command("INFO", "replication")


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_fail_over_under_two_hundred_users(group, fault):
    """Z and B50 through a fail-over, and the new master is read and written."""

    def fall_ill(master):
        getattr(master, fault)()

    asyncio.run(fail_over(group, fall_ill, pauses=QUICK, used_again=until_used_again))


def test_a_sentinel_that_hangs_is_not_asked_twice(group):
    """With the first sentinel stopped the master is found by another, before any request asks."""

    async def story():
        group.sentinels[0].pause()
        async with cache_on(group.url) as cache:
            async with Users(cache, users=5):
                await until(lambda: answers_of(cache) > 0)
            assert_within_budget(cache)

    asyncio.run(story())


@pytest.mark.soak
@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_fail_over_with_the_pauses_of_production(group, fault, capsys):
    """Z, B50, and R5: used again within five seconds of the replica's promotion."""

    def fall_ill(master):
        getattr(master, fault)()

    answered, redis = asyncio.run(
        fail_over(group, fall_ill, pauses=ProbePauses(), used_again=used_again_at_once)
    )
    with capsys.disabled():
        print(
            f"\n{answered} answered, 0 failed; {redis['waits']} waited for Redis, "
            f"{redis['waits_over_budget']} over 50 ms"
        )
