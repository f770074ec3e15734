"""What is asked of a request before its credential is read."""

from __future__ import annotations

import pytest

from fakes import FakeClock
from pmecalc.api.auth import ANONYMOUS, Principal
from pmecalc.api.checks import MAX_COOKIE_BYTES, Checks
from pmecalc.api.rates import Limits, Rates

LIMITS = Limits(
    reads_per_s=100,
    reads_burst=500,
    imports_per_min=30,
    imports_burst=10,
    jobs_per_min=10,
    keys_per_h=10,
    sessions_per_min=10,
    edits_per_min=60,
    failures_per_min=10,
    tenant=dict.fromkeys(("requests", "imports", "jobs", "keys", "sessions", "edits"), 10),
)
SOMEBODY = Principal(tenant="alpha", role="viewer", actor="key:1")


def request(*headers, address="127.0.0.1", path="/v1/funds"):
    return {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "client": (address, 1),
        "headers": [(b"host", b"localhost"), *headers],
    }


class Door:
    """Checks that count how often a credential is looked at; `good` opens, all else is a guess."""

    def __init__(self):
        self.clock = FakeClock()
        self.rates = Rates(LIMITS, workers=1, clock=self.clock)
        self.looks = 0
        self.checks = Checks(
            identify=self.identify,
            allowed_hosts=("localhost",),
            refuse_forwarded=False,
            refuse_clear=True,
            admit=self.rates.admit,
            admit_address=self.rates.admit_address,
        )

    def identify(self, scope):
        given = dict(scope["headers"])
        if given.keys().isdisjoint({b"authorization", b"cookie"}):
            return ANONYMOUS
        self.looks += 1
        is_good = given.get(b"authorization") == b"Bearer good"
        scope["pme.rejected"] = not is_good
        return SOMEBODY if is_good else ANONYMOUS

    def status(self, *headers, **options):
        scope = request(*headers, **options)
        refusal = self.checks.check(scope)
        if refusal is None and scope.get("pme.rejected") and scope["path"].startswith("/v1/"):
            self.rates.failed(scope)  # as the guard does
        return 200 if refusal is None else refusal.status


BAD = [(b"authorization", b"Bearer bad"), (b"cookie", b"pme=bad")]


@pytest.mark.parametrize("bad", BAD, ids=["key", "session"])
@pytest.mark.parametrize(("path", "most"), [("/v1/funds", 30), ("/", 520)])
def test_flood_of_bad_credentials_is_not_read(bad, path, most):
    """Of an address that guesses or floods a few credentials are looked at, however many come."""
    door = Door()
    looks = []
    for count in (5_000, 10_000):
        statuses = [door.status(bad, path=path) for _ in range(count)]
        looks.append(door.looks)
        assert statuses[-1] == 429
    assert looks == [most, most]


def test_flood_locks_nobody_out():
    """A good key of another address is served at once, of the same one within a second."""
    door = Door()
    for _ in range(1_000):
        door.status(BAD[0])
    good = (b"authorization", b"Bearer good")
    assert door.status(good, address="::1") == 200
    assert door.status(good) == 429
    door.clock.advance(1)
    assert door.status(good) == 200
    assert door.status() == 200


@pytest.mark.parametrize(("size", "status"), [(MAX_COOKIE_BYTES, 200), (MAX_COOKIE_BYTES + 1, 431)])
def test_cookies_are_limited_together(size, status):
    """All lines of cookies count, and none of them is read where they are too long."""
    door = Door()
    lines = [(b"cookie", b"a" * (size // 2)), (b"cookie", b"\\" * (size - size // 2))]
    assert door.status(*lines) == status
    assert door.looks == (status == 200)
