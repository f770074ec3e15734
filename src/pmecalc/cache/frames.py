"""What goes between the service and the processes that compute for it: lengths, then bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from pmecalc.cache.reply import Bodies

Parts: TypeAlias = tuple[bytes, bytes, bytes]

_NOTHING: Parts = (b"", b"", b"")
_ORDER = struct.Struct(">I")  # the length
_ANSWER = struct.Struct(">BdIII")  # the kind, the seconds it took, the lengths of three parts


@unique
class Kind(IntEnum):
    """What a process says."""

    READY = 1  # it takes orders, and computes with the plain loops
    COMPILED = 2  # it takes orders, and computes with the compiled loops
    MADE = 3  # the body in each encoding
    DECLINED = 4  # there was an error; who tries it elsewhere learns which


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process says, whole."""

    kind: Kind
    seconds: float = 0.0
    parts: Parts = _NOTHING

    @classmethod
    def ready(cls, *, compiled: bool, notice: str | None = None) -> Answer:
        """The first answer; `notice` is what the operator should know about the engine."""
        kind = Kind.COMPILED if compiled else Kind.READY
        return cls(kind, parts=((notice or "").encode(), b"", b""))

    @property
    def notice(self) -> str | None:
        """What the operator should know; of a first answer."""
        return self.parts[0].decode() or None

    @classmethod
    def made(cls, bodies: Bodies, seconds: float) -> Answer:
        """The bodies, and how long they took."""
        return cls(Kind.MADE, seconds, (bodies["identity"], bodies["br"], bodies["gzip"]))

    @property
    def bodies(self) -> Bodies:
        """The bodies of an answer that is MADE."""
        identity, br, gzip = self.parts
        return {"identity": identity, "br": br, "gzip": gzip}


def order_frame(order: bytes) -> bytes:
    """An order as it is sent."""
    return _ORDER.pack(len(order)) + order


def orders(wire: socket.socket) -> Iterator[bytes]:
    """The orders that come, until the other side hangs up."""
    with wire.makefile("rb") as stream:
        while len(head := stream.read(_ORDER.size)) == _ORDER.size:
            (length,) = _ORDER.unpack(head)
            order = stream.read(length)
            if len(order) == length:
                yield order


def answer_frame(answer: Answer) -> bytes:
    """An answer as it is sent."""
    head = _ANSWER.pack(answer.kind, answer.seconds, *map(len, answer.parts))
    return b"".join((head, *answer.parts))


def answer_in(received: bytearray) -> Answer | None:
    """The answer that stands in what was received, once it is whole."""
    if len(received) < _ANSWER.size:
        return None
    kind, seconds, *lengths = _ANSWER.unpack_from(received)
    if len(received) < _ANSWER.size + sum(lengths):
        return None
    return Answer(Kind(kind), seconds, _cut(received, lengths))


def _cut(received: bytearray, lengths: list[int]) -> Parts:
    first, second = _ANSWER.size + lengths[0], _ANSWER.size + lengths[0] + lengths[1]
    with memoryview(received) as view:
        return (
            bytes(view[_ANSWER.size : first]),
            bytes(view[first:second]),
            bytes(view[second : second + lengths[2]]),
        )
