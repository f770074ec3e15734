"""What is wrong with a data folder, found without changing anything in it."""

from __future__ import annotations

import os
import resource
import shutil
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, TypeAlias

import pyarrow as pa

from pmecalc.core.errors import StoreError
from pmecalc.store import audit, jobs, layout, leases, packs, refusals, schema, sqlite, upkeep
from pmecalc.store.objects import AREA_OF, AREAS, file_hash, relative_path, stored_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pmecalc.store.sqlite import Connection

Level: TypeAlias = Literal["fine", "warning", "damage"]

_DAY_MS = 24 * 3600 * 1000
_FEW_FILES = 1024
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and how it stands."""

    check: str
    level: Level
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A data folder under examination."""

    root: Path
    db: Connection
    now: int
    deep: bool


def examine(root: Path, *, now: int, deep: bool = False) -> list[Finding]:
    """All findings about a data folder; `deep` reads every byte of it."""
    found = list(_of_the_folder(root))
    try:
        found += _of_the_catalog(root, now, deep=deep)
    except StoreError as error:
        found.append(Finding("catalog", "damage", str(error)))
    return found


def worst(findings: list[Finding]) -> Level:
    """The level of the gravest finding."""
    order: tuple[Level, ...] = ("fine", "warning", "damage")
    return max((finding.level for finding in findings), key=order.index, default="fine")


def _of_the_folder(root: Path) -> Iterator[Finding]:
    kind = layout.filesystem(PurePosixPath(root.resolve()), layout.mount_table()) or "unknown"
    network = layout.is_network(kind)
    yield Finding("file system", "damage" if network else "fine", kind)
    usage = shutil.disk_usage(root)
    low = usage.free < layout.LEAST_FREE
    yield Finding("disk", "warning" if low else "fine", f"{usage.free // 2**20} MiB are free")
    yield from _of_permissions(root)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = files != resource.RLIM_INFINITY and files < _FEW_FILES
    yield Finding("open files", "warning" if few else "fine", f"at most {files} for a process")
    for refusal in refusals.of_living(root):
        text = f"process {refusal.pid} writes no more until a restart: {refusal.reason}"
        yield Finding("writes", "damage", text)


