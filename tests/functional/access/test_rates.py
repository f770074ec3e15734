"""T-16: bursts by key and by address, with Redis, without it, and with Redis dying (SECURITY 8)."""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest

from fakes import FakeClock
from functional.access.conftest import BY, bearer, key_settings, opened
from pmecalc.api.auth import Principal
from pmecalc.api.rates import Buckets, Failures, Limits, Rates
from pmecalc.service import secret_text
from pmecalc.service.keys import Keys
from pmecalc.store.store import Store
from redis_server import RedisServer, redis_server_path
from requirements import require

FILE = {"file": ("a.csv", "date,amount\n2020-01-01,-1\n2021-01-01,2\n")}
LIMITS = Limits(
    reads_per_s=10,
    reads_burst=50,
    imports_per_min=1,  # so that none comes back while a slow machine asks
    imports_burst=10,
    jobs_per_min=10,
    keys_per_h=10,
    sessions_per_min=10,
    edits_per_min=10,
    failures_per_min=10,
    tenant=dict.fromkeys(("requests", "imports", "jobs", "keys", "sessions", "edits"), 2),
)


def counts(answers):
    """How many were let in, and how many told to wait; nothing else happened."""
    statuses = [answer.status_code for answer in answers]
    assert all(
        int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 429
    )
    assert all(status < 500 for status in statuses)
    return sum(status != 429 for status in statuses), sum(status == 429 for status in statuses)


def test_bucket_lets_in_a_burst_and_then_its_rate():
    """A full bucket holds the burst; what is taken comes back at the rate, and no faster."""
    clock = FakeClock()
    buckets = Buckets(per_second=10, burst=50, clock=clock)
    assert sum(buckets.wait("a") == 0 for _ in range(60)) == 50
    assert buckets.wait("b") == 0
    assert buckets.wait("a") == pytest.approx(0.1)
    clock.advance(1)
    assert sum(buckets.wait("a") == 0 for _ in range(60)) == 10
    clock.advance(1000)
    assert sum(buckets.wait("a") == 0 for _ in range(60)) == 50


def test_failures_block_an_address_for_a_minute():
    """Ten in a minute block that address alone, for sixty seconds; nine do not."""
    clock = FakeClock()
    failures = Failures(per_minute=10, clock=clock)
    for _ in range(9):
        failures.count("a")
    assert failures.wait("a") == 0
    failures.count("a")
    assert (failures.wait("a"), failures.wait("b")) == (60, 0)
    clock.advance(61)
    assert failures.wait("a") == 0


def test_memory_of_addresses_is_bounded():
    """A crowd of addresses is forgotten rather than kept without end."""
    clock = FakeClock()
    failures = Failures(per_minute=1, clock=clock)
    buckets = Buckets(per_second=1, burst=1, clock=clock)
    for number in range(25_000):
        failures.count(str(number))
        failures.count(str(number))
        buckets.wait(str(number))
    sizes = [len(failures._seen), len(failures._blocked), len(buckets._left)]
    assert max(sizes) <= 10_000


def test_burst_of_one_key_is_held_back_and_another_is_not(folder, keys):
    """Each key has its own bucket, and so has an address without one."""
    settings = key_settings(folder, rate_reads_per_s=1, rate_reads_burst=20)
    with opened(settings) as client:
        for headers in (bearer(keys["alpha", "viewer"]), bearer(keys["alpha", "admin"]), {}):
            began, answers = time.monotonic(), []
            while not answers or answers[-1].status_code != 429:
                answers.append(client.get("/healthz", headers=headers))
            let_in, refused = counts(answers)
            assert (20 <= let_in <= 20 + time.monotonic() - began, refused) == (True, 1)
            assert answers[-1].json()["code"] == "TOO_MANY_REQUESTS"


