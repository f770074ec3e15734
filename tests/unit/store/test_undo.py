from __future__ import annotations

import pytest

from fakes import FakeClock
from pmecalc.core.errors import InputError, NotFoundError
from pmecalc.store import By, ConflictError, NameExistsError, Store, UndoRefusedError
from unit.store.samples import TENANT, new_benchmark, new_fund

ME = By(actor="me", via="api")
DAY_MS = 24 * 3600 * 1000


def current(store, dataset, kind="fund"):
    """The sequence, and the first amount."""
    found = store.pointer(TENANT, kind, dataset)
    value = store.load(TENANT, kind, dataset, found.revision)
    return found.sequence, value.contributions[0] if kind == "fund" else value.levels[0]


def test_undo_goes_back_by_a_new_sequence(store):
    """A fund that an import changed is what it was, at the next sequence; history only grows."""
    first = store.commit(TENANT, [new_fund()], actor="me").items[0]
    second = store.commit(TENANT, [new_fund(scale=2, dataset=first.id)], actor="me")
    undone = store.undo(TENANT, second.import_id, by=ME)
    assert (undone.restored, undone.removed) == (1, 0)
    assert current(store, first.id) == (3, 100.0)
    assert store.pointer(TENANT, "fund", first.id).revision == first.revision
    sql = "SELECT seq, rev FROM change ORDER BY n"
    assert store.read(lambda db: db.execute(sql).fetchall())[-1] == (3, first.revision)
    assert store.commit(TENANT, [new_fund()], actor="me").already


def test_undo_takes_new_datasets_away(store):
    """What the import made is gone, its name is free, and no fund names it as its benchmark."""
    kept = store.commit(TENANT, [new_fund("Kept")], actor="me").items[0].id
    done = store.commit(TENANT, [new_fund(), new_benchmark()], actor="me")
    store.edit(TENANT, "fund", kept, {"benchmark": done.items[1].id})
    undone = store.undo(TENANT, done.import_id)
    assert (undone.restored, undone.removed) == (0, 2)
    assert [row.name for row in store.datasets(TENANT, "fund").items] == ["Kept"]
    assert store.dataset(TENANT, "fund", kept).benchmark is None
    with pytest.raises(NotFoundError):
        store.pointer(TENANT, "benchmark", done.items[1].id)
    assert not store.commit(TENANT, [new_fund(scale=5)], actor="me").already


def test_undo_restores_the_metadata(store):
    """Name and currency go back together with the rows."""
    first = store.commit(TENANT, [new_fund()], actor="me").items[0]
    renamed = new_fund("Gamma", 2, dataset=first.id)
    second = store.commit(TENANT, [renamed], actor="me")
    store.undo(TENANT, second.import_id)
    row = store.dataset(TENANT, "fund", first.id)
    assert (row.name, row.revision) == ("Alpha", first.revision)


def test_undo_of_several_imports(store):
    """Imports are undone one after the other, back to nothing."""
    imports = [store.commit(TENANT, [new_fund()], actor="me")]
    fund = imports[0].items[0].id
    imports += [
        store.commit(TENANT, [new_fund(scale=scale, dataset=fund)], actor="me")
        for scale in (2, 3, 4)
    ]
    seen = []
    for done in reversed(imports[1:]):
        store.undo(TENANT, done.import_id)
        seen.append(current(store, fund))
    assert seen == [(5, 300.0), (6, 200.0), (7, 100.0)]
    assert store.undo(TENANT, imports[0].import_id).removed == 1
    assert store.datasets(TENANT, "fund").items == ()


def test_import_after_an_undo(store):
    """A new import after an undo goes back to what was current then."""
    first = store.commit(TENANT, [new_fund()], actor="me").items[0]
    second = store.commit(TENANT, [new_fund(scale=2, dataset=first.id)], actor="me")
    store.undo(TENANT, second.import_id)
    third = store.commit(TENANT, [new_fund(scale=2, dataset=first.id)], actor="me")
    assert third.items[0].sequence == 4
    store.undo(TENANT, third.import_id)
    assert current(store, first.id) == (5, 100.0)


@pytest.mark.parametrize("since", ["edited", "imported", "deleted"])
def test_all_or_none(store, since):
    """Where one dataset was changed since, the undo is refused and none goes back."""
    ids = [i.id for i in store.commit(TENANT, [new_fund(), new_fund("B")], actor="me").items]
    both = [new_fund(scale=2, dataset=ids[0]), new_fund("B", 2, dataset=ids[1])]
    done = store.commit(TENANT, both, actor="me")
    if since == "edited":
        store.edit(TENANT, "fund", ids[1], {"vintage": 2000})
    elif since == "imported":
        store.commit(TENANT, [new_fund("B", 3, dataset=ids[1])], actor="me")
    else:
        store.delete(TENANT, "fund", ids[1])
    head = store.read(lambda db: db.execute("SELECT max(n) FROM audit").fetchone())
    with pytest.raises(UndoRefusedError, match=r"fund 'B' was \w+ since") as caught:
        store.undo(TENANT, done.import_id)
    assert caught.value.code == "UNDO_REFUSED"
    assert isinstance(caught.value, InputError)
    assert current(store, ids[0]) == (2, 200.0)
    assert store.one_import(TENANT, done.import_id).state == "committed"
    assert store.read(lambda db: db.execute("SELECT max(n) FROM audit").fetchone()) == head


