"""Requests that may be sent twice and are carried out once: the header `Idempotency-Key`."""

from __future__ import annotations

import hashlib
import os
from typing import IO, TYPE_CHECKING, Annotated

from fastapi import Header

from pmecalc.store.values import Once

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import Request, Response

    from pmecalc.service.executors import Pool

_PIECE = 1 << 20
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
    return None if key is None else _once(request, key, parts)


async def once_of_file(
    request: Request, key: str | None, *parts: bytes, file: IO[bytes], threads: Pool
) -> Once | None:
    """The same where the last part of the body is a file, which is read in pieces."""
    if key is None:
        return None
    return await threads.run(_once, request, key, parts, file)


def _once(
    request: Request, key: str, parts: Iterable[bytes], file: IO[bytes] | None = None
) -> Once:
    digest = hashlib.sha256()
    for part in (request.url.path.encode(), request.scope["query_string"], *parts):
        digest.update(len(part).to_bytes(8, "big") + part)
    if file is not None:
        digest.update(file.seek(0, os.SEEK_END).to_bytes(8, "big"))
        file.seek(0)
        while piece := file.read(_PIECE):
            digest.update(piece)
    return Once(key=_USERS + key, request_hash=digest.hexdigest())


def mark_replayed(response: Response, *, replayed: bool) -> None:
    """Say that this is the answer of an earlier request."""
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
