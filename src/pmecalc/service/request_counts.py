"""Requests by method, route and status, with their times; a count is two writes to memory."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from pmecalc.service.shared_metrics import BLOCK_VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pmecalc.service.shared_metrics import Slot

BOUNDS_SECONDS = (
    *(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.010, 0.025, 0.050),
    *(0.100, 0.250, 0.500, 1.0, 2.5, 10.0, 30.0),
)
NO_ROUTE = "none"
_SUM = BLOCK_VALUES - 1
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class RequestCounts:
    """The requests of one worker, in the memory that all workers share.

    Its methods belong to the event loop's thread. Labels come from closed sets: a route is a
    template of the application or `none`, a method one of HTTP or `other`.
    """

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._values = slot.values

    def block(self, method: str, route: str, status: int) -> int:
        """Where the counts of such requests are."""
        known = method if method in _METHODS else "other"
        return self._slot.block(f"{known} {route} {status}")

    def observe(self, block: int, seconds: float) -> None:
        """Count one request that was answered within so many seconds."""
        values = self._values
        values[block + bisect_left(BOUNDS_SECONDS, seconds)] += 1.0
        values[block + _SUM] += seconds


def table(blocks: Mapping[str, Sequence[float]]) -> list[dict[str, object]]:
    """The rows of all counts: `method`, `route`, `status`, `count`, and a histogram `seconds`."""
    return [_row(key, values) for key, values in sorted(blocks.items())]


def _row(key: str, values: Sequence[float]) -> dict[str, object]:
    method, route, status = key.split(" ")
    counts = [int(value) for value in values[:_SUM]]
    return {
        "method": method,
        "route": route,
        "status": int(status),
        "count": sum(counts),
        "seconds": {"bounds": list(BOUNDS_SECONDS), "counts": counts, "sum": values[_SUM]},
    }
