"""The order in which values have to go: SIEVE (Zhang et al., NSDI 2024)."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

# How far from the hand a value past its time is looked for before a living one has to go.
_LOOK_AHEAD = 8


class Queued(Protocol):
    """What a queue must know of a value: whether it was asked for, and its time."""

    asked_for: bool
    until: float


QueuedT = TypeVar("QueuedT", bound=Queued)


class Place(Generic[QueuedT]):
    """Where a value stands in a queue."""

    __slots__ = ("newer", "older", "value")

    def __init__(self, value: QueuedT, older: Place[QueuedT] | None) -> None:
        self.value = value
        self.older = older
        self.newer: Place[QueuedT] | None = None


class Sieve(Generic[QueuedT]):
    """A hand walks from old to new and round again; it takes what nobody asked for meanwhile.

    Unlike with least-recently-used, a hit moves nothing, and a flood of values that are asked
    for once goes before anything that is asked for twice.
    """

    def __init__(self) -> None:
        self._oldest: Place[QueuedT] | None = None
        self._newest: Place[QueuedT] | None = None
        self._hand: Place[QueuedT] | None = None

    def __bool__(self) -> bool:
        return self._oldest is not None

    def push(self, value: QueuedT) -> Place[QueuedT]:
        """Put a value at the new end."""
        place = Place(value, self._newest)
        if self._newest is None:
            self._oldest = place
        else:
            self._newest.newer = place
        self._newest = place
        return place

    def remove(self, place: Place[QueuedT]) -> None:
        if self._hand is place:
            self._hand = place.newer
        if place.older is None:
            self._oldest = place.newer
        else:
            place.older.newer = place.newer
        if place.newer is None:
            self._newest = place.older
        else:
            place.newer.older = place.older

    def next_to_go(self, now: float) -> QueuedT:
        """The value to remove next; of an empty queue there is none: LookupError."""
        for place in islice(self._round(), _LOOK_AHEAD):
            if now >= place.value.until:
                return place.value
        for place in self._round():
            if not place.value.asked_for:
                self._hand = place
                return place.value
            place.value.asked_for = False
        raise LookupError("nothing is left to go")

    def _round(self) -> Iterator[Place[QueuedT]]:
        """The places from the hand on, for ever."""
        place = self._hand or self._oldest
        while place is not None:
            yield place
            place = place.newer or self._oldest
