from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.errors import InputError, NotFoundError, StoreError
from pmecalc.core.fund import Fund
from pmecalc.store import DiskFullError, NewDataset, Store
from unit.store.samples import TENANT, benchmark, contents, fund, new_benchmark, new_fund


def loaded(store, kind, value, name="Alpha"):
    new = NewDataset(kind=kind, name=name, value=value)
    item = store.commit(TENANT, [new], actor="me").items[0]
    return store.load(TENANT, kind, item.id, item.revision)


@pytest.mark.parametrize(
    "value",
    [
        fund(),
        fund(notes=["Read as LP signs."], rows=[7, 3, 5]),
        fund(currency=None, commitment=None, vintage=None, strategy=None),
        Fund.of(flows=[("1950-01-31", 0.1, 0.0)]),
        Fund.of(flows=[("2020-01-01", 10.0), ("2021-01-01", -5.0)]),
        Fund.of(flows=[("2020-01-01", 0, 0)], navs=[("1999-12-31", -5.5), ("2030-01-01", 1e29)]),
    ],
)
def test_fund_round_trip(store, value):
    """A fund comes back as it was stored, under the name it was given."""
    assert contents(loaded(store, "fund", value)) == contents(replace(value, name="Alpha"))


@pytest.mark.parametrize(
    "value", [benchmark(), Benchmark.of([("2020-01-01", 1e-9)], kind="price", rows=[12])]
)
def test_benchmark_round_trip(store, value):
    """A benchmark comes back as it was stored, under the name it was given."""
    assert contents(loaded(store, "benchmark", value)) == contents(replace(value, name="Alpha"))


def test_warnings_are_kept(store):
    """What the data themselves warn of is still there."""
    suspect = Fund.of(flows=[("2020-01-01", 10.0), ("2021-01-01", -5.0)])
    assert suspect.warnings == ("SIGN_SUSPECT",)
    assert loaded(store, "fund", suspect).warnings == ("SIGN_SUSPECT",)


def test_dataset(root):
    """A row shows the metadata, the current revision, the span of the data and the time."""
    with Store.open(root, clock=lambda: 1_700_000_000_123) as store:
        items = store.commit(TENANT, [new_fund(), new_benchmark()], actor="me").items
        found = store.dataset(TENANT, "fund", items[0].id)
        index = store.dataset(TENANT, "benchmark", items[1].id)
    assert (found.id, found.kind, found.name, found.currency) == (
        items[0].id,
        "fund",
        "Alpha",
        "USD",
    )
    assert (found.commitment, found.vintage, found.strategy) == (500.0, 2014, "buyout")
    assert (found.index_kind, found.benchmark) == (None, None)
    assert (found.revision, found.sequence, found.rows) == (items[0].revision, 1, 6)
    assert (found.first_date, found.last_date) == ("2014-03-31", "2017-12-31")
    assert found.created == 1_700_000_000_123
    assert (index.index_kind, index.commitment, index.rows) == ("net_total_return", None, 3)


def test_unknown_dataset(store):
    """What is unknown, of the other kind or of another tenant is not found, in the same words."""
    item = store.commit(TENANT, [new_fund()], actor="me").items[0]
    cases = [(TENANT, "fund", "0" * 16), (TENANT, "benchmark", item.id), ("b", "fund", item.id)]
    refused = 0
    for tenant, kind, dataset in cases:
        for call in (
            store.pointer,
            store.dataset,
            lambda *key: store.load(*key, item.revision),
            lambda *key: store.edit(*key, {"name": "x"}),
            store.delete,
        ):
            with pytest.raises(NotFoundError) as caught:
                call(tenant, kind, dataset)
            assert str(caught.value) == f"no {kind} named '{dataset}'"
            refused += 1
    assert refused == 15


def test_unknown_revision(store):
    """A revision that the dataset never had is not found."""
    item = store.commit(TENANT, [new_fund()], actor="me").items[0]
    with pytest.raises(NotFoundError):
        store.load(TENANT, "fund", item.id, "0" * 32)


