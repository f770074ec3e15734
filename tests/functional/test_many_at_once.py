"""Connections that come all at once, by counts: nobody waits for many answers to others."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from contextlib import contextmanager, suppress

import pytest

from raw_client import HOST
from server import Server

USERS = 500
SATURATING = 100
AT_ONCE = 8  # requests that a user sends together: the server is to be slower than its users
ROUNDS = 20  # answers a user, on average, before the last has its first; one accepted a turn: 245
ALLOWED = 50
REQUEST = f"GET /healthz HTTP/1.1\r\n{HOST}\r\n".encode()


@contextmanager
def paused(server: Server):
    """The server stands still: who comes meanwhile waits in the queue of its port."""
    workers = server.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


class Counts:
    """Answers by user, until everybody had one."""

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        self.everybody = asyncio.Event()

    async def read_answer(self, user: int, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        await reader.readexactly(length)
        self.answers[user] += 1
        if len(self.answers) == USERS:
            self.everybody.set()


async def saturate(counts: Counts, user: int, connection) -> None:
    """Ask, and again as soon as the answers are there, until everybody was answered."""
    reader, writer = connection
    await counts.read_answer(user, reader)
    while not counts.everybody.is_set():
        writer.write(REQUEST * AT_ONCE)
        for _ in range(AT_ONCE):
            await counts.read_answer(user, reader)
    writer.close()


async def come(server: Server, number: int):
    """Connections that have sent their first request."""
    connections = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(number)]
    for _, writer in connections:
        writer.write(REQUEST)
    return connections


@pytest.mark.parametrize("workers", [1, 2])
def test_the_last_of_many_is_answered_soon(tmp_path, workers, capsys):
    """Of 500 who ask without a pause, 400 from the queue, each is answered within 20 rounds."""

    async def story(server: Server) -> Counts:
        counts = Counts()
        inside = await come(server, SATURATING)
        await asyncio.gather(
            *(counts.read_answer(user, reader) for user, (reader, _) in enumerate(inside))
        )
        with paused(server):
            for _, writer in inside:
                writer.write(REQUEST)
            waiting = await come(server, USERS - SATURATING)
        users = [
            saturate(counts, user, connection)
            for user, connection in enumerate([*inside, *waiting])
        ]
        async with asyncio.timeout(60):
            await asyncio.gather(*users)
        return counts

    with Server(tmp_path / "data", "--workers", str(workers)) as server:
        counts = asyncio.run(story(server))
        assert "Traceback" not in server.output
    with capsys.disabled():
        print(f"\n{workers} workers: the last of {USERS} after {counts.answers.total()} answers")
    assert len(counts.answers) == USERS
    assert counts.answers.total() <= ROUNDS * USERS


def test_too_many_at_once_are_refused_by_the_limits(tmp_path):
    """With room for 50, of 150 from the queue 50 are answered, and 50 more are told why not."""

    async def first_words(connection) -> bytes:
        with suppress(ConnectionError):
            return (await connection[0].read(12))[9:]
        return b""

    async def story(server: Server) -> Counter[bytes]:
        with paused(server):
            connections = await come(server, 3 * ALLOWED)
        words = Counter(await asyncio.gather(*map(first_words, connections)))
        for _, writer in connections:
            writer.close()
        return words

    limits = {"PME_CONNECTIONS": str(ALLOWED)}
    with Server(tmp_path / "data", environment=limits) as server:
        words = asyncio.run(story(server))
        assert "Traceback" not in server.output
        assert "exception" not in server.output
    assert words == {b"200": ALLOWED, b"503": ALLOWED, b"": ALLOWED}
