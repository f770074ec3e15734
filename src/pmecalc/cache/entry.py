"""A finished answer, and its stored form, which is trusted only after every check."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import zstandard

from pmecalc.cache.reply import compressed, replies
from pmecalc.cache.seal import SEAL_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pmecalc.cache.key import CacheKey
    from pmecalc.cache.reply import Bodies, Encoding, Reply
    from pmecalc.cache.seal import Seals

NEVER = math.inf

_MAGIC = b"PME"
_VERSION = 2
# magic, format version, engine, digest, created, expires; then the seal, then the zstd frame
_HEADER = struct.Struct(">3sBI32sdd")
_FRAME_AT = _HEADER.size + SEAL_BYTES
_ZSTD_LEVEL = 3
# What an entry costs beside its bodies, measured as RSS: headers, key text, places in the tables.
_OVERHEAD_BYTES = 2560


class EntryRejectedError(Exception):
    """A stored entry that is not to be believed; `reason` is one word, for the counters."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """The finished replies to one key.

    `expires` is NEVER for an answer that is a pure function of its key.
    """

    digest: bytes
    engine: int
    created: float
    expires: float
    replies: Mapping[Encoding, Reply]

    @property
    def body(self) -> bytes:
        """The JSON."""
        return self.replies["identity"].body

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(len(reply.body) for reply in self.replies.values()) + _OVERHEAD_BYTES


def finish(
    body: bytes,
    *,
    key: CacheKey,
    created: float,
    expires: float = NEVER,
) -> Entry:
    """Make the replies of a JSON body; it compresses, so it belongs into a worker thread."""
    return finished(compressed(body), key=key, created=created, expires=expires)


def finished(
    bodies: Bodies,
    *,
    key: CacheKey,
    created: float,
    expires: float = NEVER,
) -> Entry:
    """The entry of bodies that are compressed already."""
    made = replies(bodies, etag=key.etag)
    return Entry(key.digest, key.engine, created, expires, made)


def encode(entry: Entry, seals: Seals) -> bytes:
    """The stored form of an entry."""
    header = _HEADER.pack(
        _MAGIC, _VERSION, entry.engine, entry.digest, entry.created, entry.expires
    )
    compressor = zstandard.ZstdCompressor(
        level=_ZSTD_LEVEL, write_checksum=True, write_content_size=True
    )
    frame = compressor.compress(entry.body)
    return header + seals.of(header, frame) + frame


def decode(blob: bytes, key: CacheKey, seals: Seals, *, max_bytes: int) -> Entry:
    """The entry of `key` that `blob` holds, or EntryRejectedError: never another key's data.

    The seal is that of the installation, so a writer to Redis who does not hold its key cannot
    make an answer.
    """
    if len(blob) <= _FRAME_AT:
        raise EntryRejectedError("truncated")
    header = blob[: _HEADER.size]
    created, expires = _checked_header(header, key)
    frame = blob[_FRAME_AT:]
    # The frame's own checksum does not cover the header, nor bind the two to each other.
    if not seals.fits(blob[_HEADER.size : _FRAME_AT], header, frame):
        raise EntryRejectedError("seal")
    body = _checked_body(frame, max_bytes)
    return finish(body, key=key, created=created, expires=expires)


def _checked_header(header: bytes, key: CacheKey) -> tuple[float, float]:
    magic, version, engine, digest, created, expires = _HEADER.unpack(header)
    if magic != _MAGIC:
        raise EntryRejectedError("magic")
    if version != _VERSION:
        raise EntryRejectedError("version")
    if digest != key.digest or engine != key.engine:
        raise EntryRejectedError("other_key")
    return created, expires


def _checked_body(frame: bytes, max_bytes: int) -> bytes:
    try:
        declared = zstandard.get_frame_parameters(frame)
        if not declared.has_checksum:
            raise EntryRejectedError("no_checksum")
        # An unknown size reads as 2**64 - 1, so it is too large as well.
        if declared.content_size > max_bytes:
            raise EntryRejectedError("too_large")
        body = zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError:
        raise EntryRejectedError("frame") from None
    if len(body) != declared.content_size:
        raise EntryRejectedError("frame")
    return body
