"""The memory tier of one process: least recently used, bounded in bytes, on the loop's thread."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

ValueT = TypeVar("ValueT")

# How far from the old end an expired value is looked for before a living one has to go.
_LOOK_BACK = 8


@dataclass(slots=True)
class _Slot(Generic[ValueT]):
    value: ValueT
    size: int
    until: float
    renew_seconds: float | None


class MemoryTier(Generic[ValueT]):
    """`size_of` says what a value costs; the sum of the costs never exceeds `max_bytes`."""

    def __init__(
        self,
        max_bytes: int,
        *,
        size_of: Callable[[ValueT], int],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._clock = clock
        self._slots: OrderedDict[str, _Slot[ValueT]] = OrderedDict()
        self._bytes = 0
        self._evictions = 0
        self._expired = 0
        self._renewals = 0
        self._too_large = 0

    def get(self, key: str) -> ValueT | None:
        slot = self._slots.get(key)
        if slot is None:
            return None
        now = self._clock()
        if now >= slot.until:
            if slot.renew_seconds is None:
                self._expired += 1
                self.delete(key)
                return None
            self._renewals += 1
            slot.until = now + slot.renew_seconds
        self._slots.move_to_end(key)
        return slot.value

    def set(self, key: str, value: ValueT, *, ttl_seconds: float) -> None:
        """Keep a value that is gone after its time."""
        self._put(key, value, ttl_seconds, renew_seconds=None)

    def keep(self, key: str, value: ValueT, *, ttl_seconds: float) -> None:
        """Keep a value that cannot be stale: after its time a hit renews it, else it goes first."""
        self._put(key, value, ttl_seconds, renew_seconds=ttl_seconds)

    def delete(self, key: str) -> bool:
        slot = self._slots.pop(key, None)
        if slot is None:
            return False
        self._bytes -= slot.size
        return True

    def close(self) -> None:
        self._slots.clear()
        self._bytes = 0

    def stats(self) -> dict[str, int]:
        return {
            "bytes": self._bytes,
            "max_bytes": self._max_bytes,
            "entries": len(self._slots),
            "evictions": self._evictions,
            "expired": self._expired,
            "renewals": self._renewals,
            "too_large": self._too_large,
        }

    def _put(
        self, key: str, value: ValueT, ttl_seconds: float, *, renew_seconds: float | None
    ) -> None:
        self.delete(key)
        size = self._size_of(value)
        if size > self._max_bytes:
            self._too_large += 1
            return
        now = self._clock()
        while self._bytes + size > self._max_bytes:
            self.delete(self._next_to_go(now))
            self._evictions += 1
        self._slots[key] = _Slot(value, size, now + ttl_seconds, renew_seconds)
        self._bytes += size

    def _next_to_go(self, now: float) -> str:
        oldest = list(islice(self._slots.items(), _LOOK_BACK))
        return next((key for key, slot in oldest if now >= slot.until), oldest[0][0])
