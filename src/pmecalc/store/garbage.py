"""Garbage collection: revisions past their time, then objects that no revision names.

A crash at any place leaves only garbage for the next pass. Every removal of a file stands in one
transaction with the second look at who refers to it, and a commit looks for its objects in a
transaction too, so that neither can miss the other.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pmecalc.store import audit, remembered
from pmecalc.store.objects import AREAS, stored_names
from pmecalc.store.refusals import is_alive
from pmecalc.store.undo import KEPT_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pmecalc.store.objects import Area, ObjectStore
    from pmecalc.store.sqlite import Connection, Run

_DAY_MS = 24 * 3600 * 1000
_GRACE_MS = _DAY_MS
_FEED_MS = 7 * _DAY_MS
_AUDIT_MS = 400 * _DAY_MS
_KEPT_REVISIONS = 20
_BATCH = 500
_DRAFT = re.compile(r"(\d+)-\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """How much a pass removed."""

    revisions: int
    datasets: int
    objects: int
    raw: int
    drafts: int
    changes: int
    answers: int
    audit: int


class Candidate(NamedTuple):
    """A stored file that nothing seems to need."""

    area: Area
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One round over a data folder: `write` runs a transaction that also renews the lease."""

    root: Path
    objects: ObjectStore
    read: Run
    write: Run
    now: int
    raw_days: int

    def run(self) -> Collected:
        """Everything in its order: what refers goes before what is referred to."""
        revisions = self._remove_revisions()
        datasets = self.write(self._remove_datasets)
        self.write(self._fail_stuck_imports)
        gone = self.remove_orphans()
        return Collected(
            revisions=revisions,
            datasets=datasets,
            objects=sum(each.area == "objects" for each in gone),
            raw=sum(each.area == "raw" for each in gone),
            drafts=remove_drafts(self.root, self.now),
            changes=self.write(self._old_changes),
            answers=self.write(lambda db: remembered.forget(db, now=self.now)),
            audit=self.write(lambda db: audit.forget(db, before=self.now - _AUDIT_MS)),
        )

    def remove_orphans(self) -> list[Candidate]:
        """Stored files past their grace that nothing names."""
        return [each for each in self._candidates() if self._remove(each)]

    def _remove_revisions(self) -> int:
        """What no undo or reader will ask for again, so it may be looked up beforehand."""
        old = self.read(self._old_revisions)
        for start in range(0, len(old), _BATCH):
            batch = old[start : start + _BATCH]
            self.write(lambda db, batch=batch: _delete_revisions(db, batch))  # type: ignore[misc]  # bound now
        return len(old)

    def _old_revisions(self, db: Connection) -> list[tuple[str, str, int]]:
        """All but: the current one, the last 20, and what was current in the last 30 days."""
        return db.execute(
            "SELECT r.tenant, r.dataset, r.seq FROM revision AS r "
            "JOIN dataset AS d ON d.tenant = r.tenant AND d.id = r.dataset "
            "LEFT JOIN pointer AS p ON p.tenant = r.tenant AND p.dataset = r.dataset "
            "WHERE d.deleted_at < :cutoff OR (d.deleted_at IS NULL AND r.created < :cutoff "
            "AND r.seq <= p.seq - :kept AND EXISTS ("
            "SELECT 1 FROM revision AS n WHERE n.tenant = r.tenant AND n.dataset = r.dataset "
            "AND n.seq = r.seq + 1 AND n.created < :cutoff))",
            {"cutoff": self.now - KEPT_MS, "kept": _KEPT_REVISIONS},
        ).fetchall()

    def _remove_datasets(self, db: Connection) -> int:
        """Datasets deleted long ago: their revisions are gone."""
        return db.execute(
            "DELETE FROM dataset WHERE deleted_at < ? AND NOT EXISTS (SELECT 1 FROM revision AS r "
            "WHERE r.tenant = dataset.tenant AND r.dataset = dataset.id)",
            (self.now - KEPT_MS,),
        ).rowcount

    def _fail_stuck_imports(self, db: Connection) -> None:
        db.execute(
            "UPDATE import SET state = 'failed' WHERE state = 'staged' AND created < ?",
            (self.now - _GRACE_MS,),
        )

    def _old_changes(self, db: Connection) -> int:
        return db.execute("DELETE FROM change WHERE at < ?", (self.now - _FEED_MS,)).rowcount

    def _candidates(self) -> Iterator[Candidate]:
        needed = {
            "objects": {hash_ for (hash_,) in self.read(_packs_in_use)},
            "raw": {hash_ for (hash_,) in self.read(self._raw_in_use)},
        }
        for area in AREAS:
            for name in stored_names(self.root, area):
                if name not in needed[area] and self._is_old(self.objects.path(area, name)):
                    yield Candidate(area, name)
            for (known,) in self.read(_RECORDED[area]):
                if known not in needed[area] and not self.objects.exists(area, known):
                    yield Candidate(area, known)

    def _remove(self, candidate: Candidate) -> bool:
        return self.write(lambda db: self._remove_now(db, candidate))

    def _remove_now(self, db: Connection, candidate: Candidate) -> bool:
        area, name = candidate
        path = self.objects.path(area, name)
        in_use = _pack_is_in_use(db, name) if area == "objects" else self._raw_is_in_use(db, name)
        if in_use or (path.exists() and not self._is_old(path)):
            return False
        path.unlink(missing_ok=True)
        db.execute(
            "DELETE FROM object WHERE hash = ? AND (kind = 'raw') = ?", (name, area == "raw")
        )
        return True

    def _is_old(self, path: Path) -> bool:
        with suppress(FileNotFoundError):
            return path.stat().st_mtime_ns // 1_000_000 < self.now - _GRACE_MS
        return False

    def _raw_in_use(self, db: Connection) -> list[tuple[str, ...]]:
        return db.execute(
            "SELECT hash FROM object WHERE kind = 'raw' AND created >= ? UNION "
            "SELECT raw_hash FROM import WHERE state = 'staged' AND raw_hash IS NOT NULL",
            (self._raw_cutoff,),
        ).fetchall()

    def _raw_is_in_use(self, db: Connection, name: str) -> bool:
        return (name,) in self._raw_in_use(db)

    @property
    def _raw_cutoff(self) -> int:
        return self.now - self.raw_days * _DAY_MS


