"""Hits before the framework: the same answers, the same refusals, never an old one."""

from __future__ import annotations

import random

import pytest
from starlette.testclient import TestClient

from pmecalc.app import create_app
from pmecalc.settings import Settings
from pmecalc.store.store import Store
from unit.store.samples import new_benchmark, new_fund

TENANT = "default"
OWN = {"x-cache", "server-timing", "x-request-id"}
VIEWS = ("metrics/summary", "metrics/irr_pme", "metrics/cashflow_overview")


@pytest.fixture
def stored(tmp_path):
    """A fund and a benchmark, written by another process's store before the service starts."""
    with Store.open(tmp_path / "data") as store:
        committed = store.commit(TENANT, [new_fund(), new_benchmark()], actor="test")
        yield store, {each.kind: each.id for each in committed.items}


@pytest.fixture
def service(tmp_path, stored):
    with TestClient(
        create_app(
            Settings(data=tmp_path / "data", warm_engine=False, compute="thread", _env_file=None)
        ),
        base_url="http://127.0.0.1",
    ) as opened:
        yield opened


def is_fast(answer) -> bool:
    """Whether the fast lane gave it."""
    return answer.headers.get("server-timing", "").startswith("cache")


def address(stored, view="metrics/summary", **query) -> str:
    _, ids = stored
    query = {"fund": ids["fund"], "max_staleness_days": "none", **query}
    if view.startswith("funds"):
        fund = query.pop("fund")
        view = view.format(fund=fund)
    return f"/v1/{view}?" + "&".join(f"{name}={value}" for name, value in query.items())


def slowly(path: str) -> str:
    """The same question in a form that only the route reads."""
    return path.replace("max_staleness_days", "max%5Fstaleness%5Fdays")


def comparable(answer) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    raw = [(n, v) for n, v in answer.headers.raw if n.decode() not in OWN]
    return answer.status_code, raw, answer.content


@pytest.mark.parametrize("encoding", ["identity", "br", "gzip", "gzip;q=1, br;q=0.5"])
@pytest.mark.parametrize("view", [*VIEWS, "funds/{fund}/charts/irr_pme"])
def test_both_lanes_give_the_same_bytes(service, stored, view, encoding):
    """A hit's status, body and raw headers are those of the route, to the byte."""
    path, headers = address(stored, view), {"Accept-Encoding": encoding}
    assert service.get(path, headers=headers).headers["x-cache"] == "computed"
    fast, slow = service.get(path, headers=headers), service.get(slowly(path), headers=headers)
    assert (is_fast(fast), is_fast(slow)) == (True, False)
    assert fast.headers["x-cache"] == slow.headers["x-cache"] == "memory"
    assert comparable(fast) == comparable(slow)
    assert set(fast.headers) == set(slow.headers)
    assert len(fast.headers["x-request-id"]) == len(slow.headers["x-request-id"]) == 16


def test_what_the_client_has_is_not_sent_again(service, stored):
    """304 on both lanes with the same headers, from the key alone: nothing was computed."""
    tag = service.get(address(stored)).headers["etag"]
    computed = service.get("/v1/system/cache").json()["computes"]
    service.app.state.services.analyses._cache._memory.close()
    for condition in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        fast, slow = (
            service.get(path, headers={"If-None-Match": condition})
            for path in (address(stored), slowly(address(stored)))
        )
        assert fast.status_code == slow.status_code == 304
        assert fast.content == slow.content == b""
        raw, slow_raw = comparable(fast)[1], comparable(slow)[1]
        assert sorted(raw) == sorted(slow_raw)
    assert service.get("/v1/system/cache").json()["computes"] == computed
    other = service.get(address(stored), headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"X-Forwarded-For": "10.0.0.1"}, 403),
        ({"Forwarded": "for=10.0.0.1"}, 403),
    ],
)
def test_a_refused_request_is_refused_though_memory_has_the_answer(
    service, stored, headers, status
):
    """Every refusal of the guard holds for an address that the lane has just answered."""
    path = address(stored)
    service.get(path)
    assert is_fast(service.get(path))
    refused = service.get(path, headers=headers)
    assert refused.status_code == status
    assert is_fast(service.get(path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("=none", "=none&fund=other"),
        ("=none", "=none&unknown=1"),
        ("=none", "=none&as_of="),
        ("=none", "=none&as_of=2024-02-30"),
        ("=none", "=none&"),
        ("=none", "=none&benchmark=nobody"),
        ("metrics", "metricz"),
        ("fund=", "fund=nobody"),
    ],
)
def test_what_the_lane_does_not_know_goes_to_the_route(service, stored, old, new):
    """Doubled, unknown, empty and impossible parameters are answered as if there were no lane."""
    service.get(address(stored))
    path = address(stored).replace(old, new)
    fast, slow = service.get(path), service.get(slowly(path))
    assert not is_fast(fast)
    assert fast.status_code == slow.status_code


