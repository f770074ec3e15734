"""The stored form: what comes out is what went in under this very key, or nothing."""

from __future__ import annotations

import random
import struct

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pmecalc.cache.entry import NEVER, Entry, EntryRejectedError, finish
from pmecalc.cache.key import Scope, make_cache_key
from sealing import SEALS, decode, encode

MAX_BYTES = 1 << 20
MUTANTS = 10_000
HEADER_BYTES = struct.calcsize(">3sBI32sdd")


def key_of(number: int, *, engine: int = 1):
    return make_cache_key("v", {"n": number}, scope=Scope("t", ("d",), ("r",), engine))


def rejection(blob, key, *, max_bytes=MAX_BYTES):
    with pytest.raises(EntryRejectedError) as caught:
        decode(blob, key, max_bytes=max_bytes)
    return caught.value.reason


def resealed(entry: Entry, frame: bytes) -> bytes:
    """A blob of another frame under a seal that fits: what only a hostile writer would make."""
    header = encode(entry)[:HEADER_BYTES]
    return header + SEALS.of(header, frame) + frame


@given(st.binary(max_size=4096), st.floats(0, 4e9), st.floats(0, 4e9) | st.just(NEVER))
def test_round_trip(body, created, expires):
    """Decoding what was encoded gives the same entry, all its replies included."""
    key = key_of(1)
    entry = finish(body, key=key, created=created, expires=expires)
    assert decode(encode(entry), key, max_bytes=MAX_BYTES) == entry
    assert entry.body == body


def test_ten_thousand_damaged_entries_are_all_rejected():
    """C4: of 10 000 mutated, cut, padded, spliced and swapped entries none is accepted."""
    chance = random.Random(20240101)  # noqa: S311  (a seed, not a secret)
    keys = [key_of(number) for number in range(8)]
    blobs = [
        encode(finish(chance.randbytes(40 + 60 * n) * 2, key=key, created=1e9 + n))
        for n, key in enumerate(keys)
    ]
    reasons = {}
    for turn in range(MUTANTS):
        number = turn % len(keys)
        blob = damaged(blobs, number, chance)
        reason = rejection(blob, keys[number])
        reasons[reason] = reasons.get(reason, 0) + 1
    assert sum(reasons.values()) == MUTANTS
    assert reasons["seal"] > 0
    assert reasons["other_key"] > 0
    assert reasons["truncated"] > 0


def damaged(blobs, number, chance):
    """One of the ways in which a stored entry can be wrong; never the entry itself."""
    blob, other = blobs[number], blobs[(number + 1 + chance.randrange(6)) % len(blobs)]
    at = chance.randrange(len(blob))
    flipped = bytes([blob[at] ^ (1 << chance.randrange(8))])
    return chance.choice(
        [
            blob[:at] + flipped + blob[at + 1 :],
            blob[:at],
            blob[:at] + blob[at + 1 :],
            blob + chance.randbytes(1 + at % 9),
            blob[:at] + chance.randbytes(2) + blob[at:],
            other,
            blob[:HEADER_BYTES] + other[HEADER_BYTES:],
            blob[: HEADER_BYTES + 16] + other[HEADER_BYTES + 16 :],
            chance.randbytes(len(blob)),
            b"",
        ]
    )


def test_each_check_has_its_reason():
    """Magic, version, key, engine and seal are told apart."""
    key = key_of(1)
    blob = encode(finish(b"{}", key=key, created=1.0))
    assert rejection(b"XXX" + blob[3:], key) == "magic"
    assert rejection(blob[:3] + b"\x63" + blob[4:], key) == "version"
    assert rejection(blob, key_of(2)) == "other_key"
    assert rejection(blob, key_of(1, engine=2)) == "other_key"
    assert rejection(blob[:-1], key) == "seal"
    assert rejection(blob[:HEADER_BYTES], key) == "truncated"


def test_the_declared_size_is_checked_before_decompressing():
    """A small frame that declares a terabyte is refused by its declaration alone."""
    key = key_of(1)
    entry = finish(b"x", key=key, created=1.0)
    # magic; descriptor: 8-byte size, single segment, checksum; the size; then nothing.
    bomb = b"\x28\xb5\x2f\xfd" + bytes([0b1110_0100]) + struct.pack("<Q", 1 << 40) + b"\0" * 8
    assert zstandard.get_frame_parameters(bomb).content_size == 1 << 40
    assert rejection(resealed(entry, bomb), key) == "too_large"


def test_a_body_over_the_limit_is_rejected():
    """The limit holds for honest entries as well."""
    key = key_of(1)
    blob = encode(finish(b"x" * 1001, key=key, created=1.0))
    assert rejection(blob, key, max_bytes=1000) == "too_large"
    assert decode(blob, key, max_bytes=1001).body == b"x" * 1001


def test_a_frame_that_does_not_declare_its_size_is_rejected():
    """An unknown size is no size below the limit."""
    key = key_of(1)
    entry = finish(b"x" * 100, key=key, created=1.0)
    writer = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False)
    assert rejection(resealed(entry, writer.compress(entry.body)), key) == "too_large"


def test_a_frame_without_checksum_is_rejected():
    """The frame's own checksum has to be on."""
    key = key_of(1)
    entry = finish(b"x" * 100, key=key, created=1.0)
    frame = zstandard.ZstdCompressor(write_checksum=False).compress(entry.body)
    assert rejection(resealed(entry, frame), key) == "no_checksum"


@pytest.mark.parametrize("tail", [b"", b"\0", b"more"])
def test_a_broken_frame_is_rejected(tail):
    """A frame whose checksum fails, or that something follows, is no entry, even well sealed."""
    key = key_of(1)
    entry = finish(b"x" * 100, key=key, created=1.0)
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(entry.body)
    broken = frame + tail if tail else frame[:-1] + bytes([frame[-1] ^ 1])
    assert rejection(resealed(entry, broken), key) == "frame"


def test_an_empty_body_round_trips():
    """Nothing is also something."""
    key = key_of(1)
    entry = finish(b"", key=key, created=1.0)
    assert decode(encode(entry), key, max_bytes=0) == entry


def test_a_computation_has_to_return_bytes():
    """Text instead of bytes is the programmer's error, said at once."""
    with pytest.raises(TypeError, match=r"bytes, not str"):
        finish("{}", key=key_of(1), created=1.0)
