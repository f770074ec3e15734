"""Answers kept for a day, so that a request that is sent twice is carried out once."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pmecalc.store.errors import KeyReusedError
from pmecalc.store.values import Committed, CommittedDataset

if TYPE_CHECKING:
    from pmecalc.store.sqlite import Connection
    from pmecalc.store.values import Once

_KEPT_MS = 24 * 3600 * 1000


def response(db: Connection, tenant: str, once: Once, now: int) -> str | None:
    """The answer that this request was given before; refuses a key that another request used."""
    rows = db.execute(
        "SELECT request_hash, response FROM idempotency "
        "WHERE tenant = ? AND key = ? AND expires > ?",
        (tenant, once.key, now),
    ).fetchall()
    if not rows:
        return None
    request_hash, answer = rows[0]
    if request_hash != once.request_hash:
        raise KeyReusedError(once.key)
    return str(answer)


def remember(db: Connection, tenant: str, once: Once, answer: str, now: int) -> None:
    """Keep the answer, in the transaction of the change that it tells of."""
    db.execute(
        "INSERT INTO idempotency (tenant, key, request_hash, response, expires) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, key) DO UPDATE SET "
        "request_hash = excluded.request_hash, response = excluded.response, "
        "expires = excluded.expires",
        (tenant, once.key, once.request_hash, answer, now + _KEPT_MS),
    )


def commit(db: Connection, tenant: str, once: Once | None, now: int) -> Committed | None:
    """The commit that this request led to before."""
    text = response(db, tenant, once, now) if once is not None else None
    if text is None:
        return None
    known = json.loads(text)
    items = tuple(CommittedDataset(**item) for item in known.pop("items"))
    return Committed(**known | {"items": items, "replayed": True, "notes": ()})


def remember_commit(
    db: Connection, tenant: str, once: Once | None, committed: Committed, now: int
) -> None:
    if once is not None:
        remember(db, tenant, once, json.dumps(asdict(committed)), now)


def forget(db: Connection, *, now: int) -> int:
    """Drop the answers that are too old to be given again."""
    return int(db.execute("DELETE FROM idempotency WHERE expires <= ?", (now,)).rowcount)
