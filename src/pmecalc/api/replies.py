"""Finished answers of the cache as HTTP replies."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import Response

from pmecalc.api.connected import while_connected
from pmecalc.api.repeats import joined
from pmecalc.cache.negotiate import encoding_of, has_already

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import Request

    from pmecalc.cache.reply import Header
    from pmecalc.service.analyses import Analyses, Pinned, Question

FAILURE = "pme.failure"  # of a computation that was tried before the route
CACHING: tuple[Header, ...] = (
    (b"cache-control", b"private, no-cache"),
    (b"vary", b"Accept-Encoding, Authorization"),
)


async def reply(request: Request, analyses: Analyses, tenant: str, question: Question) -> Response:
    """304 from the key alone, else the finished bytes from the nearest tier."""
    failure: Exception | None = request.scope.get(FAILURE)
    if failure is not None:
        raise failure
    pinned = await analyses.pin(tenant, question)
    etag = pinned.key.etag
    if has_already(joined(request.headers, "if-none-match"), etag):
        return _response(304, b"", ((b"etag", etag.encode()), *CACHING))
    accepted = joined(request.headers, "accept-encoding")
    return await while_connected(request.receive, answered(analyses, pinned, accepted))


async def answered(analyses: Analyses, pinned: Pinned, accepted: str) -> Response:
    """The finished bytes from the nearest tier, in the best of the accepted encodings."""
    started = time.perf_counter()
    result = await analyses.answer(pinned)
    made = result.entry.replies[encoding_of(accepted)]
    milliseconds = (time.perf_counter() - started) * 1000
    return _response(
        200,
        made.body,
        (
            *made.headers,
            *CACHING,
            (b"x-cache", result.outcome.encode()),
            (b"server-timing", b"answer;dur=%.2f" % milliseconds),
        ),
    )


def _response(status: int, body: bytes, headers: Iterable[Header]) -> Response:
    response = Response(body, status)
    response.raw_headers = list(headers)
    return response
