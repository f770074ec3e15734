"""Starting the service: a socket that listens, settings, checks with a sentence each, workers."""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from pmecalc.cache.address import parse_redis_url
from pmecalc.cli.exits import Exit
from pmecalc.cli.listening import (
    ListeningError,
    export_address,
    inherited_listener,
    listener_of,
)
from pmecalc.core.errors import InputError
from pmecalc.environment import read_settings, unknown_names

if TYPE_CHECKING:
    import argparse
    import socket
    from pathlib import Path

    from pmecalc.settings import Settings

_OPTIONS = (
    *("mode", "host", "port", "data", "workers", "redis_url", "demo"),
    "insecure_no_auth_i_understand",
)
_NO_TLS = (
    "pme serve: no TLS is declared (PME_TLS=true behind a proxy that ends it): keys that come in "
    "clear from other machines are refused"
)
_IN_PROCESS_LIST = (
    "pme serve: every user of this machine can read the password in --redis-url in the list of "
    "processes; put the URL into a file of mode 0600 and name it in PME_REDIS_URL_FILE"
)
_THEN = "Read the key, then delete the file."
_FILES_A_CONNECTION = 2  # refused ones stay a moment to hear why
_OTHER_FILES = 512


def serve(given: argparse.Namespace) -> Exit:
    """Listen, check what can be checked, then serve until interrupted."""
    _export(given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for sentence in unknown_names(os.environ):
        print(f"pme serve: {sentence}", file=sys.stderr)
    try:
        inherited = inherited_listener(os.environ)
        if inherited is not None:
            export_address(inherited, os.environ)
        settings = read_settings()
        listener = listener_of(settings, inherited)
        if given.redis_url and _has_secret(given.redis_url):
            print(_IN_PROCESS_LIST, file=sys.stderr)
    except InputError as error:
        return _refuse(*(_as_typed(each.message, given) for each in error.problems))
    except ListeningError as error:
        return _refuse(str(error))
    with listener, suppress(KeyboardInterrupt):
        return _serve_on(listener, settings)
    return Exit.OK


def _serve_on(listener: socket.socket, settings: Settings) -> Exit:
    # A second of imports or more; connections wait in the queue of the socket meanwhile.
    from pmecalc.api import logs  # noqa: PLC0415
    from pmecalc.app import conclude, prepare  # noqa: PLC0415
    from pmecalc.core.errors import StoreError  # noqa: PLC0415
    from pmecalc.store.errors import FolderError  # noqa: PLC0415

    logs.configure()
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


def _run(settings: Settings, listener: socket.socket) -> Exit:
    """Serve until a signal; an end that was asked for is a clean one, whichever signal asked."""
    from pmecalc.cli import serving  # noqa: PLC0415  (as above)
    from pmecalc.cli.manager import Manager  # noqa: PLC0415
    from pmecalc.service.shared_metrics import SharedMetrics  # noqa: PLC0415

    _raise_open_files(_FILES_A_CONNECTION * settings.connections + _OTHER_FILES)
    metrics = SharedMetrics.create(2 * settings.workers)
    with suppress(KeyboardInterrupt):
        if settings.workers > 1:
            manager = Manager(
                listener, metrics, count=settings.workers, start_seconds=settings.worker_start_s
            )
            is_clean = manager.run()
            return Exit.OK if is_clean else Exit.INTERNAL
        try:
            serving.serve(settings, listener, metrics.slot(0))
        except SystemExit:  # it could not start, and said why
            return Exit.INTERNAL
    return Exit.OK


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


def _has_secret(url: str) -> bool:
    address = parse_redis_url(url)
    return address.password is not None or "sentinel_password" in address.options


def _announce(settings: Settings, port: int, first_key: Path | None) -> None:
    from pmecalc.app import first_key_file  # noqa: PLC0415  (as above)

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
