"""Users who ask one thing after the other, each over a connection of its own."""

from __future__ import annotations

import asyncio
import time
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self, cast

from pmecalc.cli.load.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from pmecalc.cli.load.questions import Question, Target

PATIENCE_SECONDS = 30.0

_SWEEP_SECONDS = 1.0
_RETRY_SECONDS = 1.0  # what the service's Retry-After says
_CONNECT_AGAIN_SECONDS = 0.2
_CONNECTED_AT_ONCE = 50
_OK, _BUSY = 200, 503


class Crowd:
    """So many users; what each answer was goes into `tally`, which may be changed under way."""

    def __init__(self, target: Target, users: int) -> None:
        self.target = target
        self.tally = Tally()
        self._users = [_User(self) for _ in range(users)]
        self._script: Iterator[Question] = iter(())
        self._asking = False
        self._busy = 0
        self._all_rest = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def of(cls, target: Target, users: int) -> AsyncIterator[Self]:
        """Connected while the context lasts; OSError when nobody listens."""
        crowd = cls(target, users)
        sweeper = asyncio.create_task(crowd._sweep(), name="sweeper")
        try:
            for first in range(0, users, _CONNECTED_AT_ONCE):
                some = crowd._users[first : first + _CONNECTED_AT_ONCE]
                await asyncio.gather(*(user.connect() for user in some))
            yield crowd
        finally:
            sweeper.cancel()
            await asyncio.gather(sweeper, return_exceptions=True)
            for user in crowd._users:
                user.leave()

    async def ask_for(self, seconds: float, script: Iterator[Question]) -> Tally:
        """All ask for so long; returns when the last answer is there."""
        self.begin(script)
        await asyncio.sleep(seconds)
        return await self.end()

    async def ask_all(self, questions: Sequence[Question]) -> Tally:
        """Each question once, by whoever is free."""
        self.begin(iter(questions))
        await self._all_rest.wait()
        return self.tally

    def begin(self, script: Iterator[Question]) -> None:
        """All ask until `end`."""
        self.tally = Tally()
        self._script = script
        self._asking = True
        self._busy = len(self._users)
        self._all_rest.clear()
        for user in self._users:
            user.ask()

    def turn_page(self) -> Tally:
        """What was counted so far; what follows is counted anew."""
        before, self.tally = self.tally, Tally()
        return before

    async def end(self) -> Tally:
        """Nobody asks anew; waits for the answers under way."""
        self._asking = False
        await self._all_rest.wait()
        return self.tally

    def next_question(self) -> Question | None:
        """None sends a user to rest."""
        question = next(self._script, None) if self._asking else None
        if question is None:
            self._busy -= 1
            if self._busy == 0:
                self._all_rest.set()
        return question

    async def _sweep(self) -> None:
        """Give up what was never answered: one timer for all instead of one a request."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            for user in self._users:
                user.give_up(asked_before=time.perf_counter() - PATIENCE_SECONDS)


class _User(asyncio.Protocol):
    """Asks, reads the whole answer, asks again; after a loss over a new connection."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._question: Question | None = None
        self._asks_when_closed = False
        self._asked = 0.0
        self._head = b""
        self._left = -1  # of the body; before the head is complete nobody knows
        self._checksum = 0

    async def connect(self) -> None:
        target = self._crowd.target
        await asyncio.get_running_loop().create_connection(lambda: self, target.host, target.port)

    def ask(self) -> None:
        self._question = self._crowd.next_question()
        if self._question is None:
            return
        if self._transport is None:
            self._connecting = asyncio.create_task(self._connect_and_send(self._question))
        else:
            self._send(self._transport, self._question)

    def give_up(self, *, asked_before: float) -> None:
        if self._question is not None and self._asked < asked_before:
            self._fail("no answer")

    def leave(self) -> None:
        self._question = None
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        self._transport = None
        if self._question is not None:
            self._fail("connection lost")
        elif self._asks_when_closed:
            self._asks_when_closed = False
            self.ask()

    def data_received(self, data: bytes) -> None:
        if self._question is None:
            return
        if self._left < 0:
            data = self._head + data
            end = data.find(b"\r\n\r\n") + 4
            if end < 4:  # noqa: PLR2004  (the rest of the head is under way)
                self._head = data
                return
            self._head = data[:end].lower()
            self._left = _body_length(self._head)
            data = data[end:]
        self._checksum = zlib.crc32(data, self._checksum)
        self._left -= len(data)
        if self._left == 0:
            self._take_answer(self._question)
        elif self._left < 0:
            self._fail("more than was announced")

    def _send(self, transport: asyncio.Transport, question: Question) -> None:
        self._head, self._left, self._checksum = b"", -1, 0
        self._asked = time.perf_counter()
        transport.write(question.request)

    async def _connect_and_send(self, question: Question) -> None:
        self._asked = time.perf_counter()
        try:
            await self.connect()
        except OSError:
            await asyncio.sleep(_CONNECT_AGAIN_SECONDS)
            self._fail("not connected")
            return
        # It may have been lost again, or given up, before this task had its turn.
        if self._transport is not None and self._question is question:
            self._send(self._transport, question)

    def _take_answer(self, question: Question) -> None:
        milliseconds = 1000 * (time.perf_counter() - self._asked)
        head, tally = self._head, self._crowd.tally
        status = int(head[9:12])
        if status != _OK:
            tally.failed(str(status))
        elif question.checksum not in {None, self._checksum}:
            tally.failed("other bytes than before")
        else:
            question.checksum = self._checksum
            tally.answered(_tier(head), milliseconds)
        self._go_on(status, closing=b"\r\nconnection: close" in head)

    def _go_on(self, status: int, *, closing: bool) -> None:
        if closing:
            self._close_and_ask()
        elif status == _BUSY:
            self._question = None
            asyncio.get_running_loop().call_later(_RETRY_SECONDS, self.ask)
        else:
            self.ask()

    def _fail(self, kind: str) -> None:
        """Count it, and go on with the next question over a new connection."""
        self._crowd.tally.failed(kind)
        self._close_and_ask()

    def _close_and_ask(self) -> None:
        self._question = None
        if self._transport is None:
            asyncio.get_running_loop().call_soon(self.ask)
        else:
            # The loss of the old connection is told later: a new one has to wait for it.
            self._asks_when_closed = True
            self._transport.abort()


def _body_length(head: bytes) -> int:
    """What the head announces; without an announcement the body counts as too long."""
    _, found, rest = head.partition(b"\r\ncontent-length:")
    return int(rest[: rest.find(b"\r\n")]) if found else 0


def _tier(head: bytes) -> str:
    _, found, rest = head.partition(b"\r\nx-cache:")
    return rest[: rest.find(b"\r\n")].strip().decode("ascii") if found else "none"
