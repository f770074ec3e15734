"""C10: what hits feel of computations beside them; counts are asserted, times printed.

Three programs: the service with its processes; one that times hits (tests/hit_client.py); one with
four clients that ask what nobody has asked, each as fast as it is answered. As in a load test the
clients are kept off the service's core, where there are two: what they take of each other's time
is not the service's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
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
def missing(port: int, path: str, first: int) -> Iterator[dict]:
    """Ask what nobody has asked before, until it is over; where the answers came from."""
    command = [sys.executable, str(MISS_CLIENT), str(port), path, str(MISSING), str(first)]
    told: dict = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as clients:
        assert clients.stdout.readline() == b"asking\n"
        yield told
        said, _ = clients.communicate()
    told.update(json.loads(said))


@contextmanager
def on(place: int) -> Iterator[None]:
    """What is started here runs on one of two cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[place % len(before)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def service(folder: Path, compute: str) -> Iterator[Server]:
    server = Server(folder, "--demo", environment={"PME_COMPUTE": compute})
    with on(0):
        server.start()
    try:
        yield server
    finally:
        server.__exit__()


def beside(server: Server, seconds: float, view: str = "irr_pme?", rounds: int = 1) -> None:
    url = server.url
    fund, index = (
        httpx2.get(f"{url}/v1/{kind}").json()["items"][0]["id"] for kind in ("funds", "benchmarks")
    )
    names = f"fund={fund}&benchmark={index}"
    path = f"/v1/metrics/irr_pme?{names}"
    httpx2.get(url + path)
    wait_for_processes(url)
    first, factors = 0, []
    for _ in range(rounds):
        with on(1):
            idle = hits(server.port, path, seconds)
            with missing(server.port, f"/v1/metrics/{view}{names}", first) as told:
                busy = hits(server.port, path, seconds)
        first = told["next"]
        factors.append(busy["p99"] / idle["p99"])
        print(f"\nhits alone: {idle}\nbeside {told['tiers']} of {MISSING} clients: {busy}")
        assert set(idle["tiers"]) == set(busy["tiers"]) == {"memory"}
        assert set(told["tiers"]) == {"computed"}
    compute = httpx2.get(f"{url}/v1/system/cache").json()["compute"]
    took = {name: 1000 * t["sum"] / sum(t["counts"]) for name, t in compute["seconds"].items()}
    print(f"{compute['processes']}, mean ms of a computation: {took}")
    print(f"p99 beside / alone: {sorted(factors)[len(factors) // 2]:.2f} of {factors}")
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
    with service(tmp_path / "data", "process") as server:
        beside(server, 0.5)


@pytest.mark.soak
@pytest.mark.parametrize("view", ["irr_pme?", "summary?all=true&"])
@pytest.mark.parametrize("compute", ["process", "thread"])
def test_hits_beside_computations_at_length(tmp_path, view, compute):
    """The same five times four seconds, with short and long computations; the p99 are printed."""
    with service(tmp_path / "data", compute) as server:
        beside(server, 4.0, view, rounds=5)
