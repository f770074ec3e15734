from __future__ import annotations

from contextlib import ExitStack

import pytest

from fakes import FakeClock
from pmecalc.core.errors import StoreError
from pmecalc.store import Store, leases
from pmecalc.store.errors import LeaseLostError


@pytest.fixture
def clock():
    return FakeClock(1_700_000_000_000)


def take(store, owner, clock):
    return store.write(lambda db: leases.take(db, "duty", owner, clock()))


def renew(store, lease, clock):
    store.write(lambda db: leases.renew(db, lease, clock()))


def test_one_holder(store, clock):
    """Of those who want a duty one gets it, until 30 s have passed without a renewal."""
    first = take(store, "a", clock)
    assert first == ("duty", "a", 1)
    assert take(store, "b", clock) is None
    assert take(store, "a", clock) is None
    clock.advance(leases.HELD_MS - 1)
    assert take(store, "b", clock) is None
    clock.advance(1)
    assert take(store, "b", clock) == ("duty", "b", 2)


def test_renewal(store, clock):
    """Who renews every 10 s keeps the duty."""
    lease = take(store, "a", clock)
    for _ in range(10):
        clock.advance(leases.RENEWED_MS)
        renew(store, lease, clock)
        assert take(store, "b", clock) is None


def test_fencing(store, clock):
    """Who fell silent cannot publish, neither after another took over nor before."""
    slow = take(store, "a", clock)
    clock.advance(leases.HELD_MS)
    with pytest.raises(LeaseLostError):
        renew(store, slow, clock)
    quick = take(store, "b", clock)
    with pytest.raises(LeaseLostError) as caught:
        renew(store, slow, clock)
    assert isinstance(caught.value, StoreError)
    renew(store, quick, clock)
    store.write(lambda db: leases.release(db, slow, clock()))
    renew(store, quick, clock)


def test_fence_rolls_the_work_back(store, clock):
    """Work that proves its lease too late leaves nothing."""
    lease = take(store, "a", clock)
    clock.advance(leases.HELD_MS)

    def work(db):
        db.execute("INSERT INTO meta (key, value) VALUES ('result', '1')")
        leases.renew(db, lease, clock())

    with pytest.raises(LeaseLostError):
        store.write(work)
    assert (
        store.read(lambda db: db.execute("SELECT 1 FROM meta WHERE key = 'result'").fetchall())
        == []
    )


def test_release(store, clock):
    """A duty that was let go is free at once, and its fence grows on."""
    lease = take(store, "a", clock)
    store.write(lambda db: leases.release(db, lease, clock()))
    assert take(store, "b", clock).fence == 2


def test_two_processes(root, clock):
    """Two stores of one folder share the leases."""
    with Store.open(root) as one, Store.open(root) as two:
        assert take(one, "a", clock)
        assert take(two, "b", clock) is None


def test_a_clock_that_is_set_holds_nobody_up(root):
    """Wall time goes a year ahead and back: leases and jobs are measured by another clock."""
    wall = FakeClock(1_700_000_000_000)
    year = 365 * 24 * 3600 * 1000
    with Store.open(root, clock=wall, ticks=leases.tick) as store:
        wall.advance(year)
        held = store._lease("duty", ExitStack())
        assert held is not None
        wall.advance(-year)
        assert store._lease("duty", ExitStack()) is None
        store.write(lambda db: leases.renew(db, held, store.tick()))
        store.write(lambda db: leases.release(db, held, store.tick()))
        assert store._lease("duty", ExitStack()) is not None


def test_a_lease_of_before_a_restart_is_free(store, clock):
    """It ends later than any holder may ask for; whoever had it finds that it is lost."""
    clock.advance(10 * leases.HELD_MS)
    old = take(store, "a", clock)
    clock.advance(-9 * leases.HELD_MS)
    assert take(store, "b", clock) is not None
    with pytest.raises(LeaseLostError):
        renew(store, old, clock)
