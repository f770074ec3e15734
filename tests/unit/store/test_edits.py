from __future__ import annotations

import pytest

from pmecalc.core.errors import InputError, NotFoundError
from pmecalc.store import NameExistsError, Store
from unit.store.samples import TENANT, contents, fund, new_benchmark, new_fund


@pytest.fixture
def known(store):
    items = store.commit(TENANT, [new_fund(), new_benchmark(), new_fund("Beta")], actor="me").items
    return [item.id for item in items]


def count(store, table):
    sql = f"SELECT count(*) FROM {table}"  # noqa: S608
    return store._connections.reader.read(lambda db: db.execute(sql).fetchone()[0])


def packs(store):
    return len(list((store.root / "objects").rglob("*.parquet")))


def test_edit_is_a_new_revision(store, known):
    """An edit of metadata is a new revision of the same rows, with no new pack."""
    before, stored = store.dataset(TENANT, "fund", known[0]), packs(store)
    after = store.edit(TENANT, "fund", known[0], {"name": "Gamma", "commitment": 750, "vintage": 2})
    assert (after.name, after.commitment, after.vintage) == ("Gamma", 750.0, 2)
    assert (after.strategy, after.currency) == ("buyout", "USD")
    assert (after.sequence, after.revision != before.revision) == (2, True)
    assert packs(store) == stored
    value = store.load(TENANT, "fund", known[0], after.revision)
    expected = fund(name="Gamma", commitment=750.0, vintage=2)
    assert contents(value) == contents(expected)
    old = store.load(TENANT, "fund", known[0], before.revision)
    assert (old.name, old.commitment) == ("Alpha", 500.0)


def test_edit_equals_import(store, known):
    """A fund edited to what another import would bring has that import's revision."""
    edited = store.edit(TENANT, "fund", known[0], {"name": "Gamma"})
    imported = store.commit("b", [new_fund("Gamma")], actor="me").items[0]
    assert edited.revision == imported.revision
    assert store.commit(TENANT, [new_fund("Gamma")], actor="me").already


def test_edit_of_a_benchmark(store, known):
    """A benchmark's name, currency and kind can be edited."""
    row = store.edit(TENANT, "benchmark", known[1], {"index_kind": "price", "currency": None})
    assert (row.index_kind, row.currency, row.sequence) == ("price", None, 2)
    assert store.load(TENANT, "benchmark", known[1], row.revision).kind == "price"


@pytest.mark.parametrize("changes", [{}, {"name": "Alpha"}, {"commitment": 500, "vintage": 2014}])
def test_edit_without_a_change(store, known, changes):
    """An edit that changes nothing makes no revision."""
    assert store.edit(TENANT, "fund", known[0], changes).sequence == 1
    assert count(store, "revision") == 3


def test_default_benchmark(store, known):
    """The default benchmark is no content: setting it makes no revision."""
    row = store.edit(TENANT, "fund", known[0], {"benchmark": known[1]})
    assert (row.benchmark, row.sequence, count(store, "revision")) == (known[1], 1, 3)
    assert store.dataset(TENANT, "fund", known[2]).benchmark is None
    renamed = store.edit(TENANT, "fund", known[0], {"name": "Gamma"})
    assert (renamed.benchmark, renamed.sequence) == (known[1], 2)
    new = new_fund(scale=2, dataset=known[0])
    store.commit(TENANT, [new], actor="me")
    assert store.dataset(TENANT, "fund", known[0]).benchmark == known[1]
    assert store.edit(TENANT, "fund", known[0], {"benchmark": None}).benchmark is None


def test_both_at_once(store, known):
    """A name and a default benchmark can be changed together, or not at all."""
    row = store.edit(TENANT, "fund", known[0], {"benchmark": known[1], "name": "Gamma"})
    assert (row.benchmark, row.name, row.sequence) == (known[1], "Gamma", 2)
    with pytest.raises(NameExistsError):
        store.edit(TENANT, "fund", known[0], {"benchmark": None, "name": "Beta"})
    assert store.dataset(TENANT, "fund", known[0]) == row


def test_default_benchmark_must_exist(store, known):
    """A default benchmark must be a live benchmark of the same tenant."""
    theirs = store.commit("b", [new_benchmark()], actor="me").items[0].id
    refused = 0
    for wrong in ("0" * 16, known[2], theirs):
        with pytest.raises(NotFoundError) as caught:
            store.edit(TENANT, "fund", known[0], {"benchmark": wrong})
        assert str(caught.value) == f"no benchmark named '{wrong}'"
        refused += 1
    assert refused == 3


def test_deleted_benchmark_is_no_default(store, known):
    """A benchmark that is deleted is no longer the default of any fund."""
    for name in (known[0], known[2]):
        store.edit(TENANT, "fund", name, {"benchmark": known[1]})
    store.delete(TENANT, "benchmark", known[1])
    assert [row.benchmark for row in store.datasets(TENANT, "fund").items] == [None, None]


def test_name_of_another(store, known):
    """A fund cannot take the name of another, which is named."""
    with pytest.raises(NameExistsError) as caught:
        store.edit(TENANT, "fund", known[0], {"name": "Beta"})
    assert caught.value.dataset == known[2]
    assert store.edit(TENANT, "fund", known[0], {"name": "World"}).name == "World"


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("fund", {"name": None}),
        ("fund", {"name": ""}),
        ("fund", {"name": 5}),
        ("fund", {"currency": 5}),
        ("fund", {"commitment": 0}),
        ("fund", {"commitment": -1.0}),
        ("fund", {"commitment": True}),
        ("fund", {"commitment": float("inf")}),
        ("fund", {"commitment": "much"}),
        ("fund", {"vintage": 2014.5}),
        ("fund", {"vintage": "2014"}),
        ("fund", {"vintage": True}),
        ("fund", {"strategy": ["buyout"]}),
        ("fund", {"benchmark": 5}),
        ("fund", {"index_kind": "price"}),
        ("fund", {"sequence": 9}),
        ("benchmark", {"index_kind": "gross"}),
        ("benchmark", {"index_kind": None}),
        ("benchmark", {"commitment": 5.0}),
        ("benchmark", {"benchmark": "x"}),
    ],
)
def test_what_is_no_edit(store, known, kind, changes):
    """A value that no import could bring, or an unknown field, is refused by its name."""
    with pytest.raises(InputError) as caught:
        store.edit(TENANT, kind, known[0 if kind == "fund" else 1], changes)
    assert caught.value.field == next(iter(changes))
    assert count(store, "revision") == 3


def test_edit_meets_an_import(root):
    """An edit that an import overtakes is made on top of it, and both count."""
    with Store.open(root) as store:
        item = store.commit(TENANT, [new_fund()], actor="me").items[0]
        overtaken = []

        def now():
            if not overtaken:
                overtaken.append(True)
                store.commit(TENANT, [new_fund(scale=2, dataset=item.id)], actor="me")
            return 1

        with Store.open(root, clock=now) as editor:
            row = editor.edit(TENANT, "fund", item.id, {"vintage": 2020})
            value = editor.load(TENANT, "fund", item.id, row.revision)
    assert (row.sequence, row.vintage, value.contributions[0]) == (3, 2020, 200.0)
