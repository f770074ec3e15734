from __future__ import annotations

import errno
import os
import time

import pytest
from pyarrow import parquet

from pmecalc.core.errors import StoreError
from pmecalc.store import DamagedError, Store, WritesRefusedError, leases
from pmecalc.store.doctor import examine, worst
from unit.store.samples import TENANT, new_benchmark, new_fund
from unit.store.test_crashes import FaultyDisk

DAY_SECONDS = 24 * 3600


@pytest.fixture
def folder(root):
    """A data folder with a fund at its second revision and a benchmark."""
    with Store.open(root) as store:
        items = store.commit(TENANT, [new_fund(), new_benchmark()], actor="me", raw=b"raw").items
        store.commit(TENANT, [new_fund(scale=2, dataset=items[0].id)], actor="me")
    return root


def now():
    return time.time_ns() // 1_000_000


def findings(root, *, deep=False):
    """What is not fine: level, check and text."""
    found = examine(root, now=now(), deep=deep)
    return [(f.level, f.check, f.text) for f in found if f.level != "fine"]


def flip_an_amount(pack):
    """A bit of the last page of the contributions: other columns need not be read for a fund."""
    group = parquet.read_metadata(pack).row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    column = next(each for each in columns if each.path_in_schema == "contribution")
    first = column.dictionary_page_offset or column.data_page_offset
    data = bytearray(pack.read_bytes())
    data[first + column.total_compressed_size - 1] ^= 0x10
    pack.write_bytes(data)


def tamper(root, *statements):
    with Store.open(root) as store:
        for statement in statements:
            store._connections.writer.read(lambda db, sql=statement: db.execute(sql).fetchall())


@pytest.mark.parametrize("deep", [False, True])
def test_fine(folder, deep):
    """A sound folder is fine in every respect, also while it is served."""
    with Store.open(folder):
        found = examine(folder, now=now(), deep=deep)
    assert worst(found) == "fine", found
    checks = {finding.check for finding in found}
    assert checks >= {
        *("SQLite", "audit", "clock", "disk", "file system", "foreign keys", "imports", "jobs"),
        *("leases", "objects", "open files", "orphans", "permissions", "pointers", "sequences"),
    }


