from __future__ import annotations

import hashlib
import os
import threading
from functools import partial
from subprocess import Popen

import pytest

from fakes import FakeClock
from pmecalc.store import Store, layout, leases
from pmecalc.store.garbage import Pass
from unit.store.samples import TENANT, new_benchmark, new_fund

DAY_MS = 24 * 3600 * 1000
START = 1_700_000_000_000
RAW = b"as received"


class AgeingFolder:
    """A store whose clock and files grow older together."""

    def __init__(self, root):
        self.root = root
        self.clock = FakeClock(START)
        self.open = partial(Store.open, root, clock=self.clock)

    def advance(self, days):
        self.clock.advance(int(days * DAY_MS))

    def stored(self, area="objects"):
        return [path for path in (self.root / area).rglob("*") if path.is_file()]

    def date_back(self):
        """Files get the time of the clock at which they are first seen."""
        for area in ("objects", "raw", "tmp"):
            for path in self.stored(area):
                os.utime(path, (self.clock() / 1000,) * 2)


@pytest.fixture
def folder(root):
    return AgeingFolder(root)


def count(store, table):
    sql = f"SELECT count(*) FROM {table}"  # noqa: S608
    return store.read(lambda db: db.execute(sql).fetchone()[0])


def damage(store):
    """References to what is not there."""
    return store.read(lambda db: db.execute("PRAGMA foreign_key_check").fetchall())


def grow(folder, store, revisions, days_between):
    """A fund with this many revisions, the last one at sequence `revisions`."""
    item = store.commit(TENANT, [new_fund()], actor="me", raw=RAW).items[0]
    folder.date_back()
    for scale in range(2, revisions + 1):
        folder.advance(days_between)
        store.commit(TENANT, [new_fund(scale=scale, dataset=item.id)], actor="me")
        folder.date_back()
    return item.id


def test_nothing_young_is_removed(folder):
    """What is younger than 30 days stays, however many revisions there are."""
    with folder.open() as store:
        grow(folder, store, 30, 0.9)
        collected = store.collect_garbage()
        assert (collected.revisions, collected.objects) == (0, 0)
        assert count(store, "revision") == 30


def test_last_twenty_are_kept(folder):
    """Of old revisions the last 20 stay, with their packs; the others go with theirs."""
    with folder.open() as store:
        fund = grow(folder, store, 30, 0.1)
        folder.advance(60)
        collected = store.collect_garbage()
        assert (collected.revisions, collected.objects) == (10, 10)
        kept = store.read(lambda db: db.execute("SELECT min(seq) FROM revision").fetchone())
        assert kept == (11,)
        assert len(folder.stored()) == 20
        found = store.pointer(TENANT, "fund", fund)
        assert store.load(TENANT, "fund", fund, found.revision).contributions[0] == 3000.0
        assert damage(store) == []
        assert store.collect_garbage().revisions == 0


def test_what_was_current_lately_is_kept(folder):
    """A revision that was current in the last 30 days stays: an undo may go back to it."""
    with folder.open() as store:
        fund = grow(folder, store, 2, 0.1)
        folder.advance(60)
        for scale in range(3, 26):
            store.commit(TENANT, [new_fund(scale=scale, dataset=fund)], actor="me")
        store.collect_garbage()
        kept = store.read(lambda db: db.execute("SELECT min(seq) FROM revision").fetchone())
        assert kept == (2,)


def test_deleted_datasets(folder):
    """A dataset stays for 30 days after its deletion, then it is gone with all that it had."""
    with folder.open() as store:
        item = store.commit(TENANT, [new_fund()], actor="me").items[0]
        store.commit(TENANT, [new_benchmark()], actor="me")
        folder.date_back()
        store.delete(TENANT, "fund", item.id)
        folder.advance(29)
        assert store.collect_garbage().datasets == 0
        folder.advance(2)
        collected = store.collect_garbage()
        assert (collected.revisions, collected.datasets, collected.objects) == (1, 1, 1)
        assert [row.name for row in store.datasets(TENANT, "benchmark").items] == ["World"]
        assert damage(store) == []


def test_uploads_are_kept_for_their_days(root):
    """An upload goes after its days of retention; 0 days keep none at all."""
    folder = AgeingFolder(root)
    with Store.open(root, clock=folder.clock, raw_days=10) as store:
        store.commit(TENANT, [new_fund()], actor="me", raw=RAW)
        folder.date_back()
        folder.advance(9.9)
        assert store.collect_garbage().raw == 0
        folder.advance(0.2)
        assert store.collect_garbage().raw == 1
        assert folder.stored("raw") == []
        assert damage(store) == []
    with Store.open(root, raw_days=0) as store:
        store.commit(TENANT, [new_benchmark()], actor="me", raw=RAW)
        assert folder.stored("raw") == []


def test_upload_again_is_kept_again(root):
    """The same upload a second time begins a new retention."""
    folder = AgeingFolder(root)
    with Store.open(root, clock=folder.clock, raw_days=10) as store:
        store.commit(TENANT, [new_fund()], actor="me", raw=RAW)
        folder.date_back()
        folder.advance(9)
        store.commit(TENANT, [new_benchmark()], actor="me", raw=RAW)
        folder.date_back()
        folder.advance(9)
        assert store.collect_garbage().raw == 0


