"""A real `pme serve` on a loopback port, started and ended by a test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx2

START_SECONDS = 90.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.05
# Nothing is compiled, and no process is started beside each worker, unless a test is about that.
PLAIN = {"PME_WARM_ENGINE": "false", "PME_COMPUTE": "thread"}


def private_bytes(pid: int | str = "self") -> int:
    """The memory that a process shares with no other one: what would be free without it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024


def mapped_packages(pid: int) -> set[str]:
    """The packages of whose compiled modules a process has mapped one."""
    paths = [line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    places = (path.partition("/site-packages/")[2] for path in paths)
    return {place.partition("/")[0].partition(".")[0] for place in places if place}


def ticks(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _is_worker(pid: int) -> bool:
    """A process that multiprocessing spawned, and not its resource tracker."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def children(pid: int, word: bytes) -> list[int]:
    """The processes that a process has started whose command holds the word."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return [child for child in found if word in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_there(pid: int) -> bool:
    """Whether a process lives; one that only waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# Becomes the command with the socket as its descriptor 3, in the way of systemd.
INHERIT = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


class Server:
    """The command as users start it; `url`, `data`, and what it printed in `output`."""

    def __init__(
        self,
        data: Path,
        *options: str,
        environment: dict[str, str] | None = None,
        listener: socket.socket | None = None,
    ):
        """With a `listener` the command inherits it, as from systemd."""
        self.data = data
        self._listener = listener
        self.port = free_port() if listener is None else listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self._environment = environment or {}
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed on exit)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._log.close()

    @property
    def output(self) -> str:
        self._log.seek(0)
        return self._log.read().decode()

    def start(self, *, ready: Callable[[], bool] | None = None) -> None:
        """Returns when it is ready."""
        ready = ready or self._ready
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PME_")}
        command = [
            sys.executable,
            "-c",
            "import sys; from pmecalc.cli import main; sys.exit(main())",
        ]
        if self._listener is None:
            address, handles = ["--port", str(self.port)], []
        else:
            address, handles = [], [self._listener.fileno()]
            command = [sys.executable, "-c", INHERIT, str(handles[0]), *command]
        self._process = subprocess.Popen(
            [*command, "serve", *address, "--data", str(self.data), *self._options],
            env={**kept, **PLAIN, **self._environment},
            pass_fds=handles,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(POLL_SECONDS)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int | None:
        """End it as Ctrl-C does, and return its exit code."""
        if self._process is None:
            return None
        self._process.send_signal(number)
        try:
            code = self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise
        self._process = None
        return code

    def kill(self) -> None:
        """End it and its workers as a power cut does."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def workers(self) -> list[int]:
        """The processes that answer: the children of the manager, or the one process."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        found = [int(child) for child in children if _is_worker(int(child))]
        return found or [self.pid]

    def memories(self) -> list[int]:
        """Private bytes of each worker."""
        return [private_bytes(pid) for pid in self.workers()]

    def upload(self, path: Path, **query: str) -> httpx2.Response:
        with path.open("rb") as file:
            return httpx2.post(
                f"{self.url}/v1/imports",
                params={"commit": "true", **query},
                files={"file": (path.name, file)},
                timeout=60,
            )

    def _ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx2.HTTPError:
            return False
