"""The processes that a test starts and ends: the service, the bare server, Redis, the relay."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import IO, TYPE_CHECKING

from pmecalc.cli.load import bare, delay
from pmecalc.cli.load.machine import free_port, pin
from pmecalc.cli.load.serverside import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_START_SECONDS = 120.0
_END_SECONDS = 20.0
_POLL_SECONDS = 0.05
_COMPUTING = ("PME_COMPUTE", "PME_WARM_ENGINE")
_PME = "import sys; from pmecalc.cli import main; sys.exit(main())"


class LoadTestError(RuntimeError):
    """A load test cannot be made as asked."""


@contextmanager
def service(data: Path, *, core: int | None, settings: Mapping[str, str]) -> Iterator[int]:
    """`pme serve` on a data folder; the port it listens on.

    Of the settings in the environment it has those that say how to compute alone.
    """
    port = free_port()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PME_") or name in _COMPUTING
    }
    command = [sys.executable, "-c", _PME, "serve", "--port", str(port), "--data", str(data)]
    with _running(command, core=core, environment={**kept, **settings}) as process:
        _await(process, lambda: _answers(port, "/readyz"), "the service does not start")
        _compute_once(port)
        _await(process, lambda: _is_warm(port), "the service does not load its compiled loops")
        yield port


@contextmanager
def bare_server(size: int, *, core: int | None) -> Iterator[int]:
    """Constant bytes on the same uvicorn; the port."""
    port = free_port()
    with _running([sys.executable, "-m", bare.__name__, str(port), str(size)], core=core) as child:
        _await(child, lambda: _answers(port, "/"), "the bare server does not start")
        yield port


class RedisProcess:
    """A redis-server of this test alone, with the faults it can have."""

    def __init__(self, program: str, *, core: int | None) -> None:
        self.port = free_port()
        self._program = program
        self._core = core
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        command = [self._program, "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--save", "", "--appendonly", "no", "--maxmemory", "256mb"]
        command += ["--maxmemory-policy", "allkeys-lru"]
        process = subprocess.Popen(  # noqa: S603  (the path that `which` found)
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._process = process
        pin(process.pid, self._core)
        _await(process, lambda: _listens(self.port), "redis-server does not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """SIGSTOP: its connections stay, its answers do not come."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)


@contextmanager
def redis_server(*, core: int | None) -> Iterator[RedisProcess]:
    """A Redis that keeps nothing on disk; LoadTestError where the program is missing."""
    program = shutil.which("redis-server")
    if program is None:
        raise LoadTestError("--fault needs the program redis-server, which is not on this machine")
    redis = RedisProcess(program, core=core)
    try:
        redis.start()
        yield redis
    finally:
        redis.kill()


class Relay:
    """What the delay of a relay is changed through."""

    def __init__(self, port: int, told: IO[bytes]) -> None:
        self.port = port
        self._told = told

    def delay(self, milliseconds: float) -> None:
        self._told.write(b"%f\n" % milliseconds)
        self._told.flush()


@contextmanager
def relay(to_port: int, *, core: int | None) -> Iterator[Relay]:
    """A relay before a port; at first it holds nothing back."""
    port = free_port()
    command = [sys.executable, "-m", delay.__name__, str(port), str(to_port)]
    with _running(command, core=core) as process:
        _await(process, lambda: _listens(port), "the relay does not start")
        assert process.stdin is not None  # noqa: S101  (for the types: it is a pipe)
        yield Relay(port, process.stdin)


@contextmanager
def _running(
    command: Sequence[str], *, core: int | None, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A child on its core, ended as Ctrl-C does; what it printed is shown if it fails."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603  (our own programs)
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        pin(process.pid, core)
        try:
            yield process
        except LoadTestError as error:
            output.seek(0)
            error.add_note(output.read().decode(errors="replace"))
            raise
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(process: subprocess.Popen[bytes], condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise LoadTestError(complaint)
        time.sleep(_POLL_SECONDS)


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200  # noqa: PLR2004  (well)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _compute_once(port: int) -> None:
    """Wake the compiled loops, by a question that nobody asks again."""
    funds = read_json("127.0.0.1", port, "/v1/funds?limit=1")["items"]
    for fund in funds:
        path = f"/v1/metrics/summary?fund={fund['id']}&max_staleness_days=3650"
        read_json("127.0.0.1", port, path)


def _is_warm(port: int) -> bool:
    """Whether nothing is compiled any more: once for all processes this takes half a minute."""
    said = read_json("127.0.0.1", port, "/v1/system/cache")
    return said["versions"]["loops"] in {"compiled", "plain"}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
