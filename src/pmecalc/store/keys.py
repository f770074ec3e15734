"""API keys and the sessions made from them, as the catalog keeps them: hashes, never secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pmecalc.core.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pmecalc.store.sqlite import Connection

_COLUMNS = "tenant, id, hash, role, scopes_json, name, actor, created, expires, last_used, revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as it is kept; times in Unix milliseconds."""

    tenant: str
    id: str
    hash: str
    role: str
    scopes: tuple[str, ...] | None
    name: str
    actor: str
    created: int
    expires: int
    last_used: int | None = None
    revoked: int | None = None

    def is_valid(self, now: int) -> bool:
        """Whether it opens anything at this time."""
        return self.revoked is None and now < self.expires


class SessionRow(NamedTuple):
    """A session and the key that it was made from."""

    key: KeyRow
    last_used: int
    expires: int


def add(db: Connection, key: KeyRow) -> None:
    scopes = None if key.scopes is None else json.dumps(key.scopes)
    db.execute(
        f"INSERT INTO api_key ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",  # noqa: S608  (a constant)
        (
            *(key.tenant, key.id, key.hash, key.role, scopes, key.name, key.actor),
            *(key.created, key.expires),
        ),
    )


def by_id(db: Connection, key: str) -> KeyRow | None:
    """The key of this id, whoever's it is: its tenant is what the caller wants to know."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM api_key WHERE id = ?", (key,)).fetchall()  # noqa: S608
    return _key(rows[0]) if rows else None


def page(db: Connection, tenant: str, *, limit: int, after: tuple[int, str]) -> list[KeyRow]:
    """The keys of a tenant in the order they were made, those after this time and id."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM api_key WHERE tenant = ? AND (created, id) > (?, ?) "  # noqa: S608
        "ORDER BY created, id LIMIT ?",
        (tenant, *after, limit),
    ).fetchall()
    return [_key(row) for row in rows]


def known(db: Connection, tenant: str, key: str) -> KeyRow:
    """A key of this tenant, or NotFoundError."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM api_key WHERE tenant = ? AND id = ?",  # noqa: S608
        (tenant, key),
    ).fetchall()
    if not rows:
        raise NotFoundError("key", key)
    return _key(rows[0])


def is_empty(db: Connection) -> bool:
    """Whether no key was ever made here."""
    return db.execute("SELECT 1 FROM api_key LIMIT 1").fetchone() is None


def revoke(db: Connection, tenant: str, key: str, now: int) -> None:
    """End a key and the sessions made from it; one that has ended keeps its time."""
    db.execute(
        "UPDATE api_key SET revoked = coalesce(revoked, ?) WHERE tenant = ? AND id = ?",
        (now, tenant, key),
    )
    db.execute("DELETE FROM session WHERE tenant = ? AND key = ?", (tenant, key))


def revoke_all(db: Connection, tenant: str, now: int) -> int:
    """End every key of a tenant; how many there were."""
    db.execute("DELETE FROM session WHERE tenant = ?", (tenant,))
    ended = db.execute(
        "UPDATE api_key SET revoked = ? WHERE tenant = ? AND revoked IS NULL", (now, tenant)
    )
    return int(ended.rowcount)


def open_session(db: Connection, tenant: str, digest: str, *, key: str, now: int, end: int) -> None:
    db.execute("DELETE FROM session WHERE tenant = ? AND expires <= ?", (tenant, now))
    db.execute(
        "INSERT INTO session (tenant, hash, key, created, last_used, expires) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (tenant, digest, key, now, now, end),
    )


def session(db: Connection, digest: str) -> SessionRow | None:
    """The session of this digest, whoever's it is."""
    columns = ", ".join(f"k.{name}" for name in _COLUMNS.split(", "))
    rows = db.execute(
        f"SELECT s.last_used, s.expires, {columns} FROM session AS s "  # noqa: S608
        "JOIN api_key AS k ON k.tenant = s.tenant AND k.id = s.key WHERE s.hash = ?",
        (digest,),
    ).fetchall()
    return SessionRow(_key(rows[0][2:]), *rows[0][:2]) if rows else None


def close_session(db: Connection, tenant: str, digest: str) -> None:
    db.execute("DELETE FROM session WHERE tenant = ? AND hash = ?", (tenant, digest))


def touch_keys(db: Connection, used: Iterable[tuple[int, str, str]]) -> None:
    """When keys were last used: time, tenant, id."""
    db.executemany("UPDATE api_key SET last_used = ? WHERE tenant = ? AND id = ?", list(used))


def touch_sessions(db: Connection, used: Iterable[tuple[int, str, str]]) -> None:
    """When sessions were last used: time, tenant, digest."""
    db.executemany("UPDATE session SET last_used = ? WHERE tenant = ? AND hash = ?", list(used))


def _key(row: tuple[Any, ...]) -> KeyRow:  # Any: the driver's, and STRICT tables keep their types
    tenant, key, digest, role, scopes, name, actor, created, expires, last_used, revoked = row
    return KeyRow(
        tenant=tenant,
        id=key,
        hash=digest,
        role=role,
        scopes=None if scopes is None else tuple(json.loads(scopes)),
        name=name,
        actor=actor,
        created=created,
        expires=expires,
        last_used=last_used,
        revoked=revoked,
    )
