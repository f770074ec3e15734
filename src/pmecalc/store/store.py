"""The store as the service sees it: synchronous calls that threads may share."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, Self, TypeVar, overload

from pmecalc.core.errors import NotFoundError
from pmecalc.store import (
    audit,
    backup,
    catalog,
    commits,
    edits,
    erase,
    garbage,
    layout,
    leases,
    reading,
    records,
    refusals,
    remembered,
    schema,
    sqlite,
    undo,
    upkeep,
)
from pmecalc.store.changes import Changes
from pmecalc.store.cursors import cursor_of, place_of, time_of
from pmecalc.store.errors import BusyError, DamagedError, WritesRefusedError
from pmecalc.store.items import checked
from pmecalc.store.objects import Disk, ObjectStore
from pmecalc.store.values import By, DatasetPage, ImportPage
from pmecalc.store.versions import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import Fund
    from pmecalc.store.backup import BackedUp, Manifest
    from pmecalc.store.erase import Erased
    from pmecalc.store.garbage import Collected
    from pmecalc.store.items import Item
    from pmecalc.store.objects import Stored
    from pmecalc.store.values import (
        Committed,
        DatasetRow,
        ImportRow,
        Kind,
        NewDataset,
        Once,
        Pointer,
        Step,
        Undone,
    )
    from pmecalc.store.versions import Expected

_T = TypeVar("_T")
RAW_DAYS = 90
_ATTEMPTS = 5
_SERVICE = By(actor="service")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """One connection that writes, one that reads, one for pointers alone."""

    writer: sqlite.Database
    reader: sqlite.Database
    pointers: sqlite.Database


class Store:
    """One data folder, open in this process; other processes may have it open too."""

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        sqlite_version: sqlite.Version = sqlite.VERSION,
        migrations: Sequence[schema.Migration] | None = None,
        disk: Disk | None = None,
        step: Step | None = None,
        clock: Callable[[], int] | None = None,
        ticks: Callable[[], int] | None = None,
        raw_days: int = RAW_DAYS,
    ) -> Self:
        """Open the data folder, made if it is missing; uploads are kept for `raw_days`, 0: never.

        The other options are for tests.
        """
        root = root.resolve()
        layout.refuse_network(root)
        instance = layout.prepare(root)
        _warn_of_unsafe_library(sqlite_version)
        refusals.clear(root)
        with ExitStack() as closing, layout.exclusive(root / "locks" / "migrate"):
            shared = layout.share(root, ".".join(map(str, sqlite_version)))
            closing.callback(os.close, shared)
            path = root / layout.CATALOG
            connections = Connections(
                writer=_opened(closing, path, sqlite_version),
                reader=_opened(closing, path, sqlite_version),
                pointers=_opened(closing, path, sqlite_version),
            )
            schema.migrate(connections.writer, migrations or schema.migrations(), instance, path)
            changes = _watched(closing, root / layout.CHANGES, connections)
            step = step or _no_step
            objects = ObjectStore(root, disk=disk or Disk(), step=step)
            return cls(
                root=root,
                instance=instance,
                connections=connections,
                changes=changes,
                objects=objects,
                closing=closing.pop_all(),
                step=step,
                clock=clock or _now,
                ticks=ticks or clock or leases.tick,
                raw_days=raw_days,
                version=sqlite_version,
            )

    def __init__(
        self,
        *,
        root: Path,
        instance: str,
        connections: Connections,
        changes: Changes,
        objects: ObjectStore,
        closing: ExitStack,
        step: Step,
        clock: Callable[[], int],
        ticks: Callable[[], int],
        raw_days: int,
        version: sqlite.Version,
    ) -> None:
        self.root = root
        self.instance = instance
        self._connections = connections
        self.changes = changes
        self._objects = objects
        self._step = step
        self._clock = clock
        self._ticks = ticks
        self._raw_days = raw_days
        self._version = version
        self._owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._refused = False
        self._catalog_file = layout.catalog_file(root)
        self._closing = closing

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and let go of the folder; a second time does nothing."""
        self._closing.close()

    def pointer(self, tenant: str, kind: Kind, dataset: str) -> Pointer:
        """Which content is current: one indexed read, short enough for an event loop."""
        found = self._connections.pointers.read(
            lambda db: catalog.pointer(db, tenant, kind, dataset)
        )
        if found is None:
            raise NotFoundError(kind, dataset)
        return found

    def row_count(self, tenant: str, dataset: str, revision: str) -> int:
        """How many rows a revision has, 0 if it is gone: as short a read as a pointer's."""
        return self._connections.pointers.read(
            lambda db: catalog.row_count(db, tenant, dataset, revision)
        )

    @overload
    def load(self, tenant: str, kind: Literal["fund"], dataset: str, revision: str) -> Fund: ...

    @overload
    def load(
        self, tenant: str, kind: Literal["benchmark"], dataset: str, revision: str
    ) -> Benchmark: ...

    @overload
    def load(self, tenant: str, kind: Kind, dataset: str, revision: str) -> Fund | Benchmark: ...

    def load(self, tenant: str, kind: Kind, dataset: str, revision: str) -> Fund | Benchmark:
        """The content of exactly this revision."""
        content = self._connections.reader.read(
            lambda db: catalog.content(db, tenant, kind, dataset, revision)
        )
        if content is None:
            raise NotFoundError(kind, dataset)
        path = self._objects.path("objects", content.object)
        return reading.load(path, kind, content, revision)

    def dataset(self, tenant: str, kind: Kind, dataset: str) -> DatasetRow:
        return self._live(tenant, kind, dataset).row

    def datasets(
        self, tenant: str, kind: Kind, *, limit: int = 100, after: str | None = None
    ) -> DatasetPage:
        """Live datasets by name; `after` is the `next` of the page before."""
        place = place_of(after)
        rows = self._connections.reader.read(
            lambda db: catalog.page(db, tenant, kind, limit=limit + 1, after=place)
        )
        items = tuple(rows[:limit])
        more = len(rows) > limit
        return DatasetPage(items, cursor_of(items[-1].name, items[-1].id) if more else None)

    def commit(
        self,
        tenant: str,
        datasets: Sequence[NewDataset],
        *,
        actor: str,
        via: str = "service",
        request_id: str | None = None,
        raw: bytes | None = None,
        raw_name: str | None = None,
        once: Once | None = None,
        admit: Callable[[Sequence[commits.Target]], None] | None = None,
    ) -> Committed:
        """Store all of these datasets or none; when this returns they are safe and visible.

        With `once` a request that comes again gets the answer it got before. `admit` may refuse,
        before anything is written, what would be new.
        """
        items = checked(datasets)
        by = By(actor=actor, via=via, request_id=request_id)
        return self._attempted(
            lambda: self._commit(
                tenant, items, by=by, raw=raw, raw_name=raw_name, once=once, admit=admit
            )
        )

    def edit(
        self,
        tenant: str,
        kind: Kind,
        dataset: str,
        changes: Mapping[str, object],
        *,
        by: By = _SERVICE,
        expected: Expected = ANY,
    ) -> DatasetRow:
        """Change metadata (a new revision of the same rows) or the default benchmark.

        Returns the dataset as this edit left it; PreconditionFailedError where it was not as
        expected.
        """
        return self._attempted(lambda: self._edit(tenant, kind, dataset, changes, by, expected))

    def delete(
        self,
        tenant: str,
        kind: Kind,
        dataset: str,
        *,
        by: By = _SERVICE,
        expected: Expected = ANY,
    ) -> None:
        """Take a dataset away; its name becomes free."""
        self.write(
            lambda db: edits.delete(
                db, tenant, kind, dataset, by=by, now=self._clock(), expected=expected
            )
        )

    def undo(self, tenant: str, import_id: str, *, by: By = _SERVICE) -> Undone:
        """Take all datasets of an import back to what they were, or none; by a new sequence."""
        return self.write(lambda db: undo.publish(db, tenant, import_id, by=by, now=self._clock()))

    def imports(self, tenant: str, *, limit: int = 20, after: str | None = None) -> ImportPage:
        """Imports, the last one first; `after` is the `next` of the page before."""
        place = time_of(after)
        rows = self.read(lambda db: catalog.imports(db, tenant, limit=limit + 1, after=place))
        items = tuple(rows[:limit])
        more = len(rows) > limit
        last = items[-1] if more else None
        return ImportPage(items, cursor_of(str(last.committed), last.id) if last else None)

    def one_import(self, tenant: str, import_id: str) -> ImportRow:
        found = self.read(lambda db: catalog.one_import(db, tenant, import_id))
        if found is None:
            raise NotFoundError("import", import_id)
        return found

    def now(self) -> int:
        """The time, in Unix milliseconds."""
        return self._clock()

    def tick(self) -> int:
        """The time that leases are measured by, in milliseconds; see `leases.tick`."""
        return self._ticks()

    def remembered(self, tenant: str, once: Once) -> str | None:
        """The answer that `remembered.remember` kept for this request, if it came before."""
        return self.read(lambda db: remembered.response(db, tenant, once, self._clock()))

    def read(self, query: Callable[[sqlite.Connection], _T]) -> _T:
        """Run one statement that changes nothing."""
        return self._connections.reader.read(query)

    def glance(self, query: Callable[[sqlite.Connection], _T]) -> _T:
        """Run one indexed read on the pointers' connection, short enough for an event loop."""
        return self._connections.pointers.read(query)

    def write(self, work: Callable[[sqlite.Connection], _T]) -> _T:
        """Run one transaction; the audit row of a change belongs into it."""
        return self._attempted(lambda: self._connections.writer.write(work))

    def collect_garbage(self) -> Collected | None:
        """Remove what nobody needs any more; None where another process or a backup is at work."""
        with layout.exclusive_if_free(self.root / layout.BACKUP_LOCK) as free, ExitStack() as held:
            lease = self._lease(upkeep.DUTY, held) if free else None
            if lease is None:
                return None
            collected = self._pass(partial(self._write_under, lease)).run()
            self._write_under(lease, lambda db: upkeep.mark_done(db, self.now()))
            self._connections.writer.read(upkeep.tidy)
            return collected

    def mend(self) -> tuple[int, int]:
        """Remove orphans past their grace and free leases that outlast their time; how many."""
        with layout.exclusive(self.root / layout.BACKUP_LOCK):
            freed = self.write(lambda db: leases.free_stuck(db, self.tick()))
            return len(self._pass(self.write).remove_orphans()), freed

    def tend(self) -> Collected | None:
        """Collect garbage if that is due; cheap enough to be called every minute."""
        due = self.read(lambda db: upkeep.is_due(db, self.now()))
        if due or upkeep.wal_is_large(self.root / layout.CATALOG):
            return self.collect_garbage()
        return None

    def keep_raw(self, tenant: str, data: bytes) -> str:
        """Put bytes aside for a tenant, for as long as uploads are kept; their hash."""
        self.read(lambda db: catalog.refuse_erased(db, tenant))  # before there is a file
        return self._attempted(lambda: self._put_aside(tenant, data))

    def _put_aside(self, tenant: str, data: bytes) -> str:
        stored, now = self._objects.put_if_absent("raw", data), self._clock()

        def work(db: sqlite.Connection) -> None:
            catalog.refuse_erased(db, tenant)
            if not self._objects.exists("raw", stored.hash):  # an old one, collected meanwhile
                raise commits.StaleError
            records.add_tenant(db, tenant, now)
            records.add_object(db, tenant, "raw", stored, now)

        self._connections.writer.write(work)
        return stored.hash

    def load_raw(self, tenant: str, name: str) -> bytes:
        """Bytes that this tenant put aside, exactly as they were."""
        if not self.read(lambda db: catalog.owns(db, tenant, name)):
            raise NotFoundError("object", name)
        with self._objects.open("raw", name) as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != name:
            raise DamagedError(name, "its bytes are not those that were put aside")
        return data

    def backup(self, target: Path, *, by: By = _SERVICE) -> BackedUp:
        """Back the data folder up while it is served, by this process and others."""
        done = backup.backup(self.root, self.instance, target, version=self._version)
        detail = {"files": len(done.manifest.files), "catalog": done.manifest.catalog_hash}
        self.write(
            lambda db: audit.append(
                db, at=self.now(), tenant=None, by=by, action="backup", detail=detail
            )
        )
        return done

    @classmethod
    def restore(cls, source: Path, root: Path, *, by: By = _SERVICE) -> Manifest:
        """Make a data folder of a backup, every hash verified; refuses one that is not empty."""
        manifest = backup.restore(source, root)
        with cls.open(root) as store:
            detail = {"made": manifest.made, "audit": manifest.audit_hash}
            store.write(
                lambda db: audit.append(
                    db, at=store.now(), tenant=None, by=by, action="restore", detail=detail
                )
            )
        return manifest

    def erase(self, tenant: str, *, by: By = _SERVICE) -> Erased:
        """Remove all that a tenant has; what it had cannot be brought back."""
        with layout.exclusive(self.root / layout.BACKUP_LOCK):
            erased = erase.erase(
                self.root, self._objects, self.read, self.write, tenant, by=by, now=self.now()
            )
            self._connections.writer.read(upkeep.tidy)
            return erased

    def require_space(self, upload_bytes: int) -> None:
        """Refuse an upload beforehand where the disk has no room for it."""
        layout.require_space(self.root, upload_bytes)

    def _commit(
        self,
        tenant: str,
        items: Sequence[Item],
        *,
        by: By,
        raw: bytes | None,
        raw_name: str | None,
        once: Once | None,
        admit: Callable[[Sequence[commits.Target]], None] | None,
    ) -> Committed:
        now, objects = self._clock(), self._objects
        known = self.read(lambda db: remembered.commit(db, tenant, once, now))
        if known is not None:
            return known
        planned = self.read(lambda db: commits.plan(db, tenant, items))
        new = [target for target in planned.targets if not target.already]
        if new and admit is not None:
            admit(new)
        if not new and once is None:
            return self.read(lambda db: commits.unchanged(db, tenant, planned.targets))
        upload = commits.Upload(
            by=by,
            once=once,
            import_id=secrets.token_hex(8),
            raw=self._kept(raw) if new else None,
            raw_name=raw_name,
            now=now,
        )
        rows = commits.put_packs(objects, tenant, planned.targets)
        drafted = commits.draft(tenant, planned, rows, upload)
        committed = self._connections.writer.write(
            lambda db: commits.publish(
                db,
                tenant,
                drafted,
                items=items,
                rows=rows,
                objects=objects,
                upload=upload,
                step=self._step,
            )
        )
        self._step("committed")
        return committed

    def _pass(self, write: sqlite.Run) -> garbage.Pass:
        return garbage.Pass(
            root=self.root,
            objects=self._objects,
            read=self.read,
            write=write,
            now=self.now(),
            raw_days=self._raw_days,
        )

    def _lease(self, name: str, held: ExitStack) -> leases.Lease | None:
        lease = self.write(lambda db: leases.take(db, name, self._owner, self.tick()))
        if lease is not None:
            held.callback(self.write, lambda db: leases.release(db, lease, self.tick()))
        return lease

    def _write_under(self, lease: leases.Lease, work: Callable[[sqlite.Connection], _T], /) -> _T:
        def renewed(db: sqlite.Connection) -> _T:
            leases.renew(db, lease, self.tick())
            return work(db)

        return self.write(renewed)

    def _kept(self, raw: bytes | None) -> Stored | None:
        """An upload as it was received, where it is to be kept."""
        if raw is None or self._raw_days == 0:
            return None
        return self._objects.put_if_absent("raw", raw)

    def _edit(  # noqa: PLR0917  (called by position, in one place)
        self,
        tenant: str,
        kind: Kind,
        dataset: str,
        changes: Mapping[str, object],
        by: By,
        expected: Expected,
    ) -> DatasetRow:
        before = self._live(tenant, kind, dataset)
        load = partial(self.load, tenant, kind, dataset, before.row.revision)
        edit = edits.plan(kind, before, changes, load)
        now = self._clock()
        return self._connections.writer.write(
            lambda db: edits.publish(db, tenant, edit, by=by, now=now, expected=expected)
        )

    def _live(self, tenant: str, kind: Kind, dataset: str) -> catalog.Live:
        found = self._connections.reader.read(lambda db: catalog.live(db, tenant, kind, dataset))
        if found is None:
            raise NotFoundError(kind, dataset)
        return found

    def _require_catalog(self) -> None:
        """Refuse to write into files that were removed or replaced under us: nobody finds them."""
        if layout.catalog_file(self.root) != self._catalog_file:
            raise WritesRefusedError(
                "The data folder was removed or replaced; restart the service."
            )

    def _attempted(self, work: Callable[[], _T]) -> _T:
        for _ in range(_ATTEMPTS):
            if self._refused:
                raise WritesRefusedError("An earlier write failed; restart the service.")
            try:
                self._require_catalog()
                with suppress(commits.StaleError):
                    return work()
            except WritesRefusedError as error:
                self._refused = True
                refusals.note(self.root, str(error))
                raise
        raise BusyError("Others keep changing the same datasets; try again.")


def _opened(closing: ExitStack, path: Path, version: sqlite.Version) -> sqlite.Database:
    database = sqlite.Database(path, version)
    closing.callback(database.close)
    return database


def _watched(closing: ExitStack, path: Path, connections: Connections) -> Changes:
    look = partial(connections.pointers.read, sqlite.data_version)
    changes = Changes(path, data_version=look)
    closing.callback(changes.close)
    connections.writer.after_commit(changes.publish)
    return changes


def _warn_of_unsafe_library(version: sqlite.Version) -> None:
    if not sqlite.wal_is_safe(version):
        _LOG.warning(
            "SQLite %d.%d.%d can lose data in WAL mode: using journal_mode=TRUNCATE, which is "
            "slower. Install pysqlite3 0.6.1 or later.",
            *version,
        )


def _no_step(_name: str) -> None:
    """Tests stop here."""


def _now() -> int:
    return time.time_ns() // 1_000_000
