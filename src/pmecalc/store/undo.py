"""Undo of an import: every dataset goes back to what it was, by a new sequence, or none does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pmecalc.core.errors import NotFoundError
from pmecalc.store import audit, records
from pmecalc.store.errors import NameExistsError, UndoRefusedError
from pmecalc.store.values import Undone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.store.sqlite import Connection
    from pmecalc.store.values import By, Kind

KEPT_MS = 30 * 24 * 3600 * 1000


class Touched(NamedTuple):
    """A dataset of the import: where it stands, and the sequence it had before."""

    id: str
    kind: Kind
    name: str
    deleted: bool
    first: int
    current: int | None
    current_import: str | None
    before: int | None


def publish(db: Connection, tenant: str, import_id: str, *, by: By, now: int) -> Undone:
    """Inside the transaction: refuse, or take all datasets of the import back."""
    _check_import(db, tenant, import_id, now)
    touched = _touched(db, tenant, import_id)
    for each in touched:
        _check(each, import_id)
    live = [each for each in touched if not each.deleted]
    created = [(each.id, each.current or 0) for each in live if each.before is None]
    changed = [each for each in live if each.before is not None]
    records.delete_datasets(db, tenant, created, now)
    _restore(db, tenant, changed, now)
    db.execute(
        "UPDATE import SET state = 'undone', undone_by = ? WHERE tenant = ? AND id = ?",
        (by.actor, tenant, import_id),
    )
    undone = Undone(import_id=import_id, restored=len(changed), removed=len(created))
    detail = {"restored": undone.restored, "removed": undone.removed}
    audit.append(
        db, at=now, tenant=tenant, by=by, action="import.undo", object=import_id, detail=detail
    )
    return undone


def _check_import(db: Connection, tenant: str, import_id: str, now: int) -> None:
    rows = db.execute(
        "SELECT state, committed FROM import WHERE tenant = ? AND id = ?", (tenant, import_id)
    ).fetchall()
    if not rows:
        raise NotFoundError("import", import_id)
    state, committed = rows[0]
    if state != "committed":
        raise UndoRefusedError(import_id, f"it is {state}")
    if committed < now - KEPT_MS:
        raise UndoRefusedError(import_id, "it is older than 30 days")


def _touched(db: Connection, tenant: str, import_id: str) -> list[Touched]:
    rows = db.execute(
        "SELECT d.id, d.kind, d.name, d.deleted_at IS NOT NULL, t.first, p.seq, r.import, "
        "(SELECT max(b.seq) FROM revision AS b "
        "WHERE b.tenant = d.tenant AND b.dataset = d.id AND b.seq < t.first) "
        "FROM (SELECT tenant, dataset, min(seq) AS first FROM revision "
        "WHERE tenant = ? AND import = ? GROUP BY tenant, dataset) AS t "
        "JOIN dataset AS d ON d.tenant = t.tenant AND d.id = t.dataset "
        "LEFT JOIN pointer AS p ON p.tenant = d.tenant AND p.dataset = d.id "
        "LEFT JOIN revision AS r ON r.tenant = p.tenant AND r.dataset = p.dataset "
        "AND r.seq = p.seq",
        (tenant, import_id),
    ).fetchall()
    return [Touched(*row) for row in rows]


def _check(touched: Touched, import_id: str) -> None:
    which = f"{touched.kind} {touched.name!r}"
    if touched.deleted and touched.first > 1:
        raise UndoRefusedError(import_id, f"the {which} was deleted since")
    if not touched.deleted and touched.current_import != import_id:
        raise UndoRefusedError(import_id, f"the {which} was changed since")
    if touched.before is None and touched.first > 1:
        raise UndoRefusedError(import_id, f"what the {which} was before is no longer kept")


def _restore(db: Connection, tenant: str, changed: Sequence[Touched], now: int) -> None:
    moves = json.dumps([[each.id, each.before, (each.current or 0) + 1] for each in changed])
    _check_names(db, tenant, moves)
    db.execute(
        "INSERT INTO revision (tenant, dataset, seq, rev, object, row0, rows, first_date, "
        "last_date, meta_json, notes_json, import, created) "
        "SELECT r.tenant, r.dataset, m.value ->> 2, r.rev, r.object, r.row0, r.rows, "
        "r.first_date, r.last_date, r.meta_json, r.notes_json, r.import, ? "
        "FROM json_each(?) AS m CROSS JOIN revision AS r "
        "ON r.tenant = ? AND r.dataset = m.value ->> 0 AND r.seq = m.value ->> 1",
        (now, moves, tenant),
    )
    db.execute(
        "INSERT INTO change (tenant, dataset, seq, rev, at) "
        "SELECT r.tenant, r.dataset, r.seq, r.rev, ? "
        "FROM json_each(?) AS m CROSS JOIN revision AS r "
        "ON r.tenant = ? AND r.dataset = m.value ->> 0 AND r.seq = m.value ->> 2",
        (now, moves, tenant),
    )
    db.execute(
        "INSERT INTO pointer (tenant, dataset, seq, rev) "
        "SELECT r.tenant, r.dataset, r.seq, r.rev "
        "FROM json_each(?) AS m CROSS JOIN revision AS r "
        "ON r.tenant = ? AND r.dataset = m.value ->> 0 AND r.seq = m.value ->> 2 WHERE TRUE "
        "ON CONFLICT (tenant, dataset) DO UPDATE SET seq = excluded.seq, rev = excluded.rev",
        (moves, tenant),
    )
    db.execute(
        "UPDATE dataset SET (name, currency) = ("
        "SELECT r.meta_json ->> 'name', r.meta_json ->> 'currency' "
        "FROM pointer AS p JOIN revision AS r "
        "ON r.tenant = p.tenant AND r.dataset = p.dataset AND r.seq = p.seq "
        "WHERE p.tenant = dataset.tenant AND p.dataset = dataset.id) "
        "WHERE tenant = ? AND id IN (SELECT value ->> 0 FROM json_each(?))",
        (tenant, moves),
    )


def _check_names(db: Connection, tenant: str, moves: str) -> None:
    rows = db.execute(
        "SELECT own.kind, other.name, other.id "
        "FROM json_each(?) AS m CROSS JOIN revision AS r "
        "ON r.tenant = ? AND r.dataset = m.value ->> 0 AND r.seq = m.value ->> 1 "
        "JOIN dataset AS own ON own.tenant = r.tenant AND own.id = r.dataset "
        "JOIN dataset AS other ON other.tenant = own.tenant AND other.kind = own.kind "
        "AND other.name = r.meta_json ->> 'name' AND other.deleted_at IS NULL "
        "WHERE other.id <> own.id LIMIT 1",
        (moves, tenant),
    ).fetchall()
    if rows:
        raise NameExistsError(*rows[0])
