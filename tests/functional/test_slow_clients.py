"""Slow, many and oversized: what a connection may do to a server (SECURITY 8, 12)."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import statistics
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from pmecalc.api.guard import SECURITY_HEADERS, security_headers
from raw_client import BODY, HALF_OPEN, HEAD, HOST, Answer, half_open, parsed, talk
from server import Server

SHORT = {
    "PME_HEAD_S": "1",
    "PME_REQUEST_S": "20",
    "PME_REQUEST_WINDOW_S": "1",
    "PME_KEEP_ALIVE_S": "1",
    "PME_UNREAD_S": "2",
    "PME_CONNECTIONS": "150",
    "PME_CONNECTIONS_PER_ADDRESS": "5",
}
END = b"Connection: close\r\n\r\n"
OWN = HOST.encode()
MIB = 2**20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server whose limits are a second long."""
    with Server(tmp_path_factory.mktemp("slow") / "data", "--demo", environment=SHORT) as started:
        yield started
        assert "Traceback" not in started.output


def test_half_open_connections_are_closed_and_others_are_answered(server, capsys):
    """T-08, short: 70 half-open connections of every kind all close while others are answered."""
    closed, failed, times = asyncio.run(besieged(server.url, server.port, 70, seconds=2))
    with capsys.disabled():
        print(f"\n70 half-open: {describe(closed, times)}")
    assert len(closed) == 70
    assert failed == 0


@pytest.mark.soak
def test_five_hundred_half_open_connections(tmp_path, capsys):
    """T-08: with the limits as they come, 500 close within 15 s, and others are answered."""
    with Server(tmp_path / "data", "--demo") as server:
        closed, failed, times = asyncio.run(besieged(server.url, server.port, 500, seconds=30))
        assert "Traceback" not in server.output
    with capsys.disabled():
        print(f"\n500 half-open for 30 s: {describe(closed, times)}")
    assert len(closed) == 500
    assert sum(second > 15 for second in closed) == 0
    assert failed == 0


async def besieged(url: str, port: int, number: int, seconds: float):
    """When each half-open connection was closed; how the others fared meanwhile."""
    began = time.monotonic()
    closed: list[float] = []
    times: list[float] = []
    failed = 0

    async def attacker(kind: str) -> None:
        await half_open(port, kind)
        closed.append(time.monotonic() - began)

    async def user(client: httpx2.AsyncClient) -> None:
        nonlocal failed
        while len(closed) < number or time.monotonic() - began < seconds:
            asked = time.monotonic()
            try:
                failed += (await client.get("/v1/funds")).status_code != 200
            except httpx2.HTTPError:
                failed += 1
            times.append(time.monotonic() - asked)
            await asyncio.sleep(0.02)

    kinds = itertools.islice(itertools.cycle(HALF_OPEN), number)
    async with asyncio.timeout(120), httpx2.AsyncClient(base_url=url, timeout=60) as client:
        users = [user(client) for _ in range(3)]
        await asyncio.gather(*(attacker(kind) for kind in kinds), *users)
    return closed, failed, times


def describe(closed: list[float], times: list[float]) -> str:
    p99 = statistics.quantiles(times, n=100)[98] * 1000
    return (
        f"closed after {min(closed):.1f} to {max(closed):.1f} s; "
        f"{len(times)} other requests, p99 {p99:.1f} ms"
    )


@pytest.mark.parametrize("kind", ["half a head", "a head that drips", "half a body"])
def test_a_slow_request_is_told_why(server, kind):
    """Half a request is 408 in words."""
    answer = parsed(asyncio.run(half_open(server.port, kind)))
    assert (answer.status, json.loads(answer.body)["code"]) == (408, "TIMEOUT")


def test_silence_is_closed_without_a_word(server):
    """A connection without a request, and one between two, is just closed."""
    assert asyncio.run(half_open(server.port, "nothing")) == b""
    answer = talk(server.port, HEAD + b"\r\n")
    assert (answer.status, answer.body.count(b"HTTP/1.1")) == (200, 0)


