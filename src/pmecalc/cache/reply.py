"""A body in every encoding that is served, each with the headers it goes out with."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

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
    """What is sent: nothing of it is made when it is."""

    body: bytes
    headers: tuple[Header, ...]


def replies(body: bytes, *, etag: str, headers: Iterable[Header] = ()) -> Mapping[Encoding, Reply]:
    """Compress and write the headers; `headers` are those that every reply carries."""
    common: tuple[Header, ...] = (
        (b"content-type", b"application/json"),
        (b"etag", etag.encode()),
        *headers,
    )
    packed = brotli.compress(body, brotli.MODE_TEXT, _BROTLI_QUALITY)
    zipped = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    return {
        "identity": _reply(body, common),
        "br": _reply(packed, ((b"content-encoding", b"br"), *common)),
        "gzip": _reply(zipped, ((b"content-encoding", b"gzip"), *common)),
    }


def _reply(body: bytes, headers: tuple[Header, ...]) -> Reply:
    return Reply(body, ((b"content-length", b"%d" % len(body)), *headers))
