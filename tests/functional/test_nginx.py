"""The sample configuration of nginx in front of the service in the mode `key`."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import threading
from collections import Counter
from contextlib import suppress

import httpx2
import pytest

from nginx_proxy import NAME, Nginx, nginx_path
from raw_client import parsed, read_all
from requirements import require
from server import Server

KEY_MODE = {
    "PME_MODE": "key",
    "PME_TLS": "true",
    "PME_TRUSTED_PROXIES": '["127.0.0.1"]',
    "PME_ALLOWED_HOSTS": json.dumps([NAME, "127.0.0.1"]),
}
FILE = {"file": ("a.csv", "date,amount\n2020-01-01,-1\n2021-01-01,2\n")}
MIB = 2**20


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """nginx, the service behind it, and the key of its first admin."""
    require("nginx", present=nginx_path() is not None)
    require("openssl", present=shutil.which("openssl") is not None)
    folder = tmp_path_factory.mktemp("proxied")
    with (
        Server(folder / "data", environment=KEY_MODE) as server,
        Nginx(folder / "nginx", server.port) as proxy,
    ):
        proxy.key = (server.data / "first-admin.key").read_text("ascii").strip()
        yield proxy


def test_holders_of_keys_are_served_over_tls(nginx):
    """Through the proxy the service knows its name, that TLS was used, and who asks."""
    with nginx.client() as client:
        assert client.get("/v1/funds").status_code == 401
        client.headers["Authorization"] = f"Bearer {nginx.key}"
        assert client.post("/v1/imports", files=FILE).status_code == 201
        answer = client.get("/v1/funds")
    assert [item["name"] for item in answer.json()["items"]] == ["a"]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "nginx/" not in answer.headers.get("Server", "")


def test_the_page_signs_in_with_a_secure_cookie(nginx):
    """The page's own origin is the proxy's: its session is a cookie for TLS alone."""
    own = {"Origin": f"https://{NAME}", "Authorization": f"Bearer {nginx.key}"}
    with nginx.client(**own) as client:
        answer = client.post("/v1/session")
    assert answer.is_success
    assert "__Host-pme=" in answer.headers["Set-Cookie"]
    assert "Secure" in answer.headers["Set-Cookie"]


def test_a_key_over_plain_http_gets_no_answer(nginx):
    """Port 80 knows only the way to 443."""
    with httpx2.Client(headers={"Host": NAME}) as client:
        answer = client.get(f"http://127.0.0.1:{nginx.plain_port}/v1/funds")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{NAME}/v1/funds")


def test_other_names_are_not_served(nginx):
    """The service still checks the name that the proxy passes on."""
    with nginx.client(Host="evil.example") as client:
        assert client.get("/healthz").status_code == 421


def test_invented_addresses_are_not_believed(nginx):
    """What a client says of forwarding is replaced: it cannot speak for another address."""
    forged = {"X-Forwarded-For": "10.9.8.7", "X-Forwarded-Proto": "http", "Forwarded": "for=x"}
    with nginx.client(**forged, Authorization=f"Bearer {nginx.key}") as client:
        assert client.get("/v1/funds").status_code == 200


@pytest.mark.parametrize(
    "half",
    [
        f"GET /healthz HTTP/1.1\r\nHost: {NAME}\r\n",
        f"POST /v1/imports HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 100\r\n\r\nhalf",
    ],
    ids=["head", "body"],
)
def test_slow_clients_are_cut(nginx, half):
    """Half a head and half a body end at the proxy."""
    with nginx.connect() as connection:
        connection.sendall(half.encode())
        with suppress(OSError):
            assert parsed(read_all(connection)).status in {0, 408}


@pytest.mark.parametrize(("path", "size"), [("/v1/evaluate", 2 * MIB), ("/v1/imports", 51 * MIB)])
def test_large_bodies_are_refused_at_the_door(nginx, path, size):
    """The proxy has the limits of the service."""
    with nginx.connect() as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {size}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_no_request_fails_while_two_instances_restart_in_turn(tmp_path):
    """Two services on one data folder behind the proxy: each restarts, and all answers are 200."""
    require("nginx", present=nginx_path() is not None and shutil.which("openssl") is not None)
    data = tmp_path / "data"
    with (
        Server(data, environment=KEY_MODE) as first,
        Server(data, environment=KEY_MODE) as second,
        Nginx(tmp_path / "nginx", first.port, second.port) as proxy,
    ):
        key = (data / "first-admin.key").read_text("ascii").strip()
        statuses: Counter[int] = Counter()
        ended = threading.Event()

        def ask() -> None:
            with proxy.client(Authorization=f"Bearer {key}") as client:
                while not ended.is_set():
                    statuses[client.get("/v1/funds").status_code] += 1
                    ended.wait(0.02)  # below the rate of a key

        clients = [threading.Thread(target=ask) for _ in range(2)]
        for client in clients:
            client.start()
        for service in (first, second):
            service.stop(signal.SIGTERM)
            service.start()
        ended.set()
        for client in clients:
            client.join()
    assert set(statuses) == {200}
    assert statuses[200] > 0


def test_events_are_passed_on_at_once(tmp_path):
    """The first event of a job arrives while the stream is still open."""
    require("nginx", present=nginx_path() is not None)
    require("openssl", present=shutil.which("openssl") is not None)
    with (
        Events() as events,
        Nginx(tmp_path / "nginx", events.port) as proxy,
        proxy.client() as client,
        client.stream("GET", "/v1/jobs/a/events") as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "data: first"
        events.may_end.set()
        assert "data: last" in list(lines)


class Events:
    """A service whose stream of events goes on only when the first one was seen."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.may_end.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(65_536)
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
            )
            connection.sendall(head + b"data: first\n\n")
            assert self.may_end.wait(60)
            connection.sendall(b"data: last\n\n")
