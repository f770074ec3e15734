"""Who may start the service where, and through what it may be reached (SECURITY 2, 5)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from functional.access.conftest import bearer, first_key, key_settings, opened
from pmecalc.app import conclude, prepare
from pmecalc.settings import Settings
from pmecalc.store.store import Store

LOOPBACK = ("127.0.0.1", "::1", "localhost")
NETWORK = ("0.0.0.0", "10.1.2.3", "::", "fd00::1", "pme.example")  # noqa: S104  (to be refused)
FILE = {"file": ("a.csv", "date,amount\n2020-01-01,-1\n2021-01-01,2\n")}


@pytest.mark.parametrize("flag", [False, True])
@pytest.mark.parametrize("host", [*LOOPBACK, *NETWORK])
@pytest.mark.parametrize("mode", ["local", "key"])
def test_start_matrix(tmp_path, mode, host, flag):
    """T-01: the mode `local` listens on the loopback, elsewhere only by the long flag."""
    wanted = {"mode": mode, "host": host, "insecure_no_auth_i_understand": flag}
    may_start = mode == "key" or host in LOOPBACK or flag
    if may_start:
        assert Settings(data=tmp_path, _env_file=None, **wanted).host == host
    else:
        with pytest.raises(ValidationError, match="PME_MODE=key"):
            Settings(data=tmp_path, _env_file=None, **wanted)


@pytest.mark.parametrize(
    ("mode", "flag", "status"), [("local", False, 403), ("local", True, 200), ("key", False, 401)]
)
@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_forwarded_requests(tmp_path, mode, flag, status, header):
    """T-01: the mode `local` answers nobody behind a proxy; the mode `key` asks for a key."""
    settings = Settings(
        data=tmp_path / "data",
        mode=mode,
        insecure_no_auth_i_understand=flag,
        warm_engine=False,
        compute="thread",
        _env_file=None,
    )
    with opened(settings) as client:
        assert client.get("/v1/funds", headers={header: "for=10.0.0.1"}).status_code == status
        assert client.get("/v1/session").json()["unprotected"] is flag if status != 403 else True


def test_first_start_gives_one_key_once(folder):
    """T-01: the first start in the mode `key` makes an admin's key for a day, later ones none."""
    settings = key_settings(folder)
    first = first_key(settings)
    assert prepare(settings) is None
    with opened(settings) as client:
        assert client.get("/v1/session", headers=bearer(first)).json()["role"] == "admin"
        (row,) = client.get("/v1/keys", headers=bearer(first)).json()["items"]
    assert row["expires"] - row["created"] == 24 * 3600 * 1000
    assert prepare(Settings(data=folder / "other", _env_file=None)) is None


@pytest.mark.parametrize(
    ("client_address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),  # this machine
        ("::1", {}, 200),
        ("10.0.0.9", {}, 403),  # in clear over a network
        ("10.0.0.9", {"X-Forwarded-Proto": "https"}, 403),  # says who is not believed
        ("10.0.0.1", {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}, 200),
        ("10.0.0.1", {"X-Forwarded-Proto": "http", "X-Forwarded-For": "203.0.113.7"}, 403),
        ("10.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 403),
        ("10.0.0.1", {"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}, 403),  # the first is a claim
    ],
)
def test_keys_come_over_tls_or_from_this_machine(folder, keys, client_address, headers, status):
    """A key that could be read on its way is refused; only a trusted proxy is believed."""
    settings = key_settings(folder, trusted_proxies=("10.0.0.1",))
    with opened(settings, client=(client_address, 50_000)) as client:
        answer = client.get("/v1/funds", headers={**bearer(keys["alpha", "viewer"]), **headers})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", "203.0.113.7")], 403),
        ([("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "127.0.0.1")], 200),
        ([("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "http, https")], 200),
        ([("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https, http")], 403),
        (
            [
                ("X-Forwarded-For", "203.0.113.7"),
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Proto", "http"),
            ],
            403,
        ),
    ],
)
def test_the_proxy_has_the_last_word(folder, keys, lines, status):
    """What a client claims in a line of its own stands before what the proxy adds."""
    settings = key_settings(folder, trusted_proxies=("10.0.0.1",))
    headers = [*bearer(keys["alpha", "viewer"]).items(), *lines]
    with opened(settings, client=("10.0.0.1", 50_000)) as client:
        assert client.get("/v1/funds", headers=headers).status_code == status


def test_session_in_a_second_line_of_cookies_is_seen_in_clear(folder, keys):
    """A session that comes over plain HTTP is refused in whichever line it stands."""
    headers = [("Cookie", "a=b"), ("Cookie", "pme=x")]
    with opened(key_settings(folder), client=("10.0.0.9", 50_000)) as client:
        answer = client.get("/v1/session", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "TLS_REQUIRED")


@pytest.mark.parametrize("mode", ["local", "key"])
@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/funds", "/static/x/main.js", "/docs"])
@pytest.mark.parametrize(
    ("host", "refused"),
    [("127.0.0.1", False), ("pme.example:443", False), ("evil.example", True), ("", True)],
)
def test_host_matrix(applications, mode, path, host, refused):
    """T-03: a name that is not listed is 421 on pages, files and API, in both modes."""
    services, _ = applications
    answer = services[mode].get(path, headers={"Host": host})
    assert (answer.status_code == 421) is refused


@pytest.mark.parametrize("mode", ["local", "key"])
@pytest.mark.parametrize("credential", ["none", "key", "session"])
@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Origin": "http://127.0.0.1"}, False),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "cross-site"}, True),
    ],
)
def test_origin_matrix(applications, mode, credential, headers, refused):
    """T-03: no page of another site changes anything, with or without a session, in any mode."""
    services, credentials = applications
    given = {**credentials[credential], **headers}
    answer = services[mode].post("/v1/imports", files=FILE, headers=given)
    may = mode == "local" or credential != "none"
    assert (answer.status_code == 403) is refused
    assert refused or answer.status_code in ({200, 201} if may else {401})
    gone = services[mode].delete("/v1/funds/unknown", headers=given)
    assert (gone.status_code == 403) is refused


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    """A service in each mode, and the headers of a key and of a session made from it."""
    local = tmp_path_factory.mktemp("local")
    folder = tmp_path_factory.mktemp("key")
    names = ("localhost", "127.0.0.1", "pme.example")
    settings = key_settings(folder, allowed_hosts=names)
    key = bearer(first_key(settings))
    with (
        opened(
            Settings(
                data=local, allowed_hosts=names, warm_engine=False, compute="thread", _env_file=None
            )
        ) as first,
        opened(settings) as second,
    ):
        cookie = second.post("/v1/session", headers=key).headers["set-cookie"].partition(";")[0]
        second.cookies.clear()
        headers = {"none": {}, "key": key, "session": {"Cookie": cookie}}
        yield {"local": first, "key": second}, headers


def test_audit_tells_when_the_service_ran_and_in_which_mode(folder):
    """Start and stop are rows of the audit, with the mode."""
    settings = key_settings(folder)
    prepare(settings)
    conclude(settings)
    with Store.open(folder) as store:
        rows = store.read(
            lambda db: db.execute(
                "SELECT action, detail_json ->> 'mode' FROM audit WHERE action LIKE 'service.%'"
            ).fetchall()
        )
    assert rows == [("service.start", "key"), ("service.stop", "key")]
