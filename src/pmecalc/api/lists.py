"""Lists go on at a cursor, which stands in the body and in the header `Link` (RFC 8288)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import Request

    from pmecalc.service.executors import Pool

# Of a list; so many are about 64 KiB. What is less is encoded sooner than a thread would begin.
MAX_ITEMS_INLINE = 150


def link_next(request: Request, response: Response, after: str | None) -> None:
    """Say where the next page is, if there is one."""
    if after is not None:
        address = request.url.include_query_params(after=after)
        response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'


async def page_of(
    request: Request,
    model: type[BaseModel],
    items: Sequence[Mapping[str, Any]],
    after: str | None,
) -> Response:
    """A page of a list; a long one is encoded off the event loop."""
    encode = partial(_encoded, model, {"items": items, "next": after})
    threads: Pool = request.app.state.services.executors.json
    is_long = len(items) > MAX_ITEMS_INLINE
    response = Response(await threads.run(encode) if is_long else encode())
    response.headers["Content-Type"] = "application/json"
    link_next(request, response, after)
    return response


def _encoded(model: type[BaseModel], page: Mapping[str, object]) -> bytes:
    adapter = TypeAdapter(model)
    return adapter.dump_json(adapter.validate_python(page), by_alias=True)