def _of_permissions(root: Path) -> Iterator[Finding]:
    paths = [root, root / layout.CATALOG, *(root / name for name in layout.FOLDERS)]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        yield Finding("permissions", "damage", f"missing: {', '.join(missing)}")
        return
    open_to_others = [path.name for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
    closed_to_us = [path.name for path in paths if not os.access(path, os.R_OK | os.W_OK)]
    if closed_to_us:
        yield Finding("permissions", "damage", f"not ours to write: {', '.join(closed_to_us)}")
    elif open_to_others:
        yield Finding("permissions", "warning", f"open to others: {', '.join(open_to_others)}")
    else:
        yield Finding("permissions", "fine", "ours alone")


def _of_the_catalog(root: Path, now: int, *, deep: bool) -> Iterator[Finding]:
    version = ".".join(map(str, sqlite.VERSION))
    with ExitStack() as closing:
        # A garbage collection meanwhile would look like damage.
        closing.enter_context(layout.exclusive(root / layout.BACKUP_LOCK))
        with layout.exclusive(root / "locks" / "migrate"):
            closing.callback(os.close, layout.share(root, version))
        database = closing.enter_context(sqlite.opened(root / layout.CATALOG, sqlite.VERSION))
        database.read(lambda db: db.execute("PRAGMA query_only=ON"))
        mode = database.read(lambda db: db.execute("PRAGMA journal_mode").fetchone()[0])
        safe = sqlite.wal_is_safe(sqlite.VERSION)
        yield Finding("SQLite", "fine" if safe else "warning", f"{version}, journal mode {mode}")
        yield from database.read(_of_the_schema)
        if database.read(schema.schema_version) == schema.migrations()[-1].number:
            yield from database.read(
                lambda db: _of_the_records(Patient(root=root, db=db, now=now, deep=deep))
            )


def _of_the_records(patient: Patient) -> list[Finding]:
    return [finding for check in _CHECKS for finding in check(patient)]


def _of_the_schema(db: Connection) -> list[Finding]:
    known, found = schema.migrations()[-1].number, schema.schema_version(db)
    if found > known:
        text = f"{found}; this program knows {known}: start the newer one"
        return [Finding("schema", "damage", text)]
    if found < known:
        text = f"{found}; this program migrates it to {known} when it starts"
        return [Finding("schema", "warning", text)]
    return [Finding("schema", "fine", str(found))]


def _of_the_pages(patient: Patient) -> Iterator[Finding]:
    pragma = "integrity_check" if patient.deep else "quick_check"
    rows = [text for (text,) in patient.db.execute(f"PRAGMA {pragma}({_SHOWN})")]
    if rows == ["ok"]:
        yield Finding(pragma, "fine", "ok")
    yield from (Finding(pragma, "damage", text) for text in rows if text != "ok")


def _of_foreign_keys(patient: Patient) -> Iterator[Finding]:
    rows = patient.db.execute("PRAGMA foreign_key_check").fetchall()
    yield from _counted("foreign keys", [f"{row[0]} names a missing {row[2]}" for row in rows])


def _of_pointers(patient: Patient) -> Iterator[Finding]:
    wrong = patient.db.execute(
        "SELECT d.tenant, d.id FROM dataset AS d "
        "LEFT JOIN pointer AS p ON p.tenant = d.tenant AND p.dataset = d.id "
        "LEFT JOIN revision AS r ON r.tenant = d.tenant AND r.dataset = d.id "
        "AND r.seq = p.seq AND r.rev = p.rev "
        "WHERE (d.deleted_at IS NULL) <> (p.seq IS NOT NULL) "
        "OR (p.seq IS NOT NULL AND r.seq IS NULL)"
    ).fetchall()
    yield from _counted(
        "pointers", [f"that of {dataset} of {tenant} is no revision" for tenant, dataset in wrong]
    )
    gaps = patient.db.execute(
        "SELECT r.tenant, r.dataset FROM revision AS r "
        "LEFT JOIN pointer AS p ON p.tenant = r.tenant AND p.dataset = r.dataset "
        "GROUP BY r.tenant, r.dataset "
        "HAVING max(r.seq) - min(r.seq) + 1 <> count(*) "
        "OR max(r.seq) <> coalesce(p.seq, max(r.seq))"
    ).fetchall()
    yield from _counted(
        "sequences", [f"those of {dataset} of {tenant} have a gap" for tenant, dataset in gaps]
    )


def _of_objects(patient: Patient) -> Iterator[Finding]:
    rows = patient.db.execute(
        "SELECT o.kind, o.hash, max(o.bytes), (SELECT max(r.row0 + r.rows) FROM revision AS r "
        "WHERE r.tenant = o.tenant AND r.object = o.hash) FROM object AS o GROUP BY o.kind, o.hash"
    ).fetchall()
    wrong = []
    for kind, name, size, ends in rows:
        path = patient.root / relative_path(AREA_OF[kind], name)
        reason = _damage(path, name, size, ends, patient)
        if reason is not None:
            wrong.append(f"{kind} {name}: {reason}")
    known = "read and compared" if patient.deep else "present"
    yield from _counted("objects", wrong, fine=f"{len(rows)} {known}")


def _damage(path: Path, name: str, size: int, ends: int | None, patient: Patient) -> str | None:
    try:
        found = path.stat().st_size
        if found != size:
            return f"it has {found} bytes instead of {size}"
        return _deep_damage(path, name, ends) if patient.deep else None
    except FileNotFoundError:
        return "it is missing"
    except (OSError, pa.ArrowException, ValueError) as error:
        return f"it cannot be read: {error}"


def _deep_damage(path: Path, name: str, ends: int | None) -> str | None:
    if file_hash(path) != name:
        return "its bytes are not those that were written"
    if ends is not None and packs.row_count(path) < ends:
        return "rows are missing"
    return None


def _of_orphans(patient: Patient) -> Iterator[Finding]:
    young = old = 0
    for area in AREAS:
        kinds = [kind for kind in AREA_OF if AREA_OF[kind] == area]
        known = {
            name
            for kind in kinds
            for (name,) in patient.db.execute("SELECT hash FROM object WHERE kind = ?", (kind,))
        }
        for name in set(stored_names(patient.root, area)) - known:
            written = (patient.root / relative_path(area, name)).stat().st_mtime * 1000
            is_old = written < patient.now - _DAY_MS
            old, young = old + is_old, young + (not is_old)
    text = f"{old} past their grace, {young} within it"
    yield Finding("orphans", "warning" if old else "fine", text)


def _of_duties(patient: Patient) -> Iterator[Finding]:
    tick = leases.tick()
    held = patient.db.execute(
        "SELECT name, owner, until FROM lease WHERE until > ? AND until <= ? ORDER BY name",
        (tick, tick + leases.HELD_MS),
    ).fetchall()
    for name, owner, until in held:
        text = f"{name} is held by {owner} for {(until - tick) // 1000} s"
        yield Finding("leases", "fine", text)
    if not held:
        yield Finding("leases", "fine", "none is held")
    unheld = jobs.unheld(patient.db, tick)
    yield Finding("jobs", "warning" if unheld else "fine", f"{unheld} run without a lease")
    staged = patient.db.execute(
        "SELECT count(*) FROM import WHERE state = 'staged' AND created < ?",
        (patient.now - _DAY_MS,),
    ).fetchone()[0]
    yield Finding("imports", "warning" if staged else "fine", f"{staged} staged for over a day")


def _of_the_audit(patient: Patient) -> Iterator[Finding]:
    wrong = [f"row {fault.n}: {fault.reason}" for fault in audit.faults(patient.db)]
    last = audit.head(patient.db)
    yield from _counted("audit", wrong, fine=f"{last.n} rows, head {last.hash[:16]}")


def _of_the_log(patient: Patient) -> Iterator[Finding]:
    large = upkeep.wal_is_large(patient.root / layout.CATALOG)
    yield Finding("log", "warning" if large else "fine", "over 64 MiB" if large else "small")


def _of_the_clock(patient: Patient) -> Iterator[Finding]:
    last = patient.db.execute("SELECT coalesce(max(at), 0) FROM audit").fetchone()[0]
    ahead = last > patient.now + 60_000
    text = "not behind the last change"
    if ahead:
        text = "behind the last change: set it, or wait until it has caught up (leases do without)"
    yield Finding("clock", "warning" if ahead else "fine", text)


def _counted(check: str, wrong: list[str], *, fine: str = "ok") -> Iterator[Finding]:
    """The first faults a line each, and how many more there are."""
    if not wrong:
        yield Finding(check, "fine", fine)
    yield from (Finding(check, "damage", text) for text in wrong[:_SHOWN])
    if len(wrong) > _SHOWN:
        yield Finding(check, "damage", f"and {len(wrong) - _SHOWN} more")


_CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    _of_the_pages,
    _of_foreign_keys,
    _of_pointers,
    _of_objects,
    _of_orphans,
    _of_duties,
    _of_the_audit,
    _of_the_log,
    _of_the_clock,
)
