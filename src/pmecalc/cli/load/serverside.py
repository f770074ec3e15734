"""What the service says of itself before and after a level, and the difference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmecalc.cli.load.questions import Target

_TIMEOUT_SECONDS = 30
_WELL = 200


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Of all workers: processor time, memory, and how late the timers of their loops came."""

    pids: frozenset[int]
    cpu_seconds: float
    rss_bytes: int | None
    lag_bounds: tuple[float, ...]
    lag_counts: tuple[int, ...]


def snapshot(target: Target) -> Snapshot | None:
    """None from a service that does not say, or cannot."""
    try:
        said = read_json(target.host, target.port, "/v1/system/cache")
        workers, lag = said["workers"], said["loop"]["lag"]
        memory = [each["rss_bytes"] for each in workers]
        return Snapshot(
            frozenset(int(each["pid"]) for each in workers),
            sum(float(each["cpu_s"]) for each in workers),
            None if None in memory else sum(memory),
            tuple(lag["bounds"]),
            tuple(lag["counts"]),
        )
    except (OSError, HTTPException, ValueError, LookupError, TypeError):
        return None


def between(
    before: Snapshot | None, after: Snapshot | None, seconds: float
) -> dict[str, float | int | None]:
    """Figures of the time between; None where a worker was replaced, or none answered."""
    if before is None or after is None or before.pids != after.pids:
        names = ("server_cpu", "server_rss_bytes", "loop_lag_p99_ms", "loop_lag_max_ms")
        return dict.fromkeys(names)
    counts = [late - early for early, late in zip(before.lag_counts, after.lag_counts, strict=True)]
    return {
        "server_cpu": round((after.cpu_seconds - before.cpu_seconds) / seconds, 3),
        "server_rss_bytes": after.rss_bytes,
        "loop_lag_p99_ms": _bound(after.lag_bounds, counts, 0.99),
        "loop_lag_max_ms": _bound(after.lag_bounds, counts, 1.0),
    }


def read_json(host: str, port: int, path: str) -> Any:  # noqa: ANN401  (whatever it says)
    """One GET; ConnectionError when the answer is no."""
    body = read_body(host, port, path)
    return json.loads(body)


def read_body(host: str, port: int, path: str, *, encoding: str = "identity") -> bytes:
    """The bytes of one GET as they came over the wire."""
    connection = HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers={"Accept-Encoding": encoding})
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != _WELL:
        raise ConnectionError(f"{path} answers {response.status}")
    return body


def _bound(bounds: tuple[float, ...], counts: list[int], share: float) -> float | None:
    """The upper bound of the bucket that holds the quantile; the last bucket has none."""
    wanted = share * sum(counts)
    if wanted == 0:
        return None
    place = next(at for at, reached in enumerate(accumulate(counts)) if reached >= wanted)
    return 1000 * bounds[place] if place < len(bounds) else None
