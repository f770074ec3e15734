from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from fakes import FakeClock
from pmecalc.store import KeyReusedError, Once, Store, remembered
from unit.store.samples import TENANT, new_fund

ONCE = Once(key="k-1", request_hash="a" * 64)
DAY_MS = 24 * 3600 * 1000


def imports(store):
    return store.read(lambda db: db.execute("SELECT count(*) FROM import").fetchone()[0])


def test_same_request_twice(store):
    """A request that comes again is carried out once and answered as before."""
    first = store.commit(TENANT, [new_fund()], actor="me", once=ONCE)
    store.delete(TENANT, "fund", first.items[0].id)
    again = store.commit(TENANT, [new_fund()], actor="me", once=ONCE)
    assert not first.replayed
    assert again == replace(first, replayed=True)
    assert imports(store) == 1


def test_known_content_is_remembered_too(store):
    """The answer that everything is there already is kept as well."""
    store.commit(TENANT, [new_fund()], actor="me")
    first = store.commit(TENANT, [new_fund()], actor="me", once=ONCE)
    assert (first.already, first.replayed) == (True, False)
    again = store.commit(TENANT, [new_fund()], actor="me", once=ONCE)
    assert (again.already, again.replayed) == (True, True)


def test_other_request_under_the_same_key(store):
    """A key that stands for another request is refused, and nothing is written."""
    store.commit(TENANT, [new_fund()], actor="me", once=ONCE)
    with pytest.raises(KeyReusedError) as caught:
        store.commit(
            TENANT, [new_fund("Beta")], actor="me", once=replace(ONCE, request_hash="b" * 64)
        )
    assert caught.value.code == "IDEMPOTENCY_CONFLICT"
    assert imports(store) == 1


def test_keys_of_tenants_are_apart(store):
    """Two tenants may use the same key."""
    store.commit("a", [new_fund()], actor="me", once=ONCE)
    other = replace(ONCE, request_hash="b" * 64)
    assert not store.commit("b", [new_fund()], actor="me", once=other).replayed


def test_answers_are_kept_for_a_day(root):
    """After 24 hours a key is free again, and its answer is forgotten."""
    clock = FakeClock(1_700_000_000_000)
    with Store.open(root, clock=clock) as store:
        store.commit(TENANT, [new_fund()], actor="me", once=ONCE)
        clock.advance(DAY_MS - 1)
        assert store.commit(TENANT, [new_fund()], actor="me", once=ONCE).replayed
        clock.advance(1)
        other = replace(ONCE, request_hash="b" * 64)
        assert not store.commit(TENANT, [new_fund("Beta")], actor="me", once=other).replayed
        clock.advance(DAY_MS)
        assert store.write(lambda db: remembered.forget(db, now=clock())) == 1


def test_any_answer_can_be_remembered(store):
    """Another change keeps its answer in its own transaction."""
    assert store.remembered(TENANT, ONCE) is None
    store.write(lambda db: remembered.remember(db, TENANT, ONCE, '{"id": 1}', store.now()))
    assert store.remembered(TENANT, ONCE) == '{"id": 1}'


def test_the_same_request_at_once(root):
    """Of two equal requests at the same moment one is carried out, the other gets its answer."""
    together = threading.Barrier(2)

    def step(name):
        if name == "objects-durable":
            together.wait(30)

    with Store.open(root, step=step) as store:
        done = []
        threads = [
            threading.Thread(
                target=lambda: done.append(
                    store.commit(TENANT, [new_fund()], actor="me", once=ONCE)
                )
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(one.replayed for one in done) == [False, True]
        assert len({one.import_id for one in done}) == 1
        assert imports(store) == 1
