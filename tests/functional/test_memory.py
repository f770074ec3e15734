"""What a worker holds: only what it uses (issue 5: an idle worker has at most 120 MB)."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx2

from pmecalc.app import prepare
from pmecalc.settings import Settings
from server import Server

MB = 1_000_000
NEEDLESS = ("redis", "numba", "pandas", "polars", "openpyxl", "scipy")
LOADED = """
import sys
from pathlib import Path
from pmecalc.cli.worker import application
from pmecalc.store.store import Store
application()
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
