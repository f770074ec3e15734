"""Erasing a tenant: first closed, then its records, then its files. It may be run again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pmecalc.core.errors import NotFoundError
from pmecalc.store import audit, schema
from pmecalc.store.objects import AREA_OF

if TYPE_CHECKING:
    from pathlib import Path

    from pmecalc.store.objects import ObjectStore
    from pmecalc.store.sqlite import Connection, Run
    from pmecalc.store.values import By

_BATCH = 500
_KEPT = ("tenant", "audit", "object")  # the tombstone, the proof, and what the files hang on


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased: rows by table, files, and how many files another tenant still needs."""

    rows: dict[str, int]
    files: int
    shared: int
    copies: int


def erase(
    root: Path, objects: ObjectStore, read: Run, write: Run, tenant: str, *, by: By, now: int
) -> Erased:
    """Close the tenant, then remove its rows, its files and what names them."""
    write(lambda db: _close(db, tenant, by, now))
    rows = write(lambda db: _remove_rows(db, tenant))
    files = shared = 0
    while batch := read(lambda db: _some_objects(db, tenant)):
        gone = write(lambda db, batch=batch: _remove_files(db, objects, tenant, batch))  # type: ignore[misc]  # bound now
        files += gone[0]
        shared += gone[1]
    report = Erased(rows=rows, files=files, shared=shared, copies=remove_catalog_copies(root))
    write(
        lambda db: audit.append(
            db, at=now, tenant=tenant, by=by, action="erase", object=tenant, detail=asdict(report)
        )
    )
    return report


def remove_catalog_copies(root: Path) -> int:
    """Copies of the catalog from before a migration still hold what was erased."""
    found = schema.copies(root)
    for copy in found:
        copy.unlink()
    return len(found)


def _close(db: Connection, tenant: str, by: By, now: int) -> None:
    closed = db.execute(
        "UPDATE tenant SET erased_at = coalesce(erased_at, ?), name = id WHERE id = ?",
        (now, tenant),
    )
    if closed.rowcount != 1:
        raise NotFoundError("tenant", tenant)
    audit.append(db, at=now, tenant=tenant, by=by, action="erase.begin", object=tenant)


def _remove_rows(db: Connection, tenant: str) -> dict[str, int]:
    """The rows of every table that has a tenant, whichever migration made it."""
    db.execute("PRAGMA defer_foreign_keys=ON")
    tables = db.execute(
        "SELECT t.name FROM pragma_table_list AS t JOIN pragma_table_info(t.name) AS c "
        "WHERE t.type = 'table' AND t.schema = 'main' AND c.name = 'tenant' ORDER BY t.name"
    ).fetchall()
    removed = {
        name: db.execute(f'DELETE FROM "{name}" WHERE tenant = ?', (tenant,)).rowcount  # noqa: S608  (from the schema)
        for (name,) in tables
        if name not in _KEPT
    }
    return {name: count for name, count in removed.items() if count}


def _some_objects(db: Connection, tenant: str) -> list[tuple[str, str]]:
    return db.execute(
        "SELECT kind, hash FROM object WHERE tenant = ? LIMIT ?", (tenant, _BATCH)
    ).fetchall()


def _remove_files(
    db: Connection, objects: ObjectStore, tenant: str, batch: list[tuple[str, str]]
) -> tuple[int, int]:
    """How many files went, and how many another tenant still needs."""
    gone = kept = 0
    for kind, name in batch:
        db.execute("DELETE FROM object WHERE tenant = ? AND hash = ?", (tenant, name))
        shared = db.execute(
            "SELECT EXISTS (SELECT 1 FROM tenant AS t JOIN object AS o "
            "ON o.tenant = t.id AND o.hash = ?)",
            (name,),
        ).fetchone()[0]
        path = objects.path(AREA_OF[kind], name)
        if shared:
            kept += 1
        elif path.exists():
            path.unlink()
            gone += 1
    return gone, kept
