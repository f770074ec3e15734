"""Clients that hang up are no failures of the service; a full temporary folder is told."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import time
from contextlib import contextmanager

import httpx2
import pytest

from functional.access.conftest import bearer, make_keys
from functional.test_import_queue import FREE, PLACES, READER, Uploads, held, spooled, table, until
from server import POLL_SECONDS, Server, children

BEGUN = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    "Content-Type: {kind}\r\nContent-Length: 100000\r\n\r\n"
)
FORM = '--b\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\ndate,amount\r\n'


@pytest.fixture
def keys(tmp_path):
    return make_keys(tmp_path / "data")


def statuses(server, key):
    """How many answers of each status the statistics count."""
    rows = httpx2.get(f"{server.url}/v1/system/cache", headers=bearer(key)).json()["requests"]
    found = {}
    for row in rows:
        found[row["status"]] = found.get(row["status"], 0) + row["count"]
    return found


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/v1/evaluate", "application/json", '{"fund":'),
        ("/v1/jobs", "application/json", "{"),
        ("/v1/imports", "multipart/form-data; boundary=b", FORM),
    ],
)
def test_client_that_hangs_up_in_its_body_is_no_failure(tmp_path, keys, path, kind, body):
    """It is counted as 499 and logged as such: no 5xx, no traceback."""
    with Server(tmp_path / "data", environment=FREE) as server:
        for _ in range(3):
            head = BEGUN.format(path=path, kind=kind, key=keys["alpha", "analyst"])
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall((head + body).encode())
                time.sleep(POLL_SECONDS)
        until(lambda: statuses(server, keys["alpha", "operator"]).get(499) == 3)
        counted = statuses(server, keys["alpha", "operator"])
        output = server.output
    assert not [status for status in counted if status >= 500]
    assert output.count("client hung up") == 3
    assert "error" not in output.lower()
    assert "Traceback" not in output


def test_client_that_reads_no_answer_is_no_failure(tmp_path, keys):
    """Connections that are reset right after a request leave no error behind."""
    ask = "GET /v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n"
    with Server(tmp_path / "data", environment=FREE) as server:
        for path in ("funds", "imports", "jobs", "keys", "system/cache") * 4:
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.sendall(ask.format(path=path, key=keys["alpha", "admin"]).encode())
        counted = statuses(server, keys["alpha", "operator"])
        output = server.output
    assert not [status for status in counted if status >= 500]
    assert "Traceback" not in output


def test_import_whose_client_left_is_dropped_from_the_queue(tmp_path, keys):
    """It waits for a reader; when its client goes its file goes too, and nothing is imported."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**FREE, "TMPDIR": str(temporary)}
    with Server(tmp_path / "data", environment=environment) as server:
        uploads = Uploads(server, keys)
        stopped = held(server, uploads)
        with pytest.raises(httpx2.TimeoutException):
            httpx2.post(
                f"{server.url}/v1/imports",
                files={"file": ("f.csv", table(60_000))},
                headers=bearer(keys["beta", "analyst"]),
                timeout=3,
            )
        until(lambda: spooled(server.pid, temporary) == 2 * PLACES)  # and the copies they read
        assert set(children(server.pid, READER)) == set(stopped)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        uploads.end()
        funds = httpx2.get(f"{server.url}/v1/funds", headers=bearer(keys["beta", "viewer"]))
        assert funds.json()["items"] == []
        assert "client hung up" in server.output
        assert statuses(server, keys["alpha", "operator"]).get(499) == 1


@contextmanager
def small_disk(folder):
    """A folder that holds 2 MiB."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine mounts nothing for tests")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("rows", [60_000, 200_000])
def test_full_temporary_folder_is_told(tmp_path, keys, rows):
    """507 and a line in the log, at the upload or at the reader; then nothing is left there."""
    with small_disk(tmp_path / "small") as folder:
        environment = {**FREE, "TMPDIR": str(folder)}
        with Server(tmp_path / "data", environment=environment) as server:
            headers = bearer(keys["alpha", "analyst"])

            def send(content):
                files = {"file": ("f.csv", content)}
                url = f"{server.url}/v1/imports"
                return httpx2.post(url, files=files, headers=headers, timeout=60)

            answer = send(table(rows))
            assert (answer.status_code, answer.json()["code"]) == (507, "DISK_FULL")
            assert answer.headers["Content-Type"] == "application/problem+json"
            until(lambda: spooled(server.pid, folder) == 0)
            assert list(folder.iterdir()) == []
            assert "errno 28" in server.output
            assert "Traceback" not in server.output
            assert send(table(100)).status_code == 201
