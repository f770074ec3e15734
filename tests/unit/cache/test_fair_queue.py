"""The queue for workers: fair among tenants by cost, bounded, and nothing is lost in it."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from pmecalc.cache.compute_errors import ComputeQueueFullError
from pmecalc.cache.fair_queue import FairQueue, TenantLines, Workload


def served(lines, *, seconds_of=lambda workload: workload.cost_seconds, count=None):
    """The tenants in the order of their turns; each takes as long as told."""
    order = []
    while (count is None or len(order) < count) and (workload := lines.pop()) is not None:
        order.append(workload.tenant)
        lines.settle(workload, seconds_of(workload))
    return order


def test_a_late_tenant_is_next():
    """Whoever comes while another has sixty in line waits for none of them."""
    lines = TenantLines()
    for _ in range(60):
        lines.push(Workload("a"))
    assert served(lines, count=5) == ["a"] * 5
    lines.push(Workload("b"))
    assert served(lines, count=2) in (["a", "b"], ["b", "a"])
    assert served(lines) == ["a"] * 54


def test_shares_are_weighed_by_cost():
    """Of two tenants the one whose work costs ten times as much gets a tenth of the turns."""
    lines = TenantLines()
    for _ in range(200):
        lines.push(Workload("dear", 1.0))
        lines.push(Workload("cheap", 0.1))
    counts = Counter(served(lines, count=110))
    assert counts["dear"] == pytest.approx(10, abs=1)


def test_an_estimate_that_was_too_low_is_charged_afterwards():
    """What runs ten times longer than estimated counts as what it took."""
    lines = TenantLines()
    for _ in range(200):
        lines.push(Workload("a", 0.1))
        lines.push(Workload("b", 0.1))
    counts = Counter(
        served(lines, seconds_of=lambda each: 1.0 if each.tenant == "a" else 0.1, count=110)
    )
    assert counts["a"] == pytest.approx(10, abs=1)


def test_idleness_saves_nothing_up():
    """A tenant that comes back after a thousand turns of another shares from then on."""
    lines = TenantLines()
    for _ in range(1000):
        lines.push(Workload("a"))
    served(lines)
    for _ in range(20):
        lines.push(Workload("a"))
        lines.push(Workload("b"))
    assert Counter(served(lines, count=20)) == {"a": 10, "b": 10}


def test_tenants_without_work_are_forgotten():
    """However many tenants came by, only those with a debt are remembered."""
    lines = TenantLines()
    for number in range(1000):
        lines.push(Workload(f"t{number}"))
    served(lines)
    for _ in range(3):
        lines.push(Workload("last"))
    served(lines)
    assert len(lines._charged) <= 2


def test_background_work_waits_for_all_requests():
    """Work ahead of requests is served when no request waits, whoever's it is."""

    async def story():
        queue, order = FairQueue(), []

        async def use(workload):
            slot = await queue.take(workload)
            order.append(workload.tenant)
            queue.offer(slot)

        ahead = [Workload("ahead", is_background=True) for _ in range(5)]
        asked = [Workload("asked") for _ in range(5)]
        tasks = [asyncio.create_task(use(each)) for each in (*ahead, *asked)]
        await asyncio.sleep(0)
        queue.offer(0)
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(story()) == ["asked"] * 5 + ["ahead"] * 5


def test_no_slot_is_lost_to_those_who_leave():
    """Two slots, a thousand workloads of which many leave: at the end both are free."""

    async def story():
        queue, most, held = FairQueue(), 0, 0
        for slot in range(2):
            queue.offer(slot)

        async def use(workload):
            nonlocal most, held
            slot = await queue.take(workload)
            held += 1
            most = max(most, held)
            try:
                await asyncio.sleep(0)
            finally:
                held -= 1
                queue.offer(slot)

        tasks = [asyncio.create_task(use(Workload(f"t{n % 7}"))) for n in range(1000)]
        for step in range(500):
            tasks[step * 389 % 1000].cancel()
            await asyncio.sleep(0)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most == 2
        assert sorted([await queue.take(Workload()), await queue.take(Workload())]) == [0, 1]

    asyncio.run(story())


def test_a_refused_workload_leaves_the_queue():
    """Its caller is told, and the slot goes to the next."""

    async def story():
        queue = FairQueue()
        first, second = Workload("a"), Workload("a")
        tasks = [asyncio.create_task(queue.take(each)) for each in (first, second)]
        await asyncio.sleep(0)
        first.refuse()
        queue.offer(0)
        with pytest.raises(ComputeQueueFullError):
            await tasks[0]
        assert await tasks[1] == 0

    asyncio.run(story())


def test_those_who_wait_can_be_sent_away_but_for_the_second_attempts():
    """A workload that was begun once waits on, unless all are to go."""

    async def story():
        queue = FairQueue()
        begun = Workload("a", has_started=True)
        tasks = [asyncio.create_task(queue.take(each)) for each in (Workload("a"), begun)]
        await asyncio.sleep(0)
        queue.dismiss()
        assert await tasks[0] is None
        assert not tasks[1].done()
        queue.dismiss(started=True)
        assert await tasks[1] is None

    asyncio.run(story())
