from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pmecalc.core.errors import StoreError
from pmecalc.store import NewerSchemaError, Store
from pmecalc.store.schema import Migration, migrate, migrations, schema_version
from unit.store.samples import TENANT, new_fund

SCHEMAS = Path(__file__).parents[2] / "data" / "schemas"
TABLES = [
    *("api_key", "audit", "change", "dataset", "idempotency", "import", "job", "job_event"),
    *("lease", "meta", "object", "pointer", "revision", "session", "tenant"),
]
NEXT = Migration(
    len(migrations()) + 1, "CREATE TABLE extra (tenant TEXT NOT NULL PRIMARY KEY) STRICT;\n"
)
REFUSED = f"schema {NEXT.number}; this program knows {NEXT.number - 1}"
BROKEN = Migration(
    NEXT.number,
    "CREATE TABLE extra (x INTEGER) STRICT;\nCREATE TABLE extra (y INTEGER);\n",
)


def query(store, sql):
    return store._connections.reader.read(lambda db: db.execute(sql).fetchall())


def version(store):
    return store._connections.reader.read(schema_version)


def again(store):
    """What migrating a second time answers."""
    path = store.root / "catalog.sqlite"
    return migrate(store._connections.writer, migrations(), "other", path)


def test_tables(store):
    """The catalog has the tables of this version, STRICT, with the tenant first in each key."""
    found = query(store, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    assert [name for (name,) in found if not name.startswith("sqlite_")] == TABLES
    strict = dict(query(store, "SELECT name, strict FROM pragma_table_list WHERE type = 'table'"))
    assert all(strict[name] for name in TABLES)
    first = {
        name: next(c[1] for c in query(store, f"PRAGMA table_info({name})") if c[5] == 1)
        for name in ("object", "import", "dataset", "revision", "pointer", "idempotency", "job")
    }
    assert set(first.values()) == {"tenant"}
    assert len(first) == 7


def test_instance_is_recorded(store):
    """The catalog knows the data folder that it belongs to."""
    rows = dict(query(store, "SELECT key, value FROM meta"))
    assert rows == {"schema_version": str(len(migrations())), "instance": store.instance}


def test_numbers_are_contiguous():
    """The files are numbered 1, 2, 3, ..."""
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_idempotent(root):
    """Opening again changes nothing."""
    for _ in range(3):
        with Store.open(root) as store:
            assert version(store) == len(migrations())
            assert again(store) == len(migrations())
            assert ("instance", store.instance) in query(store, "SELECT key, value FROM meta")


def test_forward(root):
    """A catalog with data takes the next step and keeps its data."""
    with Store.open(root) as store:
        item = store.commit(TENANT, [new_fund()], actor="me").items[0]
    with Store.open(root, migrations=[*migrations(), NEXT]) as store:
        assert version(store) == NEXT.number
        assert store.pointer(TENANT, "fund", item.id) == (item.revision, 1)
        assert query(store, "SELECT count(*) FROM extra") == [(0,)]


def test_newer_schema_is_refused(root):
    """A catalog of a newer program is refused with both numbers, and left as it is."""
    with Store.open(root, migrations=[*migrations(), NEXT]):
        pass
    with pytest.raises(NewerSchemaError, match=REFUSED) as caught:
        Store.open(root)
    assert caught.value.code == "NEWER_SCHEMA"
    assert isinstance(caught.value, StoreError)
    with Store.open(root, migrations=[*migrations(), NEXT]) as store:
        assert version(store) == NEXT.number


def test_failed_step_leaves_nothing(root):
    """A step that fails half-way is rolled back whole."""
    with pytest.raises(StoreError, match="already exists"):
        Store.open(root, migrations=[*migrations(), BROKEN])
    with Store.open(root) as store:
        assert version(store) == len(migrations())
        assert query(store, "SELECT name FROM sqlite_schema WHERE name = 'extra'") == []


@pytest.fixture
def old_folder(root, request):
    """A data folder whose catalog an older version wrote."""
    with Store.open(root):
        pass
    for name in ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"):
        (root / name).unlink(missing_ok=True)
    with closing(sqlite3.connect(root / "catalog.sqlite")) as database:
        database.executescript(request.param.read_text("utf-8"))
    return root


def test_every_older_schema_is_stored():
    """There is a stored catalog of each schema before this one."""
    assert {path.stem for path in SCHEMAS.glob("*.sql")} >= {"1"}


@pytest.mark.parametrize(
    "old_folder", sorted(SCHEMAS.glob("*.sql")), indirect=True, ids=lambda path: path.stem
)
def test_stored_catalogs_migrate(old_folder, request):
    """A catalog of each older version migrates, keeps what it says and goes on (S-18)."""
    with Store.open(old_folder) as store:
        assert version(store) == len(migrations())
        funds = store.datasets(TENANT, "fund").items
        assert [(row.name, row.sequence, row.vintage) for row in funds] == [("Alpha", 3, 2015)]
        assert store.pointer(TENANT, "fund", funds[0].id) == (funds[0].revision, 3)
        assert len(store.imports(TENANT).items) == 2
        assert query(store, "PRAGMA foreign_key_check") == []
        done = store.commit(TENANT, [new_fund("Gamma")], actor="me")
        assert store.undo(TENANT, done.import_id).removed == 1
    copies = list(old_folder.glob("catalog.before-*.sqlite"))
    assert len(copies) == 1
    assert copies[0].stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copies[0])) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM revision").fetchone() == (5,)


def test_three_copies_are_kept(root):
    """Of the copies before migrations the last three stay."""
    steps = list(migrations())
    for number in range(5):
        with Store.open(root, migrations=steps):
            pass
        steps.append(Migration(len(steps) + 1, f"CREATE TABLE extra_{number} (x TEXT) STRICT;\n"))
    names = sorted(path.name for path in root.glob("catalog.before-*.sqlite"))
    last = len(steps) - 1
    assert names == sorted(f"catalog.before-{n}.sqlite" for n in range(last - 2, last + 1))


def test_fresh_catalog_has_no_copy(root):
    """A new catalog is not copied."""
    with Store.open(root):
        assert list(root.glob("catalog.before-*.sqlite")) == []
