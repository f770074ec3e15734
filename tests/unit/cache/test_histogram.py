"""Counts by bucket."""

from __future__ import annotations

from pmecalc.cache.histogram import BOUNDS_SECONDS, Histogram


def test_a_duration_counts_in_the_first_bucket_that_holds_it():
    """Bounds are inclusive, what is beyond the last has a bucket of its own; sum and longest."""
    histogram = Histogram()
    for seconds in (0.0, BOUNDS_SECONDS[0], 0.003, 0.050, 0.051, 7.0):
        histogram.observe(seconds)
    stats = histogram.stats()
    assert stats["bounds"] == list(BOUNDS_SECONDS)
    assert stats["counts"] == [2, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1]
    assert abs(stats["sum"] - 7.1045) < 1e-9
    assert histogram.longest_seconds == 7.0
