"""The statistics of several workers as one tree, and of their requests as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Figures by path. These say how something is now: those of a worker that has ended do not count.
_OF_NOW = frozenset(
    (
        *(f"memory.{name}" for name in ("bytes", "max_bytes", "entries", "tenants")),
        *(f"redis.writes.{name}" for name in ("queue", "queue_bytes")),
        *(f"compute.{name}" for name in ("workers", "pending", "room")),
        *(f"compute.processes.{name}" for name in ("size", "ready")),
        "flights",
    )
)
# Of these the largest counts, as one worker that does badly is what matters.
_LARGEST = frozenset(
    (
        *("redis.breakers.reads.open", "redis.breakers.writes.open"),
        *("redis.wait_max_ms", "redis.loop_lag_max_ms", "loop.lag_max_1m_ms"),
    )
)


def added(trees: Sequence[Mapping[str, Any]], *, path: str = "") -> dict[str, Any]:
    """One tree of all: numbers are added up, and a state is `open` where any is."""
    names = dict.fromkeys(name for tree in trees for name in tree)
    return {
        name: _added([tree[name] for tree in trees if name in tree], path=f"{path}{name}")
        for name in names
    }


def counts_of(tree: Mapping[str, Any], *, path: str = "") -> dict[str, Any]:
    """The part that stays true when the worker has ended: its counts."""
    kept = ((name, _counts(value, path=f"{path}{name}")) for name, value in tree.items())
    return {name: value for name, value in kept if value is not None}


def added_blocks(all_blocks: Iterable[Mapping[str, Sequence[float]]]) -> dict[str, list[float]]:
    """The values of every key, added up over the workers."""
    total: dict[str, list[float]] = {}
    for blocks in all_blocks:
        for key, values in blocks.items():
            before = total.get(key, [0.0] * len(values))
            total[key] = [sum(pair) for pair in zip(before, values, strict=True)]
    return total


def _added(values: list[Any], *, path: str) -> Any:  # noqa: ANN401  (JSON)
    values = [value for value in values if value is not None]
    if not values or path.endswith(".bounds"):
        return values[0] if values else None
    first = values[0]
    if isinstance(first, dict):
        return added(values, path=f"{path}.")
    if isinstance(first, list):
        return [sum(column) for column in zip(*values, strict=True)]
    if isinstance(first, str):
        return "open" if "open" in values else first
    return max(values) if path in _LARGEST else sum(values)


def _counts(value: Any, *, path: str) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(value, dict):
        return counts_of(value, path=f"{path}.")
    if isinstance(value, str) or path in _OF_NOW | _LARGEST:
        return None
    return value
