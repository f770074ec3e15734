"""Misses before the framework: what a route would say, for half of its price."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from fakes import until
from pmecalc.app import create_app
from pmecalc.cache.compute_errors import ComputeDeadlineError
from pmecalc.settings import Settings
from pmecalc.store.store import Store
from unit.store.samples import new_benchmark, new_fund

TENANT = "default"
OWN = {"server-timing", "x-request-id"}


@pytest.fixture
def ids(tmp_path):
    """A fund and a benchmark."""
    with Store.open(tmp_path / "data") as store:
        committed = store.commit(TENANT, [new_fund(), new_benchmark()], actor="test")
        return {each.kind: each.id for each in committed.items}


@pytest.fixture
def opened(tmp_path, ids):
    """A service with an empty memory, as often as one is wanted."""

    def start(**options):
        settings = Settings(
            data=tmp_path / "data",
            warm_engine=False,
            compute="thread",
            _env_file=None,
            **options,
        )
        return TestClient(create_app(settings), base_url="http://127.0.0.1")

    return start


def both(opened, path, **headers):
    """The answers of the two ways, each of a service that has computed nothing before."""
    with opened() as service:
        quick = service.get(path, headers=headers)
        computes = service.get("/v1/system/cache").json()["computes"]
    with opened() as service:
        # the same question in a form that only the route reads
        slow = service.get(
            path.replace("max_staleness_days", "max%5Fstaleness%5Fdays"), headers=headers
        )
    return quick, slow, computes


@pytest.mark.parametrize("encoding", ["identity", "br", "gzip"])
@pytest.mark.parametrize("view", ["metrics/summary", "metrics/irr_pme", "funds/{}/charts/irr_pme"])
def test_a_miss_is_what_the_route_answers(opened, ids, view, encoding):
    """Status, headers and body, to the byte."""
    own = "" if "{}" in view else f"fund={ids['fund']}&"
    asked = f"{own}benchmark={ids['benchmark']}&max_staleness_days=none"
    path = f"/v1/{view.format(ids['fund'])}?{asked}"
    quick, slow, computes = both(opened, path, **{"Accept-Encoding": encoding})
    assert quick.status_code == 200
    assert quick.headers["x-cache"] == slow.headers["x-cache"] == "computed"
    assert _comparable(quick) == _comparable(slow)
    assert set(quick.headers) == set(slow.headers)
    assert computes == 1


def test_a_failure_is_the_routes_to_tell(opened, ids):
    """The same problem, and nothing is computed twice to find it."""
    asked = f"fund={ids['fund']}&benchmark={ids['benchmark']}&max_staleness_days=1"
    path = f"/v1/metrics/irr_pme?{asked}"
    quick, slow, computes = both(opened, path)
    assert quick.json()["code"] == "INDEX_STALE"
    assert _problem(quick) == _problem(slow)
    assert computes == 1


def test_a_slow_miss_is_logged_by_its_view(opened, ids):
    """There is no route to name: the line shows too that none was taken."""
    asked = f"fund={ids['fund']}&benchmark={ids['benchmark']}&max_staleness_days=none"
    with opened(slow_request_s=1e-9) as service, capture_logs() as told:
        service.get(f"/v1/metrics/summary?{asked}")
        service.get(f"/v1/metrics/summary?{asked}&as_of=2017%2D12%2D31")
    slow = [line["route"] for line in told if line["event"] == "request was slow"]
    assert slow == ["summary", "/v1/metrics/summary"]


def test_another_tenants_line_does_not_hold_up_a_request(tmp_path, ids):
    """Sixty computations of a tenant wait: a request of another one is answered among the first."""
    finished = []

    async def story():
        async with busy_service(tmp_path / "data") as (app, gate):
            once = app.state.services.analyses.once

            async def work():
                await once("other", lambda: finished.append(1), rows=0, further=False)

            others = [asyncio.create_task(work()) for _ in range(60)]
            asking = asyncio.create_task(asked(app, summary_of(ids)))
            await until(lambda: app.state.services.cache_stats()["compute"]["pending"] > 60)
            gate.set()
            status = (await asking)["status"]
            before = len(finished)
            await asyncio.gather(*others)
            return status, before

    status, before = asyncio.run(story())
    assert status == 200
    assert before <= 6
    assert len(finished) == 60


@pytest.mark.parametrize("form", ["lane", "route"])
def test_a_client_that_leaves_the_line_is_not_computed_for(tmp_path, ids, form):
    """Its connection closes while others are computed for: nothing is computed, nothing sent."""
    question = summary_of(ids)
    if form == "route":
        question = question.replace("max_staleness_days", "max%5Fstaleness%5Fdays")

    async def story():
        async with busy_service(tmp_path / "data") as (app, gate):
            leaves = asyncio.Event()
            asking = asyncio.create_task(asked(app, question, leaves=leaves))
            stats = app.state.services.cache_stats
            busy = stats()["compute"]["workers"]
            await until(lambda: stats()["compute"]["pending"] == busy + 1)
            leaves.set()
            sent = await asking
            gate.set()
            await until(lambda: stats()["compute"]["pending"] == 0)
            return sent, stats()["compute"]

    sent, compute = asyncio.run(story())
    assert sent.get("status") in {None, 499}
    assert compute["dropped"] == 1
    assert compute["seconds"] == {}


def test_a_computation_over_the_deadline_is_a_problem(tmp_path, ids):
    """503, a time to come back; the next request is answered."""

    async def story():
        async with busy_service(tmp_path / "data", compute_s=0.05) as (app, gate):
            once = app.state.services.analyses.once
            with pytest.raises(ComputeDeadlineError):
                await once("other", gate.wait, rows=0, further=False)
            gate.set()

    asyncio.run(story())
    with TestClient(
        create_app(settings_of(tmp_path / "data", compute_s=1e-9)), base_url="http://127.0.0.1"
    ) as service:
        answer = service.get(summary_of(ids))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"
        assert answer.json()["code"] == "COMPUTE_DEADLINE"
        assert service.get("/v1/funds").status_code == 200


def summary_of(ids):
    asked = f"fund={ids['fund']}&benchmark={ids['benchmark']}&max_staleness_days=none"
    return f"/v1/metrics/summary?{asked}"


def settings_of(data, **options):
    return Settings(data=data, warm_engine=False, compute="thread", _env_file=None, **options)


@asynccontextmanager
async def busy_service(data, **options):
    """A service all of whose threads compute until the gate opens."""
    app, gate = create_app(settings_of(data, **options)), threading.Event()
    async with app.router.lifespan_context(app):
        services = app.state.services
        held = [
            asyncio.create_task(services.analyses.once("holder", gate.wait, rows=0, further=False))
            for _ in range(services.cache_stats()["compute"]["workers"])
        ]
        try:
            await asyncio.sleep(0)
            yield app, gate
        finally:
            gate.set()
            await asyncio.gather(*held, return_exceptions=True)


async def asked(app, address, *, leaves=None):
    """The start of the answer to a request, empty where none was sent."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "root_path": "",
    }
    messages = [{"type": "http.request", "body": b"", "more_body": False}]
    sent = {}

    async def receive():
        if messages:
            return messages.pop()
        await (leaves or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.update(message)

    await app(scope, receive, send)
    return sent


def _comparable(answer):
    raw = [(name, value) for name, value in answer.headers.raw if name.decode() not in OWN]
    return answer.status_code, raw, answer.content


def _problem(answer):
    return {name: value for name, value in answer.json().items() if name != "instance"}
