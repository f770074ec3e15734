from __future__ import annotations

import threading

import pytest

from pmecalc.core.errors import NotFoundError
from pmecalc.store import Store, TenantErasedError, audit, jobs
from pmecalc.store.doctor import examine
from unit.store.samples import new_benchmark, new_fund

MARKER = "Quetzalcoatl"
SHARED = b"the same upload of both"


def traces(root):
    """Files that still hold the marker."""
    return [
        path for path in root.rglob("*") if path.is_file() and MARKER.encode() in path.read_bytes()
    ]


def fill(store, tenant, name):
    items = store.commit(tenant, [new_fund(name), new_benchmark(name)], actor="me", raw=SHARED)
    store.commit(
        tenant, [new_fund(name, 2, dataset=items.items[0].id)], actor="me", raw=name.encode()
    )
    return items.items[0].id


def test_nothing_is_left(root):
    """After erasing A no byte of it is in any file, and B has all it had (S-20)."""
    with Store.open(root) as store:
        for number in range(50):
            fill(store, "a", f"{MARKER} {number}")
        theirs = fill(store, "b", "Beta")
        assert traces(root) != []
        before = store.pointer("b", "fund", theirs)
        erased = store.erase("a")
        assert erased.rows == {
            "change": 150,
            "dataset": 100,
            "import": 100,
            "pointer": 100,
            "revision": 150,
        }
        assert (erased.files, erased.shared) == (50 * 4, 1)
        assert traces(root) == []
        assert store.pointer("b", "fund", theirs) == before
        assert store.load("b", "fund", theirs, before.revision).name == "Beta"
        assert store.datasets("a", "fund").items == ()
        assert store.read(lambda db: list(audit.faults(db))) == []
    assert [f for f in examine(root, now=2**42, deep=True) if f.level != "fine"] == []


def test_credentials_go_too(root):
    """The keys and sessions of an erased tenant are rows like all others (S-20)."""
    with Store.open(root) as store:
        for tenant in ("a", "b"):
            fill(store, tenant, MARKER)
            store.write(lambda db, tenant=tenant: add_credentials(db, tenant))
        erased = store.erase("a")
        assert (erased.rows["api_key"], erased.rows["session"]) == (1, 1)
        left = store.read(lambda db: db.execute("SELECT tenant FROM session").fetchall())
        assert left == [("b",)]


def add_credentials(db, tenant):
    db.execute(
        "INSERT INTO api_key (tenant, id, hash, role, name, actor, created, expires) "
        "VALUES (?, ?, 'h', 'admin', 'n', 'me', 1, 2)",
        (tenant, f"key-{tenant}"),
    )
    db.execute(
        "INSERT INTO session (tenant, hash, key, created, last_used, expires) "
        "VALUES (?, ?, ?, 1, 1, 2)",
        (tenant, f"hash-{tenant}", f"key-{tenant}"),
    )


def test_while_others_work(root):
    """Erasing A while B imports disturbs B in nothing."""
    with Store.open(root) as store, Store.open(root) as other:
        fill(store, "a", MARKER)
        theirs = fill(store, "b", "Beta")
        ended = threading.Event()
        made = []

        def work():
            while not ended.is_set():
                news = [new_fund("Beta", 3 + len(made), dataset=theirs)]
                made.append(other.commit("b", news, actor="me").items[0].sequence)

        worker = threading.Thread(target=work)
        worker.start()
        store.erase("a")
        ended.set()
        worker.join(60)
        assert made == list(range(3, len(made) + 3))
    assert traces(root) == []


def test_closed_for_good(root):
    """An erased tenant takes no more data, and erasing it again finds nothing."""
    with Store.open(root) as store:
        fill(store, "a", MARKER)
        store.erase("a")
        with pytest.raises(TenantErasedError) as caught:
            store.commit("a", [new_fund()], actor="me")
        assert caught.value.code == "TENANT_ERASED"
        again = store.erase("a")
        assert (again.rows, again.files, again.shared) == ({}, 0, 0)


def test_unknown_tenant(store):
    """Who never had data cannot be erased."""
    with pytest.raises(NotFoundError):
        store.erase("nobody")


def test_broken_off(root):
    """An erasure that broke off before the files went is finished by the next one."""
    with Store.open(root) as store:
        fill(store, "a", MARKER)
        path = next((root / "objects").rglob("*.parquet"))
        path.unlink()
        assert store.erase("a").files == 4
        assert traces(root) == []


def test_erased_tenant_gets_no_file_and_no_job(root):
    """What is put aside for later is refused like a commit, and no byte of it is written."""
    with Store.open(root) as store:
        fill(store, "a", "Alpha")
        store.erase("a")
        with pytest.raises(TenantErasedError):
            store.keep_raw("a", MARKER.encode())
        with pytest.raises(TenantErasedError):
            store.write(lambda db: jobs.add(db, "a", "j", kind="batch", params={}, now=1))
        assert traces(root) == []
        assert store.read(lambda db: db.execute("SELECT count(*) FROM job").fetchone()) == (0,)
