"""Statistics of several workers: exact totals from any of them, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter

import httpx2
import pytest

from functional.test_system import series
from functional.test_workers import wait_for
from pmecalc.service.keys import Keys
from pmecalc.store.store import Store
from pmecalc.store.values import By
from raw_client import ask, talk
from server import Server

WORKERS = 4
ROUNDS = 60
AT_ONCE = 16
MAX_TRIES = 2000
BATCH = {"kind": "batch"}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """Four workers with the demo funds."""
    options = ("--workers", str(WORKERS), "--demo")
    with Server(tmp_path_factory.mktemp("counted") / "data", *options) as server:
        yield server


class Load:
    """What was asked, by method, route and status; every request on a connection of its own."""

    def __init__(self, server: Server) -> None:
        fund = httpx2.get(f"{server.url}/v1/funds").json()["items"][0]["id"]
        self._port = server.port
        self.asked: Counter[tuple[str, str, int]] = Counter()
        self._kinds = (
            (f"/v1/metrics/summary?fund={fund}", "/v1/metrics/summary", 200),
            (f"/v1/metrics/irr_pme?fund={fund}", "/v1/metrics/{chart}", 200),
            (f"/v1/funds/{fund}/charts/multiples", "/v1/funds/{fund}/charts/{chart}", 200),
            ("/healthz", "/healthz", 200),
            (f"/funds/{fund}", "/funds/{fund}", 200),
            ("/static/0/none.js", "/static/{path:path}", 404),
            ("/openapi.json", "/openapi.json", 200),
            ("/v1/funds/unknown", "/v1/funds/{dataset}", 404),
            ("/v1/funds?limit=x", "/v1/funds", 422),
            ("/nothing/1", "none", 404),
            ("/nothing/2?x=y", "none", 404),
        )

    async def run(self, rounds: int) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(path: str, route: str, status: int) -> None:
            async with gate:
                assert (await ask(self._port, path)).status == status
            self.asked["GET", route, status] += 1

        await asyncio.gather(*(one(*kind) for kind in self._kinds * rounds))
        for _ in range(rounds):
            assert talk(self._port, b"NOT HTTP\r\n\r\n").status == 400
            self.asked["other", "none", 400] += 1


def counted(server: Server) -> Counter[tuple[str, str, int]]:
    """The counts of one scrape, of whichever worker answers."""
    families = series(httpx2.get(f"{server.url}/metrics").text)
    found = Counter()
    for sample in families["pme_http_requests"].samples:
        if sample.name == "pme_http_requests_total":
            labels = sample.labels
            found[labels["method"], labels["route"], int(labels["status"])] = int(sample.value)
    histogram = {
        (each.labels["method"], each.labels["route"], int(each.labels["status"])): int(each.value)
        for each in families["pme_http_request_seconds"].samples
        if each.name.endswith("_count")
    }
    assert histogram == found
    return found


def said_once(server: Server) -> dict:
    """The statistics as one worker says them."""
    return httpx2.get(f"{server.url}/v1/system/cache").json()


def from_every_worker(server: Server) -> dict[int, dict]:
    """What each worker says, by process."""
    said = {}
    for _ in range(MAX_TRIES):
        answer = said_once(server)
        said[answer["worker"]["pid"]] = answer
        if set(said) == set(server.workers()):
            return said
    raise AssertionError(f"some workers never answered: {set(said)} of {server.workers()}")


def of(table: list[dict]) -> Counter[tuple[str, str, int]]:
    return Counter({(row["method"], row["route"], row["status"]): row["count"] for row in table})


def test_totals_are_exact_from_any_worker_and_never_go_back(service):
    """N requests over four workers are N in every scrape, before and after one is killed."""
    load = Load(service)
    before, replaced = counted(service), said_once(service)["workers_replaced"]
    asyncio.run(load.run(ROUNDS))
    expected = before + load.asked
    for _ in range(10):
        found = counted(service)
        assert {key: found[key] for key in load.asked} == {key: expected[key] for key in load.asked}
    for said in from_every_worker(service).values():
        found = of(said["requests"])
        assert {key: found[key] for key in load.asked} == {key: expected[key] for key in load.asked}
        assert len(said["workers"]) == WORKERS

    victim = service.workers()[0]
    os.kill(victim, signal.SIGKILL)
    for _ in range(10):  # while there are three, and while the fourth comes
        found = counted(service)
        assert all(found[key] == expected[key] for key in load.asked)
    wait_for(lambda: len(set(service.workers()) - {victim}) == WORKERS)
    said = from_every_worker(service)
    assert victim not in said
    assert {each["workers_replaced"] for each in said.values()} == {replaced + 1}
    asyncio.run(load.run(ROUNDS // 4))
    for said in from_every_worker(service).values():
        found = of(said["requests"])
        assert all(found[key] == before[key] + load.asked[key] for key in load.asked)


def test_cache_counts_are_those_of_all(service):
    """Answers by view and outcome add up to what was asked, and survive a killed worker."""

    def answers() -> int:
        answers = said_once(service)["answers"]
        return sum(row["count"] for row in answers if row["view"] == "net_cf_market")

    fund = httpx2.get(f"{service.url}/v1/funds").json()["items"][0]["id"]

    async def load() -> None:
        for _ in range(50):
            reply = await ask(service.port, f"/v1/metrics/net_cf_market?fund={fund}")
            assert reply.status == 200

    asyncio.run(load())
    wait_for(lambda: answers() == 50)
    os.kill(service.workers()[0], signal.SIGKILL)
    assert [answers() for _ in range(20)] == [50] * 20
    wait_for(lambda: len(service.workers()) == WORKERS)
    asyncio.run(load())
    wait_for(lambda: answers() == 100)


def test_jobs_are_counted_by_how_they_ended(service):
    """One job that is done is one in the counts, and none is open any more."""

    def job_samples() -> dict[str, float]:
        families = series(httpx2.get(f"{service.url}/metrics").text)
        names = ("pme_jobs", "pme_jobs_ended")
        return {
            next(iter(sample.labels.values())): sample.value
            for name in names
            for sample in families[name].samples
            if not sample.name.endswith("_created")
        }

    before = job_samples()
    assert set(before) == {"queued", "running", "done", "failed", "cancelled"}
    answer = httpx2.post(f"{service.url}/v1/jobs", json=BATCH)
    assert answer.status_code == 202
    job = f"{service.url}/v1/jobs/{answer.json()['id']}"
    wait_for(lambda: httpx2.get(job).json()["state"] == "done")
    wait_for(lambda: job_samples() == {**before, "done": before["done"] + 1})


def test_requests_beyond_the_rate_are_counted(tmp_path):
    """Each 429 is one in the limit's count and one in the requests."""
    environment = {
        "PME_MODE": "key",
        "PME_RATE_READS_PER_S": "1",
        "PME_RATE_READS_BURST": "4",
    }
    with Server(tmp_path / "data", environment=environment) as server:
        key = (server.data / "first-admin.key").read_text("ascii").strip()
        with httpx2.Client(headers={"Authorization": f"Bearer {key}"}) as client:
            statuses = [client.get(f"{server.url}/v1/funds").status_code for _ in range(20)]
        operator = made_operator(server)
        text = httpx2.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {operator}"})
    limited = statuses.count(429)
    assert limited > 0
    families = series(text.text)
    (sample,) = [s for s in families["pme_http_limited"].samples if s.name.endswith("_total")]
    assert (sample.labels, sample.value) == ({"limit": "requests"}, limited)


def made_operator(server: Server) -> str:
    """The key of an operator, made beside the service."""
    by = By(actor="test", via="test")
    with Store.open(server.data) as store:
        return str(Keys(store).create("default", role="operator", name="scraper", by=by).text)
