"""Statistics in shared memory: continued by a successor, read whole, bounded."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from pmecalc.service import request_counts, shared_metrics
from pmecalc.service.request_counts import RequestCounts
from pmecalc.service.shared_metrics import MAX_BLOCKS, MAX_SNAPSHOT_BYTES, OTHER, SharedMetrics
from pmecalc.service.totals import added, added_blocks, counts_of


def rows(shared):
    table = request_counts.table(added_blocks(each.blocks for each in shared.read()))
    return {(row["method"], row["route"], row["status"]): row["count"] for row in table}


COUNTS_AND_IS_KILLED = """
import os, signal, sys
from pmecalc.service.request_counts import RequestCounts
from pmecalc.service.shared_metrics import SharedMetrics

handle, slot, times = map(int, sys.argv[1:])
mine = SharedMetrics(handle, 2).slot(slot)
counts = RequestCounts(mine)
block = counts.block("GET", "/a/{b}", 200)
for _ in range(times):
    counts.observe(block, 0.002)
mine.publish({"hits": times, "flights": 1})
os.kill(os.getpid(), signal.SIGKILL)
"""


def run(shared, slot, times):
    handle = shared.fileno()
    command = [sys.executable, "-c", COUNTS_AND_IS_KILLED, str(handle), str(slot), str(times)]
    assert subprocess.run(command, check=False, pass_fds=[handle]).returncode == -signal.SIGKILL


def test_counts_outlive_a_killed_process_and_its_successor_goes_on():
    """Two processes in one slot, both killed: every request is counted, none twice."""
    shared = SharedMetrics.create(2)
    run(shared, 1, 1000)
    run(shared, 1, 234)
    assert rows(shared) == {("GET", "/a/{b}", 200): 1234}
    (reading,) = shared.read()
    assert reading.snapshot == {"hits": 234, "flights": 1}
    assert reading.pid != 0
    shared.vacate(1)
    (reading,) = shared.read()
    assert reading.pid == 0


def test_slots_are_added_up():
    """What two slots have counted is one row, with its histogram."""
    shared = SharedMetrics.create(3)
    for slot in (0, 2):
        counts = RequestCounts(shared.slot(slot))
        for status, seconds in ((200, 0.0001), (200, 99.0), (404, 0.02)):
            counts.observe(counts.block("GET", "/a", status), seconds)
    ok, missing = request_counts.table(added_blocks(each.blocks for each in shared.read()))
    assert (ok["count"], missing["count"]) == (4, 2)
    assert ok["seconds"]["counts"] == [2, *[0] * 14, 2]
    assert ok["seconds"]["sum"] == pytest.approx(2 * 99.0001)
    assert sum(missing["seconds"]["counts"]) == 2


def test_labels_are_bounded():
    """An invented method is `other`; keys beyond the limit share a block, and none is lost."""
    shared = SharedMetrics.create(1)
    counts = RequestCounts(shared.slot(0))
    for number in range(2 * MAX_BLOCKS):
        counts.observe(counts.block("BREW", f"/{number}", 200), 0.1)
    found = rows(shared)
    assert len(found) == MAX_BLOCKS
    assert sum(found.values()) == 2 * MAX_BLOCKS
    method, route, status = OTHER.split(" ")
    assert found[method, route, int(status)] == MAX_BLOCKS + 1
    assert {each[0] for each in found} == {"other"}


def test_a_reader_finds_a_whole_snapshot(monkeypatch):
    """A snapshot that is replaced twice while it is read is read again."""
    shared = SharedMetrics.create(1)
    slot = shared.slot(0)
    slot.publish({"n": [1] * 5000})
    at, real = [], shared_metrics._snapshot_at

    def interrupted(sequence):
        if sequence == 1 and not at:
            at.append(sequence)
            slot.publish({"n": [2] * 1000})
            slot.publish({"n": [3] * 3000})
        return real(sequence)

    monkeypatch.setattr(shared_metrics, "_snapshot_at", interrupted)
    (reading,) = shared.read()
    assert at == [1]
    assert reading.snapshot == {"n": [3] * 3000}


def test_what_does_not_fit_is_refused():
    """A snapshot that is too large is an error, and the last one stays."""
    shared = SharedMetrics.create(1)
    slot = shared.slot(0)
    slot.publish({"n": 1})
    with pytest.raises(ValueError, match="larger"):
        slot.publish({"n": "x" * MAX_SNAPSHOT_BYTES})
    assert shared.read()[0].snapshot == {"n": 1}


def test_totals_add_counts_and_know_states():
    """Counts and histograms are added, bytes are of those that live, an open breaker wins."""
    one = {
        "memory": {"state": "ready", "hits": 3, "bytes": 10},
        "redis": {
            "state": "closed",
            "wait_max_ms": 2.0,
            "breakers": {"reads": {"open": False, "opened": 1}},
            "wait_seconds": {"bounds": [1, 2], "counts": [1, 0, 1], "sum": 3.5},
        },
        "compute": {"processes": None},
        "answers": {"irr_pme": {"memory": 3}},
    }
    other = {
        "memory": {"state": "ready", "hits": 4, "bytes": 20},
        "redis": {
            "state": "open",
            "wait_max_ms": 1.0,
            "breakers": {"reads": {"open": True, "opened": 1}},
            "wait_seconds": {"bounds": [1, 2], "counts": [0, 2, 0], "sum": 3.0},
        },
        "compute": {"processes": {"size": 1, "restarts": 2}},
        "answers": {"irr_pme": {"memory": 1, "redis": 2}, "summary": {"redis": 1}},
    }
    total = added([one, other])
    assert total["memory"] == {"state": "ready", "hits": 7, "bytes": 30}
    assert total["redis"]["state"] == "open"
    assert total["redis"]["breakers"]["reads"] == {"open": True, "opened": 2}
    assert total["redis"]["wait_seconds"] == {"bounds": [1, 2], "counts": [1, 2, 1], "sum": 6.5}
    assert total["redis"]["wait_max_ms"] == 2.0
    assert total["compute"]["processes"] == {"size": 1, "restarts": 2}
    assert total["answers"] == {"irr_pme": {"memory": 4, "redis": 2}, "summary": {"redis": 1}}
    ended = counts_of(other)
    assert ended["memory"] == {"hits": 4}
    assert ended["redis"]["breakers"]["reads"] == {"opened": 1}
    assert ended["compute"]["processes"] == {"restarts": 2}
    assert added([one, ended])["memory"] == {"state": "ready", "hits": 7, "bytes": 10}
    assert added([one, ended])["redis"]["state"] == "closed"
