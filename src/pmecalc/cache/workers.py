"""Threads that compute: so many at work, so many in the queue, and no more."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

QUEUE_LENGTH = 256

_NICER_BY = 10
_NICEST = 19

_ResultT = TypeVar("_ResultT")


class ComputeQueueFullError(RuntimeError):
    """More waits to be computed than the queue holds: come back after `retry_after_seconds`."""

    retry_after_seconds = 1


def give_way() -> None:
    """Lower this thread's priority; only Linux has one for each thread (ADR 11)."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        before = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(before + _NICER_BY, _NICEST))


class ComputePool:
    """`workers` is the number of cores but one, unless given; they give way to the event loop.

    `wake` is called once, when there is something to compute for the first time.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        queue_length: int = QUEUE_LENGTH,
        wake: Callable[[], None] | None = None,
    ) -> None:
        self._wake = wake
        self._workers = workers or max(1, (os.cpu_count() or 1) - 1)
        self._room = self._workers + queue_length
        self._threads = ThreadPoolExecutor(
            self._workers, thread_name_prefix="pme-compute", initializer=give_way
        )
        self._pending = 0
        self._refused = 0

    async def run(self, work: Callable[[], _ResultT]) -> _ResultT:
        """What `work` returns or raises; ComputeQueueFullError instead of an endless queue."""
        if self._pending >= self._room:
            self._refused += 1
            raise ComputeQueueFullError(f"{self._pending} computations are running or waiting")
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _guarded, work)
        finally:
            self._pending -= 1

    def close(self) -> None:
        """Waits for nobody: what runs ends by itself, what waits is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def stats(self) -> dict[str, int]:
        return {
            "workers": self._workers,
            "pending": self._pending,
            "room": self._room,
            "refused": self._refused,
        }


def _guarded(work: Callable[[], _ResultT]) -> _ResultT:
    try:
        return work()
    except StopIteration as error:
        # asyncio cannot carry a StopIteration across a future: the waiters would wait for ever.
        raise RuntimeError("a computation ended in StopIteration") from error
