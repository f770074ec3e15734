"""The keyed seal of stored entries: only who holds the key of the installation can make one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

KEY_BYTES = 32
SEAL_BYTES = 16


@dataclass(frozen=True, slots=True)
class Seals:
    """Keys of an installation: entries are sealed with the first and believed with any.

    Parameters
    ----------
    keys
        32 random bytes each, at least one, the newest first; not shown by `repr`.
    """

    keys: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) != KEY_BYTES for key in self.keys):
            raise ValueError(f"keys of {KEY_BYTES} bytes are needed, at least one")

    @classmethod
    def new(cls) -> Seals:
        """One key that nobody else has.

        Examples
        --------
        >>> seals = Seals.new()
        >>> seals.fits(seals.of(b"a", b"b"), b"a", b"b")
        True
        """
        return cls((secrets.token_bytes(KEY_BYTES),))

    def of(self, *parts: bytes) -> bytes:
        """The seal of some bytes, by the newest key."""
        return _sealed(self.keys[0], parts)

    def fits(self, seal: bytes, *parts: bytes) -> bool:
        """Whether a holder of one of the keys sealed these bytes."""
        return any(hmac.compare_digest(seal, _sealed(key, parts)) for key in self.keys)


def _sealed(key: bytes, parts: tuple[bytes, ...]) -> bytes:
    digest = hashlib.blake2b(key=key, digest_size=SEAL_BYTES)
    for part in parts:
        digest.update(part)
    return digest.digest()
