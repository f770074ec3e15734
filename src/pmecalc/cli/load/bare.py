"""The bare server: constant bytes on the same uvicorn, for the figure beside ours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope


def application(size: int) -> Callable[..., Awaitable[None]]:
    """Answers everything with so many bytes and the fewest headers."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(size).encode("ascii")),
    ]
    start: Any = {"type": "http.response.start", "status": 200, "headers": headers}
    body: Any = {"type": "http.response.body", "body": b"0" * size}

    async def answer(scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http":
            await send(start)
            await send(body)

    return answer


def main() -> None:
    """`python -m pmecalc.cli.load.bare PORT BYTES`: serve until interrupted."""
    port, size = map(int, sys.argv[1:])
    uvicorn.run(
        application(size),
        host="127.0.0.1",
        port=port,
        lifespan="off",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
