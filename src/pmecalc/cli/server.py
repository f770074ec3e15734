"""Starting the server: settings, checks with a sentence each, then uvicorn."""

from __future__ import annotations

import logging
import os
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn
from pydantic import ValidationError

from pmecalc.app import prepare
from pmecalc.cli.exits import Exit
from pmecalc.core.errors import StoreError
from pmecalc.settings import Settings

if TYPE_CHECKING:
    import argparse

_OPTIONS = (
    *("mode", "host", "port", "data", "workers", "redis_url", "demo"),
    "insecure_no_auth_i_understand",
)
_NO_TLS = (
    "pme serve: no TLS is declared (PME_TLS=true behind a proxy that ends it): keys that come in "
    "clear from other machines are refused"
)


def serve(given: argparse.Namespace) -> Exit:
    """Check what can be checked, then serve until interrupted."""
    _export(given)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings()
        _check_port(settings)
        first_key = prepare(settings)
    except ValidationError as error:
        return _refuse(_sentence(error))
    except (StoreError, OSError) as error:
        return _refuse(str(error))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    if first_key is not None:
        print(f"First admin's API key, shown once, valid for 24 hours: {first_key}")
    if settings.mode == "key" and not settings.tls and not settings.is_loopback:
        print(_NO_TLS, file=sys.stderr)
    print(f"PME Calculator on http://{host}:{settings.port}", flush=True)
    _run(settings)
    return Exit.OK


def _export(given: argparse.Namespace) -> None:
    """Options become environment, where the server's workers read them too."""
    for name in _OPTIONS:
        value = getattr(given, name)
        if value is not None and value is not False:
            os.environ[f"PME_{name.upper()}"] = str(value)


def _run(settings: Settings) -> None:
    uvicorn.run(
        "pmecalc.app:from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_level="warning",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
    )


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise OSError(
                f"port {settings.port} cannot be used ({error.strerror}); choose another: --port"
            ) from error


def _sentence(error: ValidationError) -> str:
    return "; ".join(
        " ".join(filter(None, [".".join(map(str, each["loc"])), each["msg"]]))
        for each in error.errors()
    )


def _refuse(sentence: str) -> Exit:
    print(f"pme serve: {sentence}", file=sys.stderr)
    return Exit.USAGE
