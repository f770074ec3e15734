"""Misses that the fast lane understood: answered behind the guard, without a route."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from starlette.datastructures import Headers

from pmecalc.api.connected import ClientLeftError, while_connected
from pmecalc.api.questions import template_of
from pmecalc.api.replies import FAILURE, answered

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pmecalc.api.deps import Services
    from pmecalc.service.analyses import Pinned

PINNED = "pme.pinned"


class ComputeLane:
    """The innermost layer before the routes; the fast lane left in the scope what it pinned.

    A route costs the event loop as much as several hits, and it would read the same address and the
    same pointers once more.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the route say what went wrong."""
        pinned: Pinned | None = scope.get(PINNED)
        if pinned is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = _View(pinned.question.view, template_of(scope["path"]))
        services = cast("Services", scope["app"].state.services)
        accepted = Headers(scope=scope).get("accept-encoding", "")
        try:
            response = await while_connected(receive, answered(services.analyses, pinned, accepted))
        except ClientLeftError:
            return
        except Exception as error:  # noqa: BLE001  (of any kind: its handler stands around the routes)
            scope[FAILURE] = error
            await self._app(scope, receive, send)
            return
        await response(scope, receive, send)


class _View(NamedTuple):
    """What a log names instead of a route, and what the statistics count."""

    path: str
    template: str
