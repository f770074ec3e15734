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


def replies(body: bytes, *, etag: str) -> Mapping[Encoding, Reply]:
    """Compress, and write the headers that say what a reply is."""
    kind: tuple[Header, ...] = ((b"content-type", b"application/json"), (b"etag", etag.encode()))
    packed = brotli.compress(body, brotli.MODE_TEXT, _BROTLI_QUALITY)
    zipped = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    return {
        "identity": _reply(body, kind),
        "br": _reply(packed, ((b"content-encoding", b"br"), *kind)),
        "gzip": _reply(zipped, ((b"content-encoding", b"gzip"), *kind)),
    }


def lines_of(headers: Iterable[Header]) -> bytes:
    """Headers as they stand on the wire."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def _reply(body: bytes, headers: tuple[Header, ...]) -> Reply:
    return Reply.of(body, ((b"content-length", b"%d" % len(body)), *headers))