def remove_drafts(root: Path, now: int) -> int:
    """Unfinished writes of processes that are no more, or of more than a day ago."""
    gone = 0
    for path in (root / "tmp").iterdir():
        with suppress(FileNotFoundError):
            written = path.stat().st_mtime_ns // 1_000_000
            if written < now - _GRACE_MS or not _writer_lives(path.name):
                path.unlink()
                gone += 1
    return gone


def _writer_lives(name: str) -> bool:
    found = _DRAFT.fullmatch(name)
    return found is None or is_alive(int(found[1]))


def _delete_revisions(db: Connection, keys: Sequence[tuple[str, str, int]]) -> None:
    db.executemany("DELETE FROM revision WHERE tenant = ? AND dataset = ? AND seq = ?", keys)


def _packs_in_use(db: Connection) -> list[tuple[str, ...]]:
    return db.execute("SELECT DISTINCT object FROM revision").fetchall()


def _pack_is_in_use(db: Connection, name: str) -> bool:
    return bool(
        db.execute(
            "SELECT EXISTS (SELECT 1 FROM tenant AS t JOIN revision AS r "
            "ON r.tenant = t.id AND r.object = ?)",
            (name,),
        ).fetchone()[0]
    )


def _recorded_packs(db: Connection) -> list[tuple[str, ...]]:
    return db.execute("SELECT DISTINCT hash FROM object WHERE kind <> 'raw'").fetchall()


def _recorded_raw(db: Connection) -> list[tuple[str, ...]]:
    return db.execute("SELECT DISTINCT hash FROM object WHERE kind = 'raw'").fetchall()


_RECORDED = {"objects": _recorded_packs, "raw": _recorded_raw}
