"""uvicorn's HTTP protocol with limits: sizes are checked here, slowness by the doorkeeper."""

from __future__ import annotations

import asyncio
import secrets
from http import HTTPStatus
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pmecalc.api.checks import Refusal
from pmecalc.api.doorkeeper import Phase
from pmecalc.api.errors import problem
from pmecalc.api.guard import security_headers

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application
    from uvicorn.config import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

    from pmecalc.api.doorkeeper import Doorkeeper

_SENT_SECONDS = 0.05  # until what a client sent before it saw us close has arrived
_FIRST_SECONDS = 1.0  # for the first request of a connection that we accepted and then had to end
_ANNOUNCED_SECONDS = 0.5  # between two announcements of an answer to a client that ended its side
_FRAMING = frozenset((b"content-length", b"transfer-encoding"))
_PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
_PIPELINED = 64  # requests that may wait behind one that is being answered

MALFORMED = Refusal(400, "MALFORMED", "This is not an HTTP request.")
LARGE_HEAD = Refusal(431, "HEADERS_TOO_LARGE", "The head of the request is too large.")
UPGRADE_WITH_BODY = Refusal(
    400, "UPGRADE_UNSUPPORTED", "Send a request with a body in HTTP/1.1, without Upgrade."
)
MANY_REQUESTS = Refusal(503, "BUSY", "Too many requests wait on this connection.")


class RefusedError(Exception):
    """Ends the parsing of what else came in."""


