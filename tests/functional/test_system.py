"""What a worker says of itself: `/v1/system/cache` and `/metrics`."""

from __future__ import annotations

import time

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from redis_server import RedisServer, redis_server_path
from requirements import require
from server import Server

LABELS = {  # CACHE 10, and those of requests, jobs and processes
    "pme_http_requests": {"method", "route", "status"},
    "pme_http_request_seconds": {"method", "route", "status", "le"},
    "pme_http_limited": {"limit"},
    "pme_workers": set(),
    "pme_workers_replaced": set(),
    "pme_jobs": {"state"},
    "pme_jobs_ended": {"outcome"},
    "pme_cache_requests": {"view", "outcome"},
    "pme_cache_op_seconds": {"tier", "op", "result", "le"},
    "pme_cache_redis_wait_seconds": {"le"},
    "pme_cache_breaker_state": {"side"},
    "pme_cache_rejected": {"tier", "reason"},
    "pme_cache_bytes": {"tier"},
    "pme_cache_entries": {"tier"},
    "pme_cache_evictions": {"tier"},
    "pme_cache_write_queue": {"tier"},
    "pme_cache_dropped": {"tier"},
    "pme_compute_seconds": {"view", "le"},
    "pme_compute_processes": {"state"},
    "pme_compute_orders": {"outcome"},
    "pme_compute_unanswered": {"reason"},
    "pme_compute_restarts": set(),
    "pme_warm": {"trigger", "outcome"},
    "pme_loop_lag_seconds": {"le"},
}


def series(text):
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(families, name, sample, **labels):
    found = [
        each.value
        for each in families[name].samples
        if each.name == sample and each.labels == labels
    ]
    assert len(found) == 1, families[name].samples
    return found[0]


def stored(client, data):
    """A fund and an index; the address of a chart."""
    for name in ("sample_index_quarterly.csv", "sample_fund_quarterly.csv"):
        with (data / name).open("rb") as file:
            answer = client.post("/v1/imports?commit=true", files={"file": (name, file)})
    fund = answer.json()["datasets"][0]["id"]
    return f"/v1/metrics/irr_pme?fund={fund}&max_staleness_days=none"


def test_the_series_are_those_of_the_specification(client, data):
    """These series with these labels, and ours of the processes; no tenant, dataset or key."""
    address = stored(client, data)
    for _ in range(3):
        assert client.get(address).status_code == 200
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = series(answer.text)
    assert set(families) == set(LABELS)
    for name, family in families.items():
        for sample in family.samples:
            assert set(sample.labels) <= LABELS[name]
    assert (
        value(
            families,
            "pme_cache_requests",
            "pme_cache_requests_total",
            view="irr_pme",
            outcome="memory",
        )
        == 2
    )
    assert (
        value(
            families,
            "pme_cache_requests",
            "pme_cache_requests_total",
            view="irr_pme",
            outcome="computed",
        )
        == 1
    )
    assert value(families, "pme_compute_seconds", "pme_compute_seconds_count", view="irr_pme") == 1
    assert value(families, "pme_cache_entries", "pme_cache_entries", tier="memory") == 1
    assert value(families, "pme_cache_write_queue", "pme_cache_write_queue", tier="redis") == 0


def test_openmetrics_on_request(client):
    """A scraper that prefers OpenMetrics gets it."""
    accept = "application/openmetrics-text; version=1.0.0"
    answer = client.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_statistics_say_how_the_hits_went(client, data):
    """Hits, misses and the ratios of one, five and sixty minutes, by tier; the loop; the worker."""
    address = stored(client, data)
    for _ in range(4):
        client.get(address)
    said = client.get("/v1/system/cache").json()
    memory = said["memory"]
    assert (memory["hits"], memory["misses"], memory["entries"]) == (3, 1, 1)
    assert memory["hit_ratio"] == memory["hit_ratio_1m"] == memory["hit_ratio_60m"] == 0.75
    assert said["redis"]["state"] == "off"
    assert said["redis"]["server"] is None
    assert said["worker"]["rss_bytes"] > 0
    assert sum(said["loop"]["lag"]["counts"]) >= 0
    assert said["loop"]["lag_max_1m_ms"] >= 0


def test_a_dead_redis_is_seen_and_readiness_does_not_mind(tmp_path):
    """Redis' figures while it lives; after its death the breakers are open, the service ready."""
    require("redis", present=redis_server_path() is not None)
    with RedisServer() as redis:
        environment = {"PME_REDIS_URL": redis.url, "PME_WARM_ENGINE": "false"}
        with Server(tmp_path / "data", "--demo", environment=environment) as server:
            fund = httpx2.get(f"{server.url}/v1/funds").json()["items"][0]["id"]
            address = f"{server.url}/v1/metrics/summary?fund={fund}&as_of="
            httpx2.get(f"{address}2020-12-31", timeout=60)
            wait_for(lambda: redis_of(server)["server"] is not None)
            assert redis_of(server)["server"]["bytes"] > 0
            assert redis_of(server)["server"]["clients"] >= 1
            redis.kill()
            answers = [httpx2.get(f"{address}202{n}-06-30", timeout=60) for n in range(1, 6)]
            assert [answer.status_code for answer in answers] == [200] * 5
            families = series(httpx2.get(f"{server.url}/metrics").text)
            name = "pme_cache_breaker_state"
            assert value(families, name, name, side="reads") == 1
            assert httpx2.get(f"{server.url}/readyz").status_code == 200


def redis_of(server):
    return httpx2.get(f"{server.url}/v1/system/cache").json()["redis"]


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.1)
