"""A name that comes twice in a request is refused: neither the first nor the last is taken."""

from __future__ import annotations

import socket

import pytest

from functional.access.conftest import bearer, key_settings, make_keys, opened

ONE = "date,amount\n2020-01-01,-1\n2021-01-01,2\n"
TWO = "date,amount\n2020-01-01,-1\n2021-01-01,3\n"
FILE = {"file": ("one.csv", ONE)}


def names(client):
    return [item["name"] for item in client.get("/v1/funds").json()["items"]]


def refused(answer, code, field):
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, code), problem
    assert not problem["errors"] or problem["errors"][0]["column"] == field
    return problem


@pytest.fixture
def fund(client):
    return client.post("/v1/imports", files=FILE).json()["datasets"][0]["id"]


@pytest.mark.parametrize("prefer", [{}, {"Prefer": "respond-async"}])
@pytest.mark.parametrize("second", [ONE, TWO])
def test_two_files_in_one_upload_are_refused(client, second, prefer):
    """Nothing of the upload is imported, by the request or by a job, and the sentence says why."""
    parts = [("file", ("one.csv", ONE)), ("file", ("two.csv", second))]
    problem = refused(
        client.post("/v1/imports", files=parts, headers=prefer), "REPEATED_FIELD", "file"
    )
    assert "each file in a request of its own" in problem["detail"]
    assert names(client) == []
    assert client.get("/v1/imports").json()["items"] == []
    assert client.get("/v1/jobs").json()["items"] == []


@pytest.mark.parametrize("part", [("second", ("two.csv", TWO)), ("kind", (None, "benchmark"))])
def test_part_that_nothing_reads_is_refused(client, part):
    """A file or an option under a name of its own is not dropped without a word."""
    answer = client.post("/v1/imports", files=[("file", ("one.csv", ONE)), part])
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "MALFORMED")
    (row,) = problem["errors"]
    assert (row["column"], row["message"]) == (part[0], "there is no such field")
    assert row["hint"] == ("It is a query parameter: ?kind=…" if part[0] == "kind" else None)
    assert names(client) == []


@pytest.mark.parametrize(
    "address",
    [
        "/v1/metrics/summary?fund={fund}&fund=other",
        "/v1/metrics/summary?fund=other&fund={fund}",
        "/v1/metrics/irr_pme?fund={fund}&as_of=2020-12-31&as_of=2021-12-31",
        "/v1/funds/{fund}/charts/irr_pme?format=spec&format=plotly",
        "/v1/funds/{fund}/methods?netting=gross&netting=gross",
        "/v1/funds?limit=1&limit=2",
    ],
)
def test_repeated_parameter_is_refused(client, fund, address):
    """On the fast lane and on the routes alike, also where both values are equal."""
    path = address.format(fund=fund)
    once = path.rpartition("&")[0]
    client.get(once)
    refused(client.get(path), "REPEATED_PARAMETER", path.rpartition("&")[2].partition("=")[0])


def test_repeated_parameter_of_an_import_is_refused(client):
    """The options of an upload are read once as well."""
    answer = client.post("/v1/imports?kind=fund&kind=benchmark", files=FILE)
    refused(answer, "REPEATED_PARAMETER", "kind")
    assert names(client) == []


@pytest.mark.parametrize(
    ("call", "body", "name"),
    [
        ("PATCH /v1/funds/{fund}", '{"vintage": 1999, "vintage": 2001}', "vintage"),
        ("PATCH /v1/funds/{fund}", '{"vintage": 2001, "vint\\u0061ge": 2001}', "vintage"),
        ("POST /v1/jobs", '{"kind": "batch", "as_of": null, "as_of": "2020-01-01"}', "as_of"),
        (
            "POST /v1/evaluate",
            '{"fund": {"flows": [["2020-01-01", 1, 0]], "flows": [["2020-01-01", 2, 0]]}}',
            "flows",
        ),
    ],
)
def test_repeated_name_in_json_is_refused(client, fund, call, body, name):
    """At any depth and however it is spelled, before anything is changed."""
    before = client.get(f"/v1/funds/{fund}").json()
    method, path = call.format(fund=fund).split()
    answer = client.request(
        method,
        path,
        content=body,
        headers={"Content-Type": "application/json"},
    )
    refused(answer, "REPEATED_FIELD", name)
    assert client.get(f"/v1/funds/{fund}").json() == before
    assert client.get("/v1/jobs").json()["items"] == []


def test_json_that_is_none_stays_malformed(client):
    """The look for repeats leaves what cannot be parsed to the parser."""
    for body in ("{", "[1,", '{"a": ', "1" * 5000, "\xff"):
        answer = client.post(
            "/v1/jobs", content=body.encode("latin-1"), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {400, 422}, body


@pytest.mark.parametrize(
    "name", ["Host", "Content-Type", "Idempotency-Key", "Origin", "Sec-Fetch-Site", "Last-Event-Id"]
)
def test_repeated_header_is_refused(client, name):
    """A header with one value is not read twice, in whatever case its lines are."""
    values = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Origin": "http://127.0.0.1",
        "Sec-Fetch-Site": "none",
    }
    value = values.get(name, "1")
    lines = [(name, value), (name.lower(), value)]
    answer = client.request("POST", "/v1/jobs", content='{"kind": "batch"}', headers=lines)
    refused(answer, "REPEATED_HEADER", name)
    assert client.get("/v1/jobs").json()["items"] == []


def test_second_host_is_refused_by_a_real_server(live_server):
    """Also on the wire, where the fast lane looks at a request first."""
    head = "GET /v1/funds HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n"
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=10) as wire:
        wire.sendall(head.encode())
        assert wire.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_lines_of_a_list_are_one_list(client, fund):
    """`If-None-Match` and `Prefer` may come in several lines; the last counts like the first."""
    tag = client.get(f"/v1/funds/{fund}").headers["ETag"]
    lines = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
    assert client.get(f"/v1/funds/{fund}", headers=lines).status_code == 304
    summary = f"/v1/metrics/summary?fund={fund}"
    tag = client.get(summary).headers["ETag"]
    lines = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
    assert client.get(summary, headers=lines).status_code == 304
    lines = [("Prefer", "wait=5"), ("Prefer", "respond-async")]
    assert client.post("/v1/imports", files=FILE, headers=lines).status_code == 202


def test_two_credentials_are_none(tmp_path):
    """Two keys, or two sessions, open nothing, though each of them would."""
    folder = tmp_path / "data"
    keys = make_keys(folder)
    first, second = (bearer(keys[tenant, "admin"]) for tenant in ("alpha", "beta"))
    with opened(key_settings(folder)) as client:
        cookies = []
        for key in (first, second):
            answer = client.post("/v1/session", headers=key)
            cookies.append(answer.headers["set-cookie"].partition(";")[0])
            client.cookies.clear()
        both = [*first.items(), *second.items()]
        assert client.get("/v1/funds", headers=both).status_code == 401
        for cookie in cookies:
            assert client.get("/v1/funds", headers={"Cookie": cookie}).status_code == 200
        joined = {"Cookie": "; ".join(cookies)}
        assert client.get("/v1/funds", headers=joined).status_code == 401
        apart = [("Cookie", cookie) for cookie in cookies]
        assert client.get("/v1/funds", headers=apart).status_code == 401
        twice = [("Cookie", cookies[0]), ("Cookie", cookies[0])]
        assert client.get("/v1/funds", headers=twice).status_code == 200
