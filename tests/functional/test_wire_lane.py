"""Hits that the protocol sends itself: the same bytes as through the application, in order."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

import httpx2
import pytest

from server import Server

PATIENCE_SECONDS = 60
OWN = {"date", "connection", "x-cache", "server-timing", "x-request-id"}


@dataclass(frozen=True)
class Reply:
    """One answer of a connection that goes on."""

    status: int
    headers: dict[str, str]
    order: tuple[str, ...]
    body: bytes

    @property
    def hit(self) -> bool:
        return self.headers.get("server-timing", "").startswith("cache")


class Connection:
    """One connection, read an answer at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._reader = self._socket.makefile("rb")

    def send(self, path: str, *lines: str, method: str = "GET", body: bytes = b"") -> None:
        head = "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines])
        self._socket.sendall(f"{head}\r\n\r\n".encode() + body)

    def read(self, *, bodiless: bool = False) -> Reply:
        status = int(self._reader.readline().split()[1])
        pairs = []
        while (line := self._reader.readline().decode().rstrip("\r\n")) != "":
            pairs.append(tuple(line.split(": ", 1)))
        headers = dict(pairs)
        size = 0 if bodiless or status == 304 else int(headers["content-length"])
        return Reply(status, headers, tuple(name for name, _ in pairs), self._reader.read(size))

    def ask(self, path: str, *lines: str) -> Reply:
        self.send(path, *lines)
        return self.read()

    def close(self) -> None:
        self._reader.close()
        self._socket.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server with the demo funds."""
    with Server(tmp_path_factory.mktemp("wire") / "data", "--demo") as started:
        yield started


@pytest.fixture
def connection(server):
    opened = Connection(server.port)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def path(server) -> str:
    """An address whose answer memory has."""
    fund = httpx2.get(f"{server.url}/v1/funds").json()["items"][0]["id"]
    address = f"/v1/metrics/cashflow_overview?fund={fund}"
    httpx2.get(server.url + address)
    return address


@pytest.mark.parametrize("encoding", ["identity", "br", "gzip"])
def test_the_protocol_sends_what_the_application_sends(server, connection, path, encoding):
    """Kept alive or closed, by the protocol or by the route: one status, one body, one head."""
    wanted = f"Accept-Encoding: {encoding}"
    kept = connection.ask(path, wanted)
    last = connection.ask(path, wanted, "Connection: close")
    routed = Connection(server.port)
    slow = routed.ask(path, wanted, "X-Request-Id: past-the-lane")
    routed.close()
    assert (kept.hit, last.hit, slow.hit) == (True, True, False)
    assert kept.status == last.status == slow.status == 200
    assert kept.body == last.body == slow.body
    heads = [{n: v for n, v in r.headers.items() if n not in OWN} for r in (kept, last, slow)]
    assert heads[0] == heads[1] == heads[2]
    orders = [[n for n in reply.order if n != "connection"] for reply in (kept, last, slow)]
    assert orders[0] == orders[1] == orders[2]
    assert len(kept.headers["x-request-id"]) == 16


def test_what_the_client_has_is_not_sent_again(connection, path):
    """A 304 has no body, and the connection goes on."""
    tag = connection.ask(path).headers["etag"]
    known = connection.ask(path, f"If-None-Match: {tag}")
    assert (known.status, known.body) == (304, b"")
    assert known.headers["etag"] == tag
    assert connection.ask(path).status == 200


def test_what_the_client_has_is_told_the_same_on_every_way(connection, path):
    """By the protocol, by the application and by the route: one 304, one head, one order."""
    tag = f"If-None-Match: {connection.ask(path).headers['etag']}"
    kept = connection.ask(path, tag)
    slow = connection.ask(path, tag, "X-Request-Id: past-the-lane")
    last = connection.ask(path, tag, "Connection: close")
    assert kept.status == slow.status == last.status == 304
    heads = [{n: v for n, v in r.headers.items() if n not in OWN} for r in (kept, slow, last)]
    assert heads[0] == heads[1] == heads[2]
    orders = [[n for n in reply.order if n not in OWN] for reply in (kept, slow, last)]
    assert orders[0] == orders[1] == orders[2]
    assert kept.headers["x-request-id"] != last.headers["x-request-id"]


def test_the_date_of_hits_goes_on(connection, path):
    """Hits of one connection carry the server's date of now, not that of its first one."""
    first = connection.ask(path).headers["date"]
    ends = time.monotonic() + PATIENCE_SECONDS
    while connection.ask(path).headers["date"] == first:
        assert time.monotonic() < ends, "the date stands still"
        time.sleep(0.05)


def test_answers_come_in_the_order_of_the_questions(connection, path):
    """Hits behind a route's answer on one connection wait for it."""
    wanted = [path, "/v1/funds/nobody", path, f"{path}&as_of=2020-03-31", path, "/healthz", path]
    for each in wanted:
        connection.send(each)
    replies = [connection.read() for _ in wanted]
    assert [reply.status for reply in replies] == [200, 404, 200, 200, 200, 200, 200]
    assert [reply.hit for reply in replies] == [True, False, True, False, True, False, True]
    assert replies[0].body == replies[2].body == replies[4].body == replies[6].body


def test_a_connection_goes_on_after_hits(connection, path):
    """HEAD, a refused body and a proxy's request are not the lane's, also between hits."""
    assert connection.ask(path).hit
    connection.send(path, method="HEAD")
    head = connection.read(bodiless=True)
    assert (head.status, head.hit) == (200, False)
    assert connection.ask(path).hit
    body = b'{"fund": {}}'
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}")
    connection.send("/v1/evaluate", *lines, method="POST", body=body)
    assert connection.read().status == 422
    assert connection.ask(path).hit
    connection.send(path, "X-Forwarded-For: 10.0.0.1")
    assert connection.read().status == 403
    assert connection.ask(path).hit


def test_a_hit_with_a_body_is_read_to_its_end(connection, path):
    """The body of a GET is no request of its own."""
    connection.send(path, "Content-Length: 5", body=b"GET /")
    assert not connection.read().hit
    assert connection.ask(path).hit
