"""The fast lane inside the server's protocol: a hit needs no task and no ASGI messages."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol, cast

from pmecalc.api.protocol import LimitedProtocol
from pmecalc.cache.reply import lines_of

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from pmecalc.api.fast_lane import FastLane, Wire

_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode() for status in (200, 304)
}


class Fronted(Protocol):
    """An application with a fast lane."""

    lane: FastLane


class AnsweringProtocol(LimitedProtocol):
    """A connection that sends hits itself, and gives the application all other requests."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # The base calls this when it is a request's turn, pipelined ones too.
        found = None
        if cycle.keep_alive and not self.flow.write_paused:
            found = cast("Fronted", app).lane.wire(cast("Scope", cycle.scope))
        if found is None:
            super()._start_asgi_task(cycle, app)
            return
        self._send(found)
        cycle.more_body = False
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()

    def _send(self, found: Wire) -> None:
        usual = lines_of(self.server_state.default_headers)
        head = b"".join((_STATUS_LINES[found.status], usual, found.head))
        self.transport.writelines((head, found.body) if found.body else (head,))
