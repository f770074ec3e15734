"""Imports wait outside the threads, on the disk and in turn; reads wait for none of them."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from functional.access.conftest import bearer, make_keys
from server import POLL_SECONDS, Server, children

TENANTS = ("alpha", "beta")
FREE = {
    "PME_MODE": "key",
    "PME_RATE_IMPORTS_BURST": "1000",
    "PME_RATE_IMPORTS_PER_MIN": "60000",
    "PME_RATE_READS_BURST": "10000",
}
PATIENCE_SECONDS = 60
PLACES = 2
READER = b"child.py"


def table(rows: int, name: str = "F") -> bytes:
    """A text that a child process reads: more than 1 MiB from about 60 000 rows on."""
    lines = (f"{name},{1990 + n % 20}-01-{1 + n % 28:02d},{n}.25,,\n" for n in range(rows))
    body = "".join(lines)
    return f"fund,date,contribution,distribution,nav\n{body}".encode()


@pytest.fixture
def keys(tmp_path):
    return make_keys(tmp_path / "data")


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def server(tmp_path, keys, temporary):
    with Server(tmp_path / "data", environment={**FREE, "TMPDIR": str(temporary)}) as running:
        yield running


def spooled(pid: int, folder: Path) -> int:
    """How many files of a folder a process has open, with a name or without."""
    targets = []
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            targets.append(str(handle.readlink()))
    return sum(target.startswith(str(folder)) for target in targets)


def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)


class Uploads:
    """Uploads of several tenants at once; `order` is that in which they were answered."""

    def __init__(self, server: Server, keys) -> None:
        self._server = server
        self._keys = keys
        self._threads = ThreadPoolExecutor(64)
        self.order: list[str] = []
        self.statuses: list[int] = []
        self.futures = []

    def begin(self, tenant: str, content: bytes) -> None:
        self.futures.append(self._threads.submit(self._send, tenant, content))

    def _send(self, tenant: str, content: bytes) -> None:
        answer = httpx2.post(
            f"{self._server.url}/v1/imports",
            files={"file": ("f.csv", content)},
            headers=bearer(self._keys[tenant, "analyst"]),
            timeout=600,
        )
        self.order.append(tenant)
        self.statuses.append(answer.status_code)

    def end(self) -> None:
        wait(self.futures)
        for future in self.futures:
            future.result()


def held(server: Server, uploads: Uploads) -> list[int]:
    """Both places taken by imports whose readers are stopped; the readers."""
    stopped: list[int] = []
    for number in range(PLACES):
        uploads.begin("alpha", table(400_000, f"Held {number}"))
    while len(stopped) < PLACES:
        for pid in children(server.pid, READER):
            if pid not in stopped:
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        assert not uploads.order, "the reader was quicker than this test"
    return stopped


def test_reads_wait_for_no_import_and_imports_take_turns(server, keys, temporary):
    """With both readers stopped another tenant reads at once; then the tenants alternate."""
    uploads = Uploads(server, keys)
    stopped = held(server, uploads)
    for number in range(6):
        uploads.begin("alpha", table(60_000, f"Alpha {number}"))
    until(lambda: spooled(server.pid, temporary) >= PLACES + 6)
    for number in range(3):
        uploads.begin("beta", table(60_000, f"Beta {number}"))
    until(lambda: spooled(server.pid, temporary) >= PLACES + 9)
    for path in ("/v1/funds", "/v1/imports", "/v1/benchmarks", "/v1/jobs") * 5:
        answer = httpx2.get(
            server.url + path, headers=bearer(keys["beta", "viewer"]), timeout=PATIENCE_SECONDS
        )
        assert (answer.status_code, answer.json()["items"]) == (200, [])
    assert uploads.order == []
    assert set(children(server.pid, READER)) == set(stopped)
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    uploads.end()
    assert set(uploads.statuses) == {201}
    # alpha holds two places at first; from there on beta's three wait for at most one each.
    last = max(place for place, tenant in enumerate(uploads.order) if tenant == "beta")
    assert uploads.order[: last + 1].count("alpha") <= PLACES + 3 + 1
    until(lambda: spooled(server.pid, temporary) == 0)  # closed behind the answer
    assert list(temporary.iterdir()) == []


def test_small_files_wait_for_no_reader(server, keys):
    """A text that needs no child process is imported while both readers are stopped."""
    uploads = Uploads(server, keys)
    stopped = held(server, uploads)
    small = Uploads(server, keys)
    for number in range(4):
        small.begin("beta", table(100, f"Small {number}"))
    small.end()
    assert (small.statuses, uploads.order) == ([201] * 4, [])
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    uploads.end()


def test_key_of_a_spooled_file_is_that_of_its_bytes(server, keys):
    """The same large file under one Idempotency-Key is committed once; another one is refused."""
    headers = {**bearer(keys["alpha", "analyst"]), "Idempotency-Key": "once"}

    def send(content):
        files = {"file": ("f.csv", content)}
        return httpx2.post(f"{server.url}/v1/imports", files=files, headers=headers, timeout=60)

    first, again, other = (send(table(rows)) for rows in (60_000, 60_000, 60_001))
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["import"] == first.json()["import"]


@pytest.mark.soak
def test_memory_does_not_grow_with_the_uploads_that_wait(server, keys):
    """Thirty uploads of 45 MB at once take less memory than a third of their bytes."""
    content = b"no,such,columns\n" + b"1,2,3\n" * 7_500_000
    before = peak = server.memories()[0]
    uploads = Uploads(server, keys)
    for number in range(30):
        uploads.begin(TENANTS[number % 2], content)
    while not all(future.done() for future in uploads.futures):
        peak = max(peak, server.memories()[0])
        time.sleep(POLL_SECONDS)
    uploads.end()
    grown, sent = peak - before, 30 * len(content)
    print(f"\n{sent / 1e6:.0f} MB in 30 uploads: {grown / 1e6:.0f} MB more at the peak")
    assert set(uploads.statuses) == {400}
    assert grown < sent / 3