def test_orphans(folder):
    """A pack that no revision names goes after a day of grace, and nothing else does."""
    with folder.open() as store:
        store.commit(TENANT, [new_fund()], actor="me", raw=RAW)
        store._objects.put_if_absent("objects", b"of a commit that died")
        store._objects.put_if_absent("raw", b"of an upload that died")
        folder.date_back()
        folder.advance(0.9)
        assert (store.collect_garbage().objects, store.collect_garbage().raw) == (0, 0)
        folder.advance(0.2)
        collected = store.collect_garbage()
        assert (collected.objects, collected.raw) == (1, 1)
        assert (len(folder.stored()), len(folder.stored("raw"))) == (1, 1)


def test_drafts(folder):
    """A draft goes when its writer is dead or a day has passed; that of a living one stays."""
    with folder.open() as store:
        child = Popen(["true"])
        child.wait()
        for pid in (child.pid, os.getpid()):
            (folder.root / "tmp" / f"{pid}-0a").write_bytes(b"draft")
        folder.date_back()
        assert store.collect_garbage().drafts == 1
        assert [path.name for path in folder.stored("tmp")] == [f"{os.getpid()}-0a"]
        folder.advance(1.1)
        assert store.collect_garbage().drafts == 1


def test_feed_answers_and_stuck_imports(folder):
    """The feed is kept for a week; an import that stays staged for a day has failed."""
    with folder.open() as store:
        done = store.commit(TENANT, [new_fund()], actor="me")
        store.write(lambda db: db.execute("UPDATE import SET state = 'staged'"))
        folder.advance(6.9)
        assert store.collect_garbage().changes == 0
        assert store.one_import(TENANT, done.import_id).state == "failed"
        folder.advance(0.2)
        assert store.collect_garbage().changes == 1


def test_reused_object_survives(folder):
    """A commit that reuses an object while the collector wants it keeps it (S-09)."""
    stored = threading.Event()
    collected = threading.Event()

    def step(name):
        if name == "objects-durable":
            stored.set()
            assert collected.wait(60)

    with folder.open() as store:
        item = store.commit(TENANT, [new_fund()], actor="me").items[0]
        store.delete(TENANT, "fund", item.id)
        (pack,) = folder.stored()
        folder.date_back()
        folder.advance(40)
        name = pack.stem
        with folder.open(step=step) as other:
            other._objects.path("objects", name)
            results = []
            writer = threading.Thread(
                target=lambda: results.append(
                    other.commit(TENANT, [new_fund("Reused", 2)], actor="me").items[0]
                )
            )
            writer.start()
            assert stored.wait(60)
            # The pack of the commit is unreferenced and, as if touched long ago, old.
            os.utime(next(path for path in folder.stored() if path != pack), (0, 0))
            store.collect_garbage()
            collected.set()
            writer.join(60)
        assert store.load(TENANT, "fund", results[0].id, results[0].revision)
        assert len(folder.stored()) == 1


def test_collector_looks_again(folder):
    """An object that a commit took up after the collector chose it is left alone (S-09)."""
    with folder.open() as store:
        store._objects.put_if_absent("objects", b"an orphan")
        folder.date_back()
        folder.advance(2)
        removed = []

        def write(work):
            for path in folder.stored():
                os.utime(path, (folder.clock() / 1000,) * 2)
            removed.append(store.write(work))
            return removed[-1]

        run = garbage_pass(folder, store, write)
        assert run.run().objects == 0
        assert len(folder.stored()) == 1


def garbage_pass(folder, store, write):
    return Pass(
        root=folder.root,
        objects=store._objects,
        read=store.read,
        write=write,
        now=folder.clock(),
        raw_days=90,
    )


def test_one_collector(folder):
    """While another process collects, or a backup runs, nobody else does."""
    with folder.open() as store:
        lease = store.write(lambda db: leases.take(db, "gc", "other", folder.clock()))
        assert store.collect_garbage() is None
        store.write(lambda db: leases.release(db, lease, folder.clock()))
        with layout.exclusive(folder.root / layout.BACKUP_LOCK):
            assert store.collect_garbage() is None
        assert store.collect_garbage() is not None


def test_once_an_hour(folder):
    """Tending collects at once, then once an hour, whoever asks."""
    with folder.open() as store, folder.open() as other:
        assert store.tend() is not None
        assert other.tend() is None
        folder.advance(59 / 60 / 24)
        assert other.tend() is None
        folder.advance(2 / 60 / 24)
        assert other.tend() is not None
        assert store.tend() is None


def test_what_is_put_aside_is_not_collected_under_us(folder):
    """An old file of the same bytes is collected between its renewal and the record of it."""
    passes = []

    def collect_between(step):
        if step == "raw-durable" and len(passes) < 2:
            path = store._objects.path("raw", hashlib.sha256(RAW).hexdigest())
            os.utime(path, (0, 0))  # as if it had been looked at just before it was renewed
            with folder.open() as other:
                passes.append(other.collect_garbage())

    with folder.open(step=collect_between) as store:
        name = store.keep_raw(TENANT, RAW)
        assert [each.raw for each in passes] == [1, 1]
        assert store.load_raw(TENANT, name) == RAW
