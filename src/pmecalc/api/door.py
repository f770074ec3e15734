"""Where connections come in: all that wait, not one of them a turn of the loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

_TOGETHER = 128  # let in at one turn: more would keep those inside waiting


class Door:
    """Makes the protocol of a connection that the server accepted, and lets in who waits behind.

    libuv accepts one connection a turn. A turn lasts as long as the answers to all who are inside,
    so the last of a thousand that came together would wait for many seconds.
    """

    def __init__(self, protocol: Callable[..., asyncio.Protocol], listener: socket.socket) -> None:
        listener.setblocking(False)
        self._protocol = protocol
        self._listener = listener
        self._coming: set[asyncio.Task[object]] = set()

    def __reduce__(self) -> tuple[type[Door], tuple[object, ...]]:
        """A worker process has a door of its own to the same queue."""
        return Door, (self._protocol, self._listener)

    def __call__(self, **state: Any) -> asyncio.Protocol:  # noqa: ANN401  (the server's own)
        """What the server calls for each connection that it accepts."""
        protocol = partial(self._protocol, **state)
        loop = asyncio.get_running_loop()
        for connection in self._waiting():
            coming = loop.create_task(loop.connect_accepted_socket(protocol, connection))
            self._coming.add(coming)
            coming.add_done_callback(self._coming.discard)
        return protocol()

    def _waiting(self) -> Iterator[socket.socket]:
        """Until there are no more; what else may go wrong happens to the server's accept too."""
        with suppress(OSError):
            for _ in range(_TOGETHER):
                yield self._listener.accept()[0]
