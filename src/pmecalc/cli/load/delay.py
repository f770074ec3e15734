"""A relay before Redis that holds every byte back; its delay is told on stdin while it runs."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from functools import partial

_CHUNK_BYTES = 65_536


@dataclass(slots=True)
class Delay:
    """In seconds, there and back together; it may be changed under way."""

    seconds: float = 0.0


async def relay(port: int, to_port: int, delay: Delay) -> asyncio.Server:
    """Listen on the loopback and pass on, both ways, each half of the delay late."""
    return await asyncio.start_server(partial(_serve, to_port, delay), "127.0.0.1", port)


async def _serve(
    to_port: int, delay: Delay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", to_port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(
        _pass_on(reader, other_writer, delay), _pass_on(other_reader, writer, delay)
    )


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: Delay
) -> None:
    held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    sender = asyncio.create_task(_send_when_due(held, writer))
    clock = asyncio.get_running_loop().time
    data = b"-"
    while data:
        try:
            data = await reader.read(_CHUNK_BYTES)
        except OSError:
            data = b""
        held.put_nowait((clock() + delay.seconds / 2, data))
    await sender


async def _send_when_due(
    held: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
) -> None:
    """In order, whatever becomes of the delay meanwhile; no bytes are the end."""
    clock = asyncio.get_running_loop().time
    while True:
        due, data = await held.get()
        await asyncio.sleep(max(0.0, due - clock()))
        if not data:
            break
        writer.write(data)
    writer.close()


async def _follow(delay: Delay) -> None:
    """A line of stdin is the new delay in milliseconds; the end of stdin is the end."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        delay.seconds = float(line) / 1000


async def _main(port: int, to_port: int) -> None:
    delay = Delay()
    async with await relay(port, to_port, delay):
        await _follow(delay)


if __name__ == "__main__":
    asyncio.run(_main(*map(int, sys.argv[1:])))
