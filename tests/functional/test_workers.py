"""Several workers on one folder: read after write, deaths, ends (STORAGE 7, S-07; CACHE C7)."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import signal
import socket
import statistics
import time
from collections import Counter
from contextlib import nullcontext

import httpx2
import pytest

from pmecalc.store.store import Store
from raw_client import BODY, ask, parsed, read_all, upload
from redis_server import RedisServer
from requirements import require
from server import Server, is_there, ticks


def last_distribution(body) -> float:
    trace = next(each for each in body["data"] if each["name"].lower().startswith("distrib"))
    return trace["y"][-1]


INDEX = b"date,level\n2019-12-31,100\n2024-12-31,150\n"
VIEWS = {  # what to ask of a fund, and where the number of its upload stands in the answer
    "/v1/funds/{}/flows": lambda body: body["rows"][-1][2],
    "/v1/metrics/summary?max_staleness_days=none&fund={}": (
        lambda body: body["metrics"]["distributed"]["value"]
    ),
    "/v1/metrics/cashflow_overview?fund={}": last_distribution,
}


def test_no_worker_answers_from_the_old_revision(tmp_path, capsys):
    """S-07 and C7, short: 3 workers, Redis, 1 s of uploads and reads: nothing stale or failed."""
    redis = RedisServer() if shutil.which("redis-server") else nullcontext()
    require("redis", present=isinstance(redis, RedisServer))
    with redis:
        report = loaded(tmp_path, workers=3, seconds=1, funds=4, readers=6, redis=redis)
    with capsys.disabled():
        print(f"\n3 workers, Redis: {report}")
    assert report.counts["answered"] > 0
    assert report.counts["uploaded"] > 0
    assert report.bad() == {}


@pytest.mark.soak
@pytest.mark.parametrize("shared", [False, True], ids=["memory", "redis"])
def test_eight_workers_under_load(tmp_path, capsys, shared):
    """S-07 and C7: 8 workers, 60 s, 20 uploads a second, mixed reads: nothing stale or failed."""
    if shared:
        require("redis", present=shutil.which("redis-server") is not None)
    with RedisServer() if shared else nullcontext() as redis:
        report = loaded(tmp_path, workers=8, seconds=60, funds=20, readers=16, redis=redis)
    with capsys.disabled():
        print(f"\n8 workers, {'Redis' if shared else 'memory alone'}: {report}")
    assert report.bad() == {}


class Report:
    """Counts, and times that are printed."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.pointer_reads: list[float] = []
        self.busy: list[float] = []
        self.seconds = 0.0

    def bad(self) -> dict[str, int]:
        good = {"answered", "uploaded"}
        return {name: count for name, count in self.counts.items() if name not in good}

    def __str__(self) -> str:
        reads = statistics.quantiles(self.pointer_reads, n=100)
        rates = ", ".join(f"{n} {c / self.seconds:.1f}/s" for n, c in self.counts.items())
        return (
            f"{rates}; stale {self.counts['stale']}; {len(self.pointer_reads)} pointer reads, "
            f"p50 {reads[49] * 1e6:.0f} us, p99 {reads[98] * 1e6:.0f} us; CPU seconds of the "
            f"workers {[round(each, 1) for each in self.busy]}"
        )


def loaded(folder, *, workers: int, seconds: float, funds: int, readers: int, redis) -> Report:
    environment = {"PME_REDIS_URL": redis.url} if redis else {}
    options = ("--workers", str(workers))
    with Server(folder / "data", *options, environment=environment) as server:
        report = asyncio.run(load(server, seconds, funds, readers))
        if "database is locked" in server.output or "Traceback" in server.output:
            report.counts["logged"] += 1
    return report


async def load(server: Server, seconds: float, funds: int, readers: int) -> Report:
    """A writer a fund, each upload with a number of its own; readers know which must be there."""
    report = Report()
    assert (await upload(server.port, import_path("index"), INDEX)).status == 201
    known: dict[str, int] = {}  # the number of each fund's last acknowledged upload
    for number in range(funds):
        answer = await upload(server.port, import_path(f"fund {number}"), fund_file(1))
        known[json.loads(answer.body)["datasets"][0]["id"]] = 1
    ends = time.monotonic() + seconds
    before = {pid: ticks(pid) for pid in server.workers()}
    writers = [write(server.port, fund, known, ends, report) for fund in known]
    reading = [read(server.port, seed, known, ends, report) for seed in range(readers)]
    await asyncio.gather(
        *writers, *reading, asyncio.to_thread(read_pointers, server.data, list(known), ends, report)
    )
    report.seconds = seconds
    report.busy = [ticks(pid) - began for pid, began in before.items()]
    return report


async def write(port: int, fund: str, known: dict[str, int], ends: float, report: Report) -> None:
    for number in itertools.count(2):
        started = time.monotonic()
        if started >= ends:
            return
        answer = await upload(port, import_path("", dataset=fund), fund_file(number))
        report.counts["uploaded" if answer.status == 201 else f"upload {answer.status}"] += 1
        if answer.status == 201:
            known[fund] = number
        await asyncio.sleep(max(0.0, started + 1 - time.monotonic()))


