"""Counts every answer of the application by the route's template, whoever made it."""

from __future__ import annotations

from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any

from pmecalc.api.questions import template_of
from pmecalc.service.request_counts import NO_ROUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Scope, Send

    from pmecalc.service.request_counts import RequestCounts

_ROUTE = "pme.route"
_MAX_PATHS = 8192


class RequestMeter:
    """Times an answer from the request's arrival to the moment when the answer begins."""

    def __init__(self, counts: RequestCounts) -> None:
        self._counts = counts
        self._observe = counts.observe
        self._hit_block = lru_cache(_MAX_PATHS)(self._block_of_hit)

    def hit(self, path: str, status: int, started: float) -> None:
        """Count an answer that needed no route; `started` is of the performance counter."""
        self._observe(self._hit_block(path, status), perf_counter() - started)

    def refused(self, status: int) -> None:
        """Count what the server refused before there was a request to route."""
        self._observe(self._counts.block("other", NO_ROUTE, status), 0.0)

    def measured(self, scope: Scope, send: Send, started: float) -> Send:
        """A `send` that counts the answer as it begins."""
        method = scope["method"]
        found: dict[str, str] = {}
        scope[_ROUTE] = found  # layers inside may copy the scope, and find this in the copy

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = found.get("path", NO_ROUTE)
                block = self._counts.block(method, route, message["status"])
                self._observe(block, perf_counter() - started)
            await send(message)

        return measured

    def _block_of_hit(self, path: str, status: int) -> int:
        return self._counts.block("GET", template_of(path), status)


def note_route(scope: Scope, unnamed: Mapping[Any, str]) -> None:
    """Tell the meter which route answers; `unnamed` has templates by endpoint."""
    route: Any = scope.get("route")  # FastAPI's, or what stands in for one
    path = getattr(route, "template", None) or getattr(route, "path", None)
    path = path or unnamed.get(scope.get("endpoint"))
    if path is not None and _ROUTE in scope:
        scope[_ROUTE]["path"] = path
