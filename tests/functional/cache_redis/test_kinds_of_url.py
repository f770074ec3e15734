"""Each kind of URL against a server that asks for it: socket, password, TLS."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fakes import until
from pmecalc.api.auth import Principal
from pmecalc.api.rates import Limits, Rates
from redis_server import HOST, RedisServer, free_port
from redis_users import body_of, key_of, patient_cache_on, redis_of
from requirements import require

PASSWORD = "p@ss/w:rd"  # noqa: S105  (of a server that lives as long as the test)
ESCAPED = "p%40ss%2Fw%3Ard"


def outcomes(url):
    """Where an answer comes from for the first process that asks, and for the second."""

    async def story():
        seen = []
        for _ in range(2):
            async with patient_cache_on(url) as cache:
                result = await cache.get_or_compute(key_of(1), lambda: body_of(1))
                seen.append(result.outcome)
                await until(lambda cache=cache: redis_of(cache)["writes"]["queue"] == 0)
        return seen

    return asyncio.run(story())


def test_a_unix_socket(redis_program, tmp_path):
    """A path instead of a host."""
    path = tmp_path / "redis.sock"
    with RedisServer("--unixsocket", str(path)):
        assert outcomes(f"unix://{path}?db=1") == ["computed", "redis"]


def test_a_password(redis_server):
    """With it answers are shared, without it every answer is computed and none fails."""
    assert redis_server.command("CONFIG", "SET", "requirepass", PASSWORD) == b"+OK"
    assert outcomes(f"redis://:{ESCAPED}@{HOST}:{redis_server.port}/0") == ["computed", "redis"]
    assert outcomes(redis_server.url) == ["computed", "computed"]


def test_a_user_with_no_more_than_the_documented_rights(redis_server):
    """The ACL of docs/redis.md is enough for answers and for rate limits."""
    page = (Path(__file__).parents[3] / "docs" / "redis.md").read_text("utf-8")
    (rights,) = re.findall(r"^ +user pme on >PASSWORD (.*)$", page, re.MULTILINE)
    words = ("ACL", "SETUSER", "pme", "on", f">{PASSWORD}", *rights.split())
    assert redis_server.command(*words) == b"+OK"
    url = f"redis://pme:{ESCAPED}@{HOST}:{redis_server.port}/0"
    assert outcomes(url) == ["computed", "redis"]
    assert asyncio.run(admitted(url)) == [True] * 3 + [False]
    assert redis_server.command("ACL", "LOG") == []


async def admitted(url):
    """Which of four new keys two workers admit together, where three are allowed."""
    tenant = dict.fromkeys(("requests", "imports", "jobs", "keys", "sessions", "edits"), 10)
    limits = Limits(
        reads_per_s=100,
        reads_burst=100,
        imports_per_min=30,
        imports_burst=10,
        jobs_per_min=10,
        keys_per_h=3,
        sessions_per_min=10,
        edits_per_min=10,
        failures_per_min=10,
        tenant=tenant,
    )
    scope = {
        "method": "POST",
        "path": "/v1/keys",
        "pme.principal": Principal(tenant="alpha", role="admin", actor="key:1"),
        "pme.address": "127.0.0.1",
    }
    workers = [Rates(limits, workers=2, redis_url=url, redis_seconds=30) for _ in range(2)]
    return [await workers[turn % 2].admit_change(scope) is None for turn in range(4)]


@pytest.fixture
def certificate(tmp_path):
    """Of 127.0.0.1, signed by itself, and its key."""
    require("openssl", present=shutil.which("openssl") is not None)
    files = (tmp_path / "cert.pem", tmp_path / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName=IP:{HOST}"),
            *("-out", str(files[0]), "-keyout", str(files[1])),
        ],
        check=True,
        capture_output=True,
    )
    return files


def test_tls(redis_program, certificate):
    """Who knows the certificate shares answers; to who does not, Redis is absent."""
    cert, key = certificate
    port = free_port()
    tls = ("--tls-port", str(port), "--tls-cert-file", str(cert), "--tls-key-file", str(key))
    with RedisServer(*tls, "--tls-auth-clients", "no"):
        url = f"rediss://{HOST}:{port}/0"
        assert outcomes(f"{url}?ssl_ca_certs={cert}") == ["computed", "redis"]
        assert outcomes(url) == ["computed", "computed"]
