"""What Redis servers say of themselves, in the few figures that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAMES = {  # ours, and Redis' own in INFO
    "bytes": "used_memory",
    "max_bytes": "maxmemory",
    "clients": "connected_clients",
    "evictions": "evicted_keys",
}


def added_up(infos: Iterable[Mapping[str, object]]) -> dict[str, int]:
    """Over all servers: bytes, the most bytes (0: no limit), clients, evictions, entries."""
    figures = dict.fromkeys((*_NAMES, "entries"), 0)
    for info in infos:
        for name, theirs in _NAMES.items():
            figures[name] += _whole(info.get(theirs))
        figures["entries"] += sum(
            _whole(space.get("keys"))
            for name, space in info.items()
            if name.startswith("db") and isinstance(space, dict)
        )
    return figures


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
