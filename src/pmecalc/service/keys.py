"""API keys and sessions: made, listed, ended, each with its line in the audit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pmecalc.core.errors import InputError, NotFoundError
from pmecalc.service import secret_text
from pmecalc.store import audit, catalog, keys, records, remembered
from pmecalc.store.cursors import cursor_of, time_of
from pmecalc.store.errors import TenantErasedError
from pmecalc.store.values import By, Once
from pmecalc.store.versions import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pmecalc.store.keys import KeyRow
    from pmecalc.store.sqlite import Connection
    from pmecalc.store.store import Store
    from pmecalc.store.versions import Expected

KeyRole: TypeAlias = Literal["viewer", "analyst", "admin", "operator"]

INSTANCE = "_instance"  # the tenant of operators: no user can choose this name
DEFAULT_DAYS, MAX_DAYS = 90, 365
IDLE_MS = 60 * 60 * 1000
_SESSION_MS = 12 * 60 * 60 * 1000
_DAY_MS = 24 * 60 * 60 * 1000
_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `text` is shown once and kept nowhere, so a replay has none."""

    text: str | None
    row: KeyRow


@dataclass(frozen=True, slots=True)
class FirstKey:
    """The first admin's key before it is stored."""

    text: str
    row: KeyRow


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just made; `text` is the value of its cookie."""

    text: str
    expires: int


class Keys:
    """The keys of a store; every call blocks for a read or a transaction."""

    def __init__(self, store: Store, *, changed: Callable[[], None] = lambda: None) -> None:
        self._store = store
        self._changed = changed

    def create(
        self,
        tenant: str,
        *,
        role: KeyRole,
        name: str,
        by: By,
        days: int = DEFAULT_DAYS,
        scopes: Sequence[str] | None = None,
        once: Once | None = None,
    ) -> NewKey:
        """Make a key; its text is in the answer and nowhere else.

        A request that comes again gets the same key without its text, which is not kept.
        """
        owner = INSTANCE if role == "operator" else checked_tenant(tenant)
        text, now = secret_text.new_key(), self._store.now()
        row = keys.KeyRow(
            tenant=owner,
            id=text.id,
            hash=secret_text.digest(text.secret),
            role=role,
            scopes=None if scopes is None else tuple(scopes),
            name=name,
            actor=by.actor,
            created=now,
            expires=now + checked_days(days) * _DAY_MS,
        )

        def work(db: Connection) -> NewKey:
            known = once and remembered.response(db, owner, once, now)
            if known:
                return NewKey(None, keys.known(db, owner, known))
            _add(db, row, by)
            if once is not None:
                remembered.remember(db, owner, once, row.id, now)
            return NewKey(str(text), row)

        return self._store.write(work)

    def page(
        self, tenant: str, *, limit: int, after: str | None
    ) -> tuple[list[KeyRow], str | None]:
        """Some keys of a tenant, oldest first, and the cursor of the next page."""
        place = time_of(after) or (0, "")
        rows = self._store.read(lambda db: keys.page(db, tenant, limit=limit + 1, after=place))
        last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit], cursor_of(str(last.created), last.id) if last else None

    def one(self, tenant: str, key: str) -> KeyRow:
        """A key of a tenant."""
        return self._store.read(lambda db: keys.known(db, tenant, key))

    def revoke(self, tenant: str, key: str, *, by: By, expected: Expected = ANY) -> None:
        """End a key and its sessions, everywhere within a second."""
        now = self._store.now()

        def work(db: Connection) -> None:
            expected.check(keys.known(db, tenant, key))
            keys.revoke(db, tenant, key, now)
            audit.append(db, at=now, tenant=tenant, by=by, action="key.revoke", object=key)

        self._store.write(work)
        self._changed()

    def is_new(self) -> bool:
        """Whether no key was ever made here."""
        return self._store.read(keys.is_empty)

    def first(self) -> FirstKey:
        """A key for the first admin, valid for a day once it is stored."""
        text, now = secret_text.new_key(), self._store.now()
        row = keys.KeyRow(
            tenant="default",
            id=text.id,
            hash=secret_text.digest(text.secret),
            role="admin",
            scopes=None,
            name="first admin",
            actor="bootstrap",
            created=now,
            expires=now + _DAY_MS,
        )
        return FirstKey(str(text), row)

    def bootstrap(self, first: FirstKey) -> bool:
        """Store the first admin's key; False where there has been a key before."""
        by = By(actor="bootstrap", via="start")

        def work(db: Connection) -> bool:
            if not keys.is_empty(db):
                return False
            _add(db, first.row, by)
            return True

        return self._store.write(work)

    def open_session(self, tenant: str, key: str, *, by: By) -> NewSession:
        """A session of the key's holder, for twelve hours at most."""
        text, now = secret_text.new_session(), self._store.now()

        def work(db: Connection) -> int:
            row = keys.known(db, tenant, key)
            if not row.is_valid(now):
                raise NotFoundError("key", key)
            end = min(now + _SESSION_MS, row.expires)
            digest = secret_text.digest(text)
            keys.open_session(db, tenant, digest, key=key, now=now, end=end)
            audit.append(db, at=now, tenant=tenant, by=by, action="session.open", object=key)
            return end

        return NewSession(text, self._store.write(work))

    def close_session(self, tenant: str, text: str, *, by: By) -> None:
        """Log out."""
        now, digest = self._store.now(), secret_text.digest(text)

        def work(db: Connection) -> None:
            keys.close_session(db, tenant, digest)
            audit.append(db, at=now, tenant=tenant, by=by, action="session.close")

        self._store.write(work)
        self._changed()

    def record_failure(self, address: str, request_id: str) -> None:
        """Note in the audit that somebody came with a credential that opens nothing."""
        by, now = By(actor="anonymous", via="http", request_id=request_id), self._store.now()
        detail = {"address": address}
        self._store.write(
            lambda db: audit.append(
                db, at=now, tenant=None, by=by, action="log-in", outcome="refused", detail=detail
            )
        )


def checked_tenant(tenant: str) -> str:
    """A name that a tenant may have."""
    if _TENANT.fullmatch(tenant) is None:
        raise InputError(
            f"{tenant[:60]!r} cannot name a tenant.",
            code="UNSUPPORTED_OPTION",
            field="tenant",
            hint="Use 1 to 40 lower-case letters, digits and hyphens.",
        )
    return tenant


def checked_days(days: int) -> int:
    """A life that a key may have."""
    if not 1 <= days <= MAX_DAYS:
        raise InputError(
            f"A key is valid for 1 to {MAX_DAYS} days, not {days}.",
            code="UNSUPPORTED_OPTION",
            field="days",
            value=days,
        )
    return days


def _add(db: Connection, row: KeyRow, by: By) -> None:
    if catalog.is_erased(db, row.tenant):
        raise TenantErasedError(row.tenant)
    records.add_tenant(db, row.tenant, row.created)
    keys.add(db, row)
    detail = {"role": row.role, "expires": row.expires, "scopes": row.scopes}
    audit.append(
        db,
        at=row.created,
        tenant=row.tenant,
        by=by,
        action="key.create",
        object=row.id,
        detail=detail,
    )
