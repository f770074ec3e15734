"""The compute pool: bounded, and every waiter gets an answer or an error."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import pytest

from pmecalc.cache.workers import ComputePool, ComputeQueueFullError


def test_a_full_queue_refuses():
    """With one at work and two in the queue the fourth is refused, the three are answered."""

    async def story():
        gate = threading.Event()
        pool = ComputePool(workers=1, queue_length=2)
        tasks = [asyncio.create_task(pool.run(gate.wait)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ComputeQueueFullError):
            await pool.run(gate.wait)
        counts = {"workers": 1, "pending": 3, "room": 3, "refused": 1, "processes": None}
        assert pool.stats() == counts
        gate.set()
        assert await asyncio.gather(*tasks) == [True] * 3
        assert await pool.run(lambda: 7) == 7
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
