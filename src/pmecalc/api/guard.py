"""What every request passes first: host, origin, proxies; what every answer carries: headers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from pmecalc.api.errors import problem

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pmecalc.api.auth import Identify

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; "
    "script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_FORMS = ("application/x-www-form-urlencoded", "text/plain")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused."""

    status: int
    code: str
    detail: str


class Guard:
    """The outermost ASGI layer, in front of every route and file."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        identify: Identify,
        allowed_hosts: tuple[str, ...],
        body_bytes: int,
        upload_bytes: int,
        upload_path: str,
    ) -> None:
        self._app = app
        self._identify = identify
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._body_bytes = body_bytes
        self._larger = {upload_path: upload_bytes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with an id and with headers added to the answer."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope["pme.request_id"] = request_id
        scope["pme.principal"] = self._identify(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
            await send(message)

        refusal = self._refusal(scope)
        answer = self._app if refusal is None else _answer(refusal, request_id)
        await answer(scope, self._counted(scope, receive), send_with_headers)

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

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        if _host_name(headers.get("host", "")) not in self._allowed_hosts:
            return Refusal(
                421,
                "WRONG_HOST",
                "This name is not served here. Use http://127.0.0.1 or add it "
                "to PME_ALLOWED_HOSTS.",
            )
        if "forwarded" in headers or "x-forwarded-for" in headers:
            return Refusal(
                403,
                "FORWARDED",
                "The request came through a proxy; the local mode has no "
                "accounts and answers this machine alone.",
            )
        if scope["method"] in _SAFE:
            return None
        return _cross_site(headers) or _foreign_form(headers) or self._too_large(scope, headers)

    def _too_large(self, scope: Scope, headers: Headers) -> Refusal | None:
        """A declared size over the limit is refused before a byte is read."""
        limit = self._limit(scope)
        declared = headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) <= limit:
            return None
        return Refusal(
            413,
            "FILE_TOO_LARGE",
            f"The request body has {int(declared):,} bytes; at most {limit:,} are taken here.",
        )


def _host_name(host: str) -> str:
    """The Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


def _cross_site(headers: Headers) -> Refusal | None:
    """Requests of other sites' pages; a client that sends neither header is no browser."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    own = f"http://{headers.get('host', '')}"
    if site is not None:
        foreign = site not in {"same-origin", "none"}
    else:
        foreign = origin is not None and origin != own
    if not foreign:
        return None
    return Refusal(403, "CROSS_SITE", "Another site's page sent this request; it is refused.")


def _foreign_form(headers: Headers) -> Refusal | None:
    kind = headers.get("content-type", "").lower()
    if not kind.startswith(_FORMS):
        return None
    return Refusal(415, "CONTENT_TYPE", "Send JSON, or multipart/form-data for a file.")


def _answer(refusal: Refusal, request_id: str) -> Response:
    return problem(refusal.status, refusal.code, refusal.detail, request_id=request_id)