def test_guessing_is_slowed_down_and_locks_nobody_out(folder, keys):
    """The eleventh bad key of an address is answered 429; a good key from there still works."""
    settings = key_settings(folder, rate_failures_per_min=10)
    with opened(settings) as client:
        bad = [
            client.get("/v1/funds", headers=bearer(str(secret_text.new_key()))) for _ in range(15)
        ]
        assert [answer.status_code for answer in bad] == [401] * 10 + [429] * 5
        assert int(bad[-1].headers["Retry-After"]) in range(1, 61)
        assert client.get("/v1/funds", headers=bearer(keys["alpha", "viewer"])).status_code == 200
        assert client.get("/v1/funds").status_code == 401


@pytest.mark.parametrize("path", ["/v1/session", "/v1/imports/template.csv"])
def test_guessing_on_public_routes_is_slowed_down_too(folder, path):
    """A bad key counts where everybody gets an answer, and stands in the audit."""
    bad = bearer(str(secret_text.new_key()))
    with opened(key_settings(folder, rate_failures_per_min=10)) as client:
        answers = [client.get(path, headers=bad).status_code for _ in range(15)]
        assert answers == [200] * 10 + [429] * 5
        assert client.get(path).status_code == 200
    with Store.open(folder) as store:
        rows = store.read(lambda db: db.execute("SELECT action, outcome FROM audit").fetchall())
    assert [tuple(row) for row in rows].count(("log-in", "refused")) == 10


def test_dead_cookie_of_a_page_is_no_guess(folder):
    """A page whose session has ended loads with all its files, and is told so once."""
    cookie = {"Cookie": f"pme={secrets.token_urlsafe(32)}"}
    with opened(key_settings(folder, rate_failures_per_min=2)) as client:
        paths = ["/", "/docs", *["/healthz"] * 20, "/v1/session"]
        answers = [client.get(path, headers=cookie).status_code for path in paths]
    assert answers == [200] * len(paths)


def test_imports_have_a_limit_of_their_own(folder, keys):
    """Ten imports at once, then 429; reads go on."""
    settings = key_settings(folder, rate_imports_burst=10, rate_imports_per_min=1)
    headers = bearer(keys["alpha", "analyst"])
    with opened(settings) as client:
        answers = [client.post("/v1/imports", files=FILE, headers=headers) for _ in range(14)]
        assert counts(answers) == (10, 4)
        assert client.get("/v1/funds", headers=headers).status_code == 200


def test_keys_of_a_tenant_share_a_limit_too(folder, keys):
    """Sixty new keys import no more together than thrice what one may; the other tenant goes on."""
    made = many_keys(folder, "alpha", 60)
    settings = key_settings(folder, rate_imports_burst=10, rate_imports_per_min=1)
    with opened(settings) as client:
        answers = [client.post("/v1/imports", files=FILE, headers=bearer(key)) for key in made * 2]
        assert counts(answers) == (3 * 10, 90)
        assert "of all keys of this tenant together" in answers[-1].json()["detail"]
        other = client.post("/v1/imports", files=FILE, headers=bearer(keys["beta", "analyst"]))
        assert other.status_code == 201
        assert client.get("/v1/funds", headers=bearer(made[0])).status_code == 200


def test_reads_of_a_tenant_share_a_limit_too(folder, keys):
    """Ten keys read no more together than twice what one may; the other tenant goes on."""
    clock = FakeClock()
    rates = Rates(LIMITS, workers=1, clock=clock)
    asked = [rates.admit(post(f"key:{number}")) for number in range(10) for _ in range(20)]
    assert sum(refusal is None for refusal in asked) == 2 * 50
    assert {refusal.status for refusal in asked if refusal} == {429}
    assert rates.admit(post("key:0", tenant="beta")) is None
    clock.advance(1)
    asked = [rates.admit(post(f"key:{number}")) for number in range(10) for _ in range(20)]
    assert sum(refusal is None for refusal in asked) == 2 * 10


