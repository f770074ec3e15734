"""A real redis-server on a loopback port, started and ended by a test."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

if TYPE_CHECKING:
    from types import TracebackType

START_SECONDS = 20.0
POLL_SECONDS = 0.02
HOST = "127.0.0.1"


def redis_server_path() -> str | None:
    """Where the program is, if it is."""
    return shutil.which("redis-server")


class RedisServer:
    """Keeps nothing on disk; `kill`, `pause`, `resume`, `restart` are the faults it can have."""

    def __init__(self, *options: str, started: bool = True) -> None:
        self.port = free_port()
        self._options = options
        self._started = started
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="pme-redis-")

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def __enter__(self) -> Self:
        if self._started:
            self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Returns when it answers PING."""
        path = redis_server_path()
        assert path is not None, "redis-server is not here"
        self._process = subprocess.Popen(
            [path, *self._arguments()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while self.command("PING") != b"+PONG":
            assert self._process.poll() is None, "redis-server ended at its start"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """SIGKILL by pid, and wait for its end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def pause(self) -> None:
        """SIGSTOP: connections stay, answers do not come."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def command(self, *words: str) -> bytes | list | None:
        """The reply to one command, over a connection of its own."""
        request = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        try:
            with socket.create_connection((HOST, self.port), timeout=5) as connection:
                connection.sendall(f"*{len(words)}\r\n{request}".encode())
                with connection.makefile("rb") as reply:
                    return _read_reply(reply)
        except ConnectionError:
            return None

    def calls(self, command: str) -> int:
        """How often the server has carried out a command."""
        stats = self.command("INFO", "commandstats") or b""
        prefix = f"cmdstat_{command.lower()}:calls=".encode()
        lines = [line for line in stats.splitlines() if line.startswith(prefix)]
        return int(lines[0].removeprefix(prefix).split(b",")[0]) if lines else 0

    def _arguments(self) -> list[str]:
        places = ["--bind", HOST, "--port", str(self.port), "--dir", self._folder.name]
        quick = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"]
        return [*places, *quick, *self._options]

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "redis-server does not run"
        os.kill(self._process.pid, number)


class SentinelServer(RedisServer):
    """A sentinel over one service, which it calls `main`."""

    def __init__(self) -> None:
        super().__init__(started=False)
        self._file = Path(self._folder.name) / "sentinel.conf"
        self._id = secrets.token_hex(20)

    def know(
        self,
        master: RedisServer,
        replica: RedisServer,
        others: list[SentinelServer],
        *,
        down_after_ms: int,
    ) -> None:
        """Write down what it would find out by itself in some seconds."""
        lines = [
            f"bind {HOST}",
            f"port {self.port}",
            f"dir {self._folder.name}",
            f"sentinel myid {self._id}",
            f"sentinel monitor main {HOST} {master.port} 2",
            f"sentinel down-after-milliseconds main {down_after_ms}",
            f"sentinel failover-timeout main {10 * down_after_ms}",
            f"sentinel known-replica main {HOST} {replica.port}",
            *(f"sentinel known-sentinel main {HOST} {each.port} {each._id}" for each in others),
        ]
        self._file.write_text("\n".join(lines) + "\n")

    def _arguments(self) -> list[str]:
        return [str(self._file), "--sentinel"]


def _read_reply(reply: BinaryIO) -> bytes | list | None:
    head = reply.readline().rstrip()
    if head.startswith(b"*"):
        return [_read_reply(reply) for _ in range(int(head[1:]))]
    if not head.startswith(b"$"):
        return head or None
    size = int(head[1:])
    return None if size < 0 else reply.read(size + 2)[:-2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]
