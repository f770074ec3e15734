"""Requests of one tenant that are meant to slow or stop the service for all others.

Each kind is sent again and again over connections of its own, by a few users at once, until it is
told to stop. What comes back is not looked at: the other tenant's answers say what it did.

As a program it takes port, key, fund and index, attacks until its standard input ends, and prints
how often each kind was sent.
"""

from __future__ import annotations

import asyncio
import functools
import io
import itertools
import json
import os
import sys
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

USERS = 3  # of each kind, at once
_PAUSE_SECONDS = 0.02
_PATIENCE_SECONDS = 30
_ADDRESS = "127.0.0.9"  # not that of the other tenant


def _once_made(make: Callable[[Attacker], bytes]) -> Callable[[Attacker], bytes]:
    """Keep what is the same each time: making it would slow the attack down."""
    return functools.cache(make)


class Attacker:
    """One tenant's key, a fund and an index that are its own, and a port."""

    def __init__(self, port: int, key: str, fund: str, index: str) -> None:
        self._port = port
        self._key = key
        self._fund = fund
        self._index = index
        self._days = itertools.count()
        self.sent: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """All kinds at once until the event."""
        kinds = [
            (name.removeprefix("ask_"), getattr(self, name))
            for name in dir(self)
            if name.startswith("ask_")
        ]
        async with asyncio.TaskGroup() as group:
            for name, make in kinds:
                for _ in range(USERS):
                    group.create_task(self._repeat(name, make, stop))

    async def _repeat(
        self, name: str, make: Callable[[], bytes | Iterator[bytes]], stop: asyncio.Event
    ) -> None:
        ending = asyncio.create_task(stop.wait())
        while not stop.is_set():
            made = make()
            sending = asyncio.create_task(self._send([made] if isinstance(made, bytes) else made))
            await asyncio.wait(
                [sending, ending],
                timeout=_PATIENCE_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            sending.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await sending
            self.sent[name] = self.sent.get(name, 0) + 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _send(self, pieces: Iterable[bytes]) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self._port, local_addr=(_ADDRESS, 0)
        )
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            await reader.read()
        finally:
            writer.transport.abort()

    def _head(self, line: str, *headers: str, key: bool = True) -> bytes:
        own = [f"Authorization: Bearer {self._key}"] if key else []
        lines = [f"{line} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *own, *headers]
        return "\r\n".join([*lines, "", ""]).encode()

    def _post(self, path: str, body: bytes, kind: str, *, key: bool = True) -> bytes:
        headers = (f"Content-Type: {kind}", f"Content-Length: {len(body)}")
        return self._head(f"POST {path}", *headers, key=key) + body

    def _file(self, name: str, body: bytes) -> bytes:
        part = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        whole = part.encode() + body + b"\r\n--b--\r\n"
        return self._post("/v1/imports", whole, "multipart/form-data; boundary=b")

    # Before anybody is known

    @_once_made
    def ask_open_strings(self) -> bytes:
        """A JSON text that begins a string at every other byte, without a key."""
        body = b'"' + b'\\"' * 500_000
        return self._post("/v1/evaluate", body, "application/json", key=False)

    @_once_made
    def ask_body_where_none_is_taken(self) -> bytes:
        """A large body for a route that reads none."""
        body = b'"' + b'\\"' * 250_000
        length = f"Content-Length: {len(body)}"
        head = self._head("GET /v1/funds", "Content-Type: application/json", length, key=False)
        return head + body

    @_once_made
    def ask_cookies(self) -> bytes:
        """A quoted cookie of backslashes."""
        return self._head("GET /v1/funds", 'Cookie: pme="' + "\\" * 31_000, key=False)

    def ask_guesses(self) -> bytes:
        """Credentials that open nothing."""
        guess = f"pme_{next(self._days):010d}_{'a' * 43}"
        return self._head("GET /v1/funds", f"Authorization: Bearer {guess}", key=False)

    def ask_trailers(self) -> bytes:
        """Headers after the body."""
        head = self._head("POST /v1/evaluate", "Transfer-Encoding: chunked", key=False)
        return head + b"2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n"

    @_once_made
    def ask_upgrades(self) -> bytes:
        """Hundreds of requests behind one that asks for another protocol."""
        first = self._head("GET /healthz", "Connection: Upgrade", "Upgrade: h2c", key=False)
        return first + b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 300

    def ask_drips(self) -> Iterator[bytes]:
        """A head and no more."""
        yield b"POST /v1/evaluate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"

    # With a key of its own

    def ask_misses(self) -> bytes:
        """A question that nobody asked before."""
        day = next(self._days)
        date = f"20{10 + day // 336 % 10}-{day // 28 % 12 + 1:02d}-{day % 28 + 1:02d}"
        query = f"fund={self._fund}&benchmark={self._index}&as_of={date}&max_staleness_days=none"
        return self._head(f"GET /v1/metrics/summary?{query}")

    @_once_made
    def ask_much_computing(self) -> bytes:
        """As many flows as a request may hold."""
        flows = [[f"20{n % 20 + 1:02d}-01-{n % 28 + 1:02d}", 1, 2] for n in range(30_000)]
        body = json.dumps({"fund": {"flows": flows, "navs": [["2024-01-01", 5]]}, "all": True})
        return self._post("/v1/evaluate", body.encode(), "application/json")

    @_once_made
    def ask_unknown_names(self) -> bytes:
        """A body of names that no schema knows: each of them is a problem."""
        body = json.dumps({f"n{n}": 1 for n in range(90_000)}).encode()
        return self._post("/v1/evaluate", body, "application/json")

    def ask_rows(self) -> bytes:
        """All flows of a fund."""
        return self._head(f"GET /v1/funds/{self._fund}/flows?limit=5000")

    @_once_made
    def ask_large_imports(self) -> bytes:
        """A large file, in which something is wrong near the end."""
        rows = b"2020-01-01,-1\n" * 600_000
        return self._file("large.csv", b"date,amount\n" + rows + b"never,1\n")

    @_once_made
    def ask_workbooks(self) -> bytes:
        """A small archive whose sheet begins a tag and never ends it."""
        sheet = io.BytesIO()
        with zipfile.ZipFile(sheet, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("xl/workbook.xml", "<workbook/>")
            archive.writestr("xl/worksheets/sheet1.xml", '<c r="A1" t="e"' + "<c " * 400_000)
        return self._file("bad.xlsx", sheet.getvalue())

    def ask_jobs(self) -> bytes:
        """Work in the background."""
        return self._post("/v1/jobs", b'{"kind": "batch"}', "application/json")


async def _attack(port: str, key: str, fund: str, index: str) -> dict[str, int]:
    attacker, stop = Attacker(int(port), key, fund, index), asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(sys.stdin.fileno())
        stop.set()

    loop.add_reader(sys.stdin.fileno(), end)
    await attacker.run(stop)
    return attacker.sent


if __name__ == "__main__":
    os.nice(5)  # it stands for other machines, whose processors are not ours
    print(json.dumps(asyncio.run(_attack(*sys.argv[1:]))))
