"""The memory tier: bounded in bytes, shared fairly; what nobody asks for goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeClock
from pmecalc.cache.entry import finish
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.memory import MemoryTier


def tier(max_bytes=100, clock=None):
    return MemoryTier(max_bytes, size_of=len, clock=clock or FakeClock())


def test_what_nobody_asked_for_goes_first():
    """A hit keeps a value, so the oldest one without a hit is evicted."""
    memory = tier()
    for name in "abc":
        memory.keep(name, b"x" * 30, ttl_seconds=300)
    assert memory.get("a") is not None
    memory.keep("d", b"x" * 30, ttl_seconds=300)
    assert [name for name in "abcd" if memory.get(name)] == ["a", "c", "d"]
    assert memory.stats()["evictions"] == 1


def test_a_value_past_its_time_goes_before_a_living_one():
    """Eviction takes an expired value near the old end, not the oldest."""
    clock = FakeClock()
    memory = tier(clock=clock)
    memory.keep("old", b"x" * 40, ttl_seconds=300)
    memory.keep("short", b"x" * 40, ttl_seconds=1)
    clock.advance(2)
    memory.keep("new", b"x" * 40, ttl_seconds=300)
    assert memory.get("old") is not None
    assert memory.get("short") is None


def test_a_hit_after_its_time_renews_a_kept_value():
    """An immutable value is renewed by a hit after its time, and counted."""
    clock = FakeClock()
    memory = tier(clock=clock)
    memory.keep("k", b"v", ttl_seconds=300)
    clock.advance(301)
    assert memory.get("k") == b"v"
    assert memory.get("k") == b"v"
    assert memory.stats()["renewals"] == 1


def test_a_set_value_is_gone_after_its_time():
    """A value with an expiry is a miss from that second on."""
    clock = FakeClock()
    memory = tier(clock=clock)
    memory.set("k", b"v", ttl_seconds=300)
    clock.advance(299)
    assert memory.get("k") == b"v"
    clock.advance(1)
    assert memory.get("k") is None
    assert memory.stats()["expired"] == 1
    assert memory.stats()["bytes"] == 0


def test_a_value_larger_than_the_tier_is_not_kept():
    """It would only push out everything else; the older value of its key goes too."""
    memory = tier()
    memory.keep("k", b"v", ttl_seconds=300)
    memory.keep("k", b"x" * 101, ttl_seconds=300)
    assert memory.get("k") is None
    assert memory.stats()["too_large"] == 1


def test_nothing_goes_for_a_value_larger_than_a_share():
    """It is kept where there is room, and not where others would have to go."""
    memory = tier()
    memory.keep("a", b"x" * 60, ttl_seconds=300, owner="a")
    memory.keep("b", b"x" * 50, ttl_seconds=300, owner="b")
    assert memory.get("a") is not None
    assert memory.get("b") is None


def test_an_entry_costs_all_its_bodies_and_more():
    """The size of an entry counts every encoding and a fixed part."""
    key = make_cache_key("v", {}, scope=Scope("t", ("d",), ("r",), 1))
    entry = finish(b"x" * 1000, key=key, created=0.0)
    assert entry.size > sum(len(reply.body) for reply in entry.replies.values()) > 1000


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60)), max_size=60))
def test_the_bound_holds(writes):
    """Whatever is stored, the bytes are the sum of what is held and within the bound."""
    memory = tier(max_bytes=100)
    for name, size in writes:
        memory.keep(name, b"x" * size, ttl_seconds=300)
        held = [memory.get(each) for each in "abcdef"]
        stats = memory.stats()
        assert stats["bytes"] == sum(len(value) for value in held if value is not None) <= 100
        assert stats["entries"] == sum(value is not None for value in held)


def test_a_flood_passes_by_what_is_asked_for():
    """Of a thousand values asked for once, none pushes out one that is asked for again."""
    memory = tier()
    memory.keep("wanted", b"x" * 30, ttl_seconds=300)
    for number in range(1000):
        assert memory.get("wanted") is not None
        memory.keep(f"once {number}", b"x" * 30, ttl_seconds=300)
    assert memory.stats()["evictions"] == 998


def shares(memory, names):
    """The bytes of each owner, by the first letter of the key."""
    held = {}
    for name in names:
        value = memory.get(name)
        held[name[0]] = held.get(name[0], 0) + len(value or b"")
    return held


def test_one_tenant_alone_may_have_it_all():
    """The share binds only while others have something to lose."""
    memory = tier()
    for number in range(10):
        memory.keep(f"a{number}", b"x" * 10, ttl_seconds=300, owner="a")
    assert memory.stats()["bytes"] == 100
    assert memory.stats()["tenants"] == 1


def test_a_tenant_above_its_share_gives_way_first():
    """A newcomer takes from the one above 40 in a hundred, down to 40 and no further."""
    memory = tier()
    names = [f"{owner}{number}" for owner in "ab" for number in range(10)]
    for name in names:
        memory.keep(name, b"x" * 10, ttl_seconds=300, owner=name[0])
    held = shares(memory, names)
    assert held["a"] >= 40
    assert held["b"] >= 40


def test_a_flooding_tenant_evicts_itself():
    """Against a thousand keys of one tenant another keeps every value within its share."""
    memory = tier()
    quiet = [f"q{number}" for number in range(4)]
    for name in quiet:
        memory.keep(name, b"x" * 10, ttl_seconds=300, owner="q")
    for number in range(1000):
        memory.keep(f"f{number}", b"x" * 10, ttl_seconds=300, owner="f")
    assert all(memory.get(name) is not None for name in quiet)
    assert memory.stats()["bytes"] == 100


OWNED = st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(1, 45), st.booleans())


@given(st.lists(OWNED, max_size=120))
def test_nobody_exceeds_the_share_while_others_have_to_go(writes):
    """Whenever a write takes from a tenant within its share, no other one is above it."""
    memory = tier()
    names = [f"{owner}{number}" for owner in "abc" for number in range(10)]
    for owner, number, size, asks in writes:
        before = {name: len(slot.value) for name, slot in memory._slots.items()}
        memory.keep(f"{owner}{number}", b"x" * size, ttl_seconds=300, owner=owner)
        gone = {name[0] for name in before if name not in memory._slots}
        held = {
            each: sum(size for name, size in before.items() if name[0] == each) for each in "abc"
        }
        if any(held[each] + size * (each == owner) <= 40 for each in gone):
            now = {
                each: sum(len(memory.get(n) or b"") for n in names if n[0] == each)
                for each in "abc"
            }
            assert max(now.values()) <= 40
        if asks:
            memory.get(f"{owner}{number}")
        stats = memory.stats()
        assert stats["bytes"] == sum(slot.size for slot in memory._slots.values()) <= 100
