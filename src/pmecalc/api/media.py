"""The form of an answer that an `Accept` header asks for (RFC 9110, 12.5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.core.errors import PmeError

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON, CSV = "application/json", "text/csv"
ARROW = "application/vnd.apache.arrow.stream"


class NotAcceptableError(PmeError):
    """No form of the answer is one that the request takes."""

    code = "NOT_ACCEPTABLE"

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__(f"This answer comes as {', '.join(offered)}. Name one of them in Accept.")


def media_of(accept: str, offered: Sequence[str]) -> str:
    """The form that the header likes best; of equals, and without a header, the first."""
    weights = _weights(accept)
    liked = {kind: _weight(kind, weights) for kind in offered} if weights else {offered[0]: 1.0}
    best = max(liked, key=lambda kind: liked[kind])
    if not liked[best]:
        raise NotAcceptableError(offered)
    return best


def _weights(accept: str) -> dict[str, float]:
    weights = {}
    for part in accept.lower().split(","):
        kind, *parameters = (each.strip() for each in part.split(";"))
        if kind:
            weights[kind] = next(map(_quality, filter(_is_quality, parameters)), 1.0)
    return weights


def _weight(kind: str, weights: dict[str, float]) -> float:
    """The weight of the most specific range that holds a kind."""
    ranges = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next((weights[each] for each in ranges if each in weights), 0.0)


def _is_quality(parameter: str) -> bool:
    return parameter.partition("=")[0].strip() == "q"


def _quality(parameter: str) -> float:
    """A weight between 0 and 1; what cannot be read is a refusal."""
    number = parameter.partition("=")[2].strip()
    whole, _, digits = number.partition(".")
    readable = whole in {"0", "1"} and (not digits or (digits.isascii() and digits.isdigit()))
    return min(float(number), 1.0) if readable else 0.0
