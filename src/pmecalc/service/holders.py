"""Whose a credential is: a sync answer from memory for a second at most, else from the catalog."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from pmecalc.service import secret_text
from pmecalc.service.keys import IDLE_MS
from pmecalc.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.store.keys import KeyRow
    from pmecalc.store.sqlite import Connection
    from pmecalc.store.store import Store

_KNOWN_SECONDS, _MOST_KNOWN = 0.8, 10_000
_UNKNOWN_SECONDS, _MOST_UNKNOWN = 10.0, 1000
_NOBODYS = "0" * 64


@dataclass(frozen=True, slots=True)
class Holder:
    """The key behind a credential, and the digest of the session if it came by one."""

    key: KeyRow
    session: str | None = None


class Holders:
    """Verifies keys and sessions of one worker; a revoked one is refused within a second."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[bytes, tuple[float, Holder]] = {}
        self._unknown: dict[str, float] = {}
        self._used: dict[tuple[str, str, str | None], int] = {}

    def of_key(self, text: str) -> Holder | None:
        """Who holds this API key; None for one that is malformed, unknown, wrong or over."""
        return self._remembered("key", text, self._read_key)

    def of_session(self, text: str) -> Holder | None:
        """Who holds this session; None for one that is unknown, idle or over."""
        return self._remembered("session", text, self._read_session)

    def forget(self) -> None:
        """Ask the catalog again: a key or a session has changed here."""
        self._known.clear()

    def write_uses(self) -> None:
        """Put down when credentials were last used; called once a minute, in a thread."""
        used, self._used = self._used, {}
        of_keys = [(at, tenant, key) for (tenant, key, _), at in used.items()]
        of_sessions = [(at, tenant, text) for (tenant, _, text), at in used.items() if text]

        def work(db: Connection) -> None:
            keys.touch_keys(db, of_keys)
            keys.touch_sessions(db, of_sessions)

        if used:
            self._store.write(work)

    def _remembered(
        self, kind: str, text: str, read: Callable[[str], Holder | None]
    ) -> Holder | None:
        name, now = sha256(f"{kind} {text}".encode()).digest(), self._clock()
        until, holder = self._known.get(name, (0.0, None))
        if holder is None or until <= now:
            holder = read(text)
            if holder is None:
                return None
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[name] = (now + _KNOWN_SECONDS, holder)
            self._used[holder.key.tenant, holder.key.id, holder.session] = self._store.now()
        return holder

    def _read_key(self, text: str) -> Holder | None:
        given = secret_text.parsed(text)
        if given is None:
            return None
        row = None
        if self._unknown.get(given.id, 0.0) <= self._clock():
            row = self._store.glance(lambda db: keys.by_id(db, given.id))
            if row is None:
                self._note_unknown(given.id)
        # Compared also where there is nothing to compare with: all failures take the same time.
        expected = row.hash if row else _NOBODYS
        is_right = hmac.compare_digest(secret_text.digest(given.secret), expected)
        if row is None or not is_right or not row.is_valid(self._store.now()):
            return None
        return Holder(row)

    def _read_session(self, text: str) -> Holder | None:
        if not secret_text.is_session(text):
            return None
        digest, now = secret_text.digest(text), self._store.now()
        row = self._store.glance(lambda db: keys.session(db, digest))
        if row is None or not row.key.is_valid(now):
            return None
        is_alive = now < row.expires and now - row.last_used < IDLE_MS
        return Holder(row.key, digest) if is_alive else None

    def _note_unknown(self, key: str) -> None:
        if len(self._unknown) >= _MOST_UNKNOWN:
            self._unknown.clear()
        self._unknown[key] = self._clock() + _UNKNOWN_SECONDS
