"""The socket that the service listens on: bound here, or inherited from whoever started it."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from pmecalc.settings import Settings

FIRST_INHERITED = 3  # the protocol of systemd: sd_listen_fds(3)
_BACKLOG = 4096  # connections that wait for a worker; the system may allow fewer
_NAMES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


class ListeningError(Exception):
    """Nobody can listen there; the sentence says why and what to do."""


def listener_of(settings: Settings, inherited: socket.socket | None) -> socket.socket:
    """A socket that listens already: connections wait in its queue until a worker accepts them."""
    listener = inherited or _bound(settings)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: connections inherit it
        milliseconds = int(settings.unread_s * 1000)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    listener.listen(_BACKLOG)
    return listener


def inherited_listener(environment: MutableMapping[str, str]) -> socket.socket | None:
    """The socket of systemd's LISTEN_FDS, if it is meant for this process.

    The variables are removed: what this process starts inherits nothing by them.
    """
    given = {name: environment.pop(name, "") for name in _NAMES}
    if given["LISTEN_PID"] != str(os.getpid()):
        return None
    if given["LISTEN_FDS"] != "1":
        raise ListeningError(
            f"LISTEN_FDS={given['LISTEN_FDS']}: one listening socket is expected; give the unit "
            "pme.socket one ListenStream alone"
        )
    try:
        listener = socket.socket(fileno=FIRST_INHERITED)
    except OSError as error:
        raise ListeningError(
            f"the inherited descriptor {FIRST_INHERITED} is no socket ({error.strerror})"
        ) from error
    if listener.family not in {socket.AF_INET, socket.AF_INET6} or not _listens(listener):
        listener.close()
        raise ListeningError(
            f"the inherited descriptor {FIRST_INHERITED} is no listening TCP socket; write "
            "ListenStream=127.0.0.1:8000 in the unit pme.socket"
        )
    listener.set_inheritable(False)
    return listener


def export_address(listener: socket.socket, environment: MutableMapping[str, str]) -> None:
    """Let the settings know where the inherited socket listens, so that they judge that address.

    ListeningError where they name another.
    """
    host, port = listener.getsockname()[:2]
    for name, value in (("PME_HOST", host), ("PME_PORT", str(port))):
        wanted = environment.setdefault(name, value)
        if wanted != value:
            raise ListeningError(
                f"{name}={wanted}, and the inherited socket listens on {host} port {port}: remove "
                f"{name}, or change the unit pme.socket"
            )


def _listens(listener: socket.socket) -> bool:
    return listener.type == socket.SOCK_STREAM and bool(
        listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    )


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise ListeningError(
                f"PME_HOST={settings.host} is no address of this machine ({error.strerror})"
            ) from error
        raise ListeningError(
            f"port {settings.port} cannot be used ({error.strerror}); choose another: --port"
        ) from error
    return listener
