"""The word of changes: another one after every commit, before it is answered."""

from __future__ import annotations

import pytest

from fakes import FakeClock
from pmecalc.store.changes import Changes
from pmecalc.store.store import Store
from unit.store.samples import TENANT, new_fund


class Version:
    """A catalog's data version that tests set."""

    number = 1

    def __call__(self):
        return self.number


@pytest.fixture
def path(tmp_path):
    return tmp_path / "changes"


def test_without_a_commit_the_word_stays(tmp_path):
    """Reading changes nothing, in this process and in another."""
    with Store.open(tmp_path) as store, Store.open(tmp_path) as other:
        word = store.changes.now()
        store.datasets(TENANT, "fund")
        assert store.changes.now() == other.changes.now() == word


def test_every_write_brings_a_new_word_everywhere(tmp_path):
    """Commit, edit and delete by one store are seen by another before the call returns."""
    with Store.open(tmp_path) as store, Store.open(tmp_path) as other:
        words = [other.changes.now()]
        fund = store.commit(TENANT, [new_fund()], actor="test").items[0].id
        words.append(other.changes.now())
        store.edit(TENANT, "fund", fund, {"name": "Beta"})
        words.append(other.changes.now())
        store.delete(TENANT, "fund", fund)
        words.append(other.changes.now())
    assert len(set(words)) == 4


def test_a_word_never_comes_back(path):
    """Ten thousand words of two writers are all different."""
    with_version = {"data_version": Version()}
    one, two = Changes(path, **with_version), Changes(path, **with_version)
    words = set()
    for writer in [one, two] * 5000:
        writer.publish()
        words.add(one.now())
    assert len(words) == 10_000
    one.close()
    two.close()


def test_a_writer_killed_before_it_spoke_is_found_out(path):
    """A commit without a word is seen by the catalog's version within a quarter of a second."""
    clock, version = FakeClock(), Version()
    changes = Changes(path, data_version=version, clock=clock)
    before = changes.now()
    version.number += 1
    clock.advance(0.3)
    after = changes.now()
    clock.advance(0.3)
    assert before != after == changes.now()
    changes.close()


def test_a_writer_that_spoke_is_not_spoken_for(path):
    """Where the word has changed with the version, it stays."""
    clock, version = FakeClock(), Version()
    changes = Changes(path, data_version=version, clock=clock)
    version.number += 1
    changes.publish()
    word = changes.now()
    clock.advance(0.3)
    assert changes.now() == word
    changes.close()
