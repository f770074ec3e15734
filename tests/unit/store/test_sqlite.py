from __future__ import annotations

import logging
import threading

import pytest

from pmecalc.core.errors import StoreError
from pmecalc.store import BusyError, DamagedError, DiskFullError, Store
from pmecalc.store.errors import FolderError
from pmecalc.store.sqlite import VERSION, Database, wal_is_safe
from unit.store.samples import TENANT, new_fund

UNFIXED = (3, 40, 1)


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "some.sqlite", VERSION)
    yield opened
    opened.close()


def pragma(database, name):
    return database.read(lambda db: db.execute(f"PRAGMA {name}").fetchone()[0])


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((4, 0, 0), True),
    ],
)
def test_library_rule(version, safe):
    """WAL is safe from 3.51.3 on, and in the branches that were mended."""
    assert wal_is_safe(version) is safe


def test_connection_settings(database):
    """Every connection has the settings of the specification."""
    names = ["foreign_keys", "busy_timeout", "synchronous", "mmap_size", "trusted_schema"]
    assert [pragma(database, name) for name in names] == [1, 5000, 2, 0, 0]


def test_fixed_library_uses_wal(tmp_path):
    """A mended library runs in WAL mode."""
    database = Database(tmp_path / "some.sqlite", (3, 53, 0))
    assert pragma(database, "journal_mode") == "wal"
    database.close()


def test_unfixed_library(root, caplog):
    """An unmended library runs with a truncated journal, warns once and works."""
    with caplog.at_level(logging.WARNING), Store.open(root, sqlite_version=UNFIXED) as store:
        connections = store._connections
        for database in (connections.writer, connections.reader, connections.pointers):
            assert pragma(database, "journal_mode") == "truncate"
        item = store.commit(TENANT, [new_fund()], actor="me").items[0]
        assert store.pointer(TENANT, "fund", item.id) == (item.revision, 1)
        assert not (root / "catalog.sqlite-wal").exists()
    assert len(caplog.records) == 1
    assert "TRUNCATE" in caplog.text


def test_fixed_library_does_not_warn(root, caplog):
    """A mended library is no news."""
    with caplog.at_level(logging.WARNING), Store.open(root, sqlite_version=(3, 53, 0)):
        assert not caplog.records


def test_two_libraries_are_refused(root):
    """A folder that is open with one library cannot be opened with another, later it can."""
    with (
        Store.open(root, sqlite_version=(3, 53, 0)),
        pytest.raises(FolderError, match=r"SQLite 3\.53\.0; this process has 3\.40\.1"),
    ):
        Store.open(root, sqlite_version=UNFIXED)
    with Store.open(root, sqlite_version=UNFIXED) as store:
        assert pragma(store._connections.writer, "journal_mode") == "truncate"
    with Store.open(root, sqlite_version=(3, 53, 0)) as store:
        assert pragma(store._connections.writer, "journal_mode") == "wal"


def test_failed_work_is_rolled_back(database):
    """Work that raises leaves nothing, and the connection goes on."""
    database.write(lambda db: db.execute("CREATE TABLE a (x INTEGER) STRICT"))

    def work(db):
        db.execute("INSERT INTO a VALUES (1)")
        raise KeyError

    with pytest.raises(KeyError):
        database.write(work)
    database.write(lambda db: db.execute("INSERT INTO a VALUES (2)"))
    assert database.read(lambda db: db.execute("SELECT x FROM a").fetchall()) == [(2,)]


def test_locked_catalog(tmp_path):
    """A catalog that stays locked is busy, which a caller may try again."""
    first, second = (Database(tmp_path / "some.sqlite", VERSION) for _ in range(2))
    second.read(lambda db: db.execute("PRAGMA busy_timeout=1"))
    locked, done = threading.Event(), threading.Event()

    def work(_db):
        locked.set()
        assert done.wait(30)

    holder = threading.Thread(target=first.write, args=(work,))
    holder.start()
    assert locked.wait(30)
    with pytest.raises(BusyError) as caught:
        second.write(lambda _db: None)
    done.set()
    holder.join(30)
    assert caught.value.code == "STORE_BUSY"
    second.write(lambda _db: None)
    first.close()
    second.close()


def test_full_catalog(database):
    """A catalog that cannot grow is a full disk, and stays as it was."""
    database.write(lambda db: db.execute("CREATE TABLE a (x TEXT) STRICT"))
    database.read(lambda db: db.execute("PRAGMA max_page_count=5"))
    with pytest.raises(DiskFullError):
        database.write(lambda db: db.execute("INSERT INTO a VALUES (?)", ("x" * 100_000,)))
    assert database.read(lambda db: db.execute("SELECT count(*) FROM a").fetchall()) == [(0,)]


def test_no_database(tmp_path):
    """A file that is no database is damaged."""
    path = tmp_path / "some.sqlite"
    path.write_bytes(b"no database at all, " * 100)
    with pytest.raises(DamagedError):
        Database(path, VERSION)


def test_wrong_statement(database):
    """What SQLite refuses for another reason is an error of the store."""
    with pytest.raises(StoreError, match="no such table"):
        database.read(lambda db: db.execute("SELECT * FROM nowhere"))
