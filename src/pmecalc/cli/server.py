"""Starting the server: settings, checks with a sentence each, then uvicorn."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from pmecalc.api import logs
from pmecalc.api.door import Door
from pmecalc.api.doorkeeper import ConnectionLimits, Doorkeeper
from pmecalc.api.wire_lane import AnsweringProtocol
from pmecalc.app import conclude, prepare
from pmecalc.cli.exits import Exit
from pmecalc.core.errors import InputError, StoreError
from pmecalc.environment import read_settings, unknown_names
from pmecalc.store.errors import FolderError

if TYPE_CHECKING:
    import argparse

    from pmecalc.settings import Settings

_OPTIONS = (
    *("mode", "host", "port", "data", "workers", "redis_url", "demo"),
    "insecure_no_auth_i_understand",
)
_NO_TLS = (
    "pme serve: no TLS is declared (PME_TLS=true behind a proxy that ends it): keys that come in "
    "clear from other machines are refused"
)
_OWN_ADDRESSES = ("127.0.0.1", "::1")  # this host's programs, and proxies on it
_FILES_A_CONNECTION = 2  # refused ones stay a moment to hear why
_OTHER_FILES = 512
_END_SECONDS = 10  # for what was being answered when the end was asked for
_HUNG_SECONDS = 30  # a worker that is silent so long is replaced; one that starts is silent too


def serve(given: argparse.Namespace) -> Exit:
    """Check what can be checked, then serve until interrupted."""
    _export(given)
    logs.configure()
    for sentence in unknown_names(os.environ):
        print(f"pme serve: {sentence}", file=sys.stderr)
    try:
        settings = read_settings()
        listener = _listener(settings)
    except InputError as error:
        return _refuse(*(_as_typed(each.message, given) for each in error.problems))
    except OSError as error:
        return _refuse(str(error))
    with listener:
        try:
            first_key = prepare(settings)
        except FolderError as error:
            return _refuse(f"{error} It is PME_DATA or --data.")
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
    for name, value in _typed(given).items():
        os.environ[f"PME_{name.upper()}"] = value


def _typed(given: argparse.Namespace) -> dict[str, str]:
    """The options that were typed."""
    options = {name: getattr(given, name) for name in _OPTIONS}
    return {
        name: str(value)
        for name, value in options.items()
        if value is not None and value is not False
    }


def _as_typed(sentence: str, given: argparse.Namespace) -> str:
    """The sentence with the options that were typed in the place of their settings."""
    for name in _typed(given):
        option = f"--{name.replace('_', '-')}"
        sentence = re.sub(rf"\bPME_{name.upper()}\b", option, sentence)
    return sentence


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
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise OSError(
                f"PME_HOST={settings.host} is no address of this machine ({error.strerror})"
            ) from error
        raise OSError(
            f"port {settings.port} cannot be used ({error.strerror}); choose another: --port"
        ) from error
    return listener


def _announce(settings: Settings, port: int, first_key: str | None) -> None:
    if first_key is not None:
        print(f"First admin's API key, shown once, valid for 24 hours: {first_key}")
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


def _refuse(*sentences: str) -> Exit:
    for sentence in sentences:
        print(f"pme serve: {sentence}", file=sys.stderr)
    return Exit.USAGE
