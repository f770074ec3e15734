"""Single flight: equal requests of one process share one task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ResultT = TypeVar("ResultT")


class Flights(Generic[ResultT]):
    """A flight belongs to no caller: any of them may be cancelled, the first one too."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[ResultT]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    async def share(
        self, key: str, start: Callable[[], Coroutine[None, None, ResultT]]
    ) -> tuple[ResultT, bool]:
        """The flight's result, and whether the caller joined one that was under way."""
        task = self._tasks.get(key)
        joined = task is not None
        if task is None:
            task = asyncio.create_task(self._fly(key, start()))
            self._tasks[key] = task
            task.add_done_callback(_take_note)
        return await asyncio.shield(task), joined

    async def land(self, *, patience_seconds: float) -> None:
        """Wait a little for those under way, then cancel them."""
        tasks = set(self._tasks.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=patience_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _fly(self, key: str, flight: Coroutine[None, None, ResultT]) -> ResultT:
        # Struck off here, not in a done callback: nobody can join a flight that has ended.
        try:
            return await flight
        finally:
            del self._tasks[key]


def _take_note(task: asyncio.Task[ResultT]) -> None:
    """Look at the error: with all callers gone nobody else does, and asyncio would complain."""
    if not task.cancelled():
        task.exception()
