"""C13: a cluster whose slots move, and one that loses a node."""

from __future__ import annotations

import asyncio
import time

import pytest
from redis.crc import key_slot

from fakes import until
from pmecalc.cache.breaker import ProbePauses
from redis_groups import ClusterGroup
from redis_users import (
    FUNDS,
    QUICK,
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


@pytest.fixture
def group(redis_program):
    with ClusterGroup() as started:
        yield started


def slots_of(node, group):
    """The slots of the funds whose keys a node has."""
    number = group.nodes.index(node)
    slots = {key_slot(key_of(fund).text.encode()) for fund in range(FUNDS)}
    return sorted(slot for slot in slots if slot * 3 // 16384 == number)


def reads_of(node):
    return node.calls("get") + node.calls("mget")


def test_every_node_keeps_its_share(group):
    """Written by one process, read by another, from all three nodes, one trip a slot and turn."""

    async def story():
        async with patient_cache_on(group.url) as cache:
            for number in range(2 * FUNDS):
                await cache.get_or_compute(key_of(number), lambda n=number: body_of(n))
            await until(lambda: redis_of(cache)["writes"]["written"] == 2 * FUNDS)
        async with patient_cache_on(group.url) as cache:
            results = await asyncio.gather(
                *(cache.get_or_compute(key_of(number), lambda: b"") for number in range(2 * FUNDS))
            )
            assert {result.outcome for result in results} == {"redis"}
            # The keys of a fund share a slot, so they share a trip.
            assert redis_of(cache)["round_trips"] == FUNDS

    asyncio.run(story())
    sizes = [int(node.command("DBSIZE").removeprefix(b":")) for node in group.nodes]
    assert sum(sizes) == 2 * FUNDS
    assert all(sizes)


def test_slots_move_under_two_hundred_users(group):
    """Z and B50 while every used slot of a node moves to another, which is asked from then on."""

    async def story():
        first, second, _ = group.nodes
        async with cache_on(group.url) as cache:
            async with Users(cache) as users:
                await until(lambda: redis_of(cache)["hits"] > 0)
                for slot in slots_of(first, group):
                    await asyncio.to_thread(group.move, slot, source=first, target=second)
                await users.some_more()
                await until(lambda: not reads_are_open(cache))
                before, asked = reads_of(second), reads_of(first)
                await users.some_more(1000)
                await until(lambda: reads_of(second) > before)
            assert_within_budget(cache)
            # The probe of its remaining slots apart, nobody asks the node that has lost them.
            assert reads_of(first) - asked < 20

    asyncio.run(story())


async def lose_a_node(group, fall_ill, get_well, *, pauses, used_again):
    async with cache_on(group.url, pauses=pauses) as cache:
        async with Users(cache) as users:
            await until(lambda: redis_of(cache)["hits"] > 0)
            fall_ill(group.nodes[1])
            await until(lambda: reads_are_open(cache))
            await users.some_more()
            await asyncio.to_thread(get_well, group.nodes[1])
            await asyncio.to_thread(group.until_ok)
            await used_again(cache)
            before = reads_of(group.nodes[1])
            await until(lambda: reads_of(group.nodes[1]) > before)
            await users.some_more()
        assert_within_budget(cache)
        return users.answered, redis_of(cache)


FAULTS = {
    "killed": lambda node: node.kill(),
    "stopped": lambda node: node.pause(),
}
CURES = {"killed": lambda node: node.start(), "stopped": lambda node: node.resume()}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_node_lost_under_two_hundred_users(group, fault):
    """Z and B50 while a third of the cluster is away; back again, it is asked again."""
    asyncio.run(
        lose_a_node(group, FAULTS[fault], CURES[fault], pauses=QUICK, used_again=until_used_again)
    )


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
def test_a_node_lost_for_half_a_minute(group, fault, capsys):
    """With the pauses of production, long enough that the client is replaced: Z, B50, R5."""

    def get_well_later(node):
        time.sleep(30)
        CURES[fault](node)

    answered, redis = asyncio.run(
        lose_a_node(
            group,
            FAULTS[fault],
            get_well_later,
            pauses=ProbePauses(),
            used_again=used_again_at_once,
        )
    )
    assert redis["renewals"] > 0
    with capsys.disabled():
        print(
            f"\n{answered} answered, 0 failed; {redis['waits']} waited for Redis, "
            f"{redis['waits_over_budget']} over 50 ms, {redis['renewals']} clients replaced"
        )