async def read(port: int, seed: int, known: dict[str, int], ends: float, report: Report) -> None:
    questions = list(itertools.product(known, VIEWS))
    for turn in itertools.count(seed * 7):
        if time.monotonic() >= ends:
            return
        fund, view = questions[turn % len(questions)]
        least = known[fund]
        answer = await ask(port, view.format(fund))
        if answer.status != 200:
            report.counts[f"read {answer.status}"] += 1
        elif VIEWS[view](json.loads(answer.body)) < least:
            report.counts["stale"] += 1
        else:
            report.counts["answered"] += 1


def read_pointers(folder, funds: list[str], ends: float, report: Report) -> None:
    """What a worker does for each request, timed from one process more."""
    with Store.open(folder) as store:
        for fund in itertools.cycle(funds):
            if time.monotonic() >= ends:
                return
            began = time.perf_counter()
            store.pointer("default", "fund", fund)
            report.pointer_reads.append(time.perf_counter() - began)
            time.sleep(0.005)


def import_path(name: str, **more: str) -> str:
    query = {"commit": "true", "name": name, **more}
    return "/v1/imports?" + str(httpx2.QueryParams({k: v for k, v in query.items() if v}))


def fund_file(number: int) -> bytes:
    """A fund that distributed this much."""
    return f"date,contribution,distribution\n2020-01-01,100,0\n2024-12-31,0,{number}\n".encode()


def test_workers_that_die_are_replaced_and_end_with_their_manager(tmp_path, data):
    """A killed worker is replaced, workers outlive no manager, SIGTERM is a clean end."""
    with Server(tmp_path / "data", "--workers", "2") as server:
        first, second = server.workers()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: len(set(server.workers()) - {first}) == 2)
        assert server.upload(data / "sample_fund_quarterly.csv").status_code == 201
        assert second in server.workers()
        left = server.workers()
        os.kill(server.pid, signal.SIGKILL)
        wait_for(lambda: not any(map(is_there, left)))
        server.stop()
        server.start()
        assert len(httpx2.get(f"{server.url}/v1/funds").json()["items"]) == 1
        assert server.stop(signal.SIGTERM) == 0
        assert "Traceback" not in server.output


def test_workers_that_die_together_are_replaced_together(tmp_path):
    """Three killed at once, then their successors while they start: all are replaced and serve."""
    with Server(tmp_path / "data", "--workers", "3") as server:
        first = set(server.workers())
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(set(server.workers()) - first) == 3)
        second = set(server.workers()) - first
        for pid in second:  # in the middle of their imports
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(serving(server) - first - second) == 3)
        told = httpx2.get(f"{server.url}/v1/system/cache").json()
        assert told["workers_replaced"] == 6
        assert server.stop(signal.SIGTERM) == 0
        assert "Traceback" not in server.output


def test_a_worker_that_never_serves_is_replaced(tmp_path):
    """Stopped while it starts: it is killed in bounded time, and the other worker serves on."""
    limit = {"PME_WORKER_START_S": "10"}
    with Server(tmp_path / "data", "--workers", "2", environment=limit) as server:
        wait_for(lambda: len(serving(server)) == 2)
        first, second = server.workers()
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: len(set(server.workers()) - {first, second}) == 1)
        (stopped,) = set(server.workers()) - {first, second}
        os.kill(stopped, signal.SIGSTOP)
        wait_for(lambda: not is_there(stopped))
        assert server.output.count("does not serve after 10 s") == 1
        wait_for(lambda: len(serving(server) - {first, stopped}) == 2)
        assert second in serving(server)
        assert server.stop(signal.SIGTERM) == 0


def test_starts_that_fail_come_ever_more_rarely(tmp_path):
    """No worker can serve in this time: each round of starts waits twice as long as the last."""
    limit = {"PME_WORKER_START_S": "0.01"}
    server = Server(tmp_path / "data", "--workers", "2", environment=limit)
    try:
        server.start(ready=lambda: server.output.count("the next worker starts in") >= 3)
        pauses = re.findall(r"the next worker starts in (\d+) s", server.output)
        assert pauses == ["1", "2", "4"][: len(pauses)]
        assert server.output.count("and is killed") <= 2 * len(pauses) + 2
    finally:
        server.kill()
        server.__exit__()


def serving(server: Server) -> set[int]:
    """The workers that serve, as they say of themselves."""
    told = httpx2.get(f"{server.url}/v1/system/cache", timeout=60).json()
    return {each["pid"] for each in told["workers"]} & set(server.workers())


def test_an_end_waits_for_what_was_begun(tmp_path):
    """An upload that is under way when the server is told to end is answered, and stored."""
    with Server(tmp_path / "data") as server:
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        form += fund_file(7) + b"\r\n--b--\r\n"
        with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
            connection.sendall(BODY + b"Content-Length: %d\r\n\r\n" % len(form) + form[:50])
            wait_for(lambda: asyncio.run(ask(server.port, "/healthz")).status == 200)
            os.kill(server.pid, signal.SIGTERM)
            wait_for(lambda: is_closed(server.port))
            connection.sendall(form[50:])
            answer = parsed(read_all(connection))
        assert answer.status == 201
        assert server.stop() == 0
        server.start()
        assert len(httpx2.get(f"{server.url}/v1/funds").json()["items"]) == 1


def is_closed(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


def wait_for(condition, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.05)