def test_examining_changes_nothing(folder):
    """The doctor leaves every file as it was."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    examine(folder, now=now(), deep=True)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path for path in before if after.get(path) != before[path]} <= {
        folder / "locks" / "catalog"
    }


def test_flipped_byte(folder):
    """A flipped byte in a pack is found by the deep look, and reading it gives no number (S-19)."""
    with Store.open(folder) as store:
        sql = "SELECT object FROM revision WHERE seq = 2"
        name = store.read(lambda db: db.execute(sql).fetchone()[0])
        path = store._objects.path("objects", name)
    flip_an_amount(path)
    assert findings(folder) == []
    (only,) = findings(folder, deep=True)
    assert only[:2] == ("damage", "objects")
    assert path.stem in only[2]
    with Store.open(folder) as store:
        for row in store.datasets(TENANT, "fund").items:
            with pytest.raises(DamagedError) as caught:
                store.load(TENANT, "fund", row.id, row.revision)
            assert (caught.value.code, caught.value.object) == ("OBJECT_DAMAGED", path.stem)


def test_lost_and_short_objects(folder):
    """A pack that is missing or cut short is damage at the first look."""
    first, second = sorted((folder / "objects").rglob("*.parquet"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    found = findings(folder)
    assert {level for level, _, _ in found} == {"damage"}
    assert any(f"{first.stem}: it is missing" in text for _, _, text in found)
    assert any(f"{second.stem}: it has" in text for _, _, text in found)


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE pointer SET rev = 'x'", "pointers"),
        ("DELETE FROM pointer", "pointers"),
        ("UPDATE dataset SET deleted_at = 1", "pointers"),
        ("DELETE FROM object WHERE kind <> 'raw'", "foreign keys"),
        ("UPDATE revision SET seq = 9 WHERE seq = 2", "sequences"),
        ("UPDATE audit SET actor = 'you' WHERE n = 1", "audit"),
    ],
)
def test_tampered_catalog(folder, statement, check):
    """A pointer that is no revision, a lost reference, a gap or a changed audit row is damage."""
    tamper(folder, "PRAGMA foreign_keys=OFF", statement)
    found = findings(folder)
    assert ("damage", check) in {(level, name) for level, name, _ in found}


def test_audit_row_is_named(folder):
    """The number of the row that was altered is in the finding (T-12)."""
    tamper(folder, "UPDATE audit SET at = 0 WHERE n = 2")
    assert ("damage", "audit", "row 2: it was altered") in findings(folder)


def test_damaged_pages(folder):
    """A catalog whose pages were overwritten is damage, whatever SQLite says of it."""
    with Store.open(folder):
        pass
    path = folder / "catalog.sqlite"
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 6] = b"\xff" * (4096 * 5)
    path.write_bytes(data)
    assert worst(examine(folder, now=now())) == "damage"


def test_no_catalog_at_all(folder):
    """A catalog that is no database is damage in words."""
    (folder / "catalog.sqlite").write_bytes(b"no database at all, " * 100)
    found = findings(folder)
    assert ("damage", "catalog") in {(level, check) for level, check, _ in found}


def test_newer_and_older_schema(folder):
    """A newer catalog is damage, with what to do; an older one is migrated at the next start."""
    with Store.open(folder) as store:
        store.write(lambda db: db.execute("UPDATE meta SET value = '99' WHERE key LIKE 'schema%'"))
    assert [(level, check) for level, check, _ in findings(folder)] == [("damage", "schema")]


def test_orphans(folder):
    """An orphan is a warning once its day of grace is over, and mending removes it."""
    with Store.open(folder) as store:
        store._objects.put_if_absent("objects", b"an orphan")
        old = store._objects.put_if_absent("objects", b"an old orphan")
        path = store._objects.path("objects", old.hash)
        os.utime(path, (time.time() - 2 * DAY_SECONDS,) * 2)
        assert findings(folder) == [("warning", "orphans", "1 past their grace, 1 within it")]
        assert store.mend() == (1, 0)
    assert findings(folder) == []


def test_stuck_duties(folder):
    """A job without a lease and a forgotten import are warnings; no lease outlasts its time."""
    with Store.open(folder) as store:
        store.write(lambda db: leases.take(db, "gc", "a clock ahead", now() + 3600_000))
        store.write(
            lambda db: db.execute(
                "INSERT INTO job (tenant, id, kind, state, progress_json, params_json, "
                "lease_until, created, updated) "
                "VALUES ('default', 'j', 'batch', 'running', '{}', '{}', 1, 1, 1)"
            )
        )
        store.write(lambda db: db.execute("UPDATE import SET state = 'staged', created = 1"))
        checks = [(level, check) for level, check, _ in findings(folder)]
        assert checks == [("warning", "jobs"), ("warning", "imports")]
        assert store.mend() == (0, 1)


def test_permissions(folder):
    """A folder that others may read is a warning, a missing one damage."""
    folder.chmod(0o750)
    assert findings(folder) == [("warning", "permissions", "open to others: data")]
    folder.chmod(0o700)
    (folder / "tmp").rmdir()
    assert findings(folder) == [("damage", "permissions", "missing: tmp")]


def test_refused_writes_are_explained(folder):
    """While a process refuses to write after a failed fsync, the doctor says why (S-05)."""
    disk = FaultyDisk()
    with Store.open(folder, disk=disk) as store:
        disk.fsync_error = errno.EIO
        with pytest.raises(WritesRefusedError):
            store.commit(TENANT, [new_fund("Beta")], actor="me")
        ((level, check, text),) = findings(folder)
        assert (level, check) == ("damage", "writes")
        assert f"process {os.getpid()} writes no more until a restart" in text
        assert os.strerror(errno.EIO) in text
    with Store.open(folder):
        assert [f for f in findings(folder) if f[1] == "writes"] == []


def test_note_of_a_dead_process(folder):
    """The note of a process that is no more is no finding."""
    (folder / "locks" / "refused-4194305").write_text("gone")
    assert findings(folder) == []


def test_clock(folder):
    """A clock that is behind the last change is a warning."""
    found = examine(folder, now=now() - 3600_000)
    assert [(f.level, f.check) for f in found if f.level != "fine"] == [("warning", "clock")]


def test_open_with_another_library(folder):
    """A catalog that is open with another SQLite is not touched."""
    with Store.open(folder, sqlite_version=(3, 99, 0)):
        found = findings(folder)
    assert [(level, check) for level, check, _ in found] == [("damage", "catalog")]
    assert "SQLite 3.99.0" in found[0][2]


def test_errors_are_of_the_family(folder):
    """The doctor never raises what it should report."""
    (folder / "catalog.sqlite").unlink()
    try:
        assert worst(examine(folder, now=now())) == "damage"
    except StoreError as error:
        pytest.fail(str(error))
