"""Ends an answer that nobody waits for: its client has closed the connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.types import Receive

_ResultT = TypeVar("_ResultT")

# An answer that takes no longer is not worth a task that watches its connection.
_UNWATCHED_SECONDS = 0.02


class ClientLeftError(Exception):
    """The client closed the connection before its answer was ready."""


async def while_connected(receive: Receive, answer: Coroutine[None, None, _ResultT]) -> _ResultT:
    """The answer; ClientLeftError if the client leaves before, and the answer is cancelled.

    For requests whose body was read or is empty: it reads on until the end of the connection.
    """
    watch = _Watch(receive)
    try:
        return await answer
    except asyncio.CancelledError:
        if watch.take_back():
            raise ClientLeftError from None
        raise
    finally:
        watch.end()


class _Watch:
    """Cancels the task that made it when the client leaves."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._request = asyncio.current_task()
        self._watcher: asyncio.Task[None] | None = None
        self._has_cancelled = False
        self._timer = asyncio.get_running_loop().call_later(_UNWATCHED_SECONDS, self._begin)

    def take_back(self) -> bool:
        """Whether the task was cancelled from here, and from nowhere else."""
        if not self._has_cancelled or self._request is None:
            return False
        return self._request.uncancel() == 0

    def end(self) -> None:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.remove_done_callback(self._leave)
            self._watcher.cancel()

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(_disconnected(self._receive))
        self._watcher.add_done_callback(self._leave)

    def _leave(self, watcher: asyncio.Task[None]) -> None:
        is_left = not watcher.cancelled() and watcher.exception() is None
        if is_left and self._request is not None:
            self._has_cancelled = True
            self._request.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
