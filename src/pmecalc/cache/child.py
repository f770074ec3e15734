"""One process that computes for the service, seen from the event loop."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from typing import TYPE_CHECKING

from pmecalc.cache.frames import Answer, answer_in, order_frame

if TYPE_CHECKING:
    from collections.abc import Sequence

_OURS, _PASSED_ON = "PME_", "PME_CACHE_DIR"
_END_SECONDS = 1.0
_START_SECONDS = 300.0  # the compiled loops may have to be compiled first


class ChildLostError(Exception):
    """The process ended, or never began."""


class Child(asyncio.Protocol):
    """A command with a socket as its standard input: orders go in there, answers come out.

    It is a fresh interpreter, never a fork; when its parent ends, however it does, the socket
    closes and tells it to end too.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._awaited: asyncio.Future[Answer] | None = None
        self._gone = asyncio.Event()
        self._was_killed = False

    @property
    def was_killed(self) -> bool:
        """Whether it ended since we wanted it to."""
        return self._was_killed

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def start(self, *, patience_seconds: float = _START_SECONDS) -> Answer:
        """Start the process; the first thing it says.

        ChildLostError if the system refuses what that takes (descriptors, processes, memory), or if
        it says nothing in time.
        """
        try:
            async with asyncio.timeout(patience_seconds):
                return await self._first_answer()
        except OSError as error:  # a TimeoutError is one
            raise ChildLostError(str(error) or "it said nothing in time") from error

    async def ask(self, order: bytes) -> Answer:
        """One order at a time; ChildLostError if it ends before it has answered."""
        if self._transport is None or self._gone.is_set():
            raise ChildLostError("it has ended")
        self._awaited = asyncio.get_running_loop().create_future()
        self._transport.write(order_frame(order))
        return await self._awaited

    async def wait(self) -> None:
        """Until it ends."""
        await self._gone.wait()

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._was_killed = True
        if self._process is not None:
            self._process.kill()

    async def end(self) -> None:
        """Hang up, which ends it, and see it gone."""
        if self._transport is not None:
            self._transport.close()
        if self._process is not None:
            await asyncio.to_thread(_reaped, self._process)

    async def _first_answer(self) -> Answer:
        loop = asyncio.get_running_loop()
        self._awaited = loop.create_future()
        here, there = socket.socketpair()
        try:
            with there:
                self._process = _spawned(self._command, there)
            self._transport, _ = await loop.create_connection(lambda: self, sock=here)
        except BaseException:
            here.close()
            raise
        return await self._awaited

    def data_received(self, data: bytes) -> None:
        """A piece of an answer."""
        self._received += data
        answer = answer_in(self._received)
        if answer is not None:
            self._received = bytearray()
            if self._awaited is not None and not self._awaited.done():
                self._awaited.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended, or hung up."""
        self._gone.set()
        if self._awaited is not None and not self._awaited.done():
            lost = ChildLostError("it ended before it answered")
            lost.__cause__ = exc
            self._awaited.set_exception(lost)


def _spawned(command: Sequence[str], wire: socket.socket) -> subprocess.Popen[bytes]:
    """In a group of its own, where Ctrl-C does not reach it; of our settings it gets one."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == _PASSED_ON or not name.startswith(_OURS)
    }
    return subprocess.Popen(  # noqa: S603  (our own interpreter and module)
        command, stdin=wire.fileno(), stdout=subprocess.DEVNULL, env=kept, process_group=0
    )


def _reaped(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
