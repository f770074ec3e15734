"""Restarts that no client notices: the listening socket stays open, and what was begun is ended."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from contextlib import suppress

import httpx2
import pytest

from functional.test_workers import fund_file, wait_for
from raw_client import BODY, HEAD, parsed, read_all
from server import INHERIT, Server, is_there

CLIENTS = 4
MAX_REQUESTS = 20_000  # of a client, far beyond what a restart lasts
PAUSE_SECONDS = 0.002
ONCE = HEAD + b"Connection: close\r\n\r\n"
AGAIN = HEAD + b"\r\n"


@pytest.fixture
def listener():
    """A listening socket that a supervisor holds, as systemd does."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as held:
        yield held


class Clients:
    """Clients that ask without a pause while something happens; every request is accounted for."""

    def __init__(self, port: int) -> None:
        self.outcomes: Counter[str] = Counter()
        self._port = port
        self._ended = asyncio.Event()

    async def during(self, happening) -> Counter[str]:
        """The outcomes of all requests that were sent before, while and after it happens."""
        half = CLIENTS // 2
        asking = [asyncio.create_task(self._with_new_connections()) for _ in range(half)]
        asking += [asyncio.create_task(self._with_one_connection()) for _ in range(half)]
        await self._answered(50)
        await asyncio.to_thread(happening)
        await self._answered(self.outcomes.total() + 50)
        self._ended.set()
        await asyncio.gather(*asking)
        return self.outcomes

    async def _answered(self, count: int) -> None:
        while self.outcomes.total() < count:  # noqa: ASYNC110  (counted in many places)
            await asyncio.sleep(0.01)

    async def _with_new_connections(self) -> None:
        for _ in range(MAX_REQUESTS):
            if self._ended.is_set():
                return
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(ONCE)
            self._note(await _answer(reader))
            await _closed(writer)
            await asyncio.sleep(PAUSE_SECONDS)
        self.outcomes["too many"] += 1

    async def _with_one_connection(self) -> None:
        """Kept alive; asked once more where it was closed while idle, as RFC 9112 9.3.1 has it."""
        connection = None
        for _ in range(MAX_REQUESTS):
            if self._ended.is_set():
                break
            reused = connection is not None
            reader, writer = connection or await asyncio.open_connection("127.0.0.1", self._port)
            answer = b""
            with suppress(ConnectionError):
                writer.write(AGAIN)
                answer = await _answer(reader)
            stays = bool(answer) and b"connection: close" not in answer.lower()
            connection = (reader, writer) if stays else None
            if not stays:
                await _closed(writer)
            if answer or not reused:
                self._note(answer)
                await asyncio.sleep(PAUSE_SECONDS)
        else:
            self.outcomes["too many"] += 1
        if connection is not None:
            await _closed(connection[1])

    def _note(self, answer: bytes) -> None:
        self.outcomes["200" if answer.startswith(b"HTTP/1.1 200 ") else repr(answer[:40])] += 1


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """A whole answer; nothing where the server closed before it began one."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
    return head + await reader.readexactly(int(length.split(b":")[1]))


def test_no_request_fails_while_workers_are_replaced(tmp_path):
    """SIGHUP puts a new process into the place of each worker; every request is answered 200."""
    with Server(tmp_path / "data", "--workers", "2") as server:
        before = set(server.workers())

        def replace() -> None:
            os.kill(server.pid, signal.SIGHUP)
            wait_for(lambda: len(set(server.workers()) - before) == 2)
            wait_for(lambda: not any(map(is_there, before)))

        outcomes = asyncio.run(Clients(server.port).during(replace))
        assert set(outcomes) == {"200"}
        assert len(server.workers()) == 2
        assert "Traceback" not in server.output
        assert server.stop(signal.SIGTERM) == 0


def test_workers_stay_where_a_new_one_cannot_start(tmp_path):
    """A restart that cannot succeed is logged, and the workers that answer go on."""
    secret = tmp_path / "redis"
    secret.touch(0o600)
    environment = {"PME_REDIS_URL_FILE": str(secret)}
    with Server(tmp_path / "data", "--workers", "2", environment=environment) as server:
        said = f"{server.url}/v1/system/cache"
        wait_for(lambda: len(httpx2.get(said).json()["workers"]) == 2)
        before = server.workers()
        secret.chmod(0o644)
        os.kill(server.pid, signal.SIGHUP)
        wait_for(lambda: "the old ones go on" in server.output)
        assert "chmod 600" in server.output
        assert "Traceback" not in server.output
        assert server.workers() == before
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        secret.chmod(0o600)
        os.kill(server.pid, signal.SIGHUP)
        wait_for(lambda: not any(map(is_there, before)))
        assert server.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_request_fails_while_the_service_is_restarted(tmp_path, listener, workers):
    """SIGTERM and a new start on an inherited socket: every request is answered 200."""
    with Server(tmp_path / "data", "--workers", workers, listener=listener) as server:
        first = server.pid

        def restart() -> None:
            assert server.stop(signal.SIGTERM) == 0
            server.start()

        outcomes = asyncio.run(Clients(server.port).during(restart))
        assert server.pid != first
        assert set(outcomes) == {"200"}
        assert "Traceback" not in server.output


def test_connections_wait_before_there_is_a_worker(tmp_path):
    """A request that is sent while the service still starts is answered, not refused."""
    server = Server(tmp_path / "data", "--workers", "2")
    with server:
        server.stop()
        starting = asyncio.run(start_and_ask_early(server))
    assert starting == 200


async def start_and_ask_early(server: Server) -> int:
    starting = asyncio.create_task(asyncio.to_thread(server.start, ready=lambda: True))
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            break
        except ConnectionRefusedError:
            await asyncio.sleep(0.005)
    assert server.output.count("PME Calculator on") <= 2  # the second line comes after the socket
    writer.write(ONCE)
    answer = parsed(await reader.read())
    await _closed(writer)
    await starting
    return answer.status


def test_an_end_closes_idle_connections_at_once(tmp_path):
    """While an upload goes on, an idle connection ends; the upload is answered all the same."""
    with Server(tmp_path / "data") as server:
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        form += fund_file(7) + b"\r\n--b--\r\n"
        address = ("127.0.0.1", server.port)
        with (
            socket.create_connection(address, 30) as upload,
            socket.create_connection(address, 30) as idle,
        ):
            upload.sendall(BODY + b"Content-Length: %d\r\n\r\n" % len(form) + form[:50])
            idle.sendall(AGAIN)
            assert idle.recv(65_536).startswith(b"HTTP/1.1 200 ")
            os.kill(server.pid, signal.SIGTERM)
            while idle.recv(65_536):  # the rest of the answer, then the end
                pass
            upload.sendall(form[50:])
            assert parsed(read_all(upload)).status == 201
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("datagram", "is no listening TCP socket"),
        ("bound", "is no listening TCP socket"),
        ("unix", "is no listening TCP socket"),
        ("file", "is no socket"),
        ("other port", "PME_PORT=1"),
        ("network", "PME_MODE=key"),
    ],
)
def test_inherited_descriptors_that_cannot_be_used(tmp_path, kind, sentence):
    """What is no listening TCP socket, or listens elsewhere, is one sentence, and exit 2."""
    with made(kind, tmp_path) as held:
        command = [sys.executable, "-c", "from pmecalc.cli import main; raise SystemExit(main())"]
        done = subprocess.run(
            [sys.executable, "-c", INHERIT, str(held.fileno()), *command, "serve"],
            env={**os.environ, **({"PME_PORT": "1"} if kind == "other port" else {})},
            pass_fds=[held.fileno()],
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def made(kind: str, folder):
    """Something that is inherited."""
    if kind == "file":
        return (folder / "file").open("wb")
    if kind == "unix":
        held = socket.socket(socket.AF_UNIX)
        held.bind(str(folder / "socket"))
        held.listen()
        return held
    if kind == "datagram":
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if kind == "bound":
        held = socket.socket()
        held.bind(("127.0.0.1", 0))
        return held
    return socket.create_server(("0.0.0.0" if kind == "network" else "127.0.0.1", 0))  # noqa: S104


def test_variables_for_another_process_are_not_ours(tmp_path):
    """LISTEN_PID of somebody else leaves the service to bind its own port."""
    foreign = {"LISTEN_PID": "1", "LISTEN_FDS": "1"}
    with Server(tmp_path / "data", environment=foreign) as server:
        assert httpx2.get(f"{server.url}/healthz").status_code == 200


def test_two_instances_share_a_data_folder(tmp_path):
    """What one instance stores the other answers from, and each may end for itself."""
    with Server(tmp_path / "data") as first, Server(tmp_path / "data") as second:
        form = {"file": ("a.csv", fund_file(7))}
        answer = httpx2.post(f"{first.url}/v1/imports?commit=true", files=form, timeout=60)
        assert answer.status_code == 201
        first.stop(signal.SIGTERM)
        assert len(httpx2.get(f"{second.url}/v1/funds").json()["items"]) == 1
        first.start()
        second.stop(signal.SIGTERM)
        assert len(httpx2.get(f"{first.url}/v1/funds").json()["items"]) == 1
