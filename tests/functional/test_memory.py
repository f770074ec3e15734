"""What a worker holds: only what it uses (issue 5: an idle worker has at most 120 MB)."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from threading import Thread

import httpx2
import pytest

from functional.test_bad_files import ZOO
from pmecalc.app import prepare
from pmecalc.settings import Settings
from server import Server

MB, MIB = 1_000_000, 2**20
NEEDLESS = ("redis", "numba", "pandas", "polars", "openpyxl", "scipy")
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
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_worker_imports_nothing_that_it_does_not_need(tmp_path):
    """Without a URL there is no Redis client; reading a fund wakes no pandas that lies about."""
    settings = Settings(data=tmp_path, demo=True, _env_file=None)
    prepare(settings)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PME_")}
    output = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        env={**kept, "PME_DATA": str(tmp_path)},
    ).stdout
    assert set(output.split()) & set(NEEDLESS) == set()


def test_an_idle_worker_is_small(tmp_path, capsys):
    """A worker that started, and one that computed, stay within their bounds; prints both."""
    with Server(tmp_path / "data", "--demo", "--workers", "2") as server:
        idle = min(server.memories())
        with httpx2.Client(base_url=server.url, timeout=60) as client:
            for fund in client.get("/v1/funds").json()["items"] * 3:
                answer = client.get("/v1/metrics/irr_pme", params={"fund": fund["id"]})
                assert answer.status_code == 200
        computed = max(server.memories())
    with capsys.disabled():
        print(f"\nRSS of a worker: {idle / MB:.0f} MB idle, {computed / MB:.0f} MB after charts")
    assert idle < 140 * MB
    assert computed < 180 * MB


@pytest.mark.soak
def test_hostile_files_leave_no_memory_behind(tmp_path, capsys):
    """T-05: the zoo is refused over HTTP, the worker grows by 64 MiB at most, others go on."""
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
