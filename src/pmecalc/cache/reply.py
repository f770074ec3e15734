"""A body in every encoding that is served, each with the headers it goes out with."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

import brotli

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Header: TypeAlias = tuple[bytes, bytes]  # as ASGI has it, the name in small letters
Encoding: TypeAlias = Literal["identity", "br", "gzip"]
Bodies: TypeAlias = "Mapping[Encoding, bytes]"

# Of 3 to 60 KB of chart, higher levels save under one in a hundred bytes; these two take a
# quarter of a millisecond together.
_BROTLI_QUALITY = 5
_GZIP_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent: nothing of it is made when it is. `head` are the headers as lines."""

    body: bytes
    headers: tuple[Header, ...]
    head: bytes

    @classmethod
    def of(cls, body: bytes, headers: tuple[Header, ...]) -> Self:
        """A body with its headers."""
        return cls(body, headers, lines_of(headers))


def compressed(body: bytes) -> Bodies:
    """A body in every encoding: the work of a worker, not of the event loop."""
    if not isinstance(body, bytes):
        raise TypeError(f"a computation returns its JSON as bytes, not {type(body).__name__}")
    return {
        "identity": body,
        "br": brotli.compress(body, brotli.MODE_TEXT, _BROTLI_QUALITY),
        "gzip": gzip.compress(body, _GZIP_LEVEL, mtime=0),
    }


def replies(bodies: Bodies, *, etag: str) -> Mapping[Encoding, Reply]:
    """Write the headers that say what each body is."""
    kind: tuple[Header, ...] = ((b"content-type", b"application/json"), (b"etag", etag.encode()))
    return {
        "identity": _reply(bodies["identity"], kind),
        "br": _reply(bodies["br"], ((b"content-encoding", b"br"), *kind)),
        "gzip": _reply(bodies["gzip"], ((b"content-encoding", b"gzip"), *kind)),
    }


def lines_of(headers: Iterable[Header]) -> bytes:
    """Headers as they stand on the wire."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def _reply(body: bytes, headers: tuple[Header, ...]) -> Reply:
    return Reply.of(body, ((b"content-length", b"%d" % len(body)), *headers))
