"""The application behind uvicorn in one process: its connections, and how it ends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from pmecalc.api.door import Door
from pmecalc.api.doorkeeper import ConnectionLimits, Doorkeeper
from pmecalc.api.wire_lane import AnsweringProtocol
from pmecalc.app import create_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from pmecalc.service.shared_metrics import Slot
    from pmecalc.settings import Settings

_OWN_ADDRESSES = ("127.0.0.1", "::1")  # this host's programs, and proxies on it
_END_SECONDS = 10  # for what was being answered when the end was asked for


class Server(uvicorn.Server):
    """A server that tells when it accepts connections, and when it begins to end."""

    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[], None], drain: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._drain = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the application, then accept."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, finish what was begun, close the application."""
        self._drain()
        await super().shutdown(sockets)


def serve(
    settings: Settings,
    listener: socket.socket,
    slot: Slot,
    *,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal, which is raised again at the end; SystemExit where it cannot start."""
    keeper = Doorkeeper(_limits(settings))
    app = create_app(settings, slot)

    def drain() -> None:
        keeper.drain()
        app.drain()

    protocol = partial(AnsweringProtocol, doorkeeper=keeper, tls=settings.tls)
    config = uvicorn.Config(
        app,
        http=Door(protocol, listener),  # type: ignore[arg-type]  # uvicorn only ever calls it
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_graceful_shutdown=_END_SECONDS,
    )
    Server(config, ready=ready, drain=drain).run(sockets=[listener])


def _limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        head_seconds=settings.head_s,
        body_seconds=settings.request_s,
        body_window_seconds=settings.request_window_s,
        body_rate=settings.request_rate,
        idle_seconds=settings.keep_alive_s,
        head_bytes=settings.head_bytes,
        connections=settings.connections,
        connections_per_address=settings.connections_per_address,
        exempt=(*_OWN_ADDRESSES, *map(str, settings.trusted_proxies)),
    )
