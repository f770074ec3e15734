"""What a worker process of `pme serve` runs."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import TYPE_CHECKING

from pmecalc.app import from_environment

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from fastapi import FastAPI


def application() -> FastAPI:
    """The service; a worker whose manager was killed ends too, and lets go of the port."""
    manager = multiprocessing.parent_process()
    if manager is not None:
        threading.Thread(target=_end_after, args=(manager,), name="manager", daemon=True).start()
    return from_environment()


def _end_after(manager: BaseProcess) -> None:
    manager.join()
    os.kill(os.getpid(), signal.SIGTERM)
