"""The processes that compute: started with the first order, replaced when they end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from typing import TYPE_CHECKING

from pmecalc.cache.child import Child, ChildLostError
from pmecalc.cache.frames import Answer, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOG = logging.getLogger(__name__)
_PATIENCE_SECONDS = 120.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0
_COUNTED = ("made", "lost", "declined", "restarts")
_SOUND_SECONDS = 60.0  # a process that worked so long did not end because of its start
MAX_FAILURES = 5  # in a row; then it is an error of the installation


class Crew:
    """`size` processes of one command, an order each at a time.

    Its methods belong to the event loop's thread. `unmanned` is called once, when a place could
    not be filled: others have to compute. `first_pause_seconds` doubles with each failure up to
    `max_pause_seconds`; after `MAX_FAILURES` in a row `failing` is true until a process answers.
    `tell` is given what processes want the operator to know.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: int,
        unmanned: Callable[[], None] | None = None,
        tell: Callable[[str], None] = _LOG.warning,
        first_pause_seconds: float = _FIRST_PAUSE_SECONDS,
        max_pause_seconds: float = _LONGEST_PAUSE_SECONDS,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._command = command
        self._size = size
        self._unmanned = unmanned
        self._tell = tell
        self._max_pause_seconds = max_pause_seconds
        self._failures = 0
        self._first_pause_seconds = first_pause_seconds
        self._patience_seconds = patience_seconds
        self._places: list[asyncio.Task[None]] = []
        self._ready: set[Child] = set()
        self._idle: list[Child] = []
        self._waiting: deque[asyncio.Future[Child | None]] = deque()
        self._counts: Counter[str] = Counter()
        self._compiled = False

    @property
    def started(self) -> bool:
        return bool(self._places)

    @property
    def compiled(self) -> bool:
        """Whether the process that started last computes with the compiled loops."""
        return self._compiled and bool(self._ready)

    @property
    def plain(self) -> bool:
        """Whether the process that started last computes with the plain functions."""
        return bool(self._ready) and not self._compiled

    @property
    def failing(self) -> bool:
        """Whether so many processes in a row ended at their start that something must be wrong."""
        return self._failures >= MAX_FAILURES

    def start(self) -> None:
        """Fill the places in the background; a second time does nothing."""
        if not self._places:
            self._places = [asyncio.create_task(self._fill()) for _ in range(self._size)]

    async def close(self) -> None:
        """Ends all processes, whatever they do."""
        for place in self._places:
            place.cancel()
        await asyncio.gather(*self._places, return_exceptions=True)

    async def ask(self, order: bytes) -> Answer | None:
        """What a process made of the order; None where none could: then compute it elsewhere."""
        child = await self._turn()
        if child is None:
            return None
        try:
            async with asyncio.timeout(self._patience_seconds):
                answer = await child.ask(order)
        except (ChildLostError, TimeoutError) as error:
            child.kill()
            self._counts["lost"] += 1
            _LOG.warning("a computation is done again: its process failed (%r)", error)
            return None
        except asyncio.CancelledError:
            child.kill()  # what it answers would be taken for the answer to another order
            raise
        self._hand_on(child)
        if answer.kind is Kind.MADE:
            self._count_answer()
            return answer
        self._counts["declined"] += 1
        return None

    def stats(self) -> dict[str, int]:
        """Counters; `failures` are ends soon after a start since a process last answered."""
        return {
            "size": self._size,
            "ready": len(self._ready),
            "failures": self._failures,
            **{name: self._counts[name] for name in _COUNTED},
        }

    async def _fill(self) -> None:
        """Keep one place filled for as long as the service is open."""
        failures = 0
        while True:
            began = time.monotonic()
            await self._employ(Child(self._command))
            is_sound = time.monotonic() - began > _SOUND_SECONDS
            failures = 0 if is_sound else failures + 1
            if not is_sound:
                self._count_failure()
            pause = min(self._first_pause_seconds * 2**failures, self._max_pause_seconds)
            await asyncio.sleep(pause)
            self._counts["restarts"] += 1

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures == MAX_FAILURES:
            _LOG.error(
                "%d processes that compute have ended in a row, soon after their start: threads "
                "compute, more slowly. A new one is tried every %g s; what they wrote to stderr "
                "says why they end",
                self._failures,
                self._max_pause_seconds,
            )

    def _count_answer(self) -> None:
        self._counts["made"] += 1
        if self.failing:
            _LOG.warning("processes compute again")
        self._failures = 0

    async def _employ(self, child: Child) -> None:
        """From a child's start to its end."""
        try:
            hello = await child.start()
            self._compiled = hello.kind is Kind.COMPILED
            if hello.notice is not None:
                self._tell(hello.notice)
            self._ready.add(child)
            self._hand_on(child)
            await child.wait()
        except ChildLostError as error:
            _LOG.warning("a process that computes did not start (%s): threads compute", error)
            self._leave_unmanned()
        finally:
            self._dismiss(child)
            await child.end()

    def _leave_unmanned(self) -> None:
        unmanned, self._unmanned = self._unmanned, None
        if unmanned is not None:
            unmanned()

    def _dismiss(self, child: Child) -> None:
        self._ready.discard(child)
        if child in self._idle:
            self._idle.remove(child)
        if not self._ready:
            while self._waiting:
                _give(self._waiting.popleft(), None)

    async def _turn(self) -> Child | None:
        """A child with nothing to do, once there is one; None where there are none at all."""
        if self._idle:
            return self._idle.pop()
        if not self._ready:
            return None
        waiter: asyncio.Future[Child | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and (child := waiter.result()) is not None:
                self._hand_on(child)
            raise

    def _hand_on(self, child: Child) -> None:
        """To who has waited longest."""
        if child not in self._ready:  # it ended meanwhile
            return
        while self._waiting:
            if _give(self._waiting.popleft(), child):
                return
        self._idle.append(child)


def _give(waiter: asyncio.Future[Child | None], child: Child | None) -> bool:
    """False where the waiter has gone."""
    if waiter.done():
        return False
    waiter.set_result(child)
    return True
