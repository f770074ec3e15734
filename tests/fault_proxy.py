"""A TCP proxy with faults, in a process of its own: the tests' loop cannot slow it down."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
from typing import Self

HOST = "127.0.0.1"
CHUNK_BYTES = 65536
SLICES_A_SECOND = 50


class FaultProxy:
    """What a test holds: `port`, a verb for each fault, and `heal`."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(self._target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def delay(self, seconds: float) -> None:
        """So much later each way."""
        self._say("delay", seconds)

    def mute(self) -> None:
        """Half-open: connections are accepted and stay, nothing is ever answered."""
        self._say("mute")

    def cut(self) -> None:
        """Connections end, new ones are refused."""
        self._say("cut")

    def reset(self) -> None:
        """Every connection ends with a TCP reset as soon as it asks something."""
        self._say("reset")

    def truncate(self, count: int) -> None:
        """So many bytes of a reply come, then the connection ends."""
        self._say("truncate", count)

    def throttle(self, bytes_a_second: int) -> None:
        """Replies trickle."""
        self._say("throttle", bytes_a_second)

    def heal(self) -> None:
        """No fault any more; connections that lost something end."""
        self._say("heal")

    def _say(self, *words: object) -> None:
        print(*words, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "done\n"


class _Proxy:
    """What runs in the process."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener: asyncio.Server | None = None
        self._port = 0
        self._fault = "heal"
        self._amount = 0.0
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> int:
        self._listener = await asyncio.start_server(self._serve, HOST, self._port)
        self._port = self._listener.sockets[0].getsockname()[1]
        return self._port

    async def suffer(self, fault: str, amount: float) -> None:
        before, self._fault, self._amount = self._fault, fault, amount
        if before in {"cut", "mute"} or fault == "cut":
            self._end_all()
        if fault == "cut":
            self._listener.close()
        elif not self._listener.is_serving():
            await self.listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back)
        pumps = [
            asyncio.create_task(self._pump(reader, back)),
            asyncio.create_task(self._pump(there, writer, replies=True)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        for each in (writer, back):
            each.transport.abort()
            self._writers.discard(each)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        replies: bool = False,
    ) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sender = asyncio.create_task(self._send(queue, writer, replies=replies))
        clock = asyncio.get_running_loop().time
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                if self._fault == "reset":
                    self._reset(writer)
                    return
                if self._fault != "mute":
                    queue.put_nowait((clock() + self._delay(), chunk))
        except OSError:
            return
        finally:
            sender.cancel()

    async def _send(self, queue, writer, *, replies: bool) -> None:
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(OSError):
            while True:
                due, chunk = await queue.get()
                await asyncio.sleep(max(0.0, due - clock()))
                if replies and self._fault == "truncate":
                    writer.write(chunk[: int(self._amount)])
                    await writer.drain()
                    writer.close()
                    return
                if replies and self._fault == "throttle":
                    await self._trickle(chunk, writer)
                else:
                    writer.write(chunk)
                    await writer.drain()

    async def _trickle(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        size = max(1, int(self._amount / SLICES_A_SECOND))
        for start in range(0, len(chunk), size):
            writer.write(chunk[start : start + size])
            await writer.drain()
            if self._fault == "throttle":
                await asyncio.sleep(1 / SLICES_A_SECOND)

    def _delay(self) -> float:
        return self._amount if self._fault == "delay" else 0.0

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        for each in tuple(self._writers):
            # Linger on, for no time: close() sends RST instead of FIN.
            each.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
        writer.transport.abort()

    def _end_all(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()


async def _main(target: int) -> None:
    proxy = _Proxy(target)
    print(await proxy.listen(), flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    while words := (await commands.readline()).decode().split():
        await proxy.suffer(words[0], float(words[1]) if len(words) > 1 else 0.0)
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))


# What a wire can do to a client, by name.
FAULTS = {
    "delayed by 20 ms each way": lambda proxy: proxy.delay(0.020),
    "delayed by 100 ms each way": lambda proxy: proxy.delay(0.100),
    "delayed by 1 s each way": lambda proxy: proxy.delay(1.0),
    "half-open": FaultProxy.mute,
    "cut": FaultProxy.cut,
    "reset": FaultProxy.reset,
    "truncated after 3 bytes": lambda proxy: proxy.truncate(3),
    "trickling": lambda proxy: proxy.throttle(100),
}
