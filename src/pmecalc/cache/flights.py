"""Single flight: equal requests of one process share one task."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ResultT = TypeVar("ResultT")


@dataclass(slots=True, eq=False)
class _Flight(Generic[ResultT]):
    task: asyncio.Task[ResultT]
    goes_on: Callable[[], bool]
    callers: int = 0


class Flights(Generic[ResultT]):
    """A flight belongs to no caller: any of them may be cancelled, the first one too.

    Once all have gone, `goes_on` of the caller who started it says whether it is finished all the
    same.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[ResultT]] = {}
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._flights)

    @property
    def dropped(self) -> int:
        """How many were cancelled since all their callers had gone."""
        return self._dropped

    async def share(
        self,
        key: str,
        start: Callable[[], Coroutine[None, None, ResultT]],
        *,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> tuple[ResultT, bool]:
        """The flight's result, and whether the caller joined one that was under way."""
        flight = self._flights.get(key)
        joined = flight is not None
        if flight is None:
            task = asyncio.create_task(self._fly(key, start))
            task.add_done_callback(_take_note)
            flight = self._flights[key] = _Flight(task, goes_on)
        flight.callers += 1
        try:
            return await asyncio.shield(flight.task), joined
        finally:
            flight.callers -= 1
            if not flight.callers and not flight.task.done() and not flight.goes_on():
                self._drop(key, flight)

    async def land(self, *, patience_seconds: float) -> None:
        """Wait a little for those under way, then cancel them."""
        tasks = {flight.task for flight in self._flights.values()}
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=patience_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _drop(self, key: str, flight: _Flight[ResultT]) -> None:
        """Cancel a flight at once, so that the next caller starts another."""
        self._dropped += 1
        flight.task.cancel()
        self._forget(key, flight.task)

    async def _fly(self, key: str, start: Callable[[], Coroutine[None, None, ResultT]]) -> ResultT:
        # Struck off here, not in a done callback: nobody can join a flight that has ended.
        try:
            return await start()
        finally:
            self._forget(key, asyncio.current_task())

    def _forget(self, key: str, task: asyncio.Task[ResultT] | None) -> None:
        flight = self._flights.get(key)
        if flight is not None and flight.task is task:
            del self._flights[key]


def _take_note(task: asyncio.Task[ResultT]) -> None:
    """Look at the error: with all callers gone nobody else does, and asyncio would complain."""
    if not task.cancelled():
        task.exception()
