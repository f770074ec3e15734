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

from fakes import until
from pmecalc.app import create_app
from pmecalc.settings import Settings
from redis_server import RedisServer
from requirements import require
from server import Server

USERS = 50
# As much as a page takes to draw. Users who never pause leave Redis no time on a small machine.
THINK_SECONDS = 0.1
ENOUGH = 50  # answers of a phase
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
        answers += asked_after_a_restart(server, address)
    tiers = [answer.headers["x-cache"] for answer in answers]
    assert tiers == ["computed", "memory", "redis", "memory"]
    assert len({answer.content for answer in answers}) == 1


def asked_after_a_restart(server: Server, address: str) -> list[httpx2.Response]:
    """Two answers; again where Redis was given no time: 25 ms are little on a busy machine."""
    for _ in range(10):
        server.restart()
        answers = [httpx2.get(address), httpx2.get(address)]
        if not httpx2.get(f"{server.url}/v1/system/cache").json()["redis"]["timeouts"]:
            break
    return answers


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
    """Redis dies while 50 users ask: no request fails, and Redis is used again after."""
    phases, states = without_redis_for(0.0, tmp_path, redis)
    told(phases, capsys)
    check(phases, states)


@pytest.mark.soak
def test_redis_killed_for_long_under_fifty_users(tmp_path, redis, capsys):
    """The same for 10 s."""
    phases, states = without_redis_for(10.0, tmp_path, redis)
    told(phases, capsys)
    check(phases, states)


def without_redis_for(seconds: float, folder: Path, redis: RedisServer):
    """Where the answers of each phase came from, and what the service says of Redis in the end."""
    small = {
        "PME_REDIS_URL": redis.url,
        "PME_CACHE_MEMORY_BYTES": "1048576",
        "PME_CACHE_MAX_ENTRY": "65536",
    }
    with Server(folder / "data", "--demo", environment=small) as server:
        phases = asyncio.run(fifty_users(server.url, questions(server.url), redis, seconds))
        return phases, httpx2.get(f"{server.url}/v1/system/cache").json()["redis"]


def told(phases: dict[str, Counter[str]], capsys) -> None:
    with capsys.disabled():
        for phase, tiers in phases.items():
            print(f"\n{phase}: {dict(tiers)}", end="")
        print()


def check(phases: dict[str, Counter[str]], states: dict[str, object]) -> None:
    assert sum(tiers["failed"] for tiers in phases.values()) == 0
    assert phases["redis up"]["redis"] >= ENOUGH
    assert phases["redis dead"]["computed"] >= ENOUGH
    assert phases["redis back"]["redis"] >= ENOUGH, states


async def fifty_users(
    url: str, asked: list[str], redis: RedisServer, seconds: float
) -> dict[str, Counter[str]]:
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
            await asyncio.sleep(THINK_SECONDS)

    limits = httpx2.Limits(max_connections=USERS)
    async with httpx2.AsyncClient(limits=limits, timeout=90) as client:
        users = [asyncio.create_task(user(client, number)) for number in range(USERS)]
        await until(lambda: phases["redis up"]["redis"] >= ENOUGH)
        await asyncio.to_thread(redis.kill)
        now = "redis dead"
        await asyncio.sleep(seconds)
        await until(lambda: phases["redis dead"]["computed"] >= ENOUGH)
        await asyncio.to_thread(redis.start)
        now = "redis back"
        await until(lambda: phases["redis back"]["redis"] >= ENOUGH)
        ended.set()
        await asyncio.gather(*users)
    return phases


def test_redis_absent_from_the_start(tmp_path):
    """With a URL where nobody listens every request is answered, and readiness does not mind."""
    environment = {"PME_REDIS_URL": "redis://127.0.0.1:1/0"}
    with Server(tmp_path / "data", "--demo", environment=environment) as server:
        answers = [httpx2.get(server.url + question) for question in questions(server.url)[:20]]
        assert [answer.status_code for answer in answers] == [200] * 20
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        wait_for(lambda: "redis does not answer" in server.output)
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
