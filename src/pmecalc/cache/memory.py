"""The memory tier of one process: bounded in bytes, shared fairly, on the loop's thread."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from pmecalc.cache.sieve import Place, Sieve

if TYPE_CHECKING:
    from collections.abc import Callable

ValueT = TypeVar("ValueT")

TENANT_SHARE = 0.40


@dataclass(slots=True, eq=False)
class _Slot(Generic[ValueT]):
    key: str
    owner: _Owner[ValueT]
    value: ValueT
    size: int
    until: float
    renew_seconds: float | None
    asked_for: bool = False
    places: tuple[Place[_Slot[ValueT]], ...] = ()


@dataclass(slots=True, eq=False)
class _Owner(Generic[ValueT]):
    name: str
    queue: Sieve[_Slot[ValueT]] = field(default_factory=Sieve)
    bytes: int = 0


class MemoryTier(Generic[ValueT]):
    """`size_of` says what a value costs; the sum of the costs never exceeds `max_bytes`.

    While something has to go, it goes first from owners that hold more than `share` of it all;
    for a value that is itself larger than that nothing goes, and it is not kept.
    """

    def __init__(
        self,
        max_bytes: int,
        *,
        size_of: Callable[[ValueT], int],
        share: float = TENANT_SHARE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._max_bytes = max_bytes
        self._owner_bytes = share * max_bytes
        self._size_of = size_of
        self._clock = clock
        self._slots: dict[str, _Slot[ValueT]] = {}
        self._queue: Sieve[_Slot[ValueT]] = Sieve()
        self._owners: dict[str, _Owner[ValueT]] = {}
        self._above: dict[str, _Owner[ValueT]] = {}
        self._bytes = 0
        self._evictions = 0
        self._expired = 0
        self._renewals = 0
        self._too_large = 0

    def get(self, key: str) -> ValueT | None:
        slot = self._slots.get(key)
        if slot is None:
            return None
        slot.asked_for = True
        now = self._clock()
        if now >= slot.until:
            if slot.renew_seconds is None:
                self._expired += 1
                self._drop(slot)
                return None
            self._renewals += 1
            slot.until = now + slot.renew_seconds
        return slot.value

    def set(self, key: str, value: ValueT, *, ttl_seconds: float, owner: str = "") -> None:
        """Keep a value that is gone after its time."""
        self._put(key, value, ttl_seconds, renew_seconds=None, owner=owner)

    def keep(self, key: str, value: ValueT, *, ttl_seconds: float, owner: str = "") -> None:
        """Keep a value that cannot be stale: after its time a hit renews it, else it goes first."""
        self._put(key, value, ttl_seconds, renew_seconds=ttl_seconds, owner=owner)

    def delete(self, key: str) -> bool:
        slot = self._slots.get(key)
        if slot is None:
            return False
        self._drop(slot)
        return True

    def close(self) -> None:
        for slot in list(self._slots.values()):
            self._drop(slot)

    def stats(self) -> dict[str, int]:
        return {
            "bytes": self._bytes,
            "max_bytes": self._max_bytes,
            "entries": len(self._slots),
            "tenants": len(self._owners),
            "evictions": self._evictions,
            "expired": self._expired,
            "renewals": self._renewals,
            "too_large": self._too_large,
        }

    def _put(
        self,
        key: str,
        value: ValueT,
        ttl_seconds: float,
        *,
        renew_seconds: float | None,
        owner: str,
    ) -> None:
        self.delete(key)
        size = self._size_of(value)
        if self._bytes + size > self._max_bytes and size > self._owner_bytes:
            self._too_large += 1
            return
        now = self._clock()
        while self._bytes + size > self._max_bytes:
            self._drop(self._next_to_go(owner, size, now))
            self._evictions += 1
        holder = self._owners.setdefault(owner, _Owner(owner))
        slot = _Slot(key, holder, value, size, now + ttl_seconds, renew_seconds)
        slot.places = (self._queue.push(slot), holder.queue.push(slot))
        self._slots[key] = slot
        self._account(holder, size)

    def _next_to_go(self, owner: str, size: int, now: float) -> _Slot[ValueT]:
        """From the largest owner above its share, counting what comes in; else from all."""
        greedy = dict(self._above)
        holder = self._owners.get(owner)
        if holder is not None and holder.bytes + size > self._owner_bytes:
            greedy[owner] = holder
        if not greedy:
            return self._queue.next_to_go(now)
        return max(greedy.values(), key=lambda each: each.bytes).queue.next_to_go(now)

    def _drop(self, slot: _Slot[ValueT]) -> None:
        del self._slots[slot.key]
        everyone, own = slot.places
        slot.places = ()  # else slot and places would wait for the cyclic collector
        self._queue.remove(everyone)
        slot.owner.queue.remove(own)
        self._account(slot.owner, -slot.size)

    def _account(self, holder: _Owner[ValueT], size: int) -> None:
        self._bytes += size
        holder.bytes += size
        if holder.bytes > self._owner_bytes:
            self._above[holder.name] = holder
        else:
            self._above.pop(holder.name, None)
        if not holder.queue:
            del self._owners[holder.name]