def test_key_over_its_own_limit_spares_its_tenant():
    """What one key asks beyond its limit is not taken from the others."""
    rates = Rates(LIMITS, workers=1, clock=FakeClock())
    assert sum(rates.admit(post("key:loud")) is None for _ in range(1000)) == 50
    assert sum(rates.admit(post("key:quiet")) is None for _ in range(1000)) == 50


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("POST", "/v1/session", "sessions"),
        ("PATCH", "/v1/funds/abc", "edits"),
        ("PUT", "/v1/funds/abc", "edits"),
        ("DELETE", "/v1/keys/abc", "edits"),
        ("POST", "/v1/imports/abc/undo", "edits"),
        ("POST", "/v1/keys", "keys"),
        ("POST", "/v1/jobs", "jobs"),
    ],
)
def test_changes_have_limits_by_key_and_by_tenant(method, path, kind):
    """Ten of one key in the window, twenty of three; the other tenant has its own."""

    async def story():
        rates = Rates(LIMITS, workers=1)
        let_in = [
            sum(
                [
                    await rates.admit_change(post(actor, method=method, path=path)) is None
                    for _ in range(15)
                ]
            )
            for actor in ("key:a", "key:b", "key:c")
        ]
        other = await rates.admit_change(post("key:a", "beta", method=method, path=path))
        return let_in, other, rates.stats()

    assert asyncio.run(story()) == ([10, 10, 0], None, {kind: 25})


def test_sessions_and_edits_are_held_back(folder, keys):
    """The third log-in and the third edit are told to wait; reads go on."""
    settings = key_settings(folder, rate_sessions_per_min=2, rate_edits_per_min=2)
    with opened(settings) as client:
        headers = bearer(keys["alpha", "admin"])
        opening = [client.post("/v1/session", headers=headers) for _ in range(4)]
        client.cookies.clear()
        edits = [client.delete("/v1/funds/none", headers=headers) for _ in range(4)]
        assert (counts(opening), counts(edits)) == ((2, 2), (2, 2))
        assert client.get("/v1/funds", headers=headers).status_code == 200


def test_limits_are_off_in_local_mode(client):
    """The mode `local` counts nothing."""
    assert counts([client.post("/v1/imports", files=FILE) for _ in range(15)]) == (15, 0)


def test_redis_makes_the_limit_exact_and_its_end_stops_nobody():
    """T-16: two workers share ten imports by Redis; when it dies each has its share, no 5xx."""
    require("redis", present=redis_server_path() is not None)
    asyncio.run(_with_redis())


@pytest.mark.parametrize(
    ("url", "exact"),
    [
        ("redis://127.0.0.1:1/0", True),
        ("rediss://user:word@redis.example:6379/1", True),
        ("unix:///run/redis.sock?db=1", True),
        ("redis+sentinel://127.0.0.1:1/mymaster/0", False),
        ("redis+cluster://127.0.0.1:1", False),
    ],
)
def test_every_kind_of_address_can_be_given(url, exact):
    """One server makes the limits exact; sentinels and clusters leave it at each worker's share."""
    assert (Rates(LIMITS, workers=2, redis_url=url)._redis is not None) is exact


async def _with_redis():
    with RedisServer() as redis:
        workers = [
            Rates(LIMITS, workers=2, redis_url=redis.url, redis_seconds=30) for _ in range(2)
        ]
        shared = [await worker.admit_change(post("a")) for worker in workers for _ in range(10)]
        assert sum(refusal is None for refusal in shared) == 10
        tenant = [
            await workers[number % 2].admit_change(post(f"key:{number}", "gamma"))
            for number in range(40)
        ]
        redis.kill()
        alone = [await worker.admit_change(post("b")) for worker in workers for _ in range(10)]
    assert sum(refusal is None for refusal in alone) == 2 * 5
    assert sum(refusal is None for refusal in tenant) == 2 * 10
    assert {refusal.status for refusal in [*shared, *alone] if refusal} == {429}


def many_keys(folder, tenant, count):
    """New keys of one tenant."""
    with Store.open(folder) as store:
        made = Keys(store)
        return [made.create(tenant, role="analyst", name=str(n), by=BY).text for n in range(count)]


def post(actor, tenant="alpha", *, method="POST", path="/v1/imports"):
    """A change by this caller, as the guard hands it on."""
    return {
        "method": method,
        "path": path,
        "pme.address": "127.0.0.1",
        "pme.principal": Principal(tenant=tenant, role="admin", actor=actor),
    }
