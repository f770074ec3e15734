"""Finished answers of the cache as HTTP replies."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from fastapi import Request

    from pmecalc.service.analyses import Analyses, Question

_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Encoding, Authorization",
}


async def reply(request: Request, analyses: Analyses, tenant: str, question: Question) -> Response:
    """304 from the key alone, else the finished bytes from the nearest tier."""
    started = time.perf_counter()
    pinned = await analyses.pin(tenant, question)
    etag = pinned.key.etag
    if _matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={**_HEADERS, "ETag": etag})
    result = await analyses.answer(pinned)
    headers = {
        **_HEADERS,
        "ETag": etag,
        "X-Cache": result.outcome,
        "Server-Timing": f"answer;dur={(time.perf_counter() - started) * 1000:.2f}",
    }
    body = result.entry.body
    if _accepts_gzip(request.headers.get("accept-encoding", "")):
        body = result.entry.gzip
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type="application/json")


def _matches(condition: str | None, etag: str) -> bool:
    """Whether If-None-Match names the tag; weak comparison."""
    if condition is None:
        return False
    known = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


def _accepts_gzip(header: str) -> bool:
    for part in header.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
