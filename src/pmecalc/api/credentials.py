"""The credential of a request: an API key in its header, or the cookie of a session."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, cast

from pmecalc.api.auth import ANONYMOUS, Principal
from pmecalc.api.checks import is_loopback

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

    from pmecalc.api.auth import Role
    from pmecalc.service.executors import Pool
    from pmecalc.service.holders import Holder, Holders
    from pmecalc.service.keys import Keys

_LOG = logging.getLogger(__name__)

HOST_COOKIE = "__Host-pme"  # a browser sends it back over TLS and to this host alone
PLAIN_COOKIE = "pme"  # over HTTP on the loopback, where there is no TLS


class Credentials:
    """Who asks, in the mode `key`; nobody is known before the store is open."""

    def __init__(self) -> None:
        self._holders: Holders | None = None
        self._keys: Keys | None = None
        self._threads: Pool | None = None
        self._writing: set[asyncio.Future[None]] = set()

    def use(self, holders: Holders, keys: Keys, threads: Pool) -> None:
        """The store is open: ask these from now on."""
        self._holders, self._keys, self._threads = holders, keys, threads

    def refused(self, scope: Scope) -> None:
        """Put a refused credential into the audit, while its answer goes out."""
        if self._keys is None or self._threads is None:
            return
        record = self._keys.record_failure
        written = asyncio.create_task(
            self._threads.run(record, scope["pme.address"], scope["pme.request_id"])
        )
        self._writing.add(written)
        written.add_done_callback(self._writing.discard)
        written.add_done_callback(_log_failure)

    async def close(self) -> None:
        """Wait until every refused credential is in the audit: the store closes next."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    def identify(self, scope: Scope) -> Principal:
        """The principal of a valid credential, else nobody; `pme.rejected` tells a bad one."""
        keys, sessions = presented(scope)
        if not keys and not sessions:
            return ANONYMOUS
        holder = self._holder(keys, sessions)
        scope["pme.rejected"] = holder is None
        scope["pme.holder"] = holder
        return ANONYMOUS if holder is None else _principal(holder)

    def _holder(self, keys: list[str], sessions: list[str]) -> Holder | None:
        """The holder of the one credential; two keys, or two sessions, are none."""
        if self._holders is None or len(keys) > 1 or (not keys and len(sessions) > 1):
            return None
        if not keys:
            return self._holders.of_session(sessions[0])
        scheme, _, key = keys[0].partition(" ")
        return self._holders.of_key(key.strip()) if scheme.lower() == "bearer" else None


def presented(scope: Scope) -> tuple[list[str], list[str]]:
    """The Authorization headers of a request, and the sessions that its cookies name."""
    keys, cookies = [], []
    for name, value in scope["headers"]:
        if name == b"authorization":
            keys.append(value.decode("latin-1"))
        elif name == b"cookie" and b"pme=" in value:
            cookies += value.decode("latin-1").split(";")
    names = (HOST_COOKIE, PLAIN_COOKIE) if _is_plain(scope) else (HOST_COOKIE,)
    return keys, _sessions(cookies, names)


def set_cookie(answer: Response, scope: Scope, text: str, *, seconds: int) -> None:
    """Give the browser its session, or with no text take it away."""
    is_plain = _is_plain(scope)
    answer.set_cookie(
        PLAIN_COOKIE if is_plain else HOST_COOKIE,
        text,
        max_age=seconds,
        path="/",
        secure=not is_plain,
        httponly=True,
        samesite="lax",
    )


def _log_failure(written: asyncio.Future[None]) -> None:
    error = None if written.cancelled() else written.exception()
    if error is not None:
        _LOG.error("a refused credential could not be put into the audit", exc_info=error)


def _is_plain(scope: Scope) -> bool:
    """Whether a request came over HTTP from this machine, where there is no TLS to ask for."""
    return scope["pme.clear"] and not scope["pme.secure"] and is_loopback(scope["pme.address"])


def _sessions(cookies: list[str], names: tuple[str, ...]) -> list[str]:
    """The different values of the first of these cookies that is there."""
    pairs = [cookie.strip().partition("=") for cookie in cookies]
    for name in names:
        found = {value.strip('"'): None for each, _, value in pairs if each == name}
        if found:
            return list(found)
    return []


def _principal(holder: Holder) -> Principal:
    key = holder.key
    return Principal(
        tenant=key.tenant,
        role=cast("Role", key.role),  # the table admits no other
        actor=f"key:{key.id}",
        scopes=None if key.scopes is None else frozenset(key.scopes),
        via="key" if holder.session is None else "session",
    )
