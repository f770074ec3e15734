"""`pme load-test`: what it counts, on real services under a little load."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from redis_server import redis_server_path
from requirements import require
from server import PLAIN

LEVEL = {
    "users",
    "requests",
    "success_rate",
    "requests_per_s",
    "avg_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "hit_rate",
    "tiers",
    "failures",
    "server_cpu",
    "server_rss_bytes",
    "loop_lag_p99_ms",
    "loop_lag_max_ms",
}


def load_test(*arguments: object) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PME_")}
    command = "import sys; from pmecalc.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", command, "load-test", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**kept, **PLAIN},  # compiling is not what these tests are about
    )


def test_twenty_users_lose_nothing():
    """Each request of the table and of the levels is answered, warm ones from memory alone."""
    done = load_test("--users", "5,20", "--seconds", "0.3", "--funds", "1", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(done.stdout)
    assert [level["users"] for level in shown["levels"]] == [5, 20]
    for level in shown["levels"]:
        assert set(level) == LEVEL
        assert level["requests"] == level["tiers"]["memory"] > 0
        assert level["success_rate"] == level["hit_rate"] == 1.0
        assert level["failures"] == {}
        assert level["server_rss_bytes"] > 0
        assert level["p50_ms"] <= level["p95_ms"] <= level["p99_ms"] <= level["max_ms"]
    first = shown["first"]
    assert first["failed"] == 0
    assert first["uncached"]["tiers"] == {"computed": 4}
    assert first["cached"]["tiers"] == {"memory": 20}
    assert first["ten_users"]["requests"] == 50
    assert first["fifty_users"]["bare_requests_per_s"] > 0
    assert first["after_warm_up"]["200"]["hit_rate"] == 1.0


def test_a_killed_redis_fails_no_request():
    """Redis dies in the middle third: the phases are told apart, and nothing is lost."""
    level = faulted("kill-redis", seconds=3)
    assert all(phase["requests"] > 0 for phase in level["phases"].values())


@pytest.mark.soak
@pytest.mark.parametrize("fault", ["kill-redis", "stop-redis", "slow-redis:100ms"])
def test_every_fault_at_length(fault):
    """Killed, stopped, slow under two hundred users for thirty seconds: nothing is lost."""
    level = faulted(fault, users=200, seconds=30, funds=20)
    print(f"\n{fault}: {level['phases']}")
    assert level["phases"]["up"]["tiers"]["redis"] > 0


def faulted(fault, *, users=10, seconds, funds=2):
    require("redis", present=redis_server_path() is not None)
    done = load_test(
        "--users", users, "--seconds", seconds, "--funds", funds, "--fault", fault, "--json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (level,) = json.loads(done.stdout)["levels"]
    assert list(level["phases"]) == ["up", "fault", "back"]
    assert level["failures"] == {}
    return level


@pytest.fixture
def stored(live_server, data):
    """A server with a fund and an index."""
    live_server.upload(data / "sample_index_quarterly.csv")
    live_server.upload(data / "sample_fund_quarterly.csv")
    return live_server


def test_a_running_service(stored):
    """A row a level and the units; losses on broken connections are counted, exit code 1."""
    done = load_test("--url", stored.url, "--users", 3, "--seconds", 0.3)
    assert done.returncode == 0, done.stdout + done.stderr
    header, row, units = done.stdout.splitlines()
    assert header.split()[:5] == ["users", "phase", "requests", "ok", "req/s"]
    assert (row.split()[0], row.split()[2]) == ("3", "100.0%")
    assert units.startswith("times in ms")
    with BreakingRelay(stored.port, whole_connections=8) as relay:
        url = f"http://127.0.0.1:{relay.port}"
        done = load_test("--url", url, "--users", 2, "--seconds", 0.5, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    (level,) = json.loads(done.stdout)["levels"]
    assert level["failures"]["connection lost"] > 0
    assert level["success_rate"] < 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--url", "http://example.org"], "only this machine may be loaded"),
        (["--url", "http://127.0.0.1:1"], "does not answer"),
        (["--fault", "flood"], "kill-redis, stop-redis, slow-redis:100ms"),
        (["--users", "0"], "no whole number from 1"),
        (["--seconds", "never"], "no time up to"),
    ],
)
def test_what_cannot_be_tested_is_refused(arguments, sentence):
    """Other machines, dead services, unknown faults: one sentence, exit code 2."""
    done = load_test(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr


class BreakingRelay:
    """Passes on so many connections whole; of each later one it cuts the answer short."""

    def __init__(self, to_port: int, *, whole_connections: int):
        self._to_port = to_port
        self._whole = whole_connections
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        self._in_thread(self._accept)
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to_port))
                self._whole -= 1
                self._in_thread(self._pump, client, server, None)
                self._in_thread(self._pump, server, client, 100 if self._whole < 0 else None)

    def _pump(self, source, sink, most):
        with suppress(OSError), source, sink:
            while data := source.recv(65536):
                sink.sendall(data[:most])
                if most is not None:
                    break
            source.shutdown(socket.SHUT_RDWR)
            sink.shutdown(socket.SHUT_RDWR)

    def _in_thread(self, work, *arguments):
        threading.Thread(target=work, args=arguments, daemon=True).start()
