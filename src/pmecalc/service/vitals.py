"""Statistics of the service: each worker publishes its own, and adds up those of all."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from bisect import bisect_left
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pmecalc.service.request_counts import table
from pmecalc.service.totals import added, added_blocks, counts_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from typing import Any

    from pmecalc.service.shared_metrics import Reading, Slot

SNAPSHOT_SECONDS = 5.0
PUBLISH_SECONDS = 0.5
WINDOWS_MINUTES = (1, 5, 60)
REDIS_SECONDS = 15.0

_BEAT_SECONDS = 0.025
_LAG_BOUNDS = (0.001, 0.002, 0.005, 0.010, 0.020, 0.050, 0.100, 0.200, 0.500, 1.0, 2.0)
_SNAPSHOTS = int(60 * max(WINDOWS_MINUTES) / SNAPSHOT_SECONDS) + 1
_TIERS = ("memory", "redis")


class LoopMeter:
    """A timer that beats all the time; how late it comes is how long the loop was not free."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_LAG_BOUNDS) + 1)
        self._sum = 0.0
        self._worst = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Beat on the running loop."""
        self._schedule(asyncio.get_running_loop())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def take_worst_seconds(self) -> float:
        """The worst since it was asked last."""
        worst, self._worst = self._worst, 0.0
        return worst

    def stats(self) -> dict[str, object]:
        """A histogram: `counts` of the buckets, not cumulated, and `bounds` in seconds."""
        return {"bounds": list(_LAG_BOUNDS), "counts": list(self._counts), "sum": self._sum}

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + _BEAT_SECONDS
        self._timer = loop.call_at(self._due, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        late = max(0.0, loop.time() - self._due)
        self._counts[bisect_left(_LAG_BOUNDS, late)] += 1
        self._sum += late
        self._worst = max(self._worst, late)
        self._schedule(loop)


class Snapshot(NamedTuple):
    """Counters at a moment, and the loop's worst lag since the moment before."""

    counts: Mapping[str, tuple[int, int]]
    worst_lag_seconds: float


class History:
    """Snapshots of an hour at a steady beat: a window is the difference of two of them."""

    def __init__(self) -> None:
        self._snapshots: deque[Snapshot] = deque(maxlen=_SNAPSHOTS)

    def add(self, snapshot: Snapshot) -> None:
        self._snapshots.append(snapshot)

    def hit_ratio(self, tier: str, now: tuple[int, int], *, minutes: int) -> float | None:
        """Hits over requests of the last minutes; None when nothing was asked."""
        back = min(len(self._snapshots), round(60 * minutes / SNAPSHOT_SECONDS))
        then = self._snapshots[-back].counts[tier] if back else (0, 0)
        hits, misses = now[0] - then[0], now[1] - then[1]
        return round(hits / (hits + misses), 4) if hits + misses else None

    def worst_lag_seconds(self, *, minutes: int) -> float:
        back = min(len(self._snapshots), round(60 * minutes / SNAPSHOT_SECONDS))
        return max((self._snapshots[-at].worst_lag_seconds for at in range(1, back + 1)), default=0)


