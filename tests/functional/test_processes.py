"""Answers computed in processes: the same bytes, whatever happens to the process."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta

import httpx2
import pytest

from fakes import until
from pmecalc.app import create_app, prepare
from pmecalc.core import engine
from pmecalc.service.analyses import VIEWS, Question
from pmecalc.settings import Settings
from requirements import require
from server import Server, children, is_there

PROCESS = {"PME_COMPUTE": "process"}
COMPUTER = b"pmecalc.service.computer"
HEAVY = "/v1/metrics/summary?all=true"  # tens of milliseconds
SECONDS = 60


def processes(server: Server) -> dict[str, int]:
    return httpx2.get(f"{server.url}/v1/system/cache").json()["compute"]["processes"]


def ready(server: Server) -> dict[str, int]:
    """Wait until every process takes orders."""
    deadline = time.monotonic() + SECONDS
    while (said := processes(server))["ready"] < said["size"]:
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
    return said


def fund_ids(server: Server) -> set[str]:
    return {fund["id"] for fund in httpx2.get(f"{server.url}/v1/funds").json()["items"]}


def questions(fund: str, count: int) -> list[str]:
    """Addresses that nobody has asked, of as many days."""
    days = (date(2020, 1, 1) + timedelta(days=number) for number in range(count))
    return [f"{HEAVY}&fund={fund}&as_of={day}" for day in days]


async def entries(settings: Settings) -> dict[str, object]:
    """What a service makes of every view of a demo fund; of processes, only they do it."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        services = app.state.services
        (fund, *_), _ = await services.datasets.page("default", "fund", limit=10, after=None)
        first = Question(view="summary", fund=fund["id"], as_of=date(2019, 12, 31))
        await services.analyses.answer(await services.analyses.pin("default", first))
        if settings.compute == "process":
            counts = services.cache_stats
            await until(lambda: counts()["compute"]["processes"]["ready"] > 0)
        found = {}
        for view in VIEWS:
            question = Question(view=view, fund=fund["id"], as_of=date(2020, 12, 31))
            pinned = await services.analyses.pin("default", question)
            found[view] = (await services.analyses.answer(pinned)).entry
        stats = services.cache_stats()["compute"]
    assert stats["failed"] == 0
    if settings.compute == "process":
        assert stats["processes"]["made"] == len(VIEWS)
    return found


def test_a_process_makes_the_bytes_that_a_thread_makes(tmp_path):
    """Every view, in every encoding, with the same headers and the same tag."""
    require("numba", present=engine.load())  # both by the compiled loops: last digits hang on it
    options = {"data": tmp_path, "demo": True, "warm_engine": True, "_env_file": None}
    prepare(Settings(**options))
    by_threads = asyncio.run(entries(Settings(compute="thread", **options)))
    by_processes = asyncio.run(entries(Settings(compute="process", **options)))
    assert by_threads.keys() == by_processes.keys() == VIEWS.keys()
    for view, entry in by_threads.items():
        assert entry.replies == by_processes[view].replies
        assert entry.digest == by_processes[view].digest


def test_nobody_sees_a_process_die(tmp_path):
    """Fifty misses at once, the process killed in the middle: all answered, and it comes back.

    A new revision is read by the process that came; none is left at the end.
    """
    with Server(tmp_path / "data", "--demo", environment=PROCESS) as server:
        fund = min(fund_ids(server))
        assert children(server.pid, COMPUTER) == []  # who only waits does without
        first, *asked = questions(fund, 51)
        with ThreadPoolExecutor(10) as users:
            assert httpx2.get(server.url + first).status_code == 200
            size = ready(server)["size"]
            answers = users.map(lambda path: httpx2.get(server.url + path, timeout=60), asked)
            for child in children(server.pid, COMPUTER):
                os.kill(child, signal.SIGKILL)
            codes = [answer.status_code for answer in answers]
        assert codes == [200] * len(asked)
        said = ready(server)
        assert said["restarts"] == size
        assert said["declined"] == 0

        known = fund_ids(server)
        file = tmp_path / "fund.csv"
        file.write_bytes(b"date,contribution,distribution\n2020-01-31,100,0\n2024-06-30,0,150\n")
        assert server.upload(file).is_success
        (new,) = fund_ids(server) - known
        answer = httpx2.get(f"{server.url}/v1/metrics/cashflow_overview?fund={new}")
        assert answer.status_code == 200
        assert processes(server)["lost"] == said["lost"]
        assert processes(server)["declined"] == 0
        found = children(server.pid, COMPUTER)
        assert len(found) == size
        assert server.stop() == 0
    assert not any(map(is_there, found))


