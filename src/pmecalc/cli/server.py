"""Starting the server: settings, checks with a sentence each, then uvicorn."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from pydantic import ValidationError
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from pmecalc.api import logs
from pmecalc.api.door import Door
from pmecalc.api.doorkeeper import ConnectionLimits, Doorkeeper
from pmecalc.api.wire_lane import AnsweringProtocol
from pmecalc.app import conclude, first_key_file, prepare
from pmecalc.cli.exits import Exit
from pmecalc.core.errors import StoreError
from pmecalc.settings import Settings

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_OPTIONS = (
    *("mode", "host", "port", "data", "workers", "redis_url", "demo"),
    "insecure_no_auth_i_understand",
)
_NO_TLS = (
    "pme serve: no TLS is declared (PME_TLS=true behind a proxy that ends it): keys that come in "
    "clear from other machines are refused"
)
_THEN = "Read the key, then delete the file."
_OWN_ADDRESSES = ("127.0.0.1", "::1")  # this host's programs, and proxies on it
_FILES_A_CONNECTION = 2  # refused ones stay a moment to hear why
_OTHER_FILES = 512
_END_SECONDS = 10  # for what was being answered when the end was asked for
_HUNG_SECONDS = 30  # a worker that is silent so long is replaced; one that starts is silent too


def serve(given: argparse.Namespace) -> Exit:
    """Check what can be checked, then serve until interrupted."""
    _export(given)
    logs.configure()
    try:
        settings = Settings()
        listener = _listener(settings)
    except ValidationError as error:
        return _refuse(_sentence(error))
    except OSError as error:
        return _refuse(str(error))
    with listener:
        try:
            first_key = prepare(settings)
        except (StoreError, OSError) as error:
            return _refuse(str(error))
        _announce(settings, listener.getsockname()[1], first_key)
        code = _run(settings, listener)
    try:
        conclude(settings)
    except StoreError as error:
        print(f"pme serve: the end could not be put into the audit: {error}", file=sys.stderr)
    return code


def _export(given: argparse.Namespace) -> None:
    """Options become environment, where the server's workers read them too."""
    for name in _OPTIONS:
        value = getattr(given, name)
        if value is not None and value is not False:
            os.environ[f"PME_{name.upper()}"] = str(value)


def _listener(settings: Settings) -> socket.socket:
    """Bound before anything else is done; nobody is answered until a worker listens."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: connections inherit it
            milliseconds = int(settings.unread_s * 1000)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise OSError(
            f"port {settings.port} cannot be used ({error.strerror}); choose another: --port"
        ) from error
    return listener


def _announce(settings: Settings, port: int, first_key: Path | None) -> None:
    if first_key is not None:
        print(f"The first admin's API key is in {first_key}, valid for 24 hours. {_THEN}")
    elif settings.mode == "key" and first_key_file(settings).exists():
        print(f"pme serve: {first_key_file(settings)} is still there. {_THEN}", file=sys.stderr)
    if settings.mode == "key" and not settings.tls and not settings.is_loopback:
        print(_NO_TLS, file=sys.stderr)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"PME Calculator on http://{host}:{port}")
    plural = "s" if settings.workers > 1 else ""
    kept = "memory and Redis" if settings.redis_address else "memory"
    print(
        f"{settings.workers} worker{plural}, data in {settings.data}, answers kept in {kept}",
        flush=True,
    )


def _run(settings: Settings, listener: socket.socket) -> Exit:
    """Serve until a signal; an end that was asked for is a clean one, whichever signal asked."""
    _raise_open_files(_FILES_A_CONNECTION * settings.connections + _OTHER_FILES)
    keeper = Doorkeeper(_limits(settings))
    protocol = partial(AnsweringProtocol, doorkeeper=keeper, tls=settings.tls)
    config = uvicorn.Config(
        "pmecalc.cli.worker:application",
        factory=True,
        http=Door(protocol, listener),  # type: ignore[arg-type]  # uvicorn only ever calls it
        ws="none",
        workers=settings.workers,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_graceful_shutdown=_END_SECONDS,
        timeout_worker_healthcheck=_HUNG_SECONDS,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        if settings.workers == 1:
            return _serve_here(config, listener)
        return _serve_in_workers(config, listener)
    return Exit.OK


def _serve_here(config: uvicorn.Config, listener: socket.socket) -> Exit:
    try:
        uvicorn.Server(config).run(sockets=[listener])
    except SystemExit:  # it could not start, and said why
        return Exit.INTERNAL
    return Exit.OK


def _serve_in_workers(config: uvicorn.Config, listener: socket.socket) -> Exit:
    """The manager starts workers, replaces those that die, and ends them all."""
    manager = Multiprocess(config, sockets=[listener])
    manager.run()
    failed = any(process.exitcode == STARTUP_FAILURE for process in manager.processes)
    return Exit.INTERNAL if failed else Exit.OK


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


def _raise_open_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _sentence(error: ValidationError) -> str:
    return "; ".join(
        " ".join(filter(None, [".".join(map(str, each["loc"])), each["msg"]]))
        for each in error.errors()
    )


def _refuse(sentence: str) -> Exit:
    print(f"pme serve: {sentence}", file=sys.stderr)
    return Exit.USAGE
