"""Clients that do what no library does: half a head, a body that drips, nothing at all."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass

HOST = "Host: 127.0.0.1\r\n"
FORM = "Content-Type: multipart/form-data; boundary=b\r\n"
HEAD = f"GET /healthz HTTP/1.1\r\n{HOST}".encode()
BODY = f"POST /v1/imports HTTP/1.1\r\n{HOST}{FORM}".encode()

# what a half-open connection sends at first, and then a byte at a time
HALF_OPEN = {
    "nothing": (b"", b""),
    "half a head": (HEAD, b""),
    "a head that drips": (HEAD + b"X-Long: ", b"a"),
    "half a body": (BODY + b"Content-Length: 1000\r\n\r\n--b\r\n", b""),
    "a body that drips": (BODY + b"Content-Length: 1000\r\n\r\n--b\r\n", b"a"),
    "chunks that drip": (BODY + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "an endless chunk size": (BODY + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
}
DRIP_SECONDS = 0.25


@dataclass(frozen=True)
class Answer:
    """What came back until the server closed; `status` is 0 where nothing came."""

    status: int
    head: str
    body: bytes


def talk(port: int, *pieces: bytes, source: str = "127.0.0.1", ends: bool = False) -> Answer:
    """Send the pieces, then read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), 30, (source, 0)) as connection:
        with suppress(ConnectionError):  # refused before all was sent
            for piece in pieces:
                connection.sendall(piece)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        return parsed(read_all(connection))


def read_all(connection: socket.socket) -> bytes:
    pieces = []
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            pieces.append(piece)
    return b"".join(pieces)


def parsed(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1]) if head else 0
    return Answer(status, head.decode(), body)


async def half_open(port: int, kind: str) -> bytes:
    """Behave like this until the server closes; what it said."""
    first, drip = HALF_OPEN[kind]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    dripping = asyncio.create_task(_drip(writer, drip))
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        dripping.cancel()
        writer.close()


async def _drip(writer: asyncio.StreamWriter, drip: bytes) -> None:
    with suppress(ConnectionError):
        while drip:
            writer.write(drip)
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)


async def ask(port: int, path: str) -> Answer:
    """A GET over a connection of its own, so that any worker may take it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n".encode())
        return parsed(await reader.read())
    finally:
        writer.close()


async def upload(port: int, path: str, content: bytes) -> Answer:
    """A file as a form, over a connection of its own."""
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body += content + b"\r\n--b--\r\n"
    head = f"POST {path} HTTP/1.1\r\n{HOST}{FORM}Connection: close\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return parsed(await reader.read())
    finally:
        writer.close()