def test_a_stopped_process_is_replaced_once(tmp_path):
    """SIGSTOP: a miss is answered by another process, after one attempt more and one restart."""
    settings = {**PROCESS, "PME_COMPUTE_SILENCE_S": "0.5"}
    with Server(tmp_path / "data", "--demo", environment=settings) as server:
        first, second = questions(min(fund_ids(server)), 2)
        assert httpx2.get(server.url + first, timeout=60).status_code == 200
        before = ready(server)
        stopped = children(server.pid, COMPUTER)
        for child in stopped:
            os.kill(child, signal.SIGSTOP)
        answer = httpx2.get(server.url + second, timeout=60)
        assert answer.status_code == 200
        said = processes(server)
        assert said["lost"] == before["lost"] + 1
        assert said["made"] + said["declined"] == before["made"] + before["declined"] + 1
        assert sum(map(is_there, stopped)) == len(stopped) - 1
        for child in filter(is_there, stopped):
            os.kill(child, signal.SIGCONT)


def test_a_computation_that_every_process_stops_over_is_503(tmp_path):
    """Two attempts at most, then a problem with a time to come back; the next request works."""
    limits = {"PME_COMPUTE_SILENCE_S": "0.5", "PME_COMPUTE_S": "3"}
    with Server(tmp_path / "data", "--demo", environment={**PROCESS, **limits}) as server:
        first, second, third = questions(min(fund_ids(server)), 3)
        assert httpx2.get(server.url + first, timeout=60).status_code == 200
        ready(server)
        with stopping(server) as seen:
            answer = httpx2.get(server.url + second, timeout=60)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"] in {"COMPUTE_DEADLINE", "COMPUTE_LOST"}
        assert processes(server)["lost"] <= 2
        assert len(seen) <= 3 * processes(server)["size"]
        ready(server)
        assert httpx2.get(server.url + third, timeout=60).status_code == 200


@contextmanager
def stopping(server: Server) -> Iterator[set[int]]:
    """Stop every process that computes as soon as it is seen; let them go on at the end."""
    seen: set[int] = set()
    ends = threading.Event()

    def watch() -> None:
        while not ends.is_set():
            for child in children(server.pid, COMPUTER):
                if child not in seen:
                    os.kill(child, signal.SIGSTOP)
                    seen.add(child)
            time.sleep(0.005)

    for child in children(server.pid, COMPUTER):
        os.kill(child, signal.SIGSTOP)
        seen.add(child)
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ends.set()
        thread.join()
        for child in filter(is_there, seen):
            os.kill(child, signal.SIGCONT)


@pytest.mark.parametrize("seconds", [0.0, 0.05])
def test_a_killed_service_takes_its_processes_along(tmp_path, seconds):
    """Idle or in the middle of a computation, the process ends by itself."""
    with Server(tmp_path / "data", "--demo", environment=PROCESS) as server:
        first, *others = questions(min(fund_ids(server)), 9)
        httpx2.get(server.url + first)
        ready(server)
        found = children(server.pid, COMPUTER)
        with ThreadPoolExecutor(8) as users:
            if seconds:
                for path in others:
                    users.submit(httpx2.get, server.url + path)
                time.sleep(seconds)
            server.kill()
    assert found
    deadline = time.monotonic() + SECONDS
    while any(map(is_there, found)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
