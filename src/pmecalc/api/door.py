"""Where connections come in: while many wait, many at each turn of the loop."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

_MOST = 256  # let in at one turn: more would keep those inside waiting


class Door:
    """Makes the protocol of a connection that the server accepted, and lets in who waits behind.

    libuv accepts one connection a turn. A turn lasts as long as the answers to all who are inside,
    so the last of a thousand that came together would wait for many seconds. Twice as many at each
    turn need ten turns, and leave a small crowd to all the workers that listen.
    """

    def __init__(self, protocol: Callable[..., asyncio.Protocol], listener: socket.socket) -> None:
        listener.setblocking(False)
        self._protocol = protocol
        self._listener = listener
        self._together = 1
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
        """Begins with one anew when nobody is left, or what else the server meets and handles."""
        for _ in range(self._together):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                self._together = 1
                return
            yield connection
        self._together = min(2 * self._together, _MOST)
