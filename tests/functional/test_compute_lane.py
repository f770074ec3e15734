"""Misses before the framework: what a route would say, for half of its price."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from pmecalc.app import create_app
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


def _comparable(answer):
    raw = [(name, value) for name, value in answer.headers.raw if name.decode() not in OWN]
    return answer.status_code, raw, answer.content


def _problem(answer):
    return {name: value for name, value in answer.json().items() if name != "instance"}