def test_other_methods_and_own_ids_take_the_route(service, stored):
    """HEAD, a body and a client's own request id are the route's."""
    path = address(stored)
    service.get(path)
    assert not is_fast(service.head(path))
    assert not is_fast(service.request("GET", path, content=b"x"))
    named = service.get(path, headers={"X-Request-Id": "my-request-1"})
    assert named.headers["x-request-id"] == "my-request-1"


def test_request_ids_differ(service, stored):
    """Two hundred hits have two hundred ids."""
    service.get(address(stored))
    answers = [service.get(address(stored)) for _ in range(200)]
    assert all(map(is_fast, answers))
    assert len({answer.headers["x-request-id"] for answer in answers}) == 200


def test_no_old_answer_after_a_commit_of_another_process(service, stored):
    """Twenty revisions by another store: from each commit on the lane gives the new answer."""
    store, ids = stored
    path = address(stored)
    stale, tags = 0, set()
    for turn in range(20):
        store.commit(TENANT, [new_fund(scale=turn + 2.0, dataset=ids["fund"])], actor="test")
        revision = store.pointer(TENANT, "fund", ids["fund"]).revision
        answer = service.get(path)
        stale += answer.headers["etag"] in tags
        tags.add(answer.headers["etag"])
        hit = service.get(path)
        assert is_fast(hit)
        stale += hit.headers["etag"] != answer.headers["etag"]
        assert revision == store.pointer(TENANT, "fund", ids["fund"]).revision
    assert stale == 0


def test_a_deleted_fund_is_gone_though_memory_has_it(service, stored):
    """A delete is seen by the next request on the lane."""
    path = address(stored)
    service.get(path)
    assert is_fast(service.get(path))
    assert service.delete(f"/v1/funds/{stored[1]['fund']}").status_code == 204
    assert service.get(path).status_code == 404


def test_the_default_benchmark_is_that_of_the_moment(service, stored):
    """A second benchmark makes the question ambiguous; the fund's own default settles it."""
    store, ids = stored
    path = address(stored, "metrics/irr_pme")
    service.get(path)
    assert is_fast(service.get(path))
    second = store.commit(TENANT, [new_benchmark("Other", scale=1.1)], actor="test").items[0].id
    assert service.get(path).json()["code"] == "NO_BENCHMARK"
    tags = []
    for chosen in (second, ids["benchmark"]):
        service.patch(f"/v1/funds/{ids['fund']}", json={"benchmark": chosen})
        tags.append(service.get(path).headers["etag"])
        explicit = service.get(address(stored, "metrics/irr_pme", benchmark=chosen))
        assert explicit.headers["etag"] == tags[-1]
        assert is_fast(service.get(path))
    assert tags[0] != tags[1]


def test_any_spelling_of_a_request_is_answered_alike_on_both_lanes(service, stored):
    """120 random addresses, asked twice and once past the lane: one status, one body."""
    chance = random.Random(5)  # noqa: S311  (a seed)
    fund, benchmark = stored[1]["fund"], stored[1]["benchmark"]
    pieces = [
        *(f"fund={fund}", f"benchmark={benchmark}", "as_of=2016-12-31", "as_of=20161231"),
        *("max_staleness_days=none", "max_staleness_days=900", "max_staleness_days=9e2"),
        *("format=spec", "format=plotly", "max_staleness_days=-1", "as_of=0", "benchmark="),
    ]
    places = [*(f"/v1/{view}" for view in VIEWS), f"/v1/funds/{fund}/charts/irr_pme"]
    fast = 0
    for _ in range(120):
        parts = [pieces[0], *chance.sample(pieces[1:], chance.randrange(3))]
        path = f"{chance.choice(places)}?{'&'.join(parts)}"
        service.get(path)
        hit = service.get(path)
        past = service.get(path, headers={"X-Request-Id": "past-the-lane"})
        fast += is_fast(hit)
        assert (hit.status_code, hit.headers.get("etag")) == (
            past.status_code,
            past.headers.get("etag"),
        )
        if hit.status_code == 200:
            assert hit.content == past.content
    assert fast > 10
