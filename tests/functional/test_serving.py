"""Real servers, real Redis: restarts, a dead Redis under load, several workers, a free loop."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from pmecalc.app import create_app
from pmecalc.settings import Settings
from redis_server import RedisServer
from requirements import require
from server import Server

USERS = 50
CHARTS = ("irr_pme", "cashflow_overview", "pme_progression", "summary")


@pytest.fixture
def redis():
    """A Redis of this test."""
    require("redis", present=shutil.which("redis-server") is not None)
    with RedisServer() as server:
        yield server


def ids(url: str, kind: str = "funds") -> list[str]:
    return [item["id"] for item in httpx2.get(f"{url}/v1/{kind}").json()["items"]]


def questions(url: str) -> list[str]:
    """Every chart of every demo fund at many dates."""
    dates = [
        f"{year}-{day}"
        for year in range(2019, 2026)
        for day in ("03-31", "06-30", "09-30", "12-31")
    ]
    return [
        f"/v1/metrics/{chart}?fund={fund}&as_of={date}"
        for fund, chart, date in itertools.product(ids(url), CHARTS, dates)
    ]


def shorter(path: Path, folder: Path) -> Path:
    """The same file without its last ten lines."""
    target = folder / f"shorter_{path.name}"
    target.write_text("\n".join(path.read_text().splitlines()[:-10]) + "\n")
    return target


def test_answers_survive_a_restart_in_redis(tmp_path, redis):
    """Computed, then from memory; after a restart from Redis, the same bytes each time."""
    with Server(tmp_path / "data", "--demo", environment={"PME_REDIS_URL": redis.url}) as server:
        address = f"{server.url}/v1/metrics/irr_pme?fund={ids(server.url)[0]}"
        answers = [httpx2.get(address), httpx2.get(address)]
        wait_for(lambda: redis.calls("set") == 1)
        server.restart()
        answers.append(httpx2.get(address))
        answers.append(httpx2.get(address))
    tiers = [answer.headers["x-cache"] for answer in answers]
    assert tiers == ["computed", "memory", "redis", "memory"]
    assert len({answer.content for answer in answers}) == 1


def test_new_data_are_served_at_once_and_the_old_key_is_never_asked(tmp_path, redis, data):
    """After an upload Redis sees one question about a new key, and none about the old one."""
    with Server(tmp_path / "data", environment={"PME_REDIS_URL": redis.url}) as server:
        server.upload(data / "sample_index_quarterly.csv")
        fund = server.upload(data / "sample_fund_quarterly.csv").json()["datasets"][0]["id"]
        address = f"{server.url}/v1/metrics/irr_pme?fund={fund}&max_staleness_days=none"
        old = httpx2.get(address)
        wait_for(lambda: redis.calls("set") == 1)
        asked = redis.calls("get")
        renewed = server.upload(shorter(data / "sample_fund_quarterly.csv", tmp_path), dataset=fund)
        new = httpx2.get(address)
        wait_for(lambda: redis.calls("set") == 2)
        assert redis.calls("get") == asked + 1
    assert renewed.status_code == 201
    assert (old.headers["x-cache"], new.headers["x-cache"]) == ("computed", "computed")
    assert old.headers["etag"] != new.headers["etag"]
    assert old.json()["data"][0]["x"] != new.json()["data"][0]["x"]


def test_redis_killed_under_fifty_users(tmp_path, redis, capsys):
    """Redis dies for 10 s while 50 users ask: no request fails, and Redis is used again after."""
    small = {
        "PME_REDIS_URL": redis.url,
        "PME_CACHE_MEMORY_BYTES": "1048576",
        "PME_CACHE_MAX_ENTRY": "65536",
    }
    with Server(tmp_path / "data", "--demo", environment=small) as server:
        asked = questions(server.url)
        phases = asyncio.run(fifty_users(server.url, asked, redis))
        states = httpx2.get(f"{server.url}/v1/system/cache").json()["redis"]
    with capsys.disabled():
        for phase, tiers in phases.items():
            print(f"\n{phase}: {dict(tiers)}", end="")
        print()
    assert sum(tiers["failed"] for tiers in phases.values()) == 0
    assert phases["redis up"]["redis"] > 0
    assert phases["redis dead"]["computed"] > 0
    assert phases["redis back"]["redis"] > 0, states


async def fifty_users(url: str, asked: list[str], redis: RedisServer) -> dict[str, Counter[str]]:
    phases = {name: Counter() for name in ("redis up", "redis dead", "redis back")}
    now = "redis up"
    ended = asyncio.Event()

    async def user(client: httpx2.AsyncClient, number: int) -> None:
        for question in itertools.islice(itertools.cycle(asked), number * 7, None):
            if ended.is_set():
                return
            phase = phases[now]
            try:
                answer = await client.get(url + question)
                phase[answer.headers["x-cache"] if answer.status_code == 200 else "failed"] += 1
            except httpx2.HTTPError:
                phase["failed"] += 1

    limits = httpx2.Limits(max_connections=USERS)
    async with httpx2.AsyncClient(limits=limits, timeout=30) as client:
        users = [asyncio.create_task(user(client, number)) for number in range(USERS)]
        await until_redis_answers(phases["redis up"])
        await asyncio.to_thread(redis.kill)
        now = "redis dead"
        await asyncio.sleep(10)
        await asyncio.to_thread(redis.start)
        now = "redis back"
        await until_redis_answers(phases["redis back"])
        ended.set()
        await asyncio.gather(*users)
    return phases


async def until_redis_answers(tiers: Counter[str]) -> None:
    for _ in range(300):
        await asyncio.sleep(0.1)
        if tiers["redis"] > 100:
            return


def test_redis_absent_from_the_start(tmp_path):
    """With a URL where nobody listens every request is answered, and readiness does not mind."""
    environment = {"PME_REDIS_URL": "redis://127.0.0.1:1/0"}
    with Server(tmp_path / "data", "--demo", environment=environment) as server:
        answers = [httpx2.get(server.url + question) for question in questions(server.url)[:20]]
        assert [answer.status_code for answer in answers] == [200] * 20
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        assert server.output.count("redis does not answer") == 1


def test_loop_stays_free_while_twenty_computations_run(tmp_path, capsys):
    """Twenty first requests at once all succeed while the loop keeps turning; prints its lag."""
    from pmecalc.app import prepare  # noqa: PLC0415  (beside its only use)

    settings = Settings(data=tmp_path / "data", demo=True, warm_engine=False, compute="thread")
    prepare(settings)
    lags, statuses = asyncio.run(twenty_computations(create_app(settings)))
    with capsys.disabled():
        print(
            f"\nloop lag during 20 computations: max {max(lags) * 1000:.1f} ms, {len(lags)} turns"
        )
    assert statuses == [("computed", 200)] * 20
    assert len(lags) > 20


async def twenty_computations(app):
    lags: list[float] = []

    async def measure() -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0.001)
            lags.append(loop.time() - before - 0.001)

    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        funds = (await client.get("/v1/funds")).json()["items"]
        index = (await client.get("/v1/benchmarks")).json()["items"][0]["id"]
        asked = [
            f"/v1/metrics/{chart}?fund={fund['id']}&benchmark={index}"
            for fund, chart in itertools.product(funds, CHARTS)
        ]
        meter = asyncio.create_task(measure())
        answers = await asyncio.gather(*(client.get(path) for path in asked))
        meter.cancel()
    return lags, [(answer.headers["x-cache"], answer.status_code) for answer in answers]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_cleanly(tmp_path, number):
    """Ctrl-C and a service manager's stop end the server without a traceback."""
    with Server(tmp_path / "data", "--demo") as server:
        httpx2.get(f"{server.url}/v1/funds")
        assert server.stop(number) == 0
        assert "Traceback" not in server.output
        assert f"http://127.0.0.1:{server.port}" in server.output


def wait_for(condition, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)
