"""The processes that compute: started with the first order, replaced when they end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from pmecalc.cache.child import Child, ChildLostError
from pmecalc.cache.compute_errors import ComputeDeadlineError, ComputeLostError
from pmecalc.cache.fair_queue import FairQueue, Workload
from pmecalc.cache.frames import Answer, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LOG = logging.getLogger(__name__)
DEADLINE_SECONDS = 30.0
SILENCE_SECONDS = 5.0
_ATTEMPTS = 2
_NEARLY = 0.99  # timers may be a little early
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

    A process that is silent for `silence_seconds` more than the estimate is replaced, and another
    one tries once more; all attempts together take `deadline_seconds` at most.
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
        deadline_seconds: float = DEADLINE_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._command = command
        self._size = size
        self._unmanned = unmanned
        self._tell = tell
        self._max_pause_seconds = max_pause_seconds
        self._failures = 0
        self._first_pause_seconds = first_pause_seconds
        self._deadline_seconds = deadline_seconds
        self._silence_seconds = silence_seconds
        self._places: list[asyncio.Task[None]] = []
        self._ready: set[Child] = set()
        self._queue: FairQueue[Child] = FairQueue(give_back=self._hand_on)
        self._is_closing = False
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
        self._is_closing = True
        for place in self._places:
            place.cancel()
        await asyncio.gather(*self._places, return_exceptions=True)
        self._queue.dismiss(started=True)

    async def ask(self, order: bytes, workload: Workload | None = None) -> Answer | None:
        """What a process made of the order; None where none could: then compute it elsewhere.

        An order whose process was lost is given to another one, once; never to a thread, which it
        might take along. ComputeDeadlineError: it took too long; ComputeLostError: it was lost
        again, or no other process came in time.
        """
        workload = workload or Workload()
        child = await self._idle_child(workload)
        for attempt in range(_ATTEMPTS):
            if child is None:
                return None
            answer = await self._attempt(child, order, workload)
            if answer is not None:
                return self._answered(child, answer)
            if workload.spent_seconds > _NEARLY * self._deadline_seconds:
                raise ComputeDeadlineError(
                    f"the computation took more than {self._deadline_seconds:g} s"
                )
            if attempt + 1 < _ATTEMPTS:
                child = await self._other_child(workload)
        raise ComputeLostError("the process that computed it was lost, twice")

    def stats(self) -> dict[str, int]:
        """Counters; `failures` are ends soon after a start since a process last answered."""
        return {
            "size": self._size,
            "ready": len(self._ready),
            "failures": self._failures,
            **{name: self._counts[name] for name in _COUNTED},
        }

    async def _attempt(self, child: Child, order: bytes, workload: Workload) -> Answer | None:
        """The answer of a process; None: it is lost, and is being replaced."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience_seconds(workload)):
                return await child.ask(order)
        except (ChildLostError, TimeoutError) as error:
            self._kill(child)
            self._counts["lost"] += 1
            _LOG.warning("a process that computes is replaced: it failed at an order (%r)", error)
            return None
        except asyncio.CancelledError:
            self._kill(child)  # what it answers would be taken for the answer to another order
            raise
        finally:
            spent = time.monotonic() - began
            workload.spent_seconds += spent
            self._queue.settle(workload, spent)

    def _patience_seconds(self, workload: Workload) -> float:
        """How long to wait for an answer: at first by the estimate, then all that is left."""
        left = self._deadline_seconds - workload.spent_seconds
        if workload.spent_seconds:
            return left
        return min(left, workload.cost_seconds + self._silence_seconds)

    def _answered(self, child: Child, answer: Answer) -> Answer | None:
        self._hand_on(child)
        if answer.kind is Kind.MADE:
            self._count_answer()
            return answer
        self._counts["declined"] += 1
        return None

    async def _fill(self) -> None:
        """Keep one place filled for as long as the service is open."""
        failures = 0
        is_told = False
        while True:
            began = time.monotonic()
            child = Child(self._command)
            refusal = await self._employ(child)
            if refusal is not None and not is_told:
                _LOG.warning("a process that computes did not start (%s): threads compute", refusal)
            is_told = refusal is not None
            if not child.was_killed:
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

    async def _employ(self, child: Child) -> ChildLostError | None:
        """From a child's start to its end; why it did not start, if it did not."""
        try:
            hello = await child.start()
            self._compiled = hello.kind is Kind.COMPILED
            if hello.notice is not None:
                self._tell(hello.notice)
            self._ready.add(child)
            self._hand_on(child)
            await child.wait()
        except ChildLostError as error:
            self._leave_unmanned()
            return error
        finally:
            self._dismiss(child)
            await child.end()
        return None

    def _leave_unmanned(self) -> None:
        unmanned, self._unmanned = self._unmanned, None
        if unmanned is not None:
            unmanned()

    def _kill(self, child: Child) -> None:
        """End a child that is not to be given another order."""
        child.kill()
        self._dismiss(child)

    def _dismiss(self, child: Child) -> None:
        self._ready.discard(child)
        self._queue.withdraw(child)
        if not self._ready:
            self._queue.dismiss()

    async def _idle_child(self, workload: Workload) -> Child | None:
        """A child with nothing to do, in turn; None where there are none at all."""
        return await self._queue.take(workload) if self._ready else None

    async def _other_child(self, workload: Workload) -> Child:
        """A child for an order that lost its own: it may be starting yet."""
        child = None
        if not self._is_closing:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._deadline_seconds):
                    child = await self._queue.take(workload, first=True)
        if child is None:
            raise ComputeLostError("the process that computed it was lost, and no other one came")
        return child

    def _hand_on(self, child: Child) -> None:
        """To the workload that is next."""
        if child in self._ready:  # else it ended meanwhile
            self._queue.offer(child)
