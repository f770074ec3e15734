"""Tenants take turns for a few places."""

from __future__ import annotations

import asyncio

from pmecalc.service.fair_queue import FairQueue


async def turns(queue, names, order):
    """A waiting task a name, in this order; each notes when it gets a place."""

    async def wait(name):
        await queue.enter(name)
        order.append(name)

    tasks = [asyncio.create_task(wait(name)) for name in names]
    await asyncio.sleep(0)
    return tasks


def test_tenants_that_wait_take_turns():
    """One with many waits comes no more often than one with few."""

    async def story():
        queue, order = FairQueue(2), []
        await turns(queue, ["a", "a"], order)
        tasks = await turns(queue, [*"aaaa", *"bbb", "c"], order)
        for _ in tasks:
            queue.leave()
            await asyncio.sleep(0)
        return order[2:]

    assert asyncio.run(story()) == [*"abc", *"ab", *"ab", "a"]


def test_no_more_are_inside_than_there_are_places():
    """A place that is left goes to one that waits, else it is free again."""

    async def story():
        queue, order, counts = FairQueue(2), [], []
        await turns(queue, "aaaa", order)
        for _ in range(4):
            counts.append(len(order))
            queue.leave()
            await asyncio.sleep(0)
        await turns(queue, "bbb", order)
        return [*counts, len(order)]

    assert asyncio.run(story()) == [2, 3, 4, 4, 6]


def test_who_leaves_the_queue_takes_no_place():
    """A wait that is cancelled is passed over, also in the moment in which its turn comes."""

    async def story():
        queue, order = FairQueue(1), []
        await turns(queue, "a", order)
        waiting = await turns(queue, "bcd", order)
        waiting[0].cancel()
        await asyncio.sleep(0)
        queue.leave()  # c has the place and does not know it yet
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return order

    assert asyncio.run(story()) == ["a", "d"]
