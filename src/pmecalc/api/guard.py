"""What every request passes first, and what every answer carries: an id, a time, headers."""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from pmecalc.api.checks import Refusal
from pmecalc.api.errors import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pmecalc.api.checks import Checks
    from pmecalc.api.rates import Rates

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; "
    "script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TRANSPORT_SECURITY = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_REQUEST_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}")


class Guard:
    """The outermost ASGI layer, in front of every route and file."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        checks: Checks,
        body_bytes: int,
        upload_bytes: int,
        upload_path: str,
        tls: bool = False,
        rates: Rates | None = None,
        refused_credential: Callable[[Scope], None] = lambda _scope: None,
    ) -> None:
        self._app = app
        self._checks = checks
        self._body_bytes = body_bytes
        self._larger = {upload_path: upload_bytes}
        self._rates = rates
        self._refused_credential = refused_credential
        self._headers = security_headers(tls=tls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with an id and with headers added to the answer."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["pme.request_id"] = request_id = _request_id(scope)
        refusal = self._checks.check(scope) or self._too_large(scope)
        if refusal is None and self._rates is not None:
            refusal = await self._rates.admit_change(scope)
        answer = self._app if refusal is None else refused(refusal, request_id)
        counted, headed = self._counted(scope, receive), self._headed(scope, send)
        if scope["method"] == "HEAD":
            counted, headed = _without_body(counted, headed)
            scope = {**scope, "method": "GET"}
        await answer(scope, counted, headed)

    def _headed(self, scope: Scope, send: Send) -> Send:
        started = time.perf_counter()

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note_refusal(scope, message["status"])
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = scope["pme.request_id"]
                spent = (time.perf_counter() - started) * 1000
                headers.setdefault("Server-Timing", f"total;dur={spent:.2f}")
            await send(message)

        return headed

    def _note_refusal(self, scope: Scope, status: int) -> None:
        """Count a credential that opens nothing, and put it into the audit."""
        if not scope.get("pme.rejected") or self._rates is None:
            return
        # Public routes of the API answer 200 and tell a good credential from a bad one all the
        # same. Pages and files do not: a dead cookie is sent with each, and is no guess.
        tells = status == 401 or scope["path"].startswith("/v1/")  # noqa: PLR2004
        if tells and status != 429:  # noqa: PLR2004  (one that was counted out is not counted on)
            self._rates.failed(scope)
            self._refused_credential(scope)

    def _limit(self, scope: Scope) -> int:
        return self._larger.get(scope["path"], self._body_bytes)

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """The body as it comes in, up to the limit, whatever size was declared."""
        limit = self._limit(scope)
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413)
            return message

        return counted

    def _too_large(self, scope: Scope) -> Refusal | None:
        """A declared size over the limit is refused before a byte is read."""
        limit = self._limit(scope)
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) <= limit:
            return None
        return Refusal(
            413,
            "FILE_TOO_LARGE",
            f"The request body has {int(declared):,} bytes; at most {limit:,} are taken here.",
        )


def security_headers(*, tls: bool) -> dict[str, str]:
    """What every answer carries, on whichever lane."""
    return SECURITY_HEADERS | (TRANSPORT_SECURITY if tls else {})


def refused(refusal: Refusal, request_id: str) -> Response:
    """The answer to a request that did not pass."""
    answer = problem(refusal.status, refusal.code, refusal.detail, request_id=request_id)
    if refusal.retry_seconds is not None:
        answer.headers["Retry-After"] = str(refusal.retry_seconds)
    return answer


def _request_id(scope: Scope) -> str:
    """The client's own id where it sends a plain one, else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _without_body(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """HEAD is a GET whose body stays here; a stream ends at once as if its reader had left."""
    done = False

    async def received() -> Message:
        return {"type": "http.disconnect"} if done else await receive()

    async def sent(message: Message) -> None:
        nonlocal done
        if done:
            return
        await send(message)
        if message["type"] == "http.response.start":
            done = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return received, sent
