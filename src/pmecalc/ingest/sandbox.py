"""Reads a file in a fresh process with bounded means; whatever becomes of it is a file error."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import BoundedSemaphore
from time import monotonic
from typing import IO, TYPE_CHECKING

from pmecalc.core.errors import InputError
from pmecalc.ingest.columns import PLAIN
from pmecalc.ingest.limits import megabytes
from pmecalc.ingest.wire import decode

if TYPE_CHECKING:
    from pmecalc.ingest.columns import Form, Kind
    from pmecalc.ingest.limits import Limits
    from pmecalc.ingest.table import Table

_CHILD = Path(__file__).with_name("child.py")
_CHUNK = 1 << 20
# The host has room for two readers at their limits: a bound of the process, so no caller's state.
_PLACES = BoundedSemaphore(2)


def read_apart(file: IO[bytes], *, kind: Kind | None, limits: Limits, form: Form = PLAIN) -> Table:
    """The table of an open file, read by a child process."""
    options = json.dumps({"kind": kind, "form": asdict(form), "limits": asdict(limits)})
    with _PLACES:
        output = _run(file, options, limits)
    try:
        return decode(output)
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable("Its reader broke off.") from error


def _run(file: IO[bytes], options: str, limits: Limits) -> bytes:
    deadline = monotonic() + limits.wall_seconds
    # What runs is this package's own file; the options are numbers, and travel without a shell.
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-B", str(_CHILD), options],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        close_fds=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None  # noqa: S101  (a pipe was asked for)
        output = _output(process.stdout, deadline, limits)
        process.wait(max(deadline - monotonic(), 0.0))
    except subprocess.TimeoutExpired:
        raise _late(limits) from None
    finally:
        _end(process)
    if process.returncode:
        raise _unreadable(_cause(process.returncode))
    return output


def _output(pipe: IO[bytes], deadline: float, limits: Limits) -> bytes:
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(max(deadline - monotonic(), 0.0)):
                raise _late(limits)
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                return bytes(output)
            output += chunk
            if len(output) > limits.output_bytes:
                raise _unreadable(f"It holds more than {megabytes(limits.output_bytes)} of rows.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing behind: neither the child, nor what it may have started, nor a zombie."""
    if process.returncode is None:
        with suppress(ProcessLookupError):  # killed before it had a group of its own
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


def _cause(returncode: int) -> str:
    if returncode == -signal.SIGXCPU:
        return "Reading it takes too long."
    return "Its reader broke off: the file is damaged, or needs too much memory."


def _late(limits: Limits) -> InputError:
    return _unreadable(f"Reading it takes more than {limits.wall_seconds:g} seconds.")


def _unreadable(why: str) -> InputError:
    return InputError(
        why,
        code="CORRUPT_FILE",
        hint="Open it in a spreadsheet and save it again as .xlsx or as CSV (UTF-8).",
    )
