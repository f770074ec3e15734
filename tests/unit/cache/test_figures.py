"""Redis' own figures, added up over its servers."""

from __future__ import annotations

from pmecalc.cache.figures import added_up


def test_figures_of_a_cluster_are_added_up():
    """Bytes, clients, evictions and the keys of every database, over all servers."""
    one = {"used_memory": 100, "maxmemory": 400, "connected_clients": 3, "db0": {"keys": 5}}
    other = {"used_memory": 50, "evicted_keys": 2, "db0": {"keys": 1}, "db1": {"keys": 1}}
    assert added_up([one, other]) == {
        "bytes": 150,
        "max_bytes": 400,
        "clients": 3,
        "evictions": 2,
        "entries": 7,
    }


def test_what_a_server_does_not_say_is_zero():
    """A server that says nothing, or text where a number should be, adds nothing."""
    assert set(added_up([{}, {"used_memory": "much"}]).values()) == {0}
