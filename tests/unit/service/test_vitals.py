"""The figures of a worker: ratios of windows, the loop's lag, Redis' own figures."""

from __future__ import annotations

import asyncio
import time

from fakes import FakeClock, until
from pmecalc.service.shared_metrics import SharedMetrics
from pmecalc.service.vitals import SNAPSHOT_SECONDS, History, LoopMeter, Snapshot, Vitals


class FakeCounters:
    """The counters of a cache, as a test sets them."""

    def __init__(self):
        self.memory = {"hits": 0, "misses": 0}

    def __call__(self):
        return {"memory": dict(self.memory), "redis": {"state": "off"}}


def history_of(*counts):
    history = History()
    for hits, misses in counts:
        history.add(Snapshot({"memory": (hits, misses)}, 0.0))
    return history


def test_a_window_is_the_difference_of_two_snapshots():
    """One minute looks twelve snapshots back, five minutes sixty; an hour all that there are."""
    history = history_of(*((10 * n, 10 * n) for n in range(100)))
    now = (990 + 12, 990 - 0)
    # Twelve snapshots back: 880 of each; since then 122 hits and 110 misses.
    assert history.hit_ratio("memory", now, minutes=1) == round(122 / 232, 4)
    assert history.hit_ratio("memory", now, minutes=5) == round(602 / 1192, 4)
    assert history.hit_ratio("memory", now, minutes=60) == round(1002 / 1992, 4)


def test_nothing_asked_is_no_ratio():
    """A window without requests has no hit ratio, not one of zero."""
    history = history_of((5, 5), (5, 5))
    assert history.hit_ratio("memory", (5, 5), minutes=1) is None
    assert History().hit_ratio("memory", (0, 0), minutes=1) is None


def test_an_hour_is_kept_and_no_more():
    """The ring holds an hour of snapshots, whatever the worker's age."""
    history = history_of(*((n, 0) for n in range(5000)))
    kept = round(3600 / SNAPSHOT_SECONDS)
    assert history.hit_ratio("memory", (5000, kept), minutes=60) == round(kept / (2 * kept), 4)


def test_a_blocked_loop_is_seen():
    """A loop that was held for 60 ms shows in the buckets above, and as the worst, once."""

    async def story():
        meter = LoopMeter()
        meter.start()
        await asyncio.sleep(0.05)
        time.sleep(0.12)  # noqa: ASYNC251  (it is the fault)
        await asyncio.sleep(0.05)
        meter.stop()
        return meter

    meter = asyncio.run(story())
    lag = meter.stats()
    late = [n for bound, n in zip([*lag["bounds"], 9], lag["counts"], strict=True) if bound > 0.05]
    assert sum(late) > 0
    assert meter.take_worst_seconds() > 0.05
    assert meter.take_worst_seconds() == 0


def test_what_is_asked_is_counters_alone():
    """The cache's counters, with the worker, the loop, and what Redis said last and when."""
    clock, counters, asked = FakeClock(), FakeCounters(), []

    async def figures():
        asked.append(1)
        return {"entries": 7}

    async def story():
        vitals = Vitals(
            counters,
            slot=SharedMetrics.create(1).slot(0),
            redis_figures=figures,
            versions=lambda: {"engine": 1},
            clock=clock,
        )
        vitals.start()
        await until(lambda: vitals.stats()["redis"]["server"] is not None)
        counters.memory = {"hits": 3, "misses": 1}
        clock.advance(4)
        stats = vitals.stats()
        await vitals.close()
        return stats

    stats = asyncio.run(story())
    assert stats["memory"] == {
        "hits": 3,
        "misses": 1,
        "hit_ratio": 0.75,
        "hit_ratio_1m": 0.75,
        "hit_ratio_5m": 0.75,
        "hit_ratio_60m": 0.75,
    }
    assert stats["redis"]["server"] == {"entries": 7, "age_s": 4.0}
    assert stats["versions"] == {"engine": 1}
    assert stats["worker"]["uptime_s"] == 4.0
    assert stats["worker"]["pid"] > 0
    assert len(asked) == 1


def test_workers_see_one_another(tmp_path):
    """Two workers say the same totals; the counts of one that ended stay, and go on."""
    shared = SharedMetrics.create(2)

    async def nothing():
        return None

    def worker(number, hits):
        counters = FakeCounters()
        counters.memory = {"hits": hits, "misses": 1, "bytes": 100}
        return Vitals(counters, slot=shared.slot(number), redis_figures=nothing, versions=dict)

    async def story():
        first, second = worker(0, 5), worker(1, 7)
        first.publish()
        said = [second.stats()["memory"], first.stats()["memory"]]
        assert [(each["hits"], each["misses"], each["bytes"]) for each in said] == [
            (12, 2, 200)
        ] * 2
        shared.vacate(1)
        said = first.stats()
        assert (said["memory"]["hits"], said["memory"]["bytes"]) == (12, 100)
        assert len(said["workers"]) == 1
        successor = worker(1, 2)
        assert successor.stats()["memory"]["hits"] == 14
        assert first.stats()["memory"]["hits"] == 14
        assert (first.stats()["memory"]["bytes"], len(first.stats()["workers"])) == (200, 2)

    asyncio.run(story())
