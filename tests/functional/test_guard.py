"""Hosts, origins, proxies, sizes and headers (SECURITY 2, 5, 6)."""

from __future__ import annotations

import pytest

from pmecalc.api.guard import SECURITY_HEADERS

FILE = {"file": ("a.csv", "date,amount\n2020-01-01,-1\n2021-01-01,2\n")}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "[::1]:8000", "LOCALHOST"])
def test_own_names_are_answered(client, host):
    """The loopback names are served, with any port."""
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.2", "", "localhost.", "[::2]"]
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/funds", "/static/x/main.js", "/docs"])
def test_foreign_names_are_421_on_every_lane(client, host, path):
    """DNS rebinding meets 421 on pages, files and API alike."""
    answer = client.get(path, headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "WRONG_HOST")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_forwarded_requests_are_refused(client, header):
    """The local mode has no accounts, so it answers nobody behind a proxy."""
    answer = client.get("/v1/funds", headers={header: "for=10.0.0.1"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_unsafe_methods_only_from_our_own_pages(client, headers, status):
    """A page of another site can neither upload nor delete."""
    assert client.post("/v1/imports", files=FILE, headers=headers).status_code == status
    expected = 403 if status == 403 else 404
    assert client.delete("/v1/funds/unknown", headers=headers).status_code == expected


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/healthz", "/v1/funds", "/v1/funds/x", "/nothing", "/openapi.json"]
)
def test_security_headers_are_on_every_answer(client, path):
    """Pages, API answers and errors carry the policy and a request id."""
    answer = client.get(path)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert len(answer.headers["X-Request-Id"]) == 16


def test_bodies_over_the_limit_are_413(client):
    """1 MiB elsewhere, 50 MiB for an import, declared or not."""
    large = b'{"fund": {"flows": [' + b" " * (1024 * 1024) + b"]}}"
    answer = client.post(
        "/v1/evaluate", content=large, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "FILE_TOO_LARGE")

    def chunks():
        for _ in range(40):
            yield b" " * 65_536

    endless = client.post(
        "/v1/evaluate", content=chunks(), headers={"Content-Type": "application/json"}
    )
    assert endless.status_code == 413


def test_sixty_megabytes_are_refused_and_nothing_is_stored(client, tmp_path):
    """A 60 MB file is one clear error."""
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.write(b"date,amount\n")
        for _ in range(60):
            file.write(b"2020-01-01,-1.00\n" * 61_681)
    assert path.stat().st_size > 60 * 10**6
    with path.open("rb") as file:
        answer = client.post("/v1/imports", files={"file": file})
    assert (answer.status_code, answer.json()["code"]) == (413, "FILE_TOO_LARGE")
    assert client.get("/v1/funds").json()["items"] == []


def test_many_files_and_fields_are_refused(client):
    """More parts than a form may have are one error, not memory."""
    files = [("file", (f"{n}.csv", "x")) for n in range(30)]
    assert client.post("/v1/imports", files=files).status_code in {400, 413, 422}
