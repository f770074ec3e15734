from __future__ import annotations

import hashlib
import threading
from dataclasses import replace

import numpy as np
import pytest

from pmecalc.core.errors import InputError, NotFoundError
from pmecalc.core.evaluate import evaluate
from pmecalc.core.fund import frozen
from pmecalc.store import BusyError, ConflictError, NameExistsError, NewDataset, Store
from unit.store.samples import TENANT, benchmark, fund, new_benchmark, new_fund

RAW = b"date,contribution\n2014-03-31,100\n"


def query(store, sql):
    return store._connections.reader.read(lambda db: db.execute(sql).fetchall())


def counts(store):
    """How much of everything there is: rows of each table and stored files."""
    tables = ("object", "import", "dataset", "revision", "pointer", "change")
    rows = {name: query(store, f"SELECT count(*) FROM {name}")[0][0] for name in tables}  # noqa: S608
    areas = {name: len(files(store, name)) for name in ("objects", "raw", "tmp")}
    return rows | areas


def files(store, area):
    return [path for path in (store.root / area).rglob("*") if path.is_file()]


def test_first_import(store):
    """An import makes its datasets at sequence 1, one pack for each kind, and keeps the upload."""
    both = [new_fund(), new_benchmark(), new_fund("Beta", 2)]
    done = store.commit(TENANT, both, actor="me", raw=RAW, raw_name="funds.csv")
    assert [(i.kind, i.name, i.sequence, i.already) for i in done.items] == [
        ("fund", "Alpha", 1, False),
        ("benchmark", "World", 1, False),
        ("fund", "Beta", 1, False),
    ]
    assert not done.already
    assert counts(store) == {
        "object": 3,
        "import": 1,
        "dataset": 3,
        "revision": 3,
        "pointer": 3,
        "change": 3,
        "objects": 2,
        "raw": 1,
        "tmp": 0,
    }
    name = hashlib.sha256(RAW).hexdigest()
    assert (store.root / "raw" / name[:2] / name).read_bytes() == RAW
    assert query(store, "SELECT id, state, actor, raw_hash, raw_name FROM import") == [
        (done.import_id, "committed", "me", name, "funds.csv")
    ]


def test_same_content_twice(store):
    """The same content again is one revision, and the second import writes nothing (S-08)."""
    first = store.commit(TENANT, [new_fund(), new_benchmark()], actor="me", raw=RAW)
    before = counts(store)
    second = store.commit(TENANT, [new_fund(), new_benchmark()], actor="you", raw=b"other bytes")
    assert second.already
    assert [item.already for item in second.items] == [True, True]
    assert second.import_id == first.import_id
    assert [(i.id, i.revision, i.sequence) for i in second.items] == [
        (i.id, i.revision, i.sequence) for i in first.items
    ]
    assert counts(store) == before


def test_same_content_by_id(store):
    """The same content for a known dataset is there already, whatever sequence was expected."""
    first = store.commit(TENANT, [new_fund()], actor="me").items[0]
    again = new_fund(dataset=first.id, expected_sequence=0)
    assert store.commit(TENANT, [again], actor="me").already


def test_some_of_it_new(store):
    """Of an import that is known in part, the new part alone is written."""
    store.commit(TENANT, [new_fund()], actor="me")
    done = store.commit(TENANT, [new_fund(), new_fund("Beta")], actor="me")
    assert [item.already for item in done.items] == [True, False]
    assert not done.already
    found = counts(store)
    assert (found["revision"], found["import"], found["objects"]) == (2, 2, 2)


def test_name_exists(store):
    """Other content under a known name is refused, naming the dataset that has it."""
    known = store.commit(TENANT, [new_fund()], actor="me").items[0]
    before = counts(store)
    with pytest.raises(NameExistsError) as caught:
        store.commit(TENANT, [new_fund("Beta"), new_fund(scale=2)], actor="me")
    assert (caught.value.code, caught.value.dataset) == ("NAME_EXISTS", known.id)
    assert isinstance(caught.value, InputError)
    assert counts(store) == before


def test_names_of_kinds_are_apart(store):
    """A fund and a benchmark may have the same name."""
    done = store.commit(TENANT, [new_fund("Alpha"), new_benchmark("Alpha")], actor="me")
    assert len({item.id for item in done.items}) == 2


