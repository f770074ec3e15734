"""Lines of the log: JSON, one line each, no text of an error (SECURITY 9, T-13)."""

from __future__ import annotations

import io
import json
import logging

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pmecalc.api.auth import LOCAL
from pmecalc.api.logs import RequestLog, configure

MARKER = "Marker-Fund-73"


@pytest.fixture
def written():
    """What is logged; afterwards logging is as it was."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    configure(stream)
    yield stream
    root.handlers[:], root.level = before


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_standard_loggers_write_json(written):
    """What the code and its libraries log by name becomes an object with time and level."""
    logging.getLogger("pmecalc.some.room").warning("redis %s: opened", "reads")
    (line,) = lines(written)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "redis reads: opened",
        "level": "warning",
        "logger": "pmecalc.some.room",
    }


def test_an_error_is_its_kind_and_places(written):
    """The text of an error and of its causes may quote a file, so neither is written."""
    log = logging.getLogger("pmecalc")
    try:
        read_row()
    except ValueError as error:
        log.exception("request failed")
        caught = error
    log.warning("and again", exc_info=caught)
    assert MARKER not in written.getvalue()
    assert "1234567" not in written.getvalue()
    for line in lines(written):
        assert [each["kind"] for each in line["error"]] == ["ValueError", "KeyError"]
        assert "test_logs.py" in line["error"][0]["at"][0]


def read_row():
    try:
        return {}[MARKER]
    except KeyError as cause:
        raise ValueError(f"{MARKER}: 1234567.89") from cause


def test_line_breaks_begin_no_line(written):
    """CR, LF, their Unicode kin and escapes stay inside the line, in text and in arguments."""
    logging.getLogger("pmecalc").warning("a\r\nFAKE %s", "b\nFAKE\x1b[31m\u2028c")
    (line,) = written.getvalue().splitlines()
    assert json.loads(line)["event"] == "a\\r\\nFAKE b\\nFAKE\\x1b[31m\\u2028c"


def test_a_terminal_gets_lines_for_people():
    """Where stderr is a terminal the line is text, and still one line."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = Terminal()
    configure(stream)
    logging.getLogger("pmecalc").warning("two\nlines")
    root.handlers[:], root.level = before
    assert stream.getvalue().count("\n") == 1
    assert "two\\nlines" in stream.getvalue()


class Known:
    """The guard's part: an id and a principal."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        scope["pme.request_id"], scope["pme.principal"] = "0123456789abcdef", LOCAL
        await self._app(scope, receive, send)


async def well(_request):
    return PlainTextResponse("well")


async def busy(_request):
    return PlainTextResponse("busy", 503)


async def broken(_request):
    raise ValueError(MARKER)


def asking(path, *, slow_seconds):
    routes = [Route(f"/{each.__name__}/{{fund}}", each) for each in (well, busy, broken)]
    app = Starlette(routes=routes)
    app.add_middleware(RequestLog, slow_seconds=slow_seconds)
    app.add_middleware(Known)
    with TestClient(app, raise_server_exceptions=False) as client:
        return client.get(path)


@pytest.mark.parametrize(
    ("path", "slow_seconds", "event", "status"),
    [
        ("/well/", 0.0, "request was slow", 200),
        ("/busy/", 3600.0, "request failed", 503),
        ("/broken/", 3600.0, "request failed", 500),
    ],
)
def test_a_request_leaves_a_line_when_it_failed_or_was_slow(
    written, path, slow_seconds, event, status
):
    """With id, template, tenant, status and time; the path's id and the query's values stay out."""
    asking(f"{path}{MARKER}?as_of={MARKER}", slow_seconds=slow_seconds)
    (line,) = [each for each in lines(written) if each["logger"] == "pmecalc.api.logs"]
    assert line["event"] == event
    assert line["status"] == status
    assert line["route"] == f"{path}{{fund}}"
    assert (line["request"], line["tenant"], line["method"]) == (
        "0123456789abcdef",
        "default",
        "GET",
    )
    assert line["ms"] >= 0
    assert MARKER not in written.getvalue()


def test_an_ordinary_answer_leaves_no_line(written):
    """Neither a good answer nor one about something unknown is logged."""
    assert asking(f"/well/{MARKER}", slow_seconds=3600.0).status_code == 200
    assert asking(f"/unknown/{MARKER}", slow_seconds=3600.0).status_code == 404
    assert [each for each in lines(written) if each["logger"].startswith("pmecalc")] == []
