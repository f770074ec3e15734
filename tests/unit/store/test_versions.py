"""Versions of rows, and changes that apply to one of them alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

import pytest

from pmecalc.core.errors import NotFoundError
from pmecalc.store import Store
from pmecalc.store.errors import PreconditionFailedError
from pmecalc.store.versions import Expected, version_of
from unit.store.samples import TENANT, new_benchmark, new_fund


@pytest.fixture
def ids(store):
    items = store.commit(TENANT, [new_fund(), new_benchmark(), new_fund("Beta")], actor="me").items
    return [item.id for item in items]


def only(row):
    """The condition that the row is still as it was."""
    return Expected(frozenset([version_of(row)]))


class Meanwhile(Mapping):
    """Changes to a dataset; while they are first read, something else happens."""

    def __init__(self, changes, happens):
        self._changes = changes
        self._happens = [happens]

    def __getitem__(self, name):
        return self._changes[name]

    def __len__(self):
        return len(self._changes)

    def __iter__(self):
        while self._happens:
            self._happens.pop()()
        return iter(self._changes)


def test_version_names_every_field(store, ids):
    """Two rows that differ in one field alone have different versions."""
    row = store.dataset(TENANT, "fund", ids[0])
    others = [replace(row, **{field.name: f"{getattr(row, field.name)}x"}) for field in fields(row)]
    versions = {version_of(each) for each in (row, *others)}
    assert len(versions) == 1 + len(fields(row))


def test_version_moves_with_every_change(store, ids):
    """Also with the default benchmark, which makes no revision, and never back."""
    seen = [version_of(store.dataset(TENANT, "fund", ids[0]))]
    for changes in ({"vintage": 2001}, {"vintage": 2014}, {"benchmark": ids[1]}):
        row = store.edit(TENANT, "fund", ids[0], changes)
        assert row == store.dataset(TENANT, "fund", ids[0])
        seen.append(version_of(row))
    assert len(set(seen)) == 4


@pytest.mark.parametrize("kind", ["fund", "benchmark"])
def test_change_of_another_version_changes_nothing(store, ids, kind):
    """A stale edit and a stale deletion raise, name the current version, and write no row."""
    dataset = ids[0 if kind == "fund" else 1]
    stale = only(store.dataset(TENANT, kind, dataset))
    row = store.edit(TENANT, kind, dataset, {"currency": "CHF"}, expected=stale)
    audited = store.read(lambda db: db.execute("SELECT count(*) FROM audit").fetchone())
    for change in (
        lambda: store.edit(TENANT, kind, dataset, {"currency": "GBP"}, expected=stale),
        lambda: store.delete(TENANT, kind, dataset, expected=stale),
    ):
        with pytest.raises(PreconditionFailedError) as caught:
            change()
        assert caught.value.current == version_of(row)
    assert store.dataset(TENANT, kind, dataset) == row
    assert store.read(lambda db: db.execute("SELECT count(*) FROM audit").fetchone()) == audited
    store.delete(TENANT, kind, dataset, expected=only(row))
    with pytest.raises(NotFoundError):
        store.dataset(TENANT, kind, dataset)


def test_any_version_must_exist(store):
    """The condition `*` does not make what is not there."""
    with pytest.raises(NotFoundError):
        store.edit(TENANT, "fund", "none", {"vintage": 2000}, expected=Expected())
    with pytest.raises(NotFoundError):
        store.delete(TENANT, "fund", "none", expected=Expected())


@pytest.mark.parametrize("first", [{"vintage": 2001}, {"benchmark": None}, "delete"])
@pytest.mark.parametrize("second", [{"vintage": 2002}, {"benchmark": None}])
def test_change_between_check_and_write_is_seen(store, ids, first, second):
    """Another process that changes the dataset after it was read, and before the write, wins."""
    store.edit(TENANT, "fund", ids[0], {"benchmark": ids[1]})
    condition = only(store.dataset(TENANT, "fund", ids[0]))

    def happens():
        with Store.open(store.root) as other:
            if first == "delete":
                other.delete(TENANT, "fund", ids[0])
            else:
                other.edit(TENANT, "fund", ids[0], first)

    with pytest.raises(NotFoundError if first == "delete" else PreconditionFailedError):
        store.edit(TENANT, "fund", ids[0], Meanwhile(second, happens), expected=condition)


def test_change_between_is_repeated_without_a_condition(store, ids):
    """Without one the edit is planned anew: both changes are there."""

    def happens():
        with Store.open(store.root) as other:
            other.edit(TENANT, "fund", ids[0], {"vintage": 2001})

    row = store.edit(TENANT, "fund", ids[0], Meanwhile({"commitment": 7}, happens))
    assert (row.vintage, row.commitment, row.sequence) == (2001, 7.0, 3)
