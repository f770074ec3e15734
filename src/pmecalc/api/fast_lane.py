"""Hits, before the framework: what memory holds is sent at once, all else goes on unchanged."""

from __future__ import annotations

import random
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pmecalc.api.compute_lane import PINNED
from pmecalc.api.questions import question_of
from pmecalc.api.replies import CACHING
from pmecalc.cache.negotiate import encoding_of, has_already
from pmecalc.cache.reply import Reply, lines_of
from pmecalc.core.errors import PmeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.types import Message, Scope

    from pmecalc.api.auth import Principal
    from pmecalc.api.checks import Checks
    from pmecalc.cache.entry import Entry
    from pmecalc.cache.reply import Encoding, Header
    from pmecalc.service.analyses import Analyses, Pinned, Question

    Admit: TypeAlias = Callable[[Scope, Mapping[bytes, bytes]], str | None]
    # The status and a whole answer, but for the headers that all answers have.
    Found: TypeAlias = tuple[int, Reply]

# Requests with one of these are rare, or mean more than the lane knows.
_UNUSUAL = frozenset(
    (b"content-length", b"transfer-encoding", b"expect", b"range", b"x-request-id")
)
_FORWARDED = frozenset((b"forwarded", b"x-forwarded-for"))
_HIT: tuple[Header, ...] = ((b"x-cache", b"memory"), (b"server-timing", b'cache;desc="memory"'))
_MAX_ADDRESSES = 8192
_MAX_HOSTS = 64
_ANY_HEADERS = 256


class Messages(NamedTuple):
    """The two messages of an answer."""

    start: Message
    body: Message


class Hits:
    """From a raw address to the reply in memory; it knows neither ASGI nor who asks."""

    def __init__(self, analyses: Analyses) -> None:
        self._analyses = analyses
        self._questions = lru_cache(_MAX_ADDRESSES)(question_of)
        self._pinned: dict[tuple[str, str, bytes], Pinned] = {}

    def pinned(self, tenant: str, path: str, query: bytes) -> Pinned | None:
        """The question of an address with the current revisions; None: ask the route."""
        address = (tenant, path, query)
        known = self._pinned.get(address)
        if known is not None and self._analyses.holds(known):
            return known
        question = self._questions(path, query)
        return None if question is None else self._pin(address, question)

    def entry(self, pinned: Pinned) -> Entry | None:
        """The finished replies, if memory has them."""
        return self._analyses.at_hand(pinned)

    def _pin(self, address: tuple[str, str, bytes], question: Question) -> Pinned | None:
        try:
            pinned = self._analyses.pin_now(address[0], question)
        except PmeError:
            return None
        if pinned is not None:
            if len(self._pinned) >= _MAX_ADDRESSES:
                self._pinned.clear()
            self._pinned[address] = pinned
        return pinned


class FastLane:
    """Before `open` and after `close` everything goes on to the routes."""

    def __init__(self, *, admit: Admit, security: Mapping[str, str]) -> None:
        raw = tuple((name.lower().encode(), value.encode()) for name, value in security.items())
        self._admit = admit
        self._headers = {200: (*CACHING, *_HIT, *raw), 304: (*CACHING, *raw)}
        self._lines = {status: _lines(status, these) for status, these in self._headers.items()}
        self._hits: Hits | None = None
        self._unchanged = lru_cache(_MAX_ADDRESSES)(_unchanged)
        self._encoding = lru_cache(_ANY_HEADERS)(_encoding_of)
        self._ids = random.Random(random.SystemRandom().getrandbits(64))  # noqa: S311  (no secret)

    def open(self, hits: Hits) -> None:
        """From now on it answers."""
        self._hits = hits

    def close(self) -> None:
        """From now on the routes answer all."""
        self._hits = None

    def find(self, scope: Scope) -> Messages | None:
        """The answer as ASGI has it; None: the routes answer, and nothing has happened yet."""
        found = None if PINNED in scope else self._found(scope)
        if found is None:
            return None
        status, reply = found
        headers = [*reply.headers, *self._headers[status], (b"x-request-id", self._request_id())]
        return Messages(
            {"type": "http.response.start", "status": status, "headers": headers},
            {"type": "http.response.body", "body": reply.body},
        )

    def wire(self, scope: Scope, usual: bytes) -> tuple[int, bytes, bytes] | None:
        """The same answer as status, head and body, for a server that writes them itself."""
        found = self._found(scope)
        if found is None:
            return None
        status, reply = found
        first, last = self._lines[status]
        parts = (first, usual, reply.head, last, self._request_id(), b"\r\n\r\n")
        return status, b"".join(parts), reply.body

    def _found(self, scope: Scope) -> Found | None:
        hits = self._hits
        if hits is None or scope["method"] != "GET":
            return None
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]) or not _UNUSUAL.isdisjoint(headers):
            return None
        tenant = self._admit(scope, headers)
        if tenant is None:
            return None
        pinned = hits.pinned(tenant, scope["path"], scope["query_string"])
        if pinned is None:
            return None
        found = self._answer(hits, pinned, headers)
        if found is None:
            scope[PINNED] = pinned
        return found

    def _answer(self, hits: Hits, pinned: Pinned, headers: Mapping[bytes, bytes]) -> Found | None:
        condition = headers.get(b"if-none-match")
        if condition is not None and has_already(condition.decode("latin-1"), pinned.key.etag):
            return 304, self._unchanged(pinned.key.etag)
        entry = hits.entry(pinned)
        if entry is None:
            return None
        return 200, entry.replies[self._encoding(headers.get(b"accept-encoding", b""))]

    def _request_id(self) -> bytes:
        return b"%016x" % self._ids.getrandbits(64)


def anyone(checks: Checks, principal: Principal) -> Admit:
    """Admits for local mode: of these requests the guard judges the Host header alone."""
    hosts: set[bytes] = set()

    def admit(scope: Scope, headers: Mapping[bytes, bytes]) -> str | None:
        if not _FORWARDED.isdisjoint(headers):
            return None
        host = headers.get(b"host", b"")
        if host not in hosts:
            if checks.check(scope) is not None:
                return None
            if len(hosts) >= _MAX_HOSTS:
                hosts.clear()
            hosts.add(host)
        return principal.tenant

    return admit


def by_credential(checks: Checks) -> Admit:
    """Admits for the modes with accounts: every check of the guard, for every request."""

    def admit(scope: Scope, _headers: Mapping[bytes, bytes]) -> str | None:
        if checks.check(scope) is not None:
            return None
        principal: Principal = scope["pme.principal"]
        return principal.tenant if principal.may("read") else None

    return admit


def _lines(status: int, headers: Iterable[Header]) -> tuple[bytes, bytes]:
    """What a head begins with, and what it ends with but for the request's id."""
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    return first.encode(), lines_of(headers) + b"x-request-id: "


def _unchanged(etag: str) -> Reply:
    return Reply.of(b"", ((b"etag", etag.encode()),))


def _encoding_of(accept: bytes) -> Encoding:
    return encoding_of(accept.decode("latin-1"))
