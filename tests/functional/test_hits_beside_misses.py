"""C10: what hits feel of computations beside them; counts are asserted, times printed.

Three programs share the machine: the service with its processes, one that times hits (tests/
hit_client.py, so its own waiting for a core is in the times), one with four clients that ask what
nobody has asked, each as fast as it is answered.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = Path(__file__).parents[1] / "hit_client.py"
MISS_CLIENT = Path(__file__).parents[1] / "miss_client.py"
PATIENCE_SECONDS = 60
USERS = 4
MISSING = 4


def hits(port: int, path: str, seconds: float) -> dict:
    """The times of hits, seen from another process."""
    command = [sys.executable, str(CLIENT), str(port), path, str(seconds), str(USERS)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


@contextmanager
def missing(url: str, path: str) -> Iterator[Counter[str]]:
    """Ask what nobody has asked before, until it is over; where the answers came from."""
    command = [sys.executable, str(MISS_CLIENT), url, path, str(MISSING)]
    tiers: Counter[str] = Counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as clients:
        assert clients.stdout.readline() == b"asking\n"
        yield tiers
        said, _ = clients.communicate()
    tiers.update(json.loads(said))


def beside(server: Server, seconds: float, view: str = "irr_pme?") -> None:
    url = server.url
    fund, index = (
        httpx2.get(f"{url}/v1/{kind}").json()["items"][0]["id"] for kind in ("funds", "benchmarks")
    )
    names = f"fund={fund}&benchmark={index}"
    path = f"/v1/metrics/irr_pme?{names}"
    httpx2.get(url + path)
    wait_for_processes(url)
    idle = hits(server.port, path, seconds)
    with missing(url, f"/v1/metrics/{view}{names}") as misses:
        busy = hits(server.port, path, seconds)
    compute = httpx2.get(f"{url}/v1/system/cache").json()["compute"]
    took = {name: 1000 * t["sum"] / sum(t["counts"]) for name, t in compute["seconds"].items()}
    print(f"\nhits alone: {idle}\nhits beside {dict(misses)} of {MISSING} clients: {busy}")
    print(f"{compute['processes']}, mean ms of a computation: {took}")
    assert set(idle["tiers"]) == set(busy["tiers"]) == {"memory"}
    assert set(misses) == {"computed"}
    assert compute["failed"] == 0


def wait_for_processes(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        crew = httpx2.get(f"{url}/v1/system/cache").json()["compute"]["processes"]
        if crew is None or crew["ready"] == crew["size"]:
            return
        assert time.monotonic() < deadline, crew
        time.sleep(0.02)


def test_hits_go_on_beside_computations(tmp_path):
    """Short form: while four clients compute, every hit is still one from memory."""
    with Server(tmp_path / "data", "--demo", environment={"PME_COMPUTE": "process"}) as server:
        beside(server, 0.5)


@pytest.mark.soak
@pytest.mark.parametrize("view", ["irr_pme?", "summary?all=true&"])
@pytest.mark.parametrize("compute", ["process", "thread"])
def test_hits_beside_computations_at_length(tmp_path, view, compute):
    """The same for ten seconds each, with short and long computations; the p99 are printed."""
    with Server(tmp_path / "data", "--demo", environment={"PME_COMPUTE": compute}) as server:
        beside(server, 10.0, view)