def test_deleted_since_but_new_then(store):
    """A dataset that the import made and that is deleted stays deleted; the others go back."""
    done = store.commit(TENANT, [new_fund(), new_fund("B")], actor="me")
    store.delete(TENANT, "fund", done.items[1].id)
    assert store.undo(TENANT, done.import_id).removed == 1
    assert store.datasets(TENANT, "fund").items == ()


def test_name_taken_since(store):
    """The old name may belong to another dataset by now: nothing goes back."""
    first = store.commit(TENANT, [new_fund()], actor="me").items[0]
    second = store.commit(TENANT, [new_fund("Gamma", dataset=first.id)], actor="me")
    other = store.commit(TENANT, [new_fund("Alpha", 7)], actor="me").items[0]
    with pytest.raises(NameExistsError) as caught:
        store.undo(TENANT, second.import_id)
    assert caught.value.dataset == other.id
    assert store.dataset(TENANT, "fund", first.id).name == "Gamma"


def test_undo_once(store):
    """An import is undone once, and only by its own tenant."""
    done = store.commit(TENANT, [new_fund()], actor="me")
    for tenant, import_id in (("b", done.import_id), (TENANT, "0" * 16)):
        with pytest.raises(NotFoundError):
            store.undo(tenant, import_id)
    store.undo(TENANT, done.import_id, by=ME)
    with pytest.raises(UndoRefusedError, match="it is undone"):
        store.undo(TENANT, done.import_id)
    assert store.one_import(TENANT, done.import_id).undone_by == "me"


def test_too_old(root):
    """An import of more than 30 days ago is kept as it is: what was before may be gone."""
    clock = FakeClock(1_700_000_000_000)
    with Store.open(root, clock=clock) as store:
        done = store.commit(TENANT, [new_fund()], actor="me")
        clock.advance(30 * DAY_MS + 1)
        with pytest.raises(UndoRefusedError, match="older than 30 days"):
            store.undo(TENANT, done.import_id)


def test_old_revision_is_expected_no_more(store):
    """After an undo a commit that expects the undone sequence is refused."""
    first = store.commit(TENANT, [new_fund()], actor="me").items[0]
    second = store.commit(TENANT, [new_fund(scale=2, dataset=first.id)], actor="me")
    store.undo(TENANT, second.import_id)
    with pytest.raises(ConflictError):
        store.commit(TENANT, [new_fund(scale=3, dataset=first.id, expected_sequence=2)], actor="me")


def test_list_of_imports(root):
    """Imports come last first, in pages, each with its datasets and its state."""
    clock = FakeClock(1_700_000_000_000)
    with Store.open(root, clock=clock) as store:
        made = []
        for n in range(5):
            clock.advance(n % 2)
            funds = [new_fund(f"F{n} {m}") for m in range(n + 1)]
            made.append(store.commit(TENANT, funds, actor="me", raw_name=f"{n}.csv").import_id)
        store.undo(TENANT, made[4], by=ME)
        found, cursor, pages = [], None, 0
        while pages == 0 or cursor:
            page = store.imports(TENANT, limit=2, after=cursor)
            found += page.items
            cursor, pages = page.next, pages + 1
        assert pages == 3
        assert sorted(row.id for row in found) == sorted(made)
        assert [row.committed for row in found] == sorted(
            (row.committed for row in found), reverse=True
        )
        last = store.one_import(TENANT, made[4])
        assert (last.state, last.actor, last.raw_name, last.datasets) == (
            "undone",
            "me",
            "4.csv",
            5,
        )
        assert store.imports("b").items == ()


@pytest.mark.parametrize("cursor", ["x", "WyJ4IiwgInkiXQ", "WyItMSIsICJ5Il0"])
def test_unknown_cursor(store, cursor):
    """A cursor that no page of imports gave is refused."""
    with pytest.raises(InputError) as caught:
        store.imports(TENANT, after=cursor)
    assert caught.value.code == "BAD_CURSOR"


def test_many_funds(store):
    """A thousand funds go back in one transaction (S-10 prints its time in the bench)."""
    first = store.commit(TENANT, [new_fund(f"{n}") for n in range(1000)], actor="me")
    news = [new_fund(item.name, 2, dataset=item.id) for item in first.items]
    second = store.commit(TENANT, news, actor="me")
    store.undo(TENANT, second.import_id)
    wrong = sum(
        store.pointer(TENANT, "fund", item.id) != (item.revision, 3) for item in first.items
    )
    assert wrong == 0
