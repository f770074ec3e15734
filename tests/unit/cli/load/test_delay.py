"""The relay that makes Redis slow."""

from __future__ import annotations

import asyncio

from pmecalc.cli.load.delay import Delay, relay
from pmecalc.cli.load.machine import free_port


async def echo(reader, writer):
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


async def ended(writer):
    """Close, and wait until the relay and the echo have noticed."""
    writer.close()
    await writer.wait_closed()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=10)
    await asyncio.sleep(0)


def test_bytes_keep_their_order_when_the_delay_shrinks():
    """What was sent while it was slow still arrives before what is sent after, and all of it."""

    async def story():
        delay = Delay(0.2)
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            port = free_port()
            async with await relay(port, server.sockets[0].getsockname()[1], delay):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                for number in range(20):
                    writer.write(b"%02d" % number)
                    await writer.drain()
                    await asyncio.sleep(0.005)
                    delay.seconds = 0.2 - number * 0.01
                received = await reader.readexactly(40)
                await ended(writer)
        return received

    assert asyncio.run(story()) == b"".join(b"%02d" % number for number in range(20))


def test_nobody_behind_the_relay_closes_the_connection():
    """A relay before a dead server answers with the end, as the server's own port would."""

    async def story():
        port = free_port()
        async with await relay(port, free_port(), Delay()):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            received = await reader.read()
            await ended(writer)
        return received

    assert asyncio.run(story()) == b""
