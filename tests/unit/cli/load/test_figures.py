"""Figures of a level: from the users' times, and from what the service said of itself."""

from __future__ import annotations

from pmecalc.cli.load.faults import is_known
from pmecalc.cli.load.serverside import Snapshot, between
from pmecalc.cli.load.tally import Tally


def test_times_and_rates_of_a_tally():
    """A hundred answers of 1 to 100 ms in two seconds, four of them computed, one lost."""
    tally = Tally()
    for milliseconds in range(1, 101):
        tally.answered("computed" if milliseconds % 25 == 0 else "memory", float(milliseconds))
    tally.failed("503")
    figures = tally.figures(2.0)
    assert figures["requests"] == 101
    assert figures["success_rate"] == 100 / 101
    assert figures["requests_per_s"] == 50.0
    assert (figures["avg_ms"], figures["p50_ms"], figures["max_ms"]) == (50.5, 50.5, 100.0)
    assert (figures["p95_ms"], figures["p99_ms"]) == (95.05, 99.01)
    assert figures["hit_rate"] == 0.96
    assert figures["failures"] == {"503": 1}


def test_nothing_answered_has_no_times():
    """Where nothing was answered the times and rates are null, not zero."""
    figures = Tally().figures(1.0)
    assert figures["requests"] == 0
    assert {figures[name] for name in ("success_rate", "avg_ms", "p99_ms", "hit_rate")} == {None}


def test_the_service_between_two_snapshots():
    """Processor time over wall time; the bucket that holds the quantile of the new beats alone."""
    bounds = (0.001, 0.01, 0.1)
    before = Snapshot(frozenset((7, 8)), 10.0, 5, bounds, (100, 50, 0, 0))
    after = Snapshot(frozenset((7, 8)), 11.0, 6, bounds, (198, 50, 1, 1))
    assert between(before, after, 4.0) == {
        "server_cpu": 0.25,
        "server_rss_bytes": 6,
        "loop_lag_p99_ms": 100.0,
        "loop_lag_max_ms": None,  # beyond the last bound
    }


def test_snapshots_of_two_workers_tell_nothing():
    """A difference between two processes would be made up."""
    one, other = (Snapshot(frozenset((pid,)), 1.0, 1, (1.0,), (1, 0)) for pid in (1, 2))
    assert set(between(one, other, 1.0).values()) == {None}
    assert set(between(None, other, 1.0).values()) == {None}


def test_faults_by_name():
    """Three faults are known, the slow one with its milliseconds."""
    assert all(map(is_known, ("kill-redis", "stop-redis", "slow-redis:100ms", "slow-redis:20ms")))
    assert not any(map(is_known, ("slow-redis", "slow-redis:1s", "flood", "")))
