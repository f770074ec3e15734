"""What the catalog is asked; every query takes the tenant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from pmecalc.store.errors import TenantErasedError
from pmecalc.store.values import DatasetRow, ImportRow, Kind, Meta, Pointer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.store.sqlite import Connection


_NEVER = 2**62


class Current(NamedTuple):
    """What a change must know of a live dataset."""

    id: str
    name: str
    sequence: int
    revision: str


class Content(NamedTuple):
    """Where the rows of a revision lie, and what stands beside them."""

    object: str
    row0: int
    rows: int
    meta_json: str
    notes_json: str

    @property
    def meta(self) -> Meta:
        known: Meta = json.loads(self.meta_json)
        return known


class Live(NamedTuple):
    """A live dataset and the content that its pointer names."""

    row: DatasetRow
    content: Content


def position(db: Connection) -> int:
    """How far the feed of changes has come: the same number twice means that nothing moved."""
    rows = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'change'").fetchall()
    return int(rows[0][0]) if rows else 0


def is_erased(db: Connection, tenant: str) -> bool:
    sql = "SELECT 1 FROM tenant WHERE id = ? AND erased_at IS NOT NULL"
    return bool(db.execute(sql, (tenant,)).fetchall())


def refuse_erased(db: Connection, tenant: str) -> None:
    """An erased tenant takes no more data."""
    if is_erased(db, tenant):
        raise TenantErasedError(tenant)


def pointer(db: Connection, tenant: str, kind: Kind, dataset: str) -> Pointer | None:
    rows = db.execute(
        "SELECT p.rev, p.seq FROM pointer AS p "
        "JOIN dataset AS d ON d.tenant = p.tenant AND d.id = p.dataset "
        "WHERE p.tenant = ? AND p.dataset = ? AND d.kind = ?",
        (tenant, dataset, kind),
    ).fetchall()
    return Pointer(*rows[0]) if rows else None


def row_count(db: Connection, tenant: str, dataset: str, revision: str) -> int:
    """How many rows a revision has; 0 where there is none."""
    rows = db.execute(
        "SELECT rows FROM revision WHERE tenant = ? AND dataset = ? AND rev = ? "
        "ORDER BY seq DESC LIMIT 1",
        (tenant, dataset, revision),
    ).fetchall()
    return int(rows[0][0]) if rows else 0


def live(db: Connection, tenant: str, kind: Kind, dataset: str) -> Live | None:
    rows = db.execute(
        "SELECT id, kind, name, own_json, created, rev, seq, first_date, last_date, "
        "object, row0, rows, meta_json, notes_json FROM live "
        "WHERE tenant = ? AND kind = ? AND id = ?",
        (tenant, kind, dataset),
    ).fetchall()
    return _live(rows[0]) if rows else None


def page(
    db: Connection, tenant: str, kind: Kind, *, limit: int, after: tuple[str, str]
) -> list[DatasetRow]:
    """Live datasets by name, the first ones that come after this name and id."""
    rows = db.execute(
        "SELECT id, kind, name, own_json, created, rev, seq, first_date, last_date, "
        "object, row0, rows, meta_json, notes_json FROM live "
        "WHERE tenant = ? AND kind = ? AND (name, id) > (?, ?) ORDER BY name, id LIMIT ?",
        (tenant, kind, *after, limit),
    ).fetchall()
    return [_live(row).row for row in rows]


def content(db: Connection, tenant: str, kind: Kind, dataset: str, revision: str) -> Content | None:
    """The first record of this revision: later ones of equal content may differ in their notes."""
    rows = db.execute(
        "SELECT r.object, r.row0, r.rows, r.meta_json, r.notes_json FROM revision AS r "
        "JOIN dataset AS d ON d.tenant = r.tenant AND d.id = r.dataset "
        "WHERE r.tenant = ? AND r.dataset = ? AND r.rev = ? AND d.kind = ? "
        "AND d.deleted_at IS NULL ORDER BY r.seq LIMIT 1",
        (tenant, dataset, revision, kind),
    ).fetchall()
    return Content(*rows[0]) if rows else None


def named(db: Connection, tenant: str, kind: Kind, names: Sequence[str]) -> dict[str, Current]:
    """Live datasets of these names, by name."""
    rows = db.execute(
        "SELECT d.id, d.name, p.seq, p.rev FROM json_each(?) AS wanted "
        "CROSS JOIN dataset AS d ON d.tenant = ? AND d.kind = ? AND d.name = wanted.value "
        "AND d.deleted_at IS NULL "
        "CROSS JOIN pointer AS p ON p.tenant = d.tenant AND p.dataset = d.id",
        (json.dumps(names), tenant, kind),
    ).fetchall()
    return {row[1]: Current(*row) for row in rows}


def identified(db: Connection, tenant: str, kind: Kind, ids: Sequence[str]) -> dict[str, Current]:
    """Live datasets of these ids, by id."""
    rows = db.execute(
        "SELECT d.id, d.name, p.seq, p.rev FROM json_each(?) AS wanted "
        "CROSS JOIN dataset AS d ON d.tenant = ? AND d.id = wanted.value AND d.kind = ? "
        "AND d.deleted_at IS NULL "
        "CROSS JOIN pointer AS p ON p.tenant = d.tenant AND p.dataset = d.id",
        (json.dumps(ids), tenant, kind),
    ).fetchall()
    return {row[0]: Current(*row) for row in rows}


def last_import(db: Connection, tenant: str, dataset: str) -> str | None:
    rows = db.execute(
        "SELECT import FROM revision WHERE tenant = ? AND dataset = ? AND import IS NOT NULL "
        "ORDER BY seq DESC LIMIT 1",
        (tenant, dataset),
    ).fetchall()
    return str(rows[0][0]) if rows else None


def imports(
    db: Connection, tenant: str, *, limit: int, after: tuple[int, str] | None
) -> list[ImportRow]:
    """Imports, the last one first, those that come after this time and id."""
    time, import_id = after or (_NEVER, "")
    rows = db.execute(
        "SELECT id, state, actor, raw_name, created, committed, undone_by, datasets "
        "FROM imported WHERE tenant = ? AND (committed, id) < (?, ?) "
        "ORDER BY committed DESC, id DESC LIMIT ?",
        (tenant, time, import_id, limit),
    ).fetchall()
    return [_import(row) for row in rows]


def one_import(db: Connection, tenant: str, import_id: str) -> ImportRow | None:
    rows = db.execute(
        "SELECT id, state, actor, raw_name, created, committed, undone_by, datasets "
        "FROM imported WHERE tenant = ? AND id = ?",
        (tenant, import_id),
    ).fetchall()
    return _import(rows[0]) if rows else None


def _import(row: tuple[Any, ...]) -> ImportRow:  # Any: as below
    names = ("id", "state", "actor", "raw_name", "created", "committed", "undone_by", "datasets")
    return ImportRow(**dict(zip(names, row, strict=True)))


def owns(db: Connection, tenant: str, name: str) -> bool:
    """Whether a stored object is this tenant's."""
    rows = db.execute("SELECT 1 FROM object WHERE tenant = ? AND hash = ?", (tenant, name))
    return bool(rows.fetchall())


def _live(row: tuple[Any, ...]) -> Live:  # Any: the driver's, and STRICT tables keep their types
    dataset, kind, name, own_json, created, revision, sequence, first, last = row[:9]
    content = Content(*row[9:])
    meta = json.loads(content.meta_json)
    shown = DatasetRow(
        id=dataset,
        kind=kind,
        name=name,
        currency=meta["currency"],
        commitment=meta.get("commitment"),
        vintage=meta.get("vintage"),
        strategy=meta.get("strategy"),
        index_kind=meta.get("index_kind"),
        benchmark=json.loads(own_json).get("benchmark"),
        revision=revision,
        sequence=sequence,
        rows=content.rows,
        first_date=first,
        last_date=last,
        created=created,
    )
    return Live(shown, content)
