"""Counts of durations by bucket: plain integers, read without a walk over what was observed."""

from __future__ import annotations

from bisect import bisect_left

BOUNDS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.010, 0.025, 0.050, 0.100, 0.250, 1.0)


class Histogram:
    """One bucket for each upper bound (inclusive) and one for what is beyond the last."""

    __slots__ = ("_counts", "_longest", "_sum")

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_SECONDS) + 1)
        self._sum = 0.0
        self._longest = 0.0

    @property
    def longest_seconds(self) -> float:
        return self._longest

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self._sum += seconds
        self._longest = max(self._longest, seconds)

    def stats(self) -> dict[str, object]:
        """`counts` are those of the buckets, not cumulated; `bounds` in seconds."""
        return {
            "bounds": list(BOUNDS_SECONDS),
            "counts": list(self._counts),
            "sum": self._sum,
        }
