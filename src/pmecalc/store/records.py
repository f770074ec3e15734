"""What is recorded in the catalog, inside a transaction; every statement takes the tenant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pmecalc.store.objects import Stored
    from pmecalc.store.sqlite import Connection
    from pmecalc.store.values import Kind, Meta


ObjectKind: TypeAlias = Literal["flows", "levels", "raw"]


class Revision(NamedTuple):
    """A revision to be recorded: a row of its table, column by column."""

    tenant: str
    dataset: str
    sequence: int
    revision: str
    object: str
    row0: int
    rows: int
    first_date: str
    last_date: str
    meta_json: str
    notes_json: str
    import_id: str | None
    created: int


def add_tenant(db: Connection, tenant: str, now: int) -> None:
    db.execute(
        "INSERT INTO tenant (id, name, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (tenant, tenant, now),
    )


def add_object(
    db: Connection,
    tenant: str,
    kind: ObjectKind,
    stored: Stored,
    now: int,
) -> None:
    db.execute(
        "INSERT INTO object (tenant, hash, bytes, kind, created) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (tenant, hash) DO UPDATE SET created = excluded.created",
        (tenant, stored.hash, stored.bytes, kind, now),
    )


def add_import(
    db: Connection,
    tenant: str,
    import_id: str,
    *,
    actor: str,
    raw: Stored | None,
    raw_name: str | None,
    now: int,
) -> None:
    db.execute(
        "INSERT INTO import (tenant, id, state, actor, raw_hash, raw_name, created, committed) "
        "VALUES (?, ?, 'committed', ?, ?, ?, ?, ?)",
        (tenant, import_id, actor, raw.hash if raw else None, raw_name, now, now),
    )


def put_datasets(
    db: Connection, tenant: str, kind: Kind, datasets: Iterable[tuple[str, Meta]], now: int
) -> None:
    """New datasets, or the new name and currency of known ones."""
    db.executemany(
        "INSERT INTO dataset (tenant, id, kind, name, currency, meta_json, created) "
        "VALUES (?, ?, ?, ?, ?, '{}', ?) "
        "ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name, currency = excluded.currency "
        "WHERE name IS NOT excluded.name OR currency IS NOT excluded.currency",
        [
            (tenant, dataset, kind, meta["name"], meta["currency"], now)
            for dataset, meta in datasets
        ],
    )


def add_revisions(db: Connection, revisions: Sequence[Revision]) -> None:
    """Record revisions and that they came; in the order of the keys they cost least."""
    db.executemany(
        "INSERT INTO revision (tenant, dataset, seq, rev, object, row0, rows, first_date, "
        "last_date, meta_json, notes_json, import, created) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        revisions,
    )
    db.executemany(
        "INSERT INTO change (tenant, dataset, seq, rev, at) VALUES (?, ?, ?, ?, ?)",
        [(*r[:4], r.created) for r in revisions],
    )


def move_pointers(db: Connection, revisions: Sequence[Revision]) -> None:
    db.executemany(
        "INSERT INTO pointer (tenant, dataset, seq, rev) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (tenant, dataset) DO UPDATE SET seq = excluded.seq, rev = excluded.rev",
        [r[:4] for r in revisions],
    )


def set_default_benchmark(db: Connection, tenant: str, fund: str, benchmark: str | None) -> None:
    db.execute(
        "UPDATE dataset SET meta_json = json_set(meta_json, '$.benchmark', ?) "
        "WHERE tenant = ? AND id = ?",
        (benchmark, tenant, fund),
    )


def delete_datasets(
    db: Connection, tenant: str, datasets: Sequence[tuple[str, int]], now: int
) -> None:
    """Take datasets (id, sequence) away, and as the default of the funds that name them."""
    ids = json.dumps([dataset for dataset, _ in datasets])
    db.execute(
        "DELETE FROM pointer WHERE tenant = ? AND dataset IN (SELECT value FROM json_each(?))",
        (tenant, ids),
    )
    db.execute(
        "UPDATE dataset SET deleted_at = ? "
        "WHERE tenant = ? AND id IN (SELECT value FROM json_each(?))",
        (now, tenant, ids),
    )
    db.execute(
        "UPDATE dataset SET meta_json = json_remove(meta_json, '$.benchmark') "
        "WHERE tenant = ? AND json_extract(meta_json, '$.benchmark') "
        "IN (SELECT value FROM json_each(?))",
        (tenant, ids),
    )
    db.executemany(
        "INSERT INTO change (tenant, dataset, seq, at) VALUES (?, ?, ?, ?)",
        [(tenant, dataset, sequence, now) for dataset, sequence in datasets],
    )