class Vitals:
    """Samples and publishes in the background; asked, it reads counters only."""

    def __init__(
        self,
        own_stats: Callable[[], dict[str, Any]],
        *,
        slot: Slot,
        redis_figures: Callable[[], Awaitable[Mapping[str, int] | None]],
        versions: Callable[[], Mapping[str, str | int]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own_stats = own_stats
        self._slot = slot
        self._inherited = counts_of(slot.inherited)
        self._redis_figures = redis_figures
        self._versions = versions
        self._clock = clock
        self._started = clock()
        self._meter = LoopMeter()
        self._history = History()
        self._redis: Mapping[str, int] | None = None
        self._redis_at = 0.0
        self._chores: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to sample on the running loop."""
        self._meter.start()
        self.publish()
        self.take_snapshot()
        self._chores = [
            asyncio.create_task(self._publish_often(), name="vitals-publish"),
            asyncio.create_task(self._take_snapshots(), name="vitals"),
            asyncio.create_task(self._look_at_redis(), name="vitals-redis"),
        ]

    async def close(self) -> None:
        self._meter.stop()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)

    def publish(self) -> None:
        """Show the other workers how this one stands, its predecessors' counts included."""
        own = {
            **_without_ratios(self._own_stats()),
            "loop": {
                "lag": self._meter.stats(),
                "lag_max_1m_ms": round(1000 * self._history.worst_lag_seconds(minutes=1), 3),
            },
        }
        self._slot.publish({**added([self._inherited, own]), "worker": self._worker()})

    def take_snapshot(self) -> None:
        """Remember the counters of this moment."""
        counts = _counts(added(_trees(self._slot.shared.read())))
        self._history.add(Snapshot(counts, self._meter.take_worst_seconds()))

    def stats(self) -> dict[str, Any]:
        """The counters of all workers with the ratios of the last hour, and the workers."""
        self.publish()
        readings = self._slot.shared.read()
        total = added(_trees(readings))
        for tier, now in _counts(total).items():
            total[tier]["hit_ratio"] = _ratio(*now)
            for minutes in WINDOWS_MINUTES:
                ratio = self._history.hit_ratio(tier, now, minutes=minutes)
                total[tier][f"hit_ratio_{minutes}m"] = ratio
        total["redis"]["server"] = self._redis_server()
        return {
            "versions": dict(self._versions()),
            "worker": self._worker(),
            "workers": [each.snapshot["worker"] for each in readings if each.pid and each.snapshot],
            "workers_replaced": self._slot.shared.replaced(),
            **total,
            "answers": _answers(total["answers"]),
            "requests": table(added_blocks(each.blocks for each in readings)),
        }

    def _worker(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "uptime_s": round(self._clock() - self._started, 1),
            "cpu_s": _cpu_seconds(),
            "rss_bytes": _resident_bytes(),
            "loops": self._versions().get("loops"),
        }

    async def _publish_often(self) -> None:
        while True:
            await asyncio.sleep(PUBLISH_SECONDS)
            self.publish()

    async def _take_snapshots(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_SECONDS)
            self.take_snapshot()

    async def _look_at_redis(self) -> None:
        while True:
            figures = await self._redis_figures()
            if figures is not None:
                self._redis, self._redis_at = figures, self._clock()
            await asyncio.sleep(REDIS_SECONDS)

    def _redis_server(self) -> dict[str, float | int] | None:
        """What Redis said of itself, and how long ago; None before it said anything."""
        if self._redis is None:
            return None
        return {**self._redis, "age_s": round(self._clock() - self._redis_at, 1)}


def _counts(stats: Mapping[str, Mapping[str, int]]) -> dict[str, tuple[int, int]]:
    return {tier: (stats[tier].get("hits", 0), stats[tier].get("misses", 0)) for tier in _TIERS}


def _ratio(hits: int, misses: int) -> float | None:
    return round(hits / (hits + misses), 4) if hits + misses else None


def _trees(readings: Iterable[Reading]) -> list[dict[str, Any]]:
    """The figures of every worker, and the counts of those that have ended."""
    trees = []
    for reading in readings:
        tree = {name: value for name, value in reading.snapshot.items() if name != "worker"}
        trees.append(tree if reading.pid else counts_of(tree))
    return trees


def _without_ratios(stats: Mapping[str, Any]) -> dict[str, Any]:
    """The figures that can be added up; `answers` by view, then by outcome."""
    answers: dict[str, dict[str, int]] = {}
    for each in stats.get("answers", ()):
        answers.setdefault(each["view"], {})[each["outcome"]] = each["count"]
    tiers = {
        tier: {name: value for name, value in stats[tier].items() if name != "hit_ratio"}
        for tier in _TIERS
    }
    return {**stats, **tiers, "answers": answers}


def _answers(by_view: Mapping[str, Mapping[str, int]]) -> list[dict[str, object]]:
    return [
        {"view": view, "outcome": outcome, "count": count}
        for view, outcomes in by_view.items()
        for outcome, count in outcomes.items()
    ]


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _resident_bytes() -> int | None:
    """None on a system without /proc."""
    with suppress(OSError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return None
