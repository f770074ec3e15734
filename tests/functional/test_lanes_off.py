"""The switch that turns the fast lanes off: every answer by its route, with the same bytes."""

from __future__ import annotations

import httpx2
import pytest
from starlette.testclient import TestClient

from pmecalc.app import create_app
from pmecalc.settings import Settings
from pmecalc.store.store import Store
from server import Server
from unit.store.samples import new_benchmark, new_fund

OWN = {"server-timing", "x-request-id"}
PATHS = (
    "/v1/metrics/summary?fund={fund}&max_staleness_days=none",
    "/v1/metrics/irr_pme?fund={fund}&max_staleness_days=none",
    "/v1/funds/{fund}/charts/irr_pme?max_staleness_days=none",
    "/v1/metrics/irr_pme?fund={fund}&max_staleness_days=1",
    "/v1/metrics/summary?fund=unknown",
    "/v1/metrics/summary?fund={fund}&colour=red",
    "/v1/funds",
    "/healthz",
)


@pytest.fixture
def ids(tmp_path):
    with Store.open(tmp_path / "data") as store:
        committed = store.commit("default", [new_fund(), new_benchmark()], actor="test")
        return {each.kind: each.id for each in committed.items}


def answers(tmp_path, ids, *, fast_lanes, encoding):
    """Each path twice (a miss, then a hit) and once more with the tag of what is known."""
    settings = Settings(
        data=tmp_path / "data",
        warm_engine=False,
        compute="thread",
        fast_lanes=fast_lanes,
        _env_file=None,
    )
    found = []
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        for path in (each.format(**ids) for each in PATHS):
            headers = {"Accept-Encoding": encoding}
            miss, hit = (client.get(path, headers=headers) for _ in range(2))
            known = {**headers, "If-None-Match": miss.headers.get("etag", '"none"')}
            found += [miss, hit, client.get(path, headers=known)]
    return found


def comparable(answer):
    raw = sorted(pair for pair in answer.headers.raw if pair[0].decode() not in OWN)
    body = answer.content
    if answer.status_code >= 400:  # holds the id of the request
        body = {**answer.json(), "instance": None}
    return answer.status_code, raw, body


def is_fast(answer) -> bool:
    return answer.headers.get("server-timing", "").startswith("cache")


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_answers_are_equal_with_and_without_the_lanes(tmp_path, ids, encoding):
    """Misses, hits, 304 and refusals: status, headers and body to the byte."""
    on = answers(tmp_path, ids, fast_lanes=True, encoding=encoding)
    off = answers(tmp_path, ids, fast_lanes=False, encoding=encoding)
    assert [comparable(answer) for answer in on] == [comparable(answer) for answer in off]
    assert sum(map(is_fast, on)) == 3  # the hits of the three questions
    assert sum(map(is_fast, off)) == 0


def test_switch_reaches_the_server_itself(tmp_path, ids):
    """`PME_FAST_LANES=off`: a hit over the wire comes from memory, and by the route."""
    with Server(tmp_path / "data", environment={"PME_FAST_LANES": "off"}) as server:
        url = server.url + PATHS[0].format(**ids)
        computed, hit = (httpx2.get(url, timeout=60) for _ in range(2))
    assert (computed.headers["x-cache"], hit.headers["x-cache"]) == ("computed", "memory")
    assert not is_fast(hit)
    assert hit.content == computed.content
