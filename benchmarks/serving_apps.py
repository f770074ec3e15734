"""What `serving.py` measures beside ours, each server a process of its own.

`serving_apps.py NAME PORT FOLDER`: the folder holds the bodies to be served, made by ours.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import orjson
import uvicorn
from aiocache import cached as aiocached
from cashews import Cache
from fastapi import FastAPI, Response


def bare(folder):
    """Constant bytes and the fewest headers; the path is the name of a file.

    `/headed` is the small one with the headers of ours: what they cost on this server.
    """
    messages = {}
    for file in folder.iterdir():
        body = file.read_bytes()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        messages[f"/{file.name}"] = start, {"type": "http.response.body", "body": body}
    headed = json.loads(messages.pop("/small.headers")[1]["body"])
    start = {"type": "http.response.start", "status": 200}
    headers = [(name.encode(), value.encode()) for name, value in headed.items()]
    messages["/headed"] = {**start, "headers": headers}, messages["/small"][1]
    messages["/304"] = (
        {"type": "http.response.start", "status": 304, "headers": []},
        {"type": "http.response.body", "body": b""},
    )

    async def answer(scope, _receive, send):
        start, body = messages[scope["path"]]
        await send(start)
        await send(body)

    return answer


def peers(folder):
    """Each library as its README sets it up, on a dict; and tuned, on bytes sent as they are."""
    body = (folder / "small").read_bytes()
    app = FastAPI()
    with_fastapi_cache(app, body)
    with_cashews(app, body)
    with_aiocache(app, body)
    return app


def with_fastapi_cache(app, body):
    names = import_fastapi_cache()
    names.FastAPICache.init(names.InMemoryBackend(), prefix="fastapi-cache")

    class BytesCoder(names.Coder):
        @classmethod
        def encode(cls, value):
            return value.body

        @classmethod
        def decode(cls, value):
            return Response(value, media_type="application/json")

    @app.get("/fastapi-cache2/readme")
    @names.cache(expire=600)
    async def readme(fund: str):
        return chart_of(body, fund)

    @app.get("/fastapi-cache2/tuned")
    @names.cache(expire=600, coder=BytesCoder)
    async def tuned(fund: str):
        return Response(bytes_of(body, fund), media_type="application/json")


def with_cashews(app, body):
    cache = Cache()
    cache.setup("mem://")

    @cache(ttl="10m", key="chart:{fund}")
    async def as_chart(fund):
        return chart_of(body, fund)

    @cache(ttl="10m", key="bytes:{fund}")
    async def as_bytes(fund):
        return bytes_of(body, fund)

    @app.get("/cashews/readme")
    async def readme(fund: str):
        return await as_chart(fund)

    @app.get("/cashews/tuned")
    async def tuned(fund: str):
        return Response(await as_bytes(fund), media_type="application/json")


def with_aiocache(app, body):
    @aiocached(ttl=600)
    async def as_chart(fund):
        return chart_of(body, fund)

    @aiocached(ttl=600)
    async def as_bytes(fund):
        return bytes_of(body, fund)

    @app.get("/aiocache/readme")
    async def readme(fund: str):
        return await as_chart(fund)

    @app.get("/aiocache/tuned")
    async def tuned(fund: str):
        return Response(await as_bytes(fund), media_type="application/json")


def chart_of(body, fund):
    """Stands for a computation: the work that all of them save."""
    assert fund
    return orjson.loads(body)


def bytes_of(body, fund):
    assert fund
    return body


def import_fastapi_cache():
    """Imported where it is used: each application of the bench has a process of its own."""
    from fastapi_cache import FastAPICache  # noqa: PLC0415
    from fastapi_cache.backends.inmemory import InMemoryBackend  # noqa: PLC0415
    from fastapi_cache.coder import Coder  # noqa: PLC0415
    from fastapi_cache.decorator import cache  # noqa: PLC0415

    return types.SimpleNamespace(
        FastAPICache=FastAPICache, InMemoryBackend=InMemoryBackend, Coder=Coder, cache=cache
    )


def main():
    name, port, folder = sys.argv[1:]
    uvicorn.run(
        {"bare": bare, "peers": peers}[name](Path(folder)),
        host="127.0.0.1",
        port=int(port),
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
