"""What a request is on the wire: trailers, upgrades, addresses, ends (RFC 9110, RFC 9112)."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from functools import partial

import pytest
import uvicorn
from uvicorn.server import ServerState

from fakes import until
from pmecalc.api.doorkeeper import ConnectionLimits, Doorkeeper
from pmecalc.api.protocol import LimitedProtocol
from raw_client import parsed

HOST = b"Host: 127.0.0.1\r\n"


class Echo:
    """Answers with what it was asked, as JSON, once it is let go on."""

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.begun = self.left = 0

    async def __call__(self, scope, receive, send) -> None:
        self.begun += 1
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        waiting = [
            asyncio.create_task(each) for each in (self.goes_on.wait(), self._has_left(receive))
        ]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        headers = [[name.decode(), value.decode()] for name, value in scope["headers"]]
        asked = {"path": scope["path"], "headers": headers, "body": body.decode()}
        answer = json.dumps(asked).encode()
        size = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": size})
        await send({"type": "http.response.body", "body": answer})

    async def _has_left(self, receive) -> None:
        await receive()
        self.left += 1


@asynccontextmanager
async def echoing(limits=None):
    """A listener of this process, and a client of it."""
    app = Echo()
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None)
    config.load()
    keeper = Doorkeeper(limits or ConnectionLimits())
    made = partial(LimitedProtocol, config, ServerState(), {}, doorkeeper=keeper, tls=False)
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield app, reader, writer
    finally:
        writer.close()
        server.close()


async def answers(reader, count):
    """Answers of a connection that goes on, those that only announce one left out."""
    found = []
    while len(found) < count:
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 102 " in head.partition(b"\r\n")[0]:
            continue
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        found.append(json.loads(await reader.readexactly(size)))
    return found


@pytest.mark.parametrize(
    "trailer",
    [
        b"X-Forwarded-For: 192.0.2.9",
        b"X-Forwarded-Proto: https",
        b"Authorization: Bearer pme_x",
        b"Cookie: pme=x",
        b"Host: evil.example",
    ],
)
def test_trailers_are_no_headers(trailer):
    """Neither before the body is read nor after it, and not of the next request either."""

    async def asked():
        async with echoing() as (_, reader, writer):
            head = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
            writer.write(head + b"2\r\nhi\r\n0\r\n" + trailer + b"\r\n\r\n")
            writer.write(b"GET /b HTTP/1.1\r\n" + HOST + b"\r\n")
            return await answers(reader, 2)

    first, second = asyncio.run(asked())
    assert first["headers"] == [["host", "127.0.0.1"], ["transfer-encoding", "chunked"]]
    assert first["body"] == "hi"
    assert second["headers"] == [["host", "127.0.0.1"]]


def test_trailers_count_for_the_head():
    """They are limited as a head is."""

    async def asked():
        limits = ConnectionLimits(head_bytes=2000)
        async with echoing(limits) as (app, reader, writer):
            head = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
            writer.write(head)
            await until(lambda: app.begun == 1)
            writer.write(b"0\r\n" + b"X-A: aaaaaaaaaa\r\n" * 200)
            return parsed(await reader.read())

    assert asyncio.run(asked()).status == 431


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
def test_what_follows_a_refused_upgrade_is_the_next_request(upgrade):
    """In one piece with it, in several, and byte by byte."""
    asks = b"Connection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n"
    first = b"GET /a HTTP/1.1\r\n" + HOST + asks + b"\r\n"
    second = b"POST /b HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\nhi"
    third = b"GET /c HTTP/1.1\r\n" + HOST + b"\r\n"

    async def asked(*pieces):
        async with echoing() as (_, reader, writer):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            return [(one["path"], one["body"]) for one in await answers(reader, 3)]

    expected = [("/a", ""), ("/b", "hi"), ("/c", "")]
    assert asyncio.run(asked(first + second + third)) == expected
    assert asyncio.run(asked(first, second, third)) == expected
    whole = first + second + third
    assert asyncio.run(asked(*(whole[i : i + 1] for i in range(len(whole))))) == expected


def test_an_upgrade_with_a_body_is_refused():
    """The parser does not read that body: it would be taken for the next request."""
    inner = b"GET /c HTTP/1.1\r\n" + HOST + b"\r\n"
    asks = b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(inner)

    async def asked():
        async with echoing() as (app, reader, writer):
            writer.write(b"POST /b HTTP/1.1\r\n" + HOST + asks + inner)
            return parsed(await reader.read()), app.begun

    answer, begun = asyncio.run(asked())
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "UPGRADE_UNSUPPORTED")
    assert begun == 0


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (b"http://evil.example/a", "evil.example"),
        (b"http://evil.example:81/a", "evil.example:81"),
        (b"http://[::1]:81/a", "[::1]:81"),
        (b"/a", "127.0.0.1"),
    ],
)
def test_the_authority_of_an_address_stands_for_the_host(address, host):
    """RFC 9112 3.2.2."""

    async def asked():
        async with echoing() as (_, reader, writer):
            writer.write(b"GET " + address + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            return await answers(reader, 1)

    (one,) = asyncio.run(asked())
    assert (one["path"], one["headers"]) == ("/a", [["host", host]])


def test_separators_count_for_the_head():
    """Many short headers are as large as they are sent, also behind another request."""
    plain = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"
    many = b"".join(b"a%d:\r\n" % place for place in range(300))
    large = b"GET /b HTTP/1.1\r\n" + HOST + many + b"\r\n"

    async def asked(limit):
        async with echoing(ConnectionLimits(head_bytes=limit)) as (app, reader, writer):
            writer.write(plain + large)
            writer.write_eof()
            await reader.read()
            return app.begun

    assert asyncio.run(asked(len(large) - 100)) == 1
    assert asyncio.run(asked(len(large) + len(plain))) == 2


def test_a_client_that_ends_its_side_is_answered():
    """It asked, shut down its side, and waits; the connection closes after the answer."""

    async def asked():
        async with echoing() as (app, reader, writer):
            app.goes_on.clear()
            writer.write(b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n")
            writer.write(b"GET /b HTTP/1.1\r\n" + HOST + b"\r\n")
            writer.write_eof()
            await until(lambda: app.begun == 1)
            app.goes_on.set()
            found = await answers(reader, 2)
            return found, await reader.read(), app.left

    found, rest, left = asyncio.run(asked())
    assert [one["path"] for one in found] == ["/a", "/b"]
    assert (rest, left) == (b"", 0)


def test_a_client_that_leaves_is_found_out():
    """It closed both sides: what it asked for is given up."""

    async def asked():
        async with echoing() as (app, _, writer):
            app.goes_on.clear()
            writer.write(b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n")
            await until(lambda: app.begun == 1)
            writer.close()
            await until(lambda: app.left == 1)

    asyncio.run(asked())
