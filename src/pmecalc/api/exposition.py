"""The statistics as Prometheus series, made of the counters when somebody scrapes."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client.core import Metric


def exposition(stats: Mapping[str, Any], accept: str) -> tuple[bytes, str]:
    """The series of one moment in the format that the scraper prefers, and its content type."""
    registry = CollectorRegistry()
    registry.register(_Series(stats))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


_UNANSWERED = ("refused", "overdue", "lost", "dropped")
_OUTCOMES = ("done", "failed", "cancelled")


class _Series(Collector):
    """No label holds a tenant, a dataset or a key: the sets are closed."""

    def __init__(self, stats: Mapping[str, Any]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        stats = self._stats
        yield from _requests(stats)
        yield from _answers(stats)
        yield from _redis(stats["redis"])
        yield from _tiers(stats)
        yield from _work(stats)
        yield from _jobs(stats)


def _requests(stats: Mapping[str, Any]) -> Iterator[Metric]:
    labels = ("method", "route", "status")
    rows = [(tuple(str(row[name]) for name in labels), row) for row in stats["requests"]]
    yield _counter(
        "pme_http_requests",
        "Requests that were answered, by the template of the route.",
        labels,
        ((values, row["count"]) for values, row in rows),
    )
    yield _histogram(
        "pme_http_request_seconds",
        "From the arrival of a request until its answer begins.",
        labels,
        ((values, row["seconds"]) for values, row in rows),
    )
    yield _counter(
        "pme_http_limited",
        "Requests refused with 429, by the limit.",
        ("limit",),
        (((limit,), count) for limit, count in stats["limited"].items()),
    )
    yield _gauge("pme_workers", "Worker processes that run.", (), (((), len(stats["workers"])),))
    yield _counter(
        "pme_workers_replaced",
        "Worker processes that ended though nobody told them to.",
        (),
        (((), stats["workers_replaced"]),),
    )


def _answers(stats: Mapping[str, Any]) -> Iterator[Metric]:
    yield _counter(
        "pme_cache_requests",
        "Answers by view and by where they came from.",
        ("view", "outcome"),
        (((each["view"], each["outcome"]), each["count"]) for each in stats["answers"]),
    )


def _redis(redis: Mapping[str, Any]) -> Iterator[Metric]:
    trips = redis.get("trip_seconds", {})
    yield _histogram(
        "pme_cache_op_seconds",
        "Round trips to a tier outside the process.",
        ("tier", "op", "result"),
        ((("redis", *name.split(".")), trip) for name, trip in trips.items()),
    )
    waits = redis.get("wait_seconds")
    yield _histogram(
        "pme_cache_redis_wait_seconds",
        "What requests waited for Redis.",
        (),
        () if waits is None else (((), waits),),
    )
    yield _gauge(
        "pme_cache_breaker_state",
        "1 while that side of Redis is not asked, 0 while it is.",
        ("side",),
        (((side,), int(of["open"])) for side, of in redis.get("breakers", {}).items()),
    )
    yield _counter(
        "pme_cache_rejected",
        "Stored entries that were not believed.",
        ("tier", "reason"),
        ((("redis", reason), count) for reason, count in redis["rejected"].items()),
    )


def _tiers(stats: Mapping[str, Any]) -> Iterator[Metric]:
    memory, server, writes = stats["memory"], stats["redis"]["server"], stats["redis"]["writes"]
    yield _gauge("pme_cache_bytes", "Bytes in use.", ("tier",), _by_tier(memory, server, "bytes"))
    yield _gauge(
        "pme_cache_entries", "Entries kept.", ("tier",), _by_tier(memory, server, "entries")
    )
    yield _counter(
        "pme_cache_evictions",
        "Entries that had to go for others.",
        ("tier",),
        _by_tier(memory, server, "evictions"),
    )
    yield _gauge(
        "pme_cache_write_queue", "Writes that wait.", ("tier",), ((("redis",), writes["queue"]),)
    )
    yield _counter(
        "pme_cache_dropped",
        "Writes given up before they were tried.",
        ("tier",),
        ((("redis",), writes["dropped"]),),
    )


def _work(stats: Mapping[str, Any]) -> Iterator[Metric]:
    yield _histogram(
        "pme_compute_seconds",
        "Computations without their waiting.",
        ("view",),
        (((view,), took) for view, took in stats["compute"]["seconds"].items()),
    )
    crew = stats["compute"]["processes"] or {}
    yield _gauge(
        "pme_compute_processes",
        "Processes that compute: wanted, and ready.",
        ("state",),
        (((state,), crew[state]) for state in ("size", "ready") if crew),
    )
    yield _counter(
        "pme_compute_orders",
        "Computations given to processes: lost ones are tried once more, declined ones by threads.",
        ("outcome",),
        (((outcome,), crew[outcome]) for outcome in ("made", "lost", "declined") if crew),
    )
    compute = stats["compute"]
    yield _counter(
        "pme_compute_unanswered",
        "Computations without an answer: 503, or dropped since nobody waited.",
        ("reason",),
        (((reason,), compute[reason]) for reason in _UNANSWERED),
    )
    yield _counter(
        "pme_compute_restarts",
        "Processes that were replaced.",
        (),
        (((), crew["restarts"]),) if crew else (),
    )
    yield _counter(
        "pme_warm",
        "Answers computed ahead.",
        ("trigger", "outcome"),
        (((each["trigger"], each["outcome"]), each["count"]) for each in stats.get("warm", ())),
    )
    yield _histogram(
        "pme_loop_lag_seconds",
        "How late the timers of the event loop come.",
        (),
        (((), stats["loop"]["lag"]),),
    )


def _jobs(stats: Mapping[str, Any]) -> Iterator[Metric]:
    yield _gauge(
        "pme_jobs",
        "Jobs that wait or run.",
        ("state",),
        (((state,), count) for state, count in stats["jobs_open"].items()),
    )
    yield _counter(
        "pme_jobs_ended",
        "Jobs that have ended.",
        ("outcome",),
        (((outcome,), stats["jobs_ended"].get(outcome, 0)) for outcome in _OUTCOMES),
    )


def _by_tier(
    memory: Mapping[str, int], redis: Mapping[str, int] | None, name: str
) -> Iterator[tuple[tuple[str, ...], float]]:
    yield ("memory",), memory[name]
    if redis is not None:
        yield ("redis",), redis[name]


def _counter(
    name: str, text: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _gauge(
    name: str, text: str, labels: tuple[str, ...], rows: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family


def _histogram(
    name: str,
    text: str,
    labels: tuple[str, ...],
    rows: Iterable[tuple[tuple[str, ...], Mapping[str, Any]]],
) -> Metric:
    family = HistogramMetricFamily(name, text, labels=labels)
    for values, seen in rows:
        bounds = [*map(str, seen["bounds"]), "+Inf"]
        buckets = list(zip(bounds, accumulate(seen["counts"]), strict=True))
        family.add_metric(values, buckets, seen["sum"])
    return family
