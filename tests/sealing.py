"""The stored form of entries under the keys that the tests' caches have."""

from __future__ import annotations

from pmecalc.cache import entry
from pmecalc.cache.seal import Seals

SEALS = Seals((b"k" * 32,))


def encode(made):
    return entry.encode(made, SEALS)


def decode(blob, key, *, max_bytes):
    return entry.decode(blob, key, SEALS, max_bytes=max_bytes)
