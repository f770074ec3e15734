"""What a request says of the form of its answer: which encodings, and what it has already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmecalc.cache.reply import Encoding

_PREFERRED: tuple[Encoding, ...] = ("br", "gzip", "identity")  # where the client does not mind
_UNLESS_REFUSED = 1e-6  # of identity: below every weight that can be written


def encoding_of(accept: str) -> Encoding:
    """The encoding that an Accept-Encoding header likes best; `identity` where it likes none."""
    weights = _weights(accept)
    others = weights.get("*", 0.0)
    liked = {name: weights.get(name, others) for name in _PREFERRED}
    if "identity" not in weights and "*" not in weights:
        liked["identity"] = _UNLESS_REFUSED
    best = max(_PREFERRED, key=liked.__getitem__)
    return best if liked[best] > 0 else "identity"


def has_already(condition: str, etag: str) -> bool:
    """Whether an If-None-Match header names the tag; weak comparison."""
    if condition == etag:
        return True
    known = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


def _weights(accept: str) -> dict[str, float]:
    weights = {}
    for part in accept.lower().split(","):
        coding, _, parameter = part.partition(";")
        weights[coding.strip()] = _weight(parameter.replace(" ", ""))
    return weights


def _weight(parameter: str) -> float:
    """1 unless it says otherwise; what cannot be read is a refusal."""
    if not parameter:
        return 1.0
    name, _, number = parameter.partition("=")
    whole, _, digits = number.partition(".")
    readable = name == "q" and whole in {"0", "1"} and (not digits or digits.isdecimal())
    return min(float(number), 1.0) if readable else 0.0
