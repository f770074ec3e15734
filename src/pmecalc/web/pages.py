"""The addresses of the page: its shell, its hashed files, the API's own page."""

from __future__ import annotations

import asyncio
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from pmecalc.cache.negotiate import encoding_of
from pmecalc.web.static_files import CACHE_CONTROL, assets, documents, packed

if TYPE_CHECKING:
    from starlette.requests import Request


def page_routes() -> list[Route]:
    """Routes of the page; every file is read here, and compressed once, when it is asked for."""
    pages = documents()
    files = assets()
    body_of = lru_cache(3 * len(files))(packed)

    async def home(_: Request) -> Response:
        return _page(pages["index.html"])

    async def docs(_: Request) -> Response:
        return _page(pages["docs.html"])

    async def problems(_: Request) -> Response:
        return _page(pages["problems.html"])

    async def static(request: Request) -> Response:
        asset = files.get(request.url.path)
        if asset is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        headers = {"Cache-Control": CACHE_CONTROL, "ETag": asset.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=304, headers=headers)
        encoding = encoding_of(request.headers.get("accept-encoding", ""))
        if encoding != "identity":
            headers["Content-Encoding"] = encoding
        body = await asyncio.to_thread(body_of, asset, encoding)
        return Response(body, headers=headers, media_type=asset.media_type)

    return [
        Route("/", home, name="home"),
        Route("/funds/{fund}", partial(home), name="fund"),  # each address has its own endpoint,
        Route("/system", partial(home), name="system"),  # by which the statistics name it
        Route("/docs", docs, name="docs"),
        Route("/docs/problems", problems, name="problems"),
        Route("/static/{path:path}", static, name="static"),
    ]


def _page(body: bytes) -> Response:
    return Response(body, headers={"Cache-Control": "no-cache"}, media_type="text/html")