class LimitedProtocol(HttpToolsProtocol):
    """A connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        doorkeeper: Doorkeeper,
        tls: bool,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.received = 0
        self._doorkeeper = doorkeeper
        self._limits = doorkeeper.limits
        self._tls = tls
        self._head = 0  # bytes since the last head or piece of a body was complete
        self._piece = 0  # bytes of what came in last
        self._refused = False
        self._answered: RequestResponseCycle | None = None  # while others wait behind it

    def phase(self) -> tuple[Phase, object]:
        """What the connection is about, and which request."""
        cycle = self._latest
        if self._refused:
            gone = cycle is None or cycle.disconnected or cycle.response_complete
            return (Phase.LEAVING if gone else Phase.ANSWER), cycle
        if self.transport.is_closing():
            return Phase.ANSWER, cycle
        held = self.flow.read_paused
        if cycle is None or cycle.scope is not self.scope:
            return (Phase.ANSWER if held else Phase.HEAD), self.scope
        if cycle.more_body:
            held = held or cycle.waiting_for_100_continue
            return (Phase.HELD if held else Phase.BODY), cycle
        return (Phase.IDLE if cycle.response_complete else Phase.ANSWER), cycle

    def refuse(self, refusal: Refusal | None) -> None:
        """Hear no more, and say why; without a word (None) between requests."""
        if self._refused:
            return
        self._refused = True
        cycle = self._latest
        if cycle is None or cycle.scope is self.scope or cycle.response_complete:
            self._end(refusal)
        else:
            cycle.keep_alive = False  # an earlier request is being answered: first that

    def shutdown(self) -> None:
        """End softly: a request that was begun is answered, and its connection closes after it.

        An idle connection closes as soon as what it may have sent already would be here; a new one
        gets the time to send its first request, since its client cannot know that we end.
        """
        phase, _ = self.phase()
        if phase is Phase.IDLE:
            self.loop.call_later(_SENT_SECONDS, self._close_if, Phase.IDLE)
        elif phase is Phase.HEAD:
            self.loop.call_later(_FIRST_SECONDS, self._close_if, Phase.HEAD)
        elif self._latest is not None:
            self._latest.keep_alive = False

    def _close_if(self, expected: Phase) -> None:
        if self.phase()[0] is expected:
            self.transport.close()

    def abort(self) -> None:
        """Close without sending what is left."""
        self.transport.abort()

    # asyncio's and the parser's callbacks

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base
        """Pass the doorkeeper."""
        super().connection_made(transport)
        self._doorkeeper.enter(self, self.client[0] if self.client else "")
        if self._doorkeeper.drains:
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take leave of the doorkeeper."""
        self._doorkeeper.leave(self)
        waiting = [cycle for cycle, _ in self.pipeline]
        for cycle in (self._answered, *waiting):  # the base tells only the latest
            if cycle is not None:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; a head that grows too large, or what is no HTTP, is refused."""
        if self._refused:
            return
        self._head += len(data)
        self._piece = len(data)
        read = self._parse(data)
        while read < len(data) and not self._refused:
            read += self._parse(memoryview(data)[read:])
        if self._head > self._limits.head_bytes:
            self.refuse(LARGE_HEAD)

    def _parse(self, data: bytes | memoryview) -> int:
        """Read requests; how many bytes were read."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            read: int = upgrade.args[0]  # nothing is upgraded: what follows is the next request
            return read
        except httptools.HttpParserError:
            self.refuse(MALFORMED)
        return len(data)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's own type
        """Answer what was asked before the client ended its side, and close then.

        A client that has left altogether looks the same until something is sent to it, so the
        answer is announced while it is waited for.
        """
        cycle = self._latest
        if self._refused or cycle is None or cycle.scope is not self.scope:
            return False
        if self.scheme == "https":  # neither side of TLS can end alone
            return False
        if cycle.response_complete or cycle.more_body:
            return False
        cycle.keep_alive = False
        self._announce(cycle)
        return True

    def _announce(self, cycle: RequestResponseCycle) -> None:
        """Say that an answer will come, twice or more: the second finds that nobody listens."""
        if self.transport.is_closing() or cycle.response_started:
            return
        if not self.pipeline and cycle.scope["http_version"] == "1.1":
            self.transport.write(_PROCESSING)
        self.loop.call_later(_ANNOUNCED_SECONDS, self._announce, cycle)

    def on_headers_complete(self) -> None:
        """The request may begin."""
        if max(self._head, self._piece) > self._limits.head_bytes < self._head_size():
            self._stop(LARGE_HEAD)
        if not self.url.startswith(b"/"):
            self._take_authority()
        if self.parser.should_upgrade() and self._has_body():
            self._stop(UPGRADE_WITH_BODY)  # the parser takes the body for the other protocol's
        cycle = self._latest
        if cycle is not None and not cycle.response_complete:
            self._queue_behind(cycle)
        self._head = 0
        super().on_headers_complete()
        self.headers = []  # what comes after the body is no header (RFC 9110 6.5.1)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # The base calls this when it is a request's turn, pipelined ones too.
        if self._doorkeeper.drains and not self.pipeline:
            cycle.keep_alive = False
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._head = 0
        self.received += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """The next request; the base would start a timer here, the doorkeeper looks instead."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._answered, app = self.pipeline.pop()
            self._start_asgi_task(self._answered, app)

    @property
    def _latest(self) -> RequestResponseCycle | None:
        """The last request whose head was complete."""
        return self.cycle

    def _queue_behind(self, cycle: RequestResponseCycle) -> None:
        if not self.pipeline:
            self._answered = cycle
        elif len(self.pipeline) >= _PIPELINED:
            self._stop(MANY_REQUESTS)

    def _stop(self, refusal: Refusal) -> None:
        self.refuse(refusal)
        raise RefusedError

    def _head_size(self) -> int:
        """As it is sent, where the head came in one piece with something else."""
        line = len(self.parser.get_method()) + len(self.url) + len("  HTTP/1.1\r\n\r\n")
        return line + sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)

    def _has_body(self) -> bool:
        return not _FRAMING.isdisjoint(map(itemgetter(0), self.headers))

    def _take_authority(self) -> None:
        """Of an address in absolute form the name counts, not that of Host (RFC 9112 3.2.2)."""
        parsed: Any = httptools.parse_url(self.url)  # its stubs know no absent part
        names = [name for name, _ in self.headers]
        if parsed.schema is None or names.count(b"host") != 1:
            return  # judged as it is, as without a name or with two
        if parsed.userinfo is not None or not parsed.host:
            self._stop(MALFORMED)
        host: bytes = parsed.host if b":" not in parsed.host else b"[%b]" % parsed.host
        if parsed.port is not None:
            host += b":%d" % parsed.port
        self.headers[names.index(b"host")] = (b"host", host)

    def _end(self, refusal: Refusal | None) -> None:
        cycle = self._latest
        begun = cycle is not None and cycle.scope is self.scope and cycle.response_started
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        if refusal is None or begun:
            self.transport.close()
            return
        more = self.server_state.default_headers
        self.transport.write(_reply(refusal, more, tls=self._tls))
        self.transport.write_eof()
        self._note_refused(refusal)

    def _note_refused(self, refusal: Refusal) -> None:
        """For a subclass that counts what no application has seen."""


def _reply(refusal: Refusal, more: list[tuple[bytes, bytes]], *, tls: bool) -> bytes:
    """A problem document on the wire, for a connection that no application has seen."""
    request_id = secrets.token_hex(8)
    answer = problem(refusal.status, refusal.code, refusal.detail, request_id=request_id)
    own = {"X-Request-Id": request_id, "Connection": "close"}
    answer.headers.update(security_headers(tls=tls) | own)
    status = f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}\r\n".encode()
    head = b"".join(b"%b: %b\r\n" % each for each in (*more, *answer.raw_headers))
    return b"".join((status, head, b"\r\n", answer.body))
