"""The page's sessions: cookie, idle and absolute end, log-out (SECURITY 3)."""

from __future__ import annotations

import re
import secrets

import pytest

from fakes import FakeClock
from functional.access.conftest import BY, bearer, key_settings, opened
from pmecalc.service import secret_text
from pmecalc.service.holders import Holders
from pmecalc.service.keys import Keys
from pmecalc.store.store import Store

MINUTE_MS = 60_000
COOKIE = re.compile(r"pme=[0-9A-Za-z_-]{43}; HttpOnly; Max-Age=\d+; Path=/; SameSite=lax")


def sign_in(client, key):
    """Sign in; the cookie as the browser sends it back."""
    answer = client.post("/v1/session", headers=bearer(key))
    assert answer.status_code == 204
    client.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_session_may_do_what_its_key_may(service, keys):
    """A cookie made from a key has its tenant and its role."""
    cookie = sign_in(service, keys["beta", "viewer"])
    session = service.get("/v1/session", headers=cookie).json()
    assert (session["tenant"], session["role"], session["signed_in"]) == ("beta", "viewer", True)
    assert service.get("/v1/funds", headers=cookie).status_code == 200
    assert service.delete("/v1/funds/x", headers=cookie).status_code == 403


def test_cookie_on_the_loopback(service, keys):
    """Over HTTP on this machine the cookie is `pme`, closed to scripts and to other sites."""
    answer = service.post("/v1/session", headers=bearer(keys["alpha", "viewer"]))
    assert COOKIE.fullmatch(answer.headers["set-cookie"])
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("proxied", [False, True])
def test_cookie_over_tls(folder, keys, proxied):
    """Over TLS the cookie has the prefix that ties it to this host, and is Secure."""
    settings = key_settings(folder, tls=True, trusted_proxies=("10.0.0.1",))
    headers = bearer(keys["alpha", "viewer"])
    if proxied:
        headers |= {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    with opened(settings, client=("10.0.0.1" if proxied else "127.0.0.1", 1)) as client:
        answer = client.post("/v1/session", headers=headers)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-pme=")
    assert cookie.endswith("; Secure")
    assert "HttpOnly" in cookie
    assert "Path=/;" in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(
    ("more", "named", "status"),
    [
        ({}, "pme", 200),
        ({"tls": True}, "pme", 401),
        ({"tls": True}, "__Host-pme", 200),
        ({"tls": True}, "a=b; pme=x; __Host-pme", 200),
    ],
)
def test_plain_cookie_opens_nothing_where_there_is_tls(folder, keys, more, named, status):
    """Any host of the domain could set the name without the prefix over plain HTTP."""
    with opened(key_settings(folder, **more)) as client:
        session = sign_in(client, keys["alpha", "viewer"])["Cookie"].partition("=")[2]
        answer = client.get("/v1/funds", headers={"Cookie": f"{named}={session}"})
    assert answer.status_code == status


def test_plain_cookie_opens_nothing_through_a_proxy_with_tls(folder, keys):
    """What the proxy says of TLS counts as if TLS were declared."""
    settings = key_settings(folder, trusted_proxies=("10.0.0.1",))
    over_tls = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    with opened(settings, client=("10.0.0.1", 1)) as client:
        made = client.post("/v1/session", headers={**bearer(keys["alpha", "viewer"]), **over_tls})
        client.cookies.clear()
        cookie = made.headers["set-cookie"].partition(";")[0]
        plain = cookie.replace("__Host-pme", "pme")
        answers = [
            client.get("/v1/funds", headers={"Cookie": c, **over_tls}) for c in (plain, cookie)
        ]
    assert [answer.status_code for answer in answers] == [401, 200]


def test_credential_of_one_kind_is_never_taken_for_the_other(service, keys):
    """A key in a cookie and a session in the header open nothing, just after their real use too."""
    key = keys["alpha", "viewer"]
    cookie = sign_in(service, key)
    session = cookie["Cookie"].partition("=")[2]
    for headers, swapped in (
        (bearer(key), {"Cookie": f"pme={key}"}),
        (cookie, bearer(session)),
    ):
        statuses = [
            service.get("/v1/funds", headers=each).status_code
            for each in (swapped, headers, swapped, headers)
        ]
        assert statuses == [401, 200, 401, 200]


def test_every_sign_in_has_a_new_id(service, keys):
    """Two sessions of one key are two cookies."""
    key = keys["alpha", "viewer"]
    assert sign_in(service, key) != sign_in(service, key)


def test_session_makes_no_session(service, keys):
    """Only a key opens a session: a stolen cookie cannot be prolonged."""
    cookie = sign_in(service, keys["alpha", "viewer"])
    assert service.post("/v1/session", headers=cookie).status_code == 401


def test_sign_out_ends_the_session(service, keys):
    """After log-out the cookie opens nothing, wherever it was copied to."""
    cookie = sign_in(service, keys["alpha", "viewer"])
    answer = service.delete("/v1/session", headers=cookie)
    assert answer.status_code == 204
    assert 'pme=""; HttpOnly; Max-Age=0' in answer.headers["set-cookie"]
    assert service.get("/v1/funds", headers=cookie).status_code == 401


def test_revoked_key_ends_its_sessions(service, keys):
    """No session outlives its key."""
    cookie = sign_in(service, keys["alpha", "viewer"])
    name = secret_text.parsed(keys["alpha", "viewer"]).id
    service.delete(f"/v1/keys/{name}", headers=bearer(keys["alpha", "admin"]))
    assert service.get("/v1/funds", headers=cookie).status_code == 401


def test_dead_cookie_still_loads_the_page_and_is_taken_away(service):
    """The page comes without an account, says that nobody is signed in, and drops the cookie."""
    cookie = {"Cookie": f"pme={secrets.token_urlsafe(32)}"}
    assert service.get("/", headers=cookie).status_code == 200
    answer = service.get("/v1/session", headers=cookie)
    assert answer.json() == {
        "mode": "key",
        "unprotected": False,
        "signed_in": False,
        "tenant": None,
        "role": None,
        "actor": "anonymous",
        "permissions": ["public"],
    }
    assert "Max-Age=0" in answer.headers["set-cookie"]


def test_local_mode_has_no_sessions(client):
    """The mode `local` knows who asks without one, and says so."""
    assert client.get("/v1/session").json()["role"] == "admin"
    answer = client.post("/v1/session")
    assert (answer.status_code, answer.json()["code"]) == (400, "NO_ACCOUNTS")


class TestTime:
    """A session ends after an idle hour, and after twelve hours in any case."""

    @pytest.fixture
    def clock(self):
        return FakeClock(1_800_000_000_000)

    @pytest.fixture
    def session(self, folder, clock):
        with Store.open(folder, clock=lambda: int(clock())) as store:
            keys = Keys(store)
            key = keys.create("alpha", role="viewer", name="x", by=BY)
            text = keys.open_session("alpha", key.row.id, by=BY).text
            holders = Holders(store, clock=lambda: clock() / 1000)
            yield lambda: holders.of_session(text), holders

    def test_idle_hour(self, session, clock):
        """59 idle minutes are allowed, 60 are not."""
        holder, _ = session
        clock.advance(59 * MINUTE_MS)
        assert holder() is not None
        clock.advance(2 * MINUTE_MS)
        assert holder() is None

    def test_twelve_hours(self, session, clock):
        """Use prolongs a session, up to twelve hours after it was opened."""
        holder, holders = session
        for _ in range(12 * 60 // 40 - 1):
            clock.advance(40 * MINUTE_MS)
            assert holder() is not None
            holders.write_uses()
        clock.advance(39 * MINUTE_MS)
        assert holder() is not None
        holders.write_uses()
        clock.advance(2 * MINUTE_MS)
        assert holder() is None
