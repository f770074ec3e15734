"""T-15: the headers of pages, API, errors, downloads and 304, exactly (SECURITY 5)."""

from __future__ import annotations

import pytest

from functional.access.conftest import bearer, first_key, key_settings, opened

EXACT = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; "
    "script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
SECURITY = {*EXACT, "strict-transport-security", "server", "access-control-allow-origin"}
KINDS = {  # what is asked: path, more headers, expected status, has a request id and a time
    "page": ("/", {}, 200),
    "document": ("/docs", {}, 200),
    "openapi": ("/openapi.json", {}, 200),
    "list": ("/v1/funds", {}, 200),
    "summary": ("/v1/metrics/summary?fund={fund}", {}, 200),
    "hit": ("/v1/metrics/summary?fund={fund}", {}, 200),
    "not modified hit": ("/v1/metrics/summary?fund={fund}", {"If-None-Match": "*"}, 304),
    "not modified list": ("/v1/funds", {"If-None-Match": "{etag}"}, 304),
    "download": ("/v1/imports/template.csv", {}, 200),
    "unknown": ("/v1/funds/unknown", {}, 404),
    "nothing": ("/nothing", {}, 404),
    "malformed": ("/v1/funds?limit=x", {}, 422),
    "wrong host": ("/v1/funds", {"Host": "evil.example"}, 421),
    "no such file": ("/static/0/none.js", {}, 404),
}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "tls"])
def stocked(request, tmp_path_factory):
    """A service with or without declared TLS, and what its addresses are filled with."""
    chosen = key_settings(tmp_path_factory.mktemp("headers"), demo=True, tls=request.param)
    headers = bearer(first_key(chosen))
    with opened(chosen) as client:
        funds = client.get("/v1/funds", headers=headers)
        known = {"fund": funds.json()["items"][0]["id"], "etag": funds.headers["ETag"]}
        yield client, headers, known, request.param


@pytest.mark.parametrize("kind", KINDS)
def test_headers_are_exact(stocked, kind):
    """Every kind of answer carries the policy word for word, and HSTS where TLS is declared."""
    client, headers, known, tls = stocked
    path, more, status = KINDS[kind]
    given = {name: value.format(**known) for name, value in more.items()}
    answer = client.get(path.format(**known), headers={**headers, **given})
    assert answer.status_code == status
    found = {name: value for name, value in answer.headers.items() if name in SECURITY}
    hsts = {"strict-transport-security": "max-age=31536000; includeSubDomains"}
    assert found == EXACT | (hsts if tls else {})
    assert answer.headers["X-Request-Id"]
    names = [name for name, _ in answer.headers.multi_items()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1"])
def test_nothing_is_shared_across_origins(stocked, origin):
    """There is no CORS: a preflight is refused and no answer names an origin."""
    client, headers, _, _ = stocked
    asked = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    preflight = client.options("/v1/funds", headers=asked)
    assert preflight.status_code == 405
    read = client.get("/v1/funds", headers={**headers, "Origin": origin})
    for answer in (preflight, read):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_private_answers_stay_private(stocked):
    """What belongs to a tenant is never for shared caches, and varies by credential."""
    client, headers, known, _ = stocked
    for path in ("/v1/funds", f"/v1/funds/{known['fund']}", "/v1/keys", "/v1/imports", "/v1/jobs"):
        answer = client.get(path, headers=headers)
        assert "private" in answer.headers["Cache-Control"]
        assert "Authorization" in answer.headers["Vary"]
    for path in ("/v1/session", "/v1/funds/unknown"):
        assert client.get(path, headers=headers).headers["Cache-Control"] == "no-store"
    assert client.get("/v1/funds").headers["Cache-Control"] == "no-store"