@pytest.mark.parametrize(
    ("pieces", "status", "code"),
    [
        ([b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n"], 431, "HEADERS_TOO_LARGE"),
        ([b"GET /", *[b"a" * 1_000] * 40], 431, "HEADERS_TOO_LARGE"),
        ([HEAD + b"X: " + b"a" * 40_000 + b"\r\n\r\n"], 431, "HEADERS_TOO_LARGE"),
        ([HEAD, *[b"X: " + b"a" * 1_000 + b"\r\n"] * 40, b"\r\n"], 431, "HEADERS_TOO_LARGE"),
        ([HEAD, b"X: ", *[b"a" * 1_000] * 40], 431, "HEADERS_TOO_LARGE"),
        ([b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + OWN + END], 414, "URL_TOO_LONG"),
        ([b"GET /?" + b"&" * 64 + b" HTTP/1.1\r\n" + OWN + END], 400, "TOO_MANY_PARAMETERS"),
        ([b"what is this?\r\n\r\n"], 400, "MALFORMED"),
        ([b"GET http://[ HTTP/1.1\r\n\r\n"], 400, "MALFORMED"),
        ([BODY, b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"], 400, "MALFORMED"),
        ([BODY, b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n"], 400, "MALFORMED"),
        ([BODY, b"Content-Length: -1\r\n\r\n"], 400, "MALFORMED"),
        ([BODY, b"Transfer-Encoding: chunked\r\n\r\n", b"what\r\n"], 400, "MALFORMED"),
    ],
)
def test_what_is_too_large_or_no_http_is_refused(server, pieces, status, code):
    """Heads have limits, in one piece or in many; the answer is a problem with every header."""
    answer = talk(server.port, *pieces)
    assert (answer.status, json.loads(answer.body)["code"]) == (status, code)
    for name, value in SECURITY_HEADERS.items():
        assert f"{name.lower()}: {value}" in answer.head


def test_refusals_of_the_protocol_carry_hsts_where_tls_is_declared(tmp_path):
    """Rubbish, a head that is too large and half a request are answered like all others."""
    with Server(tmp_path / "data", environment={**SHORT, "PME_TLS": "true"}) as server:
        refused = [
            talk(server.port, b"what is this?\r\n\r\n"),
            talk(server.port, HEAD + b"X: " + b"a" * 40_000 + b"\r\n\r\n"),
            parsed(asyncio.run(half_open(server.port, "half a head"))),
        ]
    assert [answer.status for answer in refused] == [400, 431, 408]
    for answer in refused:
        for name, value in security_headers(tls=True).items():
            assert f"{name.lower()}: {value}" in answer.head


def test_what_is_within_the_limits_is_answered(server):
    """A head of 30 KiB, an address of 8 000 bytes and 64 parameters are taken."""
    large = HEAD + b"X: " + b"a" * 30_000 + b"\r\n" + END
    long = f"GET /nothing/{'a' * 8_000} HTTP/1.1\r\n{HOST}".encode() + END
    many = f"GET /healthz?{'&' * 63} HTTP/1.1\r\n{HOST}".encode() + END
    assert [talk(server.port, each).status for each in (large, long, many)] == [200, 404, 200]


def test_trailers_have_a_limit(server):
    """Headers behind a chunked body count as a head."""
    body = BODY + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: "
    assert talk(server.port, body, *[b"a" * 1_000] * 300).status in {400, 431}


def test_an_earlier_request_is_answered_before_a_bad_one_ends_the_connection(server):
    """Rubbish behind a request does not cost the request its answer."""
    answer = talk(server.port, HEAD + b"\r\nrubbish\r\n\r\n")
    assert answer.status == 200
    assert b"HTTP/1.1" not in answer.body


def test_requests_of_one_connection_do_not_pile_up(server):
    """Of 500 requests sent at once the first are answered, and then the connection ends."""
    answers = talk(server.port, (HEAD + b"\r\n") * 500)
    assert answers.status == 200
    assert 0 < answers.body.count(b"HTTP/1.1 200") < 100


def test_an_upgrade_is_answered_as_the_request_that_it_is(server):
    """There are no websockets here: the request is answered without them."""
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    assert talk(server.port, HEAD + upgrade).status == 200


def test_an_address_has_its_share_of_connections(server):
    """The sixth connection of an address is 503; when one closes there is room again."""
    opened, refused = opened_until_refused(server.port, 5, source="127.0.0.2")
    assert (refused.status, json.loads(refused.body)["code"]) == (503, "BUSY")
    assert "retry-after: 1" in refused.head
    assert talk(server.port, HEAD + END, source="127.0.0.3").status == 200
    for connection in opened:
        connection.close()
    wait_until_answered(server.port, "127.0.0.2")


def test_a_worker_has_its_share_of_connections(server):
    """Beyond 150 connections the next is 503, loopback or not, and hears why."""
    opened, refused = opened_until_refused(server.port, 150, source="127.0.0.1")
    assert (refused.status, json.loads(refused.body)["code"]) == (503, "BUSY")
    for connection in opened:
        connection.close()
    wait_until_answered(server.port, "127.0.0.1")


def opened_until_refused(port: int, number: int, *, source: str) -> tuple[list, Answer]:
    """So many connections, and the refusal of one more.

    They are silent, so the server closes each after a second: a slow machine opens them again.
    """
    opened: list[socket.socket] = []
    for _ in range(20):
        opened += [
            socket.create_connection(("127.0.0.1", port), 30, (source, 0)) for _ in range(number)
        ]
        answer = talk(port, HEAD + END, source=source)
        if answer.status != 200:
            return opened, answer
    pytest.fail(f"nobody is refused beside {number} open connections")


def wait_until_answered(port: int, source: str) -> None:
    """Closing is seen by the server in its own time."""
    for _ in range(100):
        if talk(port, HEAD + END, source=source).status == 200:
            return
        time.sleep(0.1)
    pytest.fail("there is no room after the others left")


def form(*parts: str) -> bytes:
    body = "".join(f"--b\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
    return (body + "--b--\r\n").encode()


def posted(body: bytes, *, declared: int | None = None) -> bytes:
    size = len(body) if declared is None else declared
    return BODY + f"Content-Length: {size}\r\n".encode() + END + body


FILE = 'name="file"; filename="a.csv"\r\n\r\nx'
FIELD = 'name="n"\r\n\r\n1'
FORMS = {
    "21 files": (posted(form(*[FILE] * 21)), {400}),
    "51 fields": (posted(form(*[FIELD] * 51)), {400}),
    "a field of 65 KiB": (posted(form(f'name="n"\r\n\r\n{"a" * 66_560}')), {400}),
    "part headers of 9 KiB": (posted(form(f'name="n"\r\nX: {"a" * 9_216}\r\n\r\n1')), {400}),
    "no boundary": (posted(b"x").replace(b"; boundary=b", b""), {400}),
    "more than declared": (posted(form(FILE), declared=10), {400, 422}),
    "less than declared": (posted(form(FILE), declared=5_000), {0, 408}),
    "51 MiB declared": (posted(b"", declared=51 * MIB), {413}),
}


@pytest.mark.parametrize("name", FORMS)
def test_bad_bodies_are_refused(server, name):
    """T-09: a body that is not what it says, or has too many parts, is one error."""
    request, statuses = FORMS[name]
    assert talk(server.port, request).status in statuses


def test_nothing_of_large_bodies_stays(server):
    """T-09: 51 MiB and endless chunks are 413; no file of them is left, none is held open."""
    assert httpx2.get(f"{server.url}/v1/funds").status_code == 200
    held, files = open_files(server.pid), files_of(server.data)
    send_large_bodies(server)
    assert (open_files(server.pid), files_of(server.data)) == (held, files)


@pytest.mark.soak
def test_large_bodies_do_not_stay_in_memory(server, capsys):
    """T-09: the server's private memory is no larger after 51 MiB and endless chunks."""
    send_large_bodies(server)
    (before,) = server.memories()
    send_large_bodies(server)
    (after,) = server.memories()
    growth = (after - before) / MIB
    with capsys.disabled():
        print(f"\nafter 51 MiB and two endless bodies the server grew by {growth:.1f} MiB")
    assert growth <= 64


def open_files(pid: int) -> set[str]:
    """The files, deleted ones among them, that a process has open."""
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.add(str(each.readlink()))
    return {name for name in found if name.startswith("/")}


def files_of(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def send_large_bodies(server: Server) -> None:
    """A whole body, one in chunks and one of JSON, each beyond its limit."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    whole = BODY + f"Content-Length: {51 * MIB}\r\n\r\n".encode() + head
    chunk = b"100000\r\n" + b"a" * MIB + b"\r\n"
    chunked = BODY + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(head), head)
    assert talk(server.port, whole, *[b"a" * MIB] * 51).status == 413
    assert talk(server.port, chunked, *[chunk] * 80).status == 413
    json_body = f"POST /v1/evaluate HTTP/1.1\r\n{HOST}Content-Type: application/json\r\n".encode()
    json_body += b"Transfer-Encoding: chunked\r\n\r\n"
    assert talk(server.port, json_body, *[chunk] * 20).status == 413


def test_who_does_not_read_is_cut_off(server):
    """Answers that nobody reads do not stay: after 2 s the server has closed the connection."""
    page = b"GET /openapi.json HTTP/1.1\r\n" + OWN + b"\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(page * 60)
        own = connection.getsockname()[1]
        deadline = time.monotonic() + 30
        while is_connected(server.port, own):
            assert time.monotonic() < deadline, "it is still connected"
            time.sleep(0.1)


def is_connected(port: int, to: int) -> bool:
    """Whether the kernel has an established connection from the server's port to another."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ports = {(line[1].rpartition(":")[2], line[2].rpartition(":")[2]) for line in lines}
    return (f"{port:04X}", f"{to:04X}") in ports
