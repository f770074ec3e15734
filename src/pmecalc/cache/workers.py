"""Who computes: a process if one is ready, else a thread; so many wait in the queue, no more."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pmecalc.cache.reply import compressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pmecalc.cache.crew import Crew
    from pmecalc.cache.reply import Bodies

QUEUE_LENGTH = 256

_NICER_BY = 10
_NICEST = 19

_ResultT = TypeVar("_ResultT")


class ComputeQueueFullError(RuntimeError):
    """More waits to be computed than the queue holds: come back after `retry_after_seconds`."""

    retry_after_seconds = 1


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

    `wake` is called once, when threads have something to compute that is no order for the crew.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        queue_length: int = QUEUE_LENGTH,
        wake: Callable[[], None] | None = None,
        crew: Crew | None = None,
    ) -> None:
        self._wake = wake
        self._crew = crew
        self._workers = workers or max(1, cores() - 1)
        self._room = self._workers + queue_length
        self._threads = ThreadPoolExecutor(
            self._workers, thread_name_prefix="pme-compute", initializer=give_way
        )
        self._pending = 0
        self._refused = 0

    async def run(self, work: Callable[[], _ResultT]) -> _ResultT:
        """What `work` returns or raises; ComputeQueueFullError instead of an endless queue."""
        with self._place():
            wake, self._wake = self._wake, None
            if wake is not None:
                wake()
            return await self._in_thread(work)

    async def make(self, work: Callable[[], bytes], order: Callable[[], bytes] | None) -> Made:
        """What `work` makes; `order` tells a process to make the same."""
        if order is None or self._crew is None:
            return await self.run(partial(made, work))
        with self._place():
            self._crew.start()
            answer = await self._crew.ask(order())
            if answer is not None:
                return Made(answer.bodies, answer.seconds)
            return await self._in_thread(partial(made, work))

    def close(self) -> None:
        """Waits for nobody: what runs ends by itself, what waits is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def stats(self) -> dict[str, object]:
        return {
            "workers": self._workers,
            "pending": self._pending,
            "room": self._room,
            "refused": self._refused,
            "processes": None if self._crew is None else self._crew.stats(),
        }

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._pending >= self._room:
            self._refused += 1
            raise ComputeQueueFullError(f"{self._pending} computations are running or waiting")
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1

    async def _in_thread(self, work: Callable[[], _ResultT]) -> _ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _guarded, work)


def _guarded(work: Callable[[], _ResultT]) -> _ResultT:
    try:
        return work()
    except StopIteration as error:
        # asyncio cannot carry a StopIteration across a future: the waiters would wait for ever.
        raise RuntimeError("a computation ended in StopIteration") from error
