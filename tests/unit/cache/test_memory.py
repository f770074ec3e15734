"""The memory tier: bounded in bytes, the least recently used goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeClock
from pmecalc.cache.entry import finish
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.memory import MemoryTier


def tier(max_bytes=100, clock=None):
    return MemoryTier(max_bytes, size_of=len, clock=clock or FakeClock())


def test_the_least_recently_used_goes_first():
    """A hit keeps a value, so the one nobody asked for is evicted."""
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
