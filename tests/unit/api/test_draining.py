"""Connections while the server ends: what was begun or sent is answered, the rest is closed."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
import uvicorn
from uvicorn.server import ServerState

from fakes import until
from pmecalc.api.doorkeeper import ConnectionLimits, Doorkeeper
from pmecalc.api.protocol import LimitedProtocol
from raw_client import HEAD, parsed

REQUEST = HEAD + b"\r\n"


async def answering(scope, receive, send) -> None:
    """Answers when the whole request is there."""
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


class Ending:
    """A listener of this process, and one client of it."""

    def __init__(self) -> None:
        self.keeper = Doorkeeper(ConnectionLimits())
        self._state = ServerState()

    async def __aenter__(self):
        config = uvicorn.Config(answering, lifespan="off", log_config=None)
        config.load()
        made = partial(LimitedProtocol, config, self._state, {}, doorkeeper=self.keeper, tls=False)
        self._server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        await until(lambda: bool(self._state.connections))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        self._server.close()
        await self._server.wait_closed()

    def drain(self) -> None:
        """As the server does it."""
        self.keeper.drain()
        for connection in tuple(self._state.connections):
            connection.shutdown()

    async def ask(self):
        """Ask and read one answer of a connection that stays."""
        self.writer.write(REQUEST)
        return await self.reader.readuntil(b"\r\n\r\n") + await self.reader.readexactly(2)


def test_first_request_of_a_new_connection_is_answered():
    """A connection that had sent nothing yet is heard once, and closed after the answer."""

    async def story():
        async with Ending() as ending:
            ending.drain()
            ending.writer.write(REQUEST)
            answer = parsed(await ending.reader.read())
            assert (answer.status, "connection: close" in answer.head) == (200, True)

    asyncio.run(story())


def test_request_that_crosses_the_end_is_answered():
    """What an idle client sent before it could see the end is answered, and then closed."""

    async def story():
        async with Ending() as ending:
            assert b"connection: close" not in await ending.ask()
            ending.drain()
            ending.writer.write(REQUEST)
            answer = parsed(await ending.reader.read())
            assert (answer.status, "connection: close" in answer.head) == (200, True)

    asyncio.run(story())


@pytest.mark.parametrize("asked_before", [True, False])
def test_silent_connections_are_closed(asked_before):
    """Without another request an idle connection ends, and a new one too."""

    async def story():
        async with Ending() as ending:
            if asked_before:
                await ending.ask()
            ending.drain()
            assert await ending.reader.read() == b""

    asyncio.run(story())


def test_body_under_way_is_waited_for():
    """A request that was begun goes on, and its connection closes after the answer."""

    async def story():
        async with Ending() as ending:
            head = REQUEST.replace(b"GET", b"POST")[:-2] + b"Content-Length: 10\r\n\r\n"
            ending.writer.write(head + b"12345")
            await until(lambda: any(each.cycle for each in ending._state.connections))
            ending.drain()
            ending.writer.write(b"67890")
            answer = parsed(await ending.reader.read())
            assert (answer.status, "connection: close" in answer.head) == (200, True)

    asyncio.run(story())
