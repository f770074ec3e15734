"""JSON bodies are read where a route takes one, and large ones off the event loop."""

from __future__ import annotations

import json

import pytest

from pmecalc.api.json_body import LARGE_BYTES

JSON = {"Content-Type": "application/json"}


def body(size: int) -> bytes:
    flows = [["2020-01-01", -100], ["2021-01-01", 150]]
    return json.dumps({"fund": {"flows": flows}}).encode().ljust(size)


def threads(client) -> int:
    """The threads of the JSON pool, which starts one when there is the first work for it."""
    return len(client.app.state.services.executors.json._threads._threads)


@pytest.mark.parametrize(("size", "started"), [(LARGE_BYTES, 0), (LARGE_BYTES + 1, 1)])
def test_large_bodies_are_read_in_a_thread(client, size, started):
    """The answer is the same on either side of 64 KiB."""
    answer = client.post("/v1/evaluate", content=body(size), headers=JSON)
    assert answer.status_code == 200
    assert answer.json() == client.post("/v1/evaluate", content=body(0), headers=JSON).json()
    assert threads(client) == started


@pytest.mark.parametrize("text", ['{"a": x', '{"a": 1, "a": 2}', "[" * 40, "{}", '{"b": "pme_'])
def test_large_bodies_are_refused_as_small_ones_are(client, text):
    """Status and code do not depend on where a body is read."""
    small, large = (
        client.post("/v1/evaluate", content=text.ljust(size), headers=JSON)
        for size in (0, LARGE_BYTES * 2)
    )
    answers = [(each.status_code, each.json()["code"]) for each in (small, large)]
    assert answers[0] == answers[1]
    assert small.json()["errors"] == large.json()["errors"]
    assert threads(client) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/funds"), ("DELETE", "/v1/funds/x"), ("POST", "/v1/imports/x/undo"), ("GET", "/")],
)
def test_no_body_is_read_where_none_is_taken(client, method, path):
    """A route without a body asks the server for none of it."""
    asked, status = [], []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
    }

    async def receive():
        asked.append(1)
        return {"type": "http.request", "body": b"{", "more_body": True}

    async def send(message):
        status.append(message.get("status"))

    client.portal.call(client.app, scope, receive, send)
    assert status[0] in {200, 404}
    assert asked == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_json_is_utf8(client, encoding):
    """A body in which the limits would look at other bytes than the parser is refused."""
    text = '{"name": "\u2200", "fund": ' + "[" * 40 + "]" * 40 + "}"
    answer = client.post("/v1/evaluate", content=text.encode(encoding), headers=JSON)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] in {"BAD_REQUEST", "MALFORMED"}
    marked = client.post("/v1/evaluate", content=b"\xef\xbb\xbf" + body(0), headers=JSON)
    assert marked.status_code == 200
