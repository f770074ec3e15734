"""How a secret is written: `pme_<id>_<secret>`, with a checksum that catches a slip of the pen."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from typing import NamedTuple

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 6, 4  # letters of the id
_KEY = re.compile(r"pme_([0-9A-Za-z]{10})_([0-9A-Za-z_-]{43})")
_SESSION = re.compile(r"[0-9A-Za-z_-]{43}")


class KeyText(NamedTuple):
    """An API key as its owner holds it."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"pme_{self.id}_{self.secret}"


def new_key() -> KeyText:
    """A key of 256 random bits; the id ends in a checksum over both parts."""
    random, secret = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM)), new_session()
    return KeyText(random + _checksum(random + secret), secret)


def parsed(text: str) -> KeyText | None:
    """The parts of a key, or None where the text cannot be one."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    name, secret = match.groups()
    random, check = name[:_RANDOM], name[_RANDOM:]
    return KeyText(name, secret) if check == _checksum(random + secret) else None


def new_session() -> str:
    """An opaque id of 256 random bits."""
    return secrets.token_urlsafe(32)


def is_session(text: str) -> bool:
    """Whether a cookie can be a session's."""
    return _SESSION.fullmatch(text) is not None


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    letters = ""
    for _ in range(_CHECK):
        number, place = divmod(number, len(_LETTERS))
        letters += _LETTERS[place]
    return letters
