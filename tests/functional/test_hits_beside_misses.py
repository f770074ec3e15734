"""C10: what hits feel of computations beside them; counts are asserted, times printed."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import httpx2
import pytest

from server import Server

CLIENT = Path(__file__).parents[1] / "hit_client.py"
USERS = 4
MISSING = 4


def hits(port: int, path: str, seconds: float) -> dict:
    """The times of hits, seen from another process."""
    command = [sys.executable, str(CLIENT), str(port), path, str(seconds), str(USERS)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def missing(url: str, path: str, numbers, ended: threading.Event, tiers: Counter[str]) -> None:
    """Ask what nobody has asked before, until it is over."""
    with httpx2.Client(base_url=url, timeout=30) as client:
        for number in numbers:
            if ended.is_set():
                return
            answer = client.get(f"{path}&as_of={date(2016, 1, 1) + timedelta(days=number)}")
            tiers[answer.headers["x-cache"] if answer.status_code == 200 else "failed"] += 1


def beside(server: Server, seconds: float) -> None:
    url = server.url
    fund, index = (
        httpx2.get(f"{url}/v1/{kind}").json()["items"][0]["id"] for kind in ("funds", "benchmarks")
    )
    path = f"/v1/metrics/irr_pme?fund={fund}&benchmark={index}"
    httpx2.get(url + path)
    numbers, ended, misses = itertools.count(), threading.Event(), Counter()
    threads = [
        threading.Thread(target=missing, args=(url, path, numbers, ended, misses))
        for _ in range(MISSING)
    ]
    idle = hits(server.port, path, seconds)
    for thread in threads:
        thread.start()
    busy = hits(server.port, path, seconds)
    ended.set()
    for thread in threads:
        thread.join()
    print(f"\nhits alone: {idle}\nhits beside {dict(misses)} of {MISSING} clients: {busy}")
    assert set(idle["tiers"]) == set(busy["tiers"]) == {"memory"}
    assert misses["failed"] == 0
    assert misses["computed"] > 0


def test_hits_go_on_beside_computations(tmp_path):
    """Short form: while four clients compute, every hit is still one from memory."""
    with Server(tmp_path / "data", "--demo") as server:
        beside(server, 0.5)


@pytest.mark.soak
def test_hits_beside_computations_at_length(tmp_path):
    """The same for ten seconds each; the two p99 are printed."""
    with Server(tmp_path / "data", "--demo") as server:
        beside(server, 10.0)
