"""A real redis-server on a loopback port, started and ended by a test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

START_SECONDS = 20.0
POLL_SECONDS = 0.02


def redis_server_path() -> str | None:
    """Where the program is, if it is."""
    return shutil.which("redis-server")


class RedisServer:
    """Keeps nothing on disk; `kill`, `pause`, `resume`, `restart` are the faults it can have."""

    def __init__(self, *options: str, started: bool = True) -> None:
        self.port = _free_port()
        self._options = options
        self._started = started
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="pme-redis-")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

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
            [path, *self._places(), "--save", "", "--appendonly", "no", *self._options],
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

    def command(self, *words: str) -> bytes | None:
        """The reply to one command, over a connection of its own."""
        request = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"*{len(words)}\r\n{request}".encode())
                with connection.makefile("rb") as reply:
                    return _read_reply(reply.readline().rstrip(), reply)
        except ConnectionError:
            return None

    def calls(self, command: str) -> int:
        """How often the server has carried out a command."""
        stats = self.command("INFO", "commandstats") or b""
        prefix = f"cmdstat_{command.lower()}:calls=".encode()
        lines = [line for line in stats.splitlines() if line.startswith(prefix)]
        return int(lines[0].removeprefix(prefix).split(b",")[0]) if lines else 0

    def _places(self) -> list[str]:
        return ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", self._folder.name]

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "redis-server does not run"
        os.kill(self._process.pid, number)


def _read_reply(head: bytes, reply) -> bytes | None:
    if not head.startswith(b"$"):
        return head or None
    size = int(head[1:])
    return None if size < 0 else reply.read(size)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
