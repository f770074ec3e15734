"""One of several worker processes of `pme serve`; it imports the service only once it runs."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from pmecalc.service.shared_metrics import SharedMetrics

BEAT_SECONDS = 5.0
FAILED_START = 3  # an exit code, as uvicorn's where the application would not open
STARTING, READY = b"starting", b"ready"


def run(listener: socket.socket, metrics: SharedMetrics, slot: int, manager: Connection) -> None:
    """Serve until a signal. A worker whose manager was killed ends too, and frees the port."""
    # SIGTERM keeps its default: the server closes everything, then the signal ends the process at
    # once, where an interpreter that ends by itself takes as long as a start.
    with suppress(KeyboardInterrupt):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the manager decides
        ready = threading.Event()
        _start_thread(_report, manager, ready)
        parent = multiprocessing.parent_process()
        if parent is not None:
            _start_thread(_end_after, parent)
        _serve(listener, metrics, slot, ready)


def _serve(
    listener: socket.socket, metrics: SharedMetrics, slot: int, ready: threading.Event
) -> None:
    from pydantic import ValidationError  # noqa: PLC0415  (as the next)

    from pmecalc.api import logs  # noqa: PLC0415  (seconds of imports, and the manager waits)
    from pmecalc.cli import serving  # noqa: PLC0415
    from pmecalc.settings import Settings  # noqa: PLC0415

    logs.configure()
    try:
        settings = Settings()
    except ValidationError as error:  # a file of a setting is not what it was
        logging.getLogger(__name__).error("a worker cannot start: %s", error)  # noqa: TRY400
        raise SystemExit(FAILED_START) from None
    serving.serve(settings, listener, metrics.slot(slot), ready=ready.set)


def _report(manager: Connection, ready: threading.Event) -> None:
    """Show the manager that this process runs, and when it serves."""
    with suppress(OSError):  # the manager has gone
        while True:
            is_ready = ready.is_set()
            manager.send_bytes(READY if is_ready else STARTING)
            if is_ready:
                time.sleep(BEAT_SECONDS)
            else:
                ready.wait(BEAT_SECONDS)


def _end_after(manager: BaseProcess) -> None:
    manager.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _start_thread(work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()
