"""Requests that may be sent twice and are carried out once: the header `Idempotency-Key`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

from fastapi import Header

from pmecalc.store.values import Once

if TYPE_CHECKING:
    from fastapi import Request, Response

_USERS = "user:"  # beside the keys under which jobs commit

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,255}$",
        description="the same key and request again within a day get the stored answer",
    ),
]


def once_of(request: Request, key: str | None, *parts: bytes) -> Once | None:
    """The key, and the digest of what it stands for: address, query and the parts of the body."""
    if key is None:
        return None
    digest = hashlib.sha256()
    for part in (request.url.path.encode(), request.scope["query_string"], *parts):
        digest.update(len(part).to_bytes(8, "big") + part)
    return Once(key=_USERS + key, request_hash=digest.hexdigest())


def mark_replayed(response: Response, *, replayed: bool) -> None:
    """Say that this is the answer of an earlier request."""
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