def test_new_revision(store):
    """Other content for a known dataset is its next sequence; the old revision stays readable."""
    first = store.commit(TENANT, [new_fund()], actor="me").items[0]
    second = store.commit(TENANT, [new_fund(scale=2, dataset=first.id)], actor="me").items[0]
    assert (second.id, second.sequence) == (first.id, 2)
    assert store.pointer(TENANT, "fund", first.id) == (second.revision, 2)
    old = store.load(TENANT, "fund", first.id, first.revision)
    new = store.load(TENANT, "fund", first.id, second.revision)
    assert (old.contributions[0], new.contributions[0]) == (100.0, 200.0)
    back = store.commit(TENANT, [new_fund(dataset=first.id)], actor="me").items[0]
    assert (back.revision, back.sequence) == (first.revision, 3)


def test_new_revision_under_another_name(store):
    """A new revision may rename its dataset, but not to a name that another one has."""
    first = store.commit(TENANT, [new_fund(), new_fund("Beta")], actor="me").items[0]
    done = store.commit(TENANT, [new_fund("Gamma", dataset=first.id)], actor="me")
    assert store.dataset(TENANT, "fund", first.id).name == "Gamma"
    assert done.items[0].sequence == 2
    with pytest.raises(NameExistsError):
        store.commit(TENANT, [new_fund("Beta", 3, dataset=first.id)], actor="me")


@pytest.mark.parametrize("case", ["unknown", "deleted", "other kind", "other tenant"])
def test_unknown_dataset(store, case):
    """A revision of a dataset that is unknown, deleted, of another kind or tenant is refused."""
    known = store.commit(TENANT, [new_fund(), new_benchmark()], actor="me").items
    theirs = store.commit("b", [new_fund()], actor="me").items[0]
    ids = {
        "unknown": "0" * 16,
        "deleted": known[0].id,
        "other kind": known[1].id,
        "other tenant": theirs.id,
    }
    store.delete(TENANT, "fund", known[0].id)
    with pytest.raises(NotFoundError) as caught:
        store.commit(TENANT, [new_fund(scale=2, dataset=ids[case])], actor="me")
    assert str(caught.value) == f"no fund named '{ids[case]}'"


@pytest.mark.parametrize(("expected", "dataset"), [(0, True), (2, True), (1, False)])
def test_expected_sequence(store, expected, dataset):
    """A commit that expects another sequence is refused with both."""
    known = store.commit(TENANT, [new_fund()], actor="me").items[0]
    options = {"dataset": known.id} if dataset else {"name": "Beta"}
    late = new_fund(scale=2, expected_sequence=expected, **options)
    with pytest.raises(ConflictError) as caught:
        store.commit(TENANT, [late], actor="me")
    current = 1 if dataset else 0
    assert (caught.value.code, caught.value.expected, caught.value.current) == (
        "SEQUENCE_CONFLICT",
        expected,
        current,
    )


def test_all_or_none(store):
    """Of an import with one conflict nothing is committed."""
    known = store.commit(TENANT, [new_fund()], actor="me").items[0]
    late = new_fund(scale=2, dataset=known.id, expected_sequence=7)
    with pytest.raises(ConflictError):
        store.commit(TENANT, [new_fund("Beta"), late, new_benchmark()], actor="me")
    assert [row.name for row in store.datasets(TENANT, "fund").items] == ["Alpha"]
    assert store.datasets(TENANT, "benchmark").items == ()


@pytest.mark.parametrize("same_process", [True, False])
def test_two_writers(root, same_process):
    """Of two commits that expect the same sequence exactly one wins (S-06)."""
    together = threading.Barrier(2)

    def step(name):
        if name == "objects-durable":
            together.wait(30)

    with Store.open(root) as first:
        known = first.commit(TENANT, [new_fund()], actor="me").items[0]
    one = Store.open(root, step=step)
    two = one if same_process else Store.open(root, step=step)
    outcomes = []

    def run(store, scale):
        late = new_fund(scale=scale, dataset=known.id, expected_sequence=1)
        try:
            outcomes.append(store.commit(TENANT, [late], actor="me").items[0].sequence)
        except ConflictError as error:
            outcomes.append((error.expected, error.current))

    threads = [threading.Thread(target=run, args=(store, n)) for n, store in ((2, one), (3, two))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes, key=str) == [(1, 2), 2]
    assert query(one, "SELECT seq FROM revision ORDER BY seq") == [(1,), (2,)]
    one.close()
    two.close()


