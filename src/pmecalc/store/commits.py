"""A commit: what of it is new, the packs that hold the new, the one transaction that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.errors import NotFoundError
from pmecalc.core.fund import Fund
from pmecalc.store import audit, catalog, records, remembered
from pmecalc.store.errors import ConflictError, NameExistsError
from pmecalc.store.packs import Place, flow_pack, level_pack
from pmecalc.store.values import KINDS, Committed, CommittedDataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.store.items import Item
    from pmecalc.store.objects import ObjectStore, Stored
    from pmecalc.store.sqlite import Connection
    from pmecalc.store.values import By, Kind, Once, Step


class StaleError(Exception):
    """The catalog or the object store changed since the plan was made: make another one."""


class Target(NamedTuple):
    """Where an item goes: which dataset, which sequence, or that it is there already."""

    item: Item
    id: str
    sequence: int
    already: bool


class Plan(NamedTuple):
    """Where the items go, and how far the feed of changes had come."""

    position: int
    targets: tuple[Target, ...]


class Rows(NamedTuple):
    """Where the rows of a dataset were put."""

    object: Stored
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Who imports and when, and the file as it was received."""

    by: By
    once: Once | None
    import_id: str
    raw: Stored | None
    raw_name: str | None
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan and the rows that record it; `stale`: the packs hold other datasets than it needs."""

    planned: Plan
    new: Sequence[Target]
    revisions: Sequence[records.Revision]
    stale: bool


def plan(db: Connection, tenant: str, items: Sequence[Item]) -> Plan:
    """Where each item goes as the catalog stands now; refuses what cannot go anywhere."""
    position = catalog.position(db)  # before the rest: what moves meanwhile shows
    catalog.refuse_erased(db, tenant)
    names, ids = {}, {}
    for kind in KINDS:
        some = [item for item in items if item.new.kind == kind]
        names[kind] = catalog.named(db, tenant, kind, [item.name for item in some])
        wanted = [item.new.dataset for item in some if item.new.dataset is not None]
        ids[kind] = catalog.identified(db, tenant, kind, wanted)
    targets = (_target(item, names[item.new.kind], ids[item.new.kind]) for item in items)
    return Plan(position, tuple(targets))


def put_packs(objects: ObjectStore, tenant: str, targets: Sequence[Target]) -> dict[str, Rows]:
    """Store the rows of what is new, a pack for each kind; where they lie, by dataset id."""
    new = {target.id: target.item.new.value for target in targets if not target.already}
    funds = {name: value for name, value in new.items() if isinstance(value, Fund)}
    benchmarks = {name: value for name, value in new.items() if isinstance(value, Benchmark)}
    packs = []
    if funds:
        packs.append(flow_pack(tenant, funds))
    if benchmarks:
        packs.append(level_pack(tenant, benchmarks))
    stored = [(objects.put_if_absent("objects", pack.data), pack.places) for pack in packs]
    return {name: Rows(pack, place) for pack, places in stored for name, place in places.items()}


def draft(tenant: str, planned: Plan, rows: dict[str, Rows], upload: Upload) -> Draft:
    """What will be recorded if nothing moves; made before the transaction, to keep that short."""
    new = sorted((target for target in planned.targets if not target.already), key=attrgetter("id"))
    stale = any(target.id not in rows for target in new)
    revisions = [] if stale else [_revision(tenant, each, rows[each.id], upload) for each in new]
    return Draft(planned=planned, new=new, revisions=revisions, stale=stale)


def publish(
    db: Connection,
    tenant: str,
    drafted: Draft,
    *,
    items: Sequence[Item],
    rows: dict[str, Rows],
    objects: ObjectStore,
    upload: Upload,
    step: Step,
) -> Committed:
    """Inside the transaction: check again, record, move the pointers."""
    step("begun")
    known = remembered.commit(db, tenant, upload.once, upload.now)
    if known is not None:
        return known
    if catalog.position(db) != drafted.planned.position or catalog.is_erased(db, tenant):
        drafted = draft(tenant, plan(db, tenant, items), rows, upload)
    targets = drafted.planned.targets
    if not drafted.new:
        committed = unchanged(db, tenant, targets)
        remembered.remember_commit(db, tenant, upload.once, committed, upload.now)
        return committed
    if drafted.stale or not _all_stored(drafted.new, rows, objects, upload):
        raise StaleError
    step("checked")
    _record_import(db, tenant, drafted.new, rows=rows, upload=upload)
    records.add_revisions(db, drafted.revisions)
    step("inserted")
    records.move_pointers(db, drafted.revisions)
    step("pointed")
    committed = _committed(upload.import_id, targets, already=False)
    remembered.remember_commit(db, tenant, upload.once, committed, upload.now)
    _record_in_audit(db, tenant, revisions=len(drafted.revisions), upload=upload)
    return committed


def unchanged(db: Connection, tenant: str, targets: Sequence[Target]) -> Committed:
    """The answer to content that is there already: the import that brought it."""
    return _committed(catalog.last_import(db, tenant, targets[0].id), targets, already=True)


def _all_stored(
    new: Sequence[Target], rows: dict[str, Rows], objects: ObjectStore, upload: Upload
) -> bool:
    packs = {rows[target.id].object.hash for target in new}
    raw = upload.raw is None or objects.exists("raw", upload.raw.hash)
    return raw and all(objects.exists("objects", pack) for pack in packs)


def _target(
    item: Item, names: dict[str, catalog.Current], ids: dict[str, catalog.Current]
) -> Target:
    new, named = item.new, names.get(item.name)
    current = named if new.dataset is None else ids.get(new.dataset)
    if new.dataset is not None and current is None:
        raise NotFoundError(new.kind, new.dataset)
    if current is not None and current.revision == item.revision:
        return Target(item, current.id, current.sequence, already=True)
    sequence = current.sequence if current else 0
    if new.expected_sequence not in {None, sequence}:
        raise ConflictError(
            new.kind, item.name, expected=new.expected_sequence or 0, current=sequence
        )
    if named is not None and named.id != new.dataset:
        raise NameExistsError(new.kind, item.name, named.id)
    return Target(item, current.id if current else item.fresh_id, sequence + 1, already=False)


def _record_import(
    db: Connection,
    tenant: str,
    new: Sequence[Target],
    *,
    rows: dict[str, Rows],
    upload: Upload,
) -> None:
    now = upload.now
    records.add_tenant(db, tenant, now)
    if upload.raw is not None:
        records.add_object(db, tenant, "raw", upload.raw, now)
    records.add_import(
        db,
        tenant,
        upload.import_id,
        actor=upload.by.actor,
        raw=upload.raw,
        raw_name=upload.raw_name,
        now=now,
    )
    for kind in KINDS:
        some = [target for target in new if target.item.new.kind == kind]
        for stored in {rows[target.id].object for target in some}:
            records.add_object(db, tenant, _PACK_KIND[kind], stored, now)
        records.put_datasets(
            db, tenant, kind, [(target.id, target.item.meta) for target in some], now
        )


def _record_in_audit(db: Connection, tenant: str, *, revisions: int, upload: Upload) -> None:
    audit.append(
        db,
        at=upload.now,
        tenant=tenant,
        by=upload.by,
        action="import.commit",
        object=upload.import_id,
        detail={"revisions": revisions, "raw": upload.raw.hash if upload.raw else None},
    )


def _revision(tenant: str, target: Target, rows: Rows, upload: Upload) -> records.Revision:
    return records.Revision(
        tenant,
        target.id,
        target.sequence,
        target.item.revision,
        rows.object.hash,
        *rows.place,
        *target.item.span,
        target.item.meta_json,
        target.item.notes_json,
        upload.import_id,
        upload.now,
    )


def _committed(import_id: str | None, targets: Sequence[Target], *, already: bool) -> Committed:
    items = tuple(
        CommittedDataset(
            id=target.id,
            kind=target.item.new.kind,
            name=target.item.name,
            revision=target.item.revision,
            sequence=target.sequence,
            already=target.already,
        )
        for target in targets
    )
    return Committed(import_id=import_id, items=items, already=already)


_PACK_KIND: dict[Kind, records.ObjectKind] = {"fund": "flows", "benchmark": "levels"}