def test_pages(store):
    """Pages list every dataset once, by name, and the last page has no next."""
    names = [f"F{n}" for n in (3, 1, 4, 0, 2)] + ["f0", "Ä", "É"]
    store.commit(TENANT, [new_fund(name) for name in names], actor="me")
    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = store.datasets(TENANT, "fund", limit=3, after=cursor)
        found += [row.name for row in page.items]
        cursor = page.next
        pages += 1
    assert found == sorted(names)
    assert pages == 3
    assert store.datasets(TENANT, "fund", limit=8).next is None


@pytest.mark.parametrize("cursor", ["x", "!!!!", "W10", "WzEsMl0", "eyJhIjoxLCJiIjoyfQ", "é"])
def test_unknown_cursor(store, cursor):
    """A cursor that no page gave is refused, or begins after some name."""
    if cursor == "eyJhIjoxLCJiIjoyfQ":
        assert store.datasets(TENANT, "fund", after=cursor).items == ()
        return
    with pytest.raises(InputError) as caught:
        store.datasets(TENANT, "fund", after=cursor)
    assert caught.value.code == "BAD_CURSOR"


def test_tenants_never_meet(store):
    """Of equal content, names and lists, each tenant sees its own alone."""
    ours = store.commit("a", [new_fund(), new_benchmark()], actor="me")
    theirs = store.commit("b", [new_fund(), new_fund("Beta")], actor="you")
    assert not theirs.already
    assert ours.items[0].revision == theirs.items[0].revision
    assert ours.items[0].id != theirs.items[0].id
    assert [row.id for row in store.datasets("a", "fund").items] == [ours.items[0].id]
    assert [row.id for row in store.datasets("b", "fund").items] == [i.id for i in theirs.items]
    assert store.datasets("b", "benchmark").items == ()
    assert store.datasets("c", "fund").items == ()
    store.delete("a", "fund", ours.items[0].id)
    assert store.pointer("b", "fund", theirs.items[0].id).sequence == 1
    packs = store._connections.reader.read(
        lambda db: db.execute("SELECT tenant, hash FROM object WHERE kind = 'flows'").fetchall()
    )
    assert len({pack for _, pack in packs}) == 2


def test_delete_frees_the_name(store):
    """A deleted dataset is gone, and its name may be used again."""
    first = store.commit(TENANT, [new_fund()], actor="me").items[0]
    store.delete(TENANT, "fund", first.id)
    assert store.datasets(TENANT, "fund").items == ()
    for call in (store.pointer, store.dataset, store.delete):
        with pytest.raises(NotFoundError):
            call(TENANT, "fund", first.id)
    with pytest.raises(NotFoundError):
        store.load(TENANT, "fund", first.id, first.revision)
    again = store.commit(TENANT, [new_fund()], actor="me")
    assert not again.already
    assert again.items[0].id != first.id
    assert again.items[0].sequence == 1


def test_close(root):
    """A store that was closed twice answers nothing more."""
    store = Store.open(root)
    item = store.commit(TENANT, [new_fund()], actor="me").items[0]
    store.close()
    store.close()
    with pytest.raises(StoreError):
        store.pointer(TENANT, "fund", item.id)


def test_space_is_asked_for(store):
    """No disk has room for an upload of an exabyte."""
    with pytest.raises(DiskFullError):
        store.require_space(2**60)


def test_threads_share_a_store(store):
    """Eight threads that read while one writes see whole revisions only."""
    item = store.commit(TENANT, [new_fund()], actor="me").items[0]
    wrong, reads, done = [], [], threading.Event()

    def read():
        while not done.is_set():
            found = store.pointer(TENANT, "fund", item.id)
            value = store.load(TENANT, "fund", item.id, found.revision)
            reads.append(1)
            if value.contributions[0] != 100.0 * found.sequence:
                wrong.append(found)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for scale in range(2, 12):
        store.commit(TENANT, [new_fund(scale=scale, dataset=item.id)], actor="me")
    done.set()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(reads) >= 8
    assert store.pointer(TENANT, "fund", item.id).sequence == 11
