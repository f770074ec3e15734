"""T-04: a revoked key is refused by every worker within a second (SECURITY 3, 12)."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection

import httpx2
import pytest

from functional.access.conftest import bearer, make_keys
from pmecalc.service import secret_text
from pmecalc.store import jobs, leases
from pmecalc.store.store import Store
from redis_server import RedisServer
from server import Server

CLIENTS = 4
ENOUGH = 20  # requests of each client, before and after
PATIENCE_SECONDS = 90.0
EFFECTIVE_SECONDS = 1.0
_FAR = 2**60


class Load(threading.Thread):
    """One client that asks on fresh connections: (begun, ended, status) of every request."""

    def __init__(self, port, key, ending):
        super().__init__(daemon=True)
        self.port, self.key, self.ending = port, key, ending
        self.seen: list[tuple[float, float, int]] = []

    def run(self):
        while not self.ending.is_set():
            begun = time.monotonic()
            connection = HTTPConnection("127.0.0.1", self.port)
            connection.request("GET", "/v1/funds", headers=bearer(self.key))
            status = connection.getresponse().status
            self.seen.append((begun, time.monotonic(), status))
            connection.close()


def wait_for_requests(loads, since):
    """Each client has had enough answers to what it asked since then."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(sum(begun > since for begun, _, _ in load.seen) < ENOUGH for load in loads):
        assert time.monotonic() < deadline, "the clients wait for answers"
        time.sleep(0.02)


def revoke_under_load(server, keys, seconds):
    """The requests of all clients; when the revocation was asked for, and when it was answered."""
    ending = threading.Event()
    loads = [Load(server.port, keys["alpha", "viewer"], ending) for _ in range(CLIENTS)]
    for load in loads:
        load.start()
    wait_for_requests(loads, 0.0)
    name = secret_text.parsed(keys["alpha", "viewer"]).id
    asked = time.monotonic()
    answer = httpx2.delete(f"{server.url}/v1/keys/{name}", headers=bearer(keys["alpha", "admin"]))
    revoked = time.monotonic()
    assert answer.status_code == 204
    wait_for_requests(loads, revoked + EFFECTIVE_SECONDS)
    time.sleep(seconds)
    ending.set()
    for load in loads:
        load.join()
    return sorted(seen for load in loads for seen in load.seen), asked, revoked


def check(seen, asked, revoked):
    """Counts: all answered before, none let in a second after, and nothing but 200, 401, 429."""
    before = [status for _, ended, status in seen if ended < asked]
    late = [status for begun, _, status in seen if begun > revoked + EFFECTIVE_SECONDS]
    assert min(len(before), len(late)) >= CLIENTS * ENOUGH
    assert set(before) == {200}
    assert [status for status in late if status == 200] == []
    assert {status for _, _, status in seen} <= {200, 401, 429}
    last = max((begun - revoked for begun, _, status in seen if status == 200), default=0.0)
    print(
        f"\n{len(seen)} requests; the last one let in began {last * 1000:.0f} ms after the "
        f"revocation; let in after 1 s: 0 of {len(late)}"
    )


def test_revoked_key_is_refused_everywhere(tmp_path):
    """T-04: two workers under load let in nobody from a second after the revocation on."""
    run(tmp_path, shared=False, seconds=0.0)


@pytest.mark.soak
@pytest.mark.parametrize("shared", [False, True], ids=["alone", "redis"])
def test_revoked_key_is_refused_everywhere_at_length(tmp_path, shared):
    """T-04 for 30 s, with and without Redis: no remembered key comes back to life."""
    run(tmp_path, shared=shared, seconds=30.0)


def test_open_stream_of_a_revoked_key_ends(tmp_path):
    """A job tells nothing to a listener whose key was revoked a second ago."""
    keys = make_keys(tmp_path / "data")
    headers = bearer(keys["alpha", "viewer"])
    with (
        Store.open(tmp_path / "data") as store,
        Server(tmp_path / "data", environment={"PME_MODE": "key"}) as server,
    ):
        row = _claimed(store, "alpha")
        path = f"{server.url}/v1/jobs/{row.id}/events"
        with httpx2.stream("GET", path, headers=headers, timeout=30) as stream:
            lines = stream.iter_lines()
            _tell(store, row, "early")
            assert any("early" in line for line in lines)
            name = secret_text.parsed(keys["alpha", "viewer"]).id
            admin = bearer(keys["alpha", "admin"])
            assert httpx2.delete(f"{server.url}/v1/keys/{name}", headers=admin).status_code == 204
            time.sleep(EFFECTIVE_SECONDS)
            _tell(store, row, "late")
            store.write(lambda db: jobs.end(db, row, "done", {}, now=_FAR, tick=leases.tick()))
            assert [line for line in lines if "late" in line or "done" in line] == []


def _claimed(store, tenant):
    """A job that this test holds for half a minute from its last word."""

    def work(db):
        jobs.add(db, tenant, f"job-{tenant}", kind="batch", params={}, now=1)
        return jobs.claim(db, _FAR, leases.tick())

    return store.write(work)


def _tell(store, row, message):
    store.write(lambda db: jobs.tell(db, row, {"message": message}, now=_FAR, tick=leases.tick()))


def run(tmp_path, *, shared, seconds):
    keys = make_keys(tmp_path / "data")
    environment = {"PME_MODE": "key", "PME_RATE_READS_PER_S": "100000"}
    environment |= {"PME_RATE_READS_BURST": "100000", "PME_RATE_FAILURES_PER_MIN": "20"}
    if not shared:
        with Server(tmp_path / "data", "--workers", "2", environment=environment) as server:
            check(*revoke_under_load(server, keys, seconds))
        return
    with RedisServer() as redis:
        environment["PME_REDIS_URL"] = redis.url
        with Server(tmp_path / "data", "--workers", "2", environment=environment) as server:
            check(*revoke_under_load(server, keys, seconds))
