"""The compute pool: bounded, and every waiter gets an answer or an error."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import pytest

from pmecalc.cache.compute_errors import ComputeDeadlineError, ComputeQueueFullError
from pmecalc.cache.fair_queue import Workload
from pmecalc.cache.workers import ComputePool


def test_a_full_queue_refuses():
    """With one at work and two in the queue the fourth is refused, the three are answered."""

    async def story():
        gate = threading.Event()
        pool = ComputePool(workers=1, queue_length=2)
        tasks = [asyncio.create_task(pool.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ComputeQueueFullError):
            await pool.run(gate.wait)
        counts = {"workers": 1, "pending": 3, "room": 3, "refused": 1}
        assert pool.stats() == {**counts, "overdue": 0, "lost": 0, "processes": None}
        gate.set()
        assert await asyncio.gather(*tasks) == [True] * 3
        assert await pool.run(lambda: 7) == 7
        pool.close()

    asyncio.run(story())


def test_a_tenant_has_a_bounded_part_of_the_queue():
    """Beyond its part one tenant is refused, and another is not."""

    async def story():
        gate = threading.Event()
        pool = ComputePool(workers=1, queue_length=100, tenant_queue_length=2)
        tasks = [asyncio.create_task(pool.run(gate.wait, Workload("a"))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ComputeQueueFullError):
            await pool.run(gate.wait, Workload("a"))
        tasks.append(asyncio.create_task(pool.run(gate.wait, Workload("b"))))
        await asyncio.sleep(0)
        gate.set()
        assert await asyncio.gather(*tasks) == [True] * 4
        pool.close()

    asyncio.run(story())


def test_in_a_full_queue_the_tenant_with_most_of_it_gives_way():
    """The newest of its waiting computations is refused, those of others are answered."""

    async def story():
        gate = threading.Event()
        pool = ComputePool(workers=1, queue_length=4, tenant_queue_length=4)
        heavy = [asyncio.create_task(pool.run(gate.wait, Workload("a"))) for _ in range(5)]
        await asyncio.sleep(0)
        light = [asyncio.create_task(pool.run(gate.wait, Workload(each))) for each in "bc"]
        await asyncio.sleep(0)
        gate.set()
        ended = await asyncio.gather(*heavy, *light, return_exceptions=True)
        refused = [isinstance(each, ComputeQueueFullError) for each in ended]
        assert refused == [False] * 3 + [True] * 2 + [False] * 2
        assert pool.stats()["refused"] == 2
        assert pool.stats()["pending"] == 0
        pool.close()

    asyncio.run(story())


def test_tenants_take_turns_at_the_threads():
    """With sixty of A in line B is answered before A's third."""

    async def story():
        pool, answered = ComputePool(workers=1), []

        async def run(tenant):
            await pool.run(lambda: answered.append(tenant), Workload(tenant))

        await asyncio.gather(*(run("a") for _ in range(60)), run("b"))
        pool.close()
        return answered.index("b")

    assert asyncio.run(story()) <= 2


def test_a_computation_over_the_deadline_is_given_up():
    """Its caller is told, the next one is computed beside it, and its thread ends by itself."""

    async def story():
        gate = threading.Event()
        pool = ComputePool(workers=1, deadline_seconds=0.05)
        with pytest.raises(ComputeDeadlineError):
            await pool.run(gate.wait)
        assert await pool.run(lambda: 7) == 7
        gate.set()
        assert await pool.run(lambda: 8) == 8
        assert pool.stats()["overdue"] == 1
        pool.close()

    asyncio.run(story())


def test_threads_that_were_given_up_are_bounded():
    """As many as there are workers; a further one keeps its slot until it ends."""

    async def story():
        gate = threading.Event()
        pool = ComputePool(workers=1, deadline_seconds=0.05)
        for _ in range(2):
            with pytest.raises(ComputeDeadlineError):
                await pool.run(gate.wait)
        third = asyncio.create_task(pool.run(lambda: 7))
        await asyncio.sleep(0.1)
        assert not third.done()
        gate.set()
        assert await third == 7
        pool.close()

    asyncio.run(story())


def test_stop_iteration_reaches_the_waiter():
    """A computation that ends in StopIteration is an error, not an endless wait."""

    async def story():
        pool = ComputePool(workers=1)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(pool.run(lambda: next(iter(()))), timeout=30)
        pool.close()

    asyncio.run(story())


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority on Linux alone")
def test_computations_give_way_to_the_event_loop():
    """A worker thread is nicer than the thread that asked it."""

    async def story():
        pool = ComputePool(workers=1)
        ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        theirs = await pool.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        assert theirs > ours or ours == 19
        pool.close()

    asyncio.run(story())
