"""The fast lane inside the server's protocol: a hit needs no task and no ASGI messages."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, cast

from pmecalc.api.protocol import LimitedProtocol
from pmecalc.cache.reply import lines_of

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from pmecalc.api.checks import Refusal
    from pmecalc.api.fast_lane import FastLane
    from pmecalc.api.request_meter import RequestMeter
    from pmecalc.cache.reply import Header


class Fronted(Protocol):
    """An application with a fast lane and a meter."""

    lane: FastLane
    meter: RequestMeter


class AnsweringProtocol(LimitedProtocol):
    """A connection that sends hits itself, and gives the application all other requests."""

    def __init__(self, *server: Any, **options: Any) -> None:  # noqa: ANN401  (the base's own)
        super().__init__(*server, **options)
        self._usual_headers: list[Header] = []
        self._usual = b""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        found = None
        started = perf_counter()
        front, scope = cast("Fronted", app), cast("Scope", cycle.scope)
        if cycle.keep_alive and not self.flow.write_paused and not self._doorkeeper.drains:
            found = front.lane.wire(scope, self._usual_lines())
        if found is None:
            super()._start_asgi_task(cycle, app)
            return
        status, head, body = found
        if body:
            self.transport.writelines((head, body))
        else:
            self.transport.write(head)
        front.meter.hit(scope["path"], status, started)
        cycle.more_body = False
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()

    def _note_refused(self, refusal: Refusal) -> None:
        cast("Fronted", self.app).meter.refused(refusal.status)

    def _usual_lines(self) -> bytes:
        """The server's own headers; it makes a new list of them when the second changes."""
        usual = self.server_state.default_headers
        if usual is not self._usual_headers:
            self._usual_headers, self._usual = usual, lines_of(usual)
        return self._usual
