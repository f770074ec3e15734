"""Changes to one dataset that need no new rows: its metadata, its default benchmark, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pmecalc.core.errors import NotFoundError
from pmecalc.store import audit, catalog, records
from pmecalc.store.commits import StaleError
from pmecalc.store.errors import NameExistsError
from pmecalc.store.metadata import DEFAULT_BENCHMARK, edited, without_default
from pmecalc.store.revisions import canonical_text, revision_of
from pmecalc.store.versions import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import Fund
    from pmecalc.store.catalog import Live
    from pmecalc.store.sqlite import Connection
    from pmecalc.store.values import By, DatasetRow, Kind, Meta
    from pmecalc.store.versions import Expected


class Edit(NamedTuple):
    """A dataset as it was read, and what is to become of it."""

    kind: Kind
    before: Live
    meta: Meta
    revision: str
    default: tuple[str | None] | None

    @property
    def fields(self) -> list[str]:
        """What the edit changes, by name."""
        known = self.before.content.meta
        changed = [field for field, value in self.meta.items() if known.get(field) != value]
        return changed + [DEFAULT_BENCHMARK] * (self.default is not None)


def plan(
    kind: Kind, before: Live, changes: Mapping[str, object], load: Callable[[], Fund | Benchmark]
) -> Edit:
    """What these changes make of a dataset; its content is loaded where the digest changes."""
    rest, default = without_default(kind, changes)
    known = before.content.meta
    meta = edited(kind, known, rest)
    text = canonical_text(meta)
    revision = before.row.revision if meta == known else revision_of(kind, text, load())
    return Edit(kind, before, meta, revision, default)


def publish(
    db: Connection, tenant: str, edit: Edit, *, by: By, now: int, expected: Expected = ANY
) -> DatasetRow:
    """Inside the transaction: check that nothing moved, record the edit; the edited dataset."""
    row = edit.before.row
    expected.check(_live(db, tenant, edit.kind, row.id))
    if catalog.pointer(db, tenant, edit.kind, row.id) != (row.revision, row.sequence):
        raise StaleError
    if edit.default is not None:
        _set_default(db, tenant, row.id, edit.default[0])
    if edit.revision != row.revision:
        _record(db, tenant, edit, now)
    if edit.fields:
        detail = {"kind": edit.kind, "fields": edit.fields}
        audit.append(db, at=now, tenant=tenant, by=by, action="edit", object=row.id, detail=detail)
    return _live(db, tenant, edit.kind, row.id)


def delete(
    db: Connection,
    tenant: str,
    kind: Kind,
    dataset: str,
    *,
    by: By,
    now: int,
    expected: Expected = ANY,
) -> None:
    """Inside the transaction: take the dataset away; its name becomes free."""
    row = _live(db, tenant, kind, dataset)
    expected.check(row)
    records.delete_datasets(db, tenant, [(dataset, row.sequence)], now)
    detail = {"kind": kind, "sequence": row.sequence}
    audit.append(db, at=now, tenant=tenant, by=by, action="delete", object=dataset, detail=detail)


def _live(db: Connection, tenant: str, kind: Kind, dataset: str) -> DatasetRow:
    found = catalog.live(db, tenant, kind, dataset)
    if found is None:
        raise NotFoundError(kind, dataset)
    return found.row


def _set_default(db: Connection, tenant: str, fund: str, benchmark: str | None) -> None:
    if benchmark is not None and catalog.pointer(db, tenant, "benchmark", benchmark) is None:
        raise NotFoundError(DEFAULT_BENCHMARK, benchmark)
    records.set_default_benchmark(db, tenant, fund, benchmark)


def _record(db: Connection, tenant: str, edit: Edit, now: int) -> None:
    row, content = edit.before
    name = str(edit.meta["name"])
    other = catalog.named(db, tenant, edit.kind, [name]).get(name)
    if other is not None and other.id != row.id:
        raise NameExistsError(edit.kind, name, other.id)
    revision = records.Revision(
        tenant=tenant,
        dataset=row.id,
        sequence=row.sequence + 1,
        revision=edit.revision,
        object=content.object,
        row0=content.row0,
        rows=content.rows,
        first_date=row.first_date,
        last_date=row.last_date,
        meta_json=canonical_text(edit.meta),
        notes_json=content.notes_json,
        import_id=None,
        created=now,
    )
    records.put_datasets(db, tenant, edit.kind, [(row.id, edit.meta)], now)
    records.add_revisions(db, [revision])
    records.move_pointers(db, [revision])
