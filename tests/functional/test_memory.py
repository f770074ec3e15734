"""The memory of a worker: `make test` counts what it loads, `make soak` measures what it takes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from functional.test_bad_files import ZOO
from pmecalc.app import prepare
from pmecalc.settings import Settings
from server import Server, mapped_packages, private_bytes

MB, MIB = 1_000_000, 2**20
NEEDLESS = {"redis", "numba", "llvmlite", "pandas", "polars", "openpyxl", "scipy"}
LOADED = """
import sys
from pathlib import Path
from pmecalc.cli import serving, worker
from pmecalc.settings import Settings
from pmecalc.store.store import Store
serving.create_app(Settings())
with Store.open(Path(sys.argv[1])) as store:
    fund = store.datasets("default", "fund", limit=1).items[0]
    store.load("default", "fund", fund.id, fund.revision)
print(*sys.modules)
"""
BARE = """
import sys
from contextlib import suppress
from importlib import import_module
for name in sys.argv[1:]:
    with suppress(ImportError):
        import_module(name)
print("ready", flush=True)
sys.stdin.read()
"""
# Of the private memory of an interpreter that has only imported the same modules; 1.0 to 1.1 idle.
MAX_IDLE, MAX_USED = 1.25, 1.5


def test_a_worker_imports_nothing_that_it_does_not_need(tmp_path):
    """Without a URL there is no Redis client; reading a fund wakes no pandas that lies about."""
    prepare(Settings(data=tmp_path, demo=True, _env_file=None))
    assert {name.partition(".")[0] for name in loaded(tmp_path)} & NEEDLESS == set()


def test_a_running_worker_maps_nothing_that_it_does_not_need(tmp_path):
    """Started, and after charts of every fund, no library lies in its memory unused."""
    with Server(tmp_path / "data", "--demo", "--workers", "2") as server:
        workers = server.workers()
        started = set.union(*map(mapped_packages, workers))
        ask_for_charts(server)
        mapped = set.union(started, *map(mapped_packages, workers))
    assert "numpy" in started
    assert mapped & NEEDLESS == set()


@pytest.mark.soak
def test_an_idle_worker_is_little_more_than_its_imports(tmp_path, capsys):
    """Private memory, idle and after charts, beside a bare interpreter with the same imports."""
    with Server(tmp_path / "data", "--demo", "--workers", "2") as server:
        command = [sys.executable, "-c", BARE, *loaded(server.data)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
            assert bare.stdout.readline() == b"ready\n"
            imports, idle = private_bytes(bare.pid), max(server.memories())
            ask_for_charts(server)
            used = max(server.memories())
            bare.communicate()
    with capsys.disabled():
        print(
            f"\nprivate memory: imports {imports / MB:.0f} MB, an idle worker "
            f"{idle / imports:.2f} of that, after charts {used / imports:.2f}"
        )
    assert idle <= MAX_IDLE * imports
    assert used <= MAX_USED * imports


def loaded(data: Path) -> list[str]:
    """The modules of a worker that has read a fund of this folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PME_")}
    return subprocess.run(
        [sys.executable, "-c", LOADED, str(data)],
        check=True,
        capture_output=True,
        text=True,
        env={**kept, "PME_DATA": str(data)},
    ).stdout.split()


def ask_for_charts(server: Server) -> None:
    """A chart of every fund, three times."""
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for fund in client.get("/v1/funds").json()["items"] * 3:
            answer = client.get("/v1/metrics/irr_pme", params={"fund": fund["id"]})
            assert answer.status_code == 200


@pytest.mark.soak
def test_hostile_files_leave_no_memory_behind(tmp_path, capsys):
    """T-05: the zoo is refused, a worker's private memory grows by 64 MiB at most, others go on."""
    answers: list[httpx2.Response] = []
    times: list[float] = []
    failed = 0
    with (
        Server(tmp_path / "data", "--demo") as server,
        httpx2.Client(base_url=server.url, timeout=60) as other,
    ):
        server.upload(written(tmp_path, b"date,amount\n2020-01-01,-1\n"))
        (before,) = server.memories()
        for made, _ in ZOO.values():
            file = written(tmp_path, made())
            uploading = Thread(target=lambda: answers.append(server.upload(file)))  # noqa: B023
            uploading.start()
            while uploading.is_alive():
                began = time.perf_counter()
                failed += other.get("/v1/funds").status_code != 200
                times.append(time.perf_counter() - began)
        (after,) = server.memories()
    assert len(answers) == len(ZOO)
    assert {answer.status_code for answer in answers} <= {400, 413}
    growth = (after - before) / MIB
    p99 = statistics.quantiles(times, n=100)[98] * 1000
    with capsys.disabled():
        print(f"\nafter {len(ZOO)} hostile files: {growth:.1f} MiB more; others' p99 {p99:.0f} ms")
    assert failed == 0
    assert growth <= 64


def written(folder, content: bytes):
    path = folder / "file"
    path.write_bytes(content)
    return path
