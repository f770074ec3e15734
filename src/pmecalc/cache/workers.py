"""Computes in a process if one is ready, else in a thread, in a bounded queue fair to tenants."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pmecalc.cache.compute_errors import (
    ComputeDeadlineError,
    ComputeError,
    ComputeLostError,
    ComputeQueueFullError,
)
from pmecalc.cache.crew import DEADLINE_SECONDS
from pmecalc.cache.fair_queue import FairQueue, Workload
from pmecalc.cache.reply import compressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pmecalc.cache.crew import Crew
    from pmecalc.cache.reply import Bodies

QUEUE_LENGTH = 256

_UNANSWERED = {
    ComputeQueueFullError: "refused",
    ComputeDeadlineError: "overdue",
    ComputeLostError: "lost",
}
_NICER_BY = 10
_NICEST = 19

_ResultT = TypeVar("_ResultT")


@dataclass(frozen=True, slots=True)
class Made:
    """A computed body in every encoding, and how long that took without the waiting."""

    bodies: Bodies
    seconds: float


def made(work: Callable[[], bytes]) -> Made:
    """Compute and compress."""
    started = time.perf_counter()
    bodies = compressed(work())
    return Made(bodies, time.perf_counter() - started)


def cores() -> int:
    """How many cores the machine has."""
    return os.cpu_count() or 1


def give_way() -> None:
    """Lower this thread's priority; only Linux has one for each thread (ADR 11)."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        before = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(before + _NICER_BY, _NICEST))


class ComputePool:
    """`workers` is the number of cores but one, unless given; they give way to the event loop.

    `queue_length` computations may wait, and `tenant_queue_length` of one tenant, by default as
    many. In a full queue the tenant that has most of it gives way. `wake` is called once, when
    threads have something to compute that is no order for the crew.

    A thread cannot be ended: the request of one that runs longer than `deadline_seconds` is given
    up, and as many such threads as there are workers go on beside those that replace them.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        queue_length: int = QUEUE_LENGTH,
        tenant_queue_length: int | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
        wake: Callable[[], None] | None = None,
        crew: Crew | None = None,
    ) -> None:
        self._wake = wake
        self._crew = crew
        self._workers = workers or max(1, cores() - 1)
        self._room = self._workers + queue_length
        self._tenant_room = self._workers + min(queue_length, tenant_queue_length or queue_length)
        self._deadline_seconds = deadline_seconds
        self._threads = ThreadPoolExecutor(
            2 * self._workers, thread_name_prefix="pme-compute", initializer=give_way
        )
        self._slots: FairQueue[int] = FairQueue()
        for slot in range(self._workers):
            self._slots.offer(slot)
        self._given_up: set[asyncio.Future[Any]] = set()  # of whatever they make
        self._pending: dict[str, list[Workload]] = {}
        self._unanswered: Counter[str] = Counter()

    async def run(self, work: Callable[[], _ResultT], workload: Workload | None = None) -> _ResultT:
        """What `work` returns or raises.

        ComputeQueueFullError instead of an endless queue, ComputeDeadlineError instead of endless
        work.
        """
        workload = workload or Workload()
        with self._place(workload):
            wake, self._wake = self._wake, None
            if wake is not None:
                wake()
            return await self._in_thread(work, workload)

    async def make(
        self,
        work: Callable[[], bytes],
        order: Callable[[], bytes] | None,
        workload: Workload | None = None,
    ) -> Made:
        """What `work` makes; `order` tells a process to make the same. Raises as `run` does.

        ComputeLostError: processes were lost over it.
        """
        workload = workload or Workload()
        if order is None or self._crew is None:
            return await self.run(partial(made, work), workload)
        with self._place(workload):
            self._crew.start()
            answer = await self._crew.ask(order(), workload)
            if answer is not None:
                return Made(answer.bodies, answer.seconds)
            return await self._in_thread(partial(made, work), workload)

    def close(self) -> None:
        """Waits for nobody: what runs ends by itself, what waits is given up."""
        self._slots.dismiss(started=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def stats(self) -> dict[str, object]:
        return {
            "workers": self._workers,
            "pending": self._count(),
            "room": self._room,
            **{name: self._unanswered[name] for name in _UNANSWERED.values()},
            "processes": None if self._crew is None else self._crew.stats(),
        }

    def _count(self) -> int:
        return sum(map(len, self._pending.values()))

    @contextmanager
    def _place(self, workload: Workload) -> Iterator[None]:
        """Count a workload among those that run or wait, and how it ended without an answer."""
        try:
            own = self._admit(workload)
            try:
                yield
            finally:
                own.remove(workload)
                if not own:
                    del self._pending[workload.tenant]
        except ComputeError as error:
            self._unanswered[_UNANSWERED[type(error)]] += 1
            raise

    def _admit(self, workload: Workload) -> list[Workload]:
        """The workloads of its tenant with this one more, if there is room."""
        own = self._pending.get(workload.tenant, [])
        if len(own) >= self._tenant_room or not self._make_room(len(own)):
            raise ComputeQueueFullError(f"{self._count()} computations are running or waiting")
        own.append(workload)
        self._pending[workload.tenant] = own
        return own

    def _make_room(self, own: int) -> bool:
        """Refuse the newest of the tenant that has most of a full queue; false if that is us."""
        if self._count() < self._room:
            return True
        longest = max(self._pending.values(), key=len)
        newest = next((each for each in reversed(longest) if each.is_waiting), None)
        if len(longest) <= own + 1 or newest is None:
            return False
        newest.refuse()
        return True

    async def _in_thread(self, work: Callable[[], _ResultT], workload: Workload) -> _ResultT:
        slot = await self._slots.take(workload, first=workload.has_started)
        if slot is None:
            raise ComputeLostError("the service ends")
        began = time.monotonic()
        running = asyncio.get_running_loop().run_in_executor(self._threads, _guarded, work)
        running.add_done_callback(partial(self._end, slot, workload, began))
        left = self._deadline_seconds - workload.spent_seconds
        await asyncio.wait({running}, timeout=max(0.0, left))
        if not running.done():
            self._give_up(running, slot)
            raise ComputeDeadlineError(
                f"the computation took more than {self._deadline_seconds:g} s"
            )
        return running.result()

    def _end(
        self, slot: int, workload: Workload, began: float, ended: asyncio.Future[_ResultT]
    ) -> None:
        self._slots.settle(workload, time.monotonic() - began)
        if ended in self._given_up:
            self._given_up.remove(ended)
        else:
            self._slots.offer(slot)
        if not ended.cancelled():
            ended.exception()  # the caller may have gone: asyncio would complain

    def _give_up(self, running: asyncio.Future[_ResultT], slot: int) -> None:
        """Hand the slot on; with too many given up before it stays taken until the thread ends."""
        if len(self._given_up) < self._workers:
            self._given_up.add(running)
            self._slots.offer(slot)


def _guarded(work: Callable[[], _ResultT]) -> _ResultT:
    try:
        return work()
    except StopIteration as error:
        # asyncio cannot carry a StopIteration across a future: the waiters would wait for ever.
        raise RuntimeError("a computation ended in StopIteration") from error
