"""Memory that the worker processes share for their statistics, and that outlives each of them."""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from multiprocessing.reduction import DupFd
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK_VALUES = 17  # the buckets of a latency histogram, and its sum
MAX_BLOCKS = 512
MAX_KEY_BYTES = 126
MAX_SNAPSHOT_BYTES = 64 * 1024
OTHER: Final = "other none 0"  # keys beyond the limit

_HEADER_BYTES = 64
_PID, _BLOCKS, _SEQUENCE, _REPLACED = range(4)  # words of the header
_KEY_BYTES = 2 + MAX_KEY_BYTES
_VALUES_AT = _HEADER_BYTES + MAX_BLOCKS * _KEY_BYTES
_SNAPSHOTS_AT = _VALUES_AT + MAX_BLOCKS * BLOCK_VALUES * 8
_SNAPSHOT_BYTES = 8 + MAX_SNAPSHOT_BYTES
_SLOT_BYTES = -(-(_SNAPSHOTS_AT + 2 * _SNAPSHOT_BYTES) // mmap.PAGESIZE) * mmap.PAGESIZE


class Reading(NamedTuple):
    """One slot at a moment: `pid` is 0 where no process writes it."""

    pid: int
    blocks: Mapping[str, tuple[float, ...]]
    snapshot: dict[str, Any]  # Any: JSON


class SharedMetrics:
    """Slots in an anonymous file: one for each process that writes, all readable by everyone.

    The counts of a process that died stay in its slot, where its successor goes on counting.
    """

    def __init__(self, handle: int, slots: int) -> None:
        self._handle = handle
        weakref.finalize(self, os.close, handle)
        self._slots = slots
        self._memory = memoryview(mmap.mmap(handle, slots * _SLOT_BYTES))

    @classmethod
    def create(cls, slots: int) -> SharedMetrics:
        """Zeroed memory; it goes with the last process that has it."""
        handle = _anonymous_file()
        os.ftruncate(handle, slots * _SLOT_BYTES)
        return cls(handle, slots)

    def __reduce__(self) -> tuple[object, ...]:
        """A process that is being spawned maps the same memory."""
        return _attached, (DupFd(self._handle), self._slots)

    def fileno(self) -> int:
        """The handle, for a process that inherits it."""
        return self._handle

    def slot(self, number: int) -> Slot:
        """The slot of this process, which alone may write it."""
        start = number * _SLOT_BYTES
        return Slot(self, self._memory[start : start + _SLOT_BYTES])

    def vacate(self, number: int) -> None:
        """Note that the process of a slot has ended: its counts stay, its state does not."""
        _words(self._of(number))[_PID] = 0

    def note_replaced(self) -> None:
        """Count a process that ended though nobody told it to; the manager's to call."""
        _words(self._of(0))[_REPLACED] += 1

    def replaced(self) -> int:
        """How many were counted."""
        return _words(self._of(0))[_REPLACED]

    def read(self) -> list[Reading]:
        """Every slot that was ever written."""
        found = [_read(self._of(number)) for number in range(self._slots)]
        return [reading for reading in found if reading is not None]

    def _of(self, number: int) -> memoryview:
        return self._memory[number * _SLOT_BYTES : (number + 1) * _SLOT_BYTES]


class Slot:
    """The counts and the last snapshot of one process; counts continue those of its predecessor."""

    def __init__(self, shared: SharedMetrics, memory: memoryview) -> None:
        self.shared = shared
        self._memory = memory
        self._header = _words(memory)
        before = _read(memory)
        self.inherited: dict[str, Any] = {} if before is None else before.snapshot
        self._places = {key: place for place, key in enumerate(before.blocks if before else ())}
        self._header[_PID] = os.getpid()
        self.values = memory[_VALUES_AT:_SNAPSHOTS_AT].cast("d")

    def block(self, key: str) -> int:
        """Where the values of a key begin; keys beyond the limit share one block."""
        place = self._places.get(key)
        if place is None:
            place = self._add(key if len(self._places) < MAX_BLOCKS - 1 else OTHER)
        return place * BLOCK_VALUES

    def publish(self, snapshot: Mapping[str, Any]) -> None:
        """Replace the snapshot at once: a reader finds the old one or the new one, whole."""
        body = orjson.dumps(snapshot)
        if len(body) > MAX_SNAPSHOT_BYTES:
            raise ValueError(f"a snapshot of {len(body)} bytes is larger than its place")
        following = self._header[_SEQUENCE] + 1
        start = _snapshot_at(following)
        self._memory[start : start + 8] = len(body).to_bytes(8, "little")
        self._memory[start + 8 : start + 8 + len(body)] = body
        self._header[_SEQUENCE] = following

    def _add(self, key: str) -> int:
        known = self._places.get(key)
        if known is not None:
            return known
        place, raw = len(self._places), key.encode("ascii")
        if len(raw) > MAX_KEY_BYTES:
            raise ValueError(f"the key {key!r} is longer than {MAX_KEY_BYTES} bytes")
        start = _HEADER_BYTES + place * _KEY_BYTES
        self._memory[start : start + 2 + len(raw)] = len(raw).to_bytes(2, "little") + raw
        self._places[key] = place
        self._header[_BLOCKS] = place + 1  # last: a reader sees whole keys only
        return place


def _attached(handle: Any, slots: int) -> SharedMetrics:  # noqa: ANN401  (multiprocessing's own)
    return SharedMetrics(handle.detach(), slots)


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):  # Linux: no disk at all
        return os.memfd_create("pme-metrics")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _words(slot: memoryview) -> memoryview:
    return slot[:_HEADER_BYTES].cast("Q")


def _snapshot_at(sequence: int) -> int:
    return _SNAPSHOTS_AT + (sequence % 2) * _SNAPSHOT_BYTES


def _read(slot: memoryview) -> Reading | None:
    header = _words(slot)
    if not header[_PID] and not header[_SEQUENCE] and not header[_BLOCKS]:
        return None
    values = slot[_VALUES_AT:_SNAPSHOTS_AT].cast("d")
    blocks = {}
    for place in range(header[_BLOCKS]):
        first = place * BLOCK_VALUES
        blocks[_key(slot, place)] = tuple(values[first : first + BLOCK_VALUES])
    return Reading(header[_PID], blocks, _snapshot(slot, header))


def _key(slot: memoryview, place: int) -> str:
    start = _HEADER_BYTES + place * _KEY_BYTES
    size = int.from_bytes(slot[start : start + 2], "little")
    return bytes(slot[start + 2 : start + 2 + size]).decode("ascii")


def _snapshot(slot: memoryview, header: memoryview) -> dict[str, Any]:
    """The last snapshot; read again where a newer one was begun meanwhile."""
    while sequence := header[_SEQUENCE]:
        start = _snapshot_at(sequence)
        size = int.from_bytes(slot[start : start + 8], "little")
        body = bytes(slot[start + 8 : start + 8 + size])
        if header[_SEQUENCE] == sequence:
            found: dict[str, Any] = orjson.loads(body)
            return found
    return {}
