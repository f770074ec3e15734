from __future__ import annotations

import pytest

from pmecalc.store import By, Store, audit
from unit.store.samples import TENANT, new_benchmark, new_fund

ME = By(actor="me", via="api", request_id="r-1")


def rows(store):
    sql = "SELECT n, tenant, actor, via, action, object, outcome, request_id FROM audit ORDER BY n"
    return store.read(lambda db: db.execute(sql).fetchall())


def faults(store):
    return store.read(lambda db: list(audit.faults(db)))


@pytest.fixture
def chain(root):
    """A store with a chain of five rows."""
    clock = iter(range(1_000, 10_000, 10))
    with Store.open(root, clock=lambda: next(clock)) as store:
        for scale in range(1, 6):
            store.commit(TENANT, [new_fund(f"Fund {scale}", scale)], actor="me")
        yield store


def test_changes_are_recorded(store):
    """A commit, an edit and a delete leave a row each; what changed nothing leaves none."""
    done = store.commit(
        TENANT, [new_fund(), new_benchmark()], actor="me", via="api", request_id="r-0"
    )
    fund = done.items[0].id
    store.commit(TENANT, [new_fund()], actor="me")
    store.edit(TENANT, "fund", fund, {"name": "Beta", "vintage": 2014}, by=ME)
    store.edit(TENANT, "fund", fund, {"name": "Beta"}, by=ME)
    store.delete(TENANT, "fund", fund, by=ME)
    assert rows(store) == [
        (1, TENANT, "me", "api", "import.commit", done.import_id, "ok", "r-0"),
        (2, TENANT, "me", "api", "edit", fund, "ok", "r-1"),
        (3, TENANT, "me", "api", "delete", fund, "ok", "r-1"),
    ]
    details = store.read(
        lambda db: db.execute("SELECT detail_json FROM audit WHERE n > 1 ORDER BY n").fetchall()
    )
    assert details == [
        ('{"fields": ["name"], "kind": "fund"}',),
        ('{"kind": "fund", "sequence": 2}',),
    ]
    assert faults(store) == []


def test_row_goes_with_its_change(store):
    """Work that fails after its audit row leaves neither."""

    def work(db):
        audit.append(db, at=1, tenant=TENANT, by=ME, action="test")
        raise KeyError

    with pytest.raises(KeyError):
        store.write(work)
    assert rows(store) == []
    assert store.read(audit.head).n == 0


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE audit SET actor = 'you' WHERE n = 2", [2]),
        ("UPDATE audit SET at = at + 1 WHERE n = 5", [5]),
        ("UPDATE audit SET detail_json = '{}' WHERE n = 1", [1]),
        ("UPDATE audit SET hash = prev WHERE n = 3", [3, 4]),
        ("DELETE FROM audit WHERE n = 3", [3]),
        ("DELETE FROM audit WHERE n = 1", [1]),
        ("DELETE FROM audit WHERE n = 5", [5]),
        ("DELETE FROM audit", [1]),
        ("UPDATE audit SET n = 9 - n WHERE n IN (2, 3)", [2, 5]),
        ("UPDATE audit SET n = n + 10 WHERE n = 2", [2, 6]),
    ],
)
def test_tampering_is_found(chain, tampering, found):
    """A row that was altered, removed or moved is found, with the number of the first (T-12)."""
    chain.write(lambda db: db.execute(tampering))
    numbers = [fault.n for fault in faults(chain)]
    assert numbers[0] == found[0]
    assert set(found) <= set(numbers) | {5, 6}


def test_exchanged_rows_are_found(chain):
    """Two rows whose contents were exchanged are both found (T-12)."""

    def exchange(db):
        for old, new in ((2, -1), (3, 2), (-1, 3)):
            db.execute("UPDATE audit SET n = ? WHERE n = ?", (new, old))

    chain.write(exchange)
    assert {fault.n for fault in faults(chain)} >= {2, 3}


def test_old_rows_are_forgotten(chain):
    """Rows past their time go, the chain begins behind them and goes on growing."""
    times = chain.read(lambda db: db.execute("SELECT at FROM audit ORDER BY n").fetchall())
    assert chain.write(lambda db: audit.forget(db, before=times[2][0])) == 2
    assert chain.write(lambda db: audit.forget(db, before=times[2][0])) == 0
    assert [row[0] for row in rows(chain)] == [3, 4, 5]
    assert faults(chain) == []
    chain.write(lambda db: audit.forget(db, before=2**60))
    chain.commit(TENANT, [new_benchmark()], actor="me")
    assert [row[0] for row in rows(chain)] == [6]
    assert faults(chain) == []


def test_evidence_is_kept(chain):
    """Of a chain with a fault nothing is forgotten."""
    chain.write(lambda db: db.execute("DELETE FROM audit WHERE n = 3"))
    assert chain.write(lambda db: audit.forget(db, before=2**60)) == 0
    assert [fault.n for fault in faults(chain)] == [3]
