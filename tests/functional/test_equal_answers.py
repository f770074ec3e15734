"""One ETag, one body: whichever worker answers, and with whichever engine it computed."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections import Counter, defaultdict
from pathlib import Path

import httpx2
import numpy as np
import pytest

from pmecalc.core import engine
from raw_client import Answer, ask
from requirements import require
from server import Server

WORKERS = 4
FUNDS = 10
SEED = 13
AT_ONCE = 4 * WORKERS
MAX_ROUNDS = 200
NO_FOLDER = "/proc/none/loops"  # nobody can make it, root included: no loops can be kept
VIEWS = (
    "/v1/metrics/summary?fund={}&all=true&max_staleness_days=none{}",
    "/v1/metrics/npv_profile?fund={}&max_staleness_days=none{}",
    "/v1/metrics/irr_pme?fund={}&max_staleness_days=none{}",
    "/v1/metrics/pme_progression?fund={}&max_staleness_days=none{}",
)
PERIODS = ("", "&as_of=2022-12-31")
INDEX = "date,level\n2014-12-31,100\n2017-12-31,131.7\n2020-03-31,118.4\n2023-12-31,186.2\n"


def written_funds() -> str:
    """Funds in cents; the index positions (LN-PME) of several have two rates or none."""
    chance = np.random.default_rng(SEED)
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["fund", "date", "contribution", "distribution", "nav"])
    for number in range(FUNDS):
        name, paid = f"Fund {number}", 0.0
        for year in range(2015, 2024):
            called = int(chance.integers(1, 9_000)) / 100 if year < 2019 or not number % 3 else 0
            received = int(chance.integers(1, 9_000)) / 100 if year > 2016 else 0
            paid += called
            rows.writerow([name, f"{year}-05-{number + 10}", called, received, ""])
            rows.writerow([name, f"{year}-12-31", 0, 0, round(paid * chance.random(), 2)])
    return written.getvalue()


def stored(server: Server, folder: Path) -> list[str]:
    """The ids of the funds, once they and their index are stored."""
    for name, text in (("funds", written_funds()), ("index", INDEX)):
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        assert server.upload(path).status_code == 201
    items = httpx2.get(f"{server.url}/v1/funds").json()["items"]
    assert len(items) == FUNDS
    return [item["id"] for item in items]


class Seen:
    """What was answered, by path: the pairs of ETag and body, and how often each was computed."""

    def __init__(self) -> None:
        self.pairs: defaultdict[str, set[tuple[str, bytes]]] = defaultdict(set)
        self.computed: Counter[str] = Counter()

    def add(self, path: str, answer: Answer) -> None:
        assert answer.status == 200, answer.body
        headers = dict(line.split(": ", 1) for line in answer.head.split("\r\n")[1:])
        self.pairs[path].add((headers["etag"], answer.body))
        self.computed[path] += headers["x-cache"] == "computed"


async def _asked(port: int, paths: list[str], seen: Seen) -> None:
    """Each path once, over connections of their own."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(path: str) -> None:
        async with gate:
            seen.add(path, await ask(port, path))

    await asyncio.gather(*map(one, paths))


def asked_of_all(server: Server, paths: list[str], workers: int) -> Seen:
    """Every path until each worker has computed it: none has what another one computed."""
    seen = Seen()
    for _ in range(MAX_ROUNDS):
        left = [path for path in paths if seen.computed[path] < workers]
        if not left:
            assert set(seen.computed.values()) == {workers}
            return seen
        asyncio.run(_asked(server.port, left * workers, seen))
    raise AssertionError(f"not computed by each worker: {left[:3]} of {seen.computed}")


def loops_of(server: Server) -> set[str]:
    """The state of the loops of every worker, as one of them says."""
    said = httpx2.get(f"{server.url}/v1/system/cache").json()["workers"]
    assert len(said) == len(server.workers())
    return {worker["loops"] for worker in said}


def compiled_by_all(server: Server, funds: list[str]) -> None:
    """Ask until every worker has loaded the loops, which it does once it computes."""
    days = iter(f"{year}-{month:02}-28" for year in range(2018, 2024) for month in range(1, 13))
    for day in days:
        asked_of_all(server, [VIEWS[0].format(funds[0], f"&as_of={day}")], WORKERS)
        if loops_of(server) == {"compiled"}:
            return
    raise AssertionError(f"the loops are {loops_of(server)}")


def paths_of(funds: list[str], period: str) -> list[str]:
    return [view.format(fund, period) for fund in funds for view in VIEWS]


def one_pair_each(seen: Seen) -> dict[str, tuple[str, bytes]]:
    """The ETag and the body of each path, of which no second one was seen."""
    several = {path: len(pairs) for path, pairs in seen.pairs.items() if len(pairs) != 1}
    assert several == {}
    return {path: next(iter(pairs)) for path, pairs in seen.pairs.items()}


def test_four_workers_give_equal_bytes_under_one_etag(tmp_path):
    """Each of four workers without Redis computes each answer itself: one ETag and body a URL."""
    with Server(tmp_path / "data", "--workers", str(WORKERS)) as server:
        funds = stored(server, tmp_path)
        paths = paths_of(funds, PERIODS[0])
        found = one_pair_each(asked_of_all(server, paths, WORKERS))
        assert len({etag for etag, _ in found.values()}) == len(paths)
        assert len(server.workers()) == WORKERS


@pytest.fixture(scope="module")
def compiled():
    """The environment of a service whose loops are compiled already."""
    require("numba", present=engine.load())
    return {
        "PME_WARM_ENGINE": "true",
        "PME_CACHE_DIR": str(Path(engine.folder() or os.devnull).parent),
    }


def test_compiled_and_plain_workers_give_equal_bytes(tmp_path, compiled):
    """The answers of four compiled workers are those of a service that can keep no loops."""
    with Server(tmp_path / "data", "--workers", str(WORKERS), environment=compiled) as server:
        funds = stored(server, tmp_path)
        compiled_by_all(server, funds)
        paths = [path for period in PERIODS for path in paths_of(funds, period)]
        found = one_pair_each(asked_of_all(server, paths, WORKERS))
        assert loops_of(server) == {"compiled"}
    plain = {**compiled, "PME_CACHE_DIR": NO_FOLDER}
    with Server(tmp_path / "data", environment=plain) as server:
        others = one_pair_each(asked_of_all(server, paths, 1))
        assert loops_of(server) == {"plain"}
        assert "can be kept in no folder" in server.output
    assert {path for path in paths if found[path] != others[path]} == set()