def test_two_equal_imports(root):
    """Of two equal imports at once one writes, and the other finds it there."""
    together = threading.Barrier(2)

    def step(name):
        if name == "objects-durable":
            together.wait(30)

    with Store.open(root, step=step) as store:
        done = []
        threads = [
            threading.Thread(
                target=lambda: done.append(store.commit(TENANT, [new_fund()], actor="me"))
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(one.already for one in done) == [False, True]
        assert len({one.items[0].id for one in done}) == 1
        assert counts(store)["revision"] == 1


def test_object_that_vanished(root):
    """An object that vanished before the transaction looked for it is written again."""
    seen = []

    def step(name):
        seen.append(name)
        if name == "begun" and seen.count("begun") == 1:
            for path in (root / "objects").rglob("*.parquet"):
                path.unlink()

    with Store.open(root, step=step) as store:
        item = store.commit(TENANT, [new_fund()], actor="me").items[0]
        assert store.load(TENANT, "fund", item.id, item.revision).contributions[0] == 100.0
    assert (seen.count("begun"), seen.count("checked")) == (2, 1)


def test_object_that_keeps_vanishing(root):
    """A commit gives up in words when its objects never last."""

    def step(name):
        if name == "begun":
            for path in (root / "objects").rglob("*.parquet"):
                path.unlink()

    with Store.open(root, step=step) as store:
        with pytest.raises(BusyError):
            store.commit(TENANT, [new_fund()], actor="me")
        assert counts(store)["dataset"] == 0


def test_steps(root):
    """The steps of a commit come in the order of the specification."""
    steps = []
    with Store.open(root, step=steps.append) as store:
        store.commit(TENANT, [new_fund()], actor="me", raw=RAW)
    area = ("written", "renamed", "durable")
    transaction = ["begun", "checked", "inserted", "pointed", "committed"]
    expected = [f"{name}-{part}" for name in ("raw", "objects") for part in area] + transaction
    assert steps == expected


def test_change_feed(store):
    """Every move of a pointer is one row of the feed, in order."""
    one = store.commit(TENANT, [new_fund()], actor="me").items[0]
    two = store.commit(TENANT, [new_fund(scale=2, dataset=one.id)], actor="me").items[0]
    store.delete(TENANT, "fund", one.id)
    assert query(store, "SELECT dataset, seq, rev FROM change ORDER BY n") == [
        (one.id, 1, one.revision),
        (one.id, 2, two.revision),
        (one.id, 2, None),
    ]


@pytest.mark.parametrize(
    ("datasets", "code"),
    [
        ([], "NO_DATASETS"),
        ([new_fund(), new_fund(scale=2)], "DUPLICATE_NAME"),
        ([new_fund("A", dataset="x"), new_fund("B", dataset="x")], "DUPLICATE_NAME"),
        ([NewDataset(kind="fund", name="A", value=benchmark())], "UNSUPPORTED_OPTION"),
        ([NewDataset(kind="benchmark", name="A", value=fund())], "UNSUPPORTED_OPTION"),
        ([new_fund("  ")], "UNSUPPORTED_OPTION"),
        ([new_fund("\ud800")], "UNSUPPORTED_OPTION"),
        ([new_fund("a\0b")], "UNSUPPORTED_OPTION"),
    ],
)
def test_what_is_no_import(store, datasets, code):
    """An import without datasets, with a name twice, or with the wrong values is refused."""
    with pytest.raises(InputError) as caught:
        store.commit(TENANT, datasets, actor="me")
    assert caught.value.code == code
    assert counts(store)["import"] == 0


def test_estimated_nav_is_refused(store):
    """A NAV that was rolled forward is no content."""
    estimated = replace(fund(), nav_estimated=frozen(np.array([False, False, True])))
    with pytest.raises(InputError) as caught:
        store.commit(TENANT, [NewDataset(kind="fund", name="A", value=estimated)], actor="me")
    assert caught.value.code == "NAV_ESTIMATED"


def test_recallable_distributions_are_kept(store):
    """What was committed is what is loaded, and an edit of the name leaves the tags."""
    tagged = fund(recallable=[("2016-06-30", 12.25)])
    new = NewDataset(kind="fund", name="A", value=tagged)
    (item,) = store.commit(TENANT, [new], actor="me").items
    found = store.load(TENANT, "fund", item.id, item.revision)
    assert (found.recallable_days.tolist(), found.recallable.tolist()) == ([16982], [12.25])
    edited = store.edit(TENANT, "fund", item.id, {"name": "B"})
    again = store.load(TENANT, "fund", item.id, edited.revision)
    assert again.recallable.tolist() == [12.25]
    assert evaluate(again, recallable="net").unfunded == evaluate(tagged).unfunded


def test_many_funds_in_one_import(store):
    """A thousand funds are one pack and one import."""
    funds = [new_fund(f"Fund {n:04}", n + 1) for n in range(1000)]
    done = store.commit(TENANT, funds, actor="me")
    found = counts(store)
    assert (found["objects"], found["import"], found["pointer"]) == (1, 1, 1000)
    wrong = sum(
        store.load(TENANT, "fund", item.id, item.revision).contributions[0] != 100.0 * (n + 1)
        for n, item in enumerate(done.items)
    )
    assert wrong == 0
