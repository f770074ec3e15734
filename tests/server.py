"""A real `pme serve` on a loopback port, started and ended by a test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
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


class Server:
    """The command as users start it; `url`, `data`, and what it printed in `output`."""

    def __init__(self, data: Path, *options: str, environment: dict[str, str] | None = None):
        self.data = data
        self.port = free_port()
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

    def start(self) -> None:
        """Returns when it is ready."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PME_")}
        command = [
            sys.executable,
            "-c",
            "import sys; from pmecalc.cli import main; sys.exit(main())",
        ]
        self._process = subprocess.Popen(
            [*command, "serve", "--port", str(self.port), "--data", str(self.data), *self._options],
            env={**kept, **PLAIN, **self._environment},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
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
