"""Lists go on at a cursor, which stands in the body and in the header `Link` (RFC 8288)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request, Response


def link_next(request: Request, response: Response, after: str | None) -> None:
    """Say where the next page is, if there is one."""
    if after is not None:
        address = request.url.include_query_params(after=after)
        response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'
