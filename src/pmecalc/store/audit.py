"""Who changed what: rows that only grow, each hashed together with the one before it.

The hash is the SHA-256 of the row as a JSON list in ASCII without spaces: number, time, tenant,
actor, via, action, object, outcome, request id, detail, hash of the row before.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pmecalc.store.sqlite import Connection
    from pmecalc.store.values import By


class Link(NamedTuple):
    """A place in the chain: the number of a row and its hash."""

    n: int
    hash: str


ORIGIN = Link(0, "0" * 64)


class Fault(NamedTuple):
    """A row that is not as it was written, and what is wrong."""

    n: int
    reason: str


def append(
    db: Connection,
    *,
    at: int,
    tenant: str | None,
    by: By,
    action: str,
    object: str | None = None,  # noqa: A002  (the column's name)
    outcome: str = "ok",
    detail: Mapping[str, object] | None = None,
) -> None:
    """Record an action in the transaction of the change itself; never amounts or names in it."""
    before = head(db)
    row = (
        *(before.n + 1, at, tenant, by.actor, by.via, action, object, outcome, by.request_id),
        *(json.dumps(detail or {}, sort_keys=True), before.hash),
    )
    known = Link(before.n + 1, _hash(row))
    db.execute(
        "INSERT INTO audit (n, at, tenant, actor, via, action, object, outcome, request_id, "
        "detail_json, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, known.hash),
    )
    _mark(db, "audit_head", known)


def head(db: Connection) -> Link:
    """The last row that was written."""
    return _end(db, "audit_head")


def faults(db: Connection) -> Iterator[Fault]:
    """Every row that was altered, removed or put elsewhere, by its number."""
    before = _end(db, "audit_root")
    for *row, known in db.execute(
        "SELECT n, at, tenant, actor, via, action, object, outcome, request_id, detail_json, "
        "prev, hash FROM audit ORDER BY n"
    ):
        number = row[0]
        if number != before.n + 1:
            yield Fault(before.n + 1, "it is missing")
        elif row[-1] != before.hash:
            yield Fault(number, "it does not follow the row before it")
        if _hash(tuple(row)) != known:
            yield Fault(number, "it was altered")
        before = Link(number, known)
    last = head(db)
    if before.n < last.n:
        yield Fault(before.n + 1, "it is missing")
    elif before != last:
        yield Fault(before.n, "it is not the last row that was written")


def forget(db: Connection, *, before: int) -> int:
    """Drop rows older than this time, the chain then begins behind them; how many there were.

    A chain with a fault is kept whole: it is evidence.
    """
    rows = db.execute(
        "SELECT n, hash FROM audit WHERE n < coalesce("
        "(SELECT min(n) FROM audit WHERE at >= ?), (SELECT max(n) + 1 FROM audit)) "
        "ORDER BY n DESC LIMIT 1",
        (before,),
    ).fetchall()
    if not rows or any(True for _ in faults(db)):
        return 0
    _mark(db, "audit_root", Link(*rows[0]))
    return int(db.execute("DELETE FROM audit WHERE n <= ?", (rows[0][0],)).rowcount)


def _hash(row: tuple[object, ...]) -> str:
    return hashlib.sha256(json.dumps(row, separators=(",", ":")).encode()).hexdigest()


def _end(db: Connection, key: str) -> Link:
    rows = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchall()
    if not rows:
        return ORIGIN
    number, known = str(rows[0][0]).split(":")
    return Link(int(number), known)


def _mark(db: Connection, key: str, link: Link) -> None:
    db.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, f"{link.n}:{link.hash}"),
    )
