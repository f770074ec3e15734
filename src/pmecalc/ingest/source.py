"""A path or bytes -> a table: in this process if it is a small text, else in a child."""

from __future__ import annotations

import os
import stat
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError
from pmecalc.ingest.columns import PLAIN
from pmecalc.ingest.formats import ZIP
from pmecalc.ingest.limits import megabytes
from pmecalc.ingest.problems import error_of
from pmecalc.ingest.sandbox import read_apart
from pmecalc.ingest.text import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from pmecalc.ingest.columns import Form, Kind
    from pmecalc.ingest.limits import Limits
    from pmecalc.ingest.table import Table


def table_of(
    data: bytes | Path, *, file: str, kind: Kind | None, limits: Limits, form: Form = PLAIN
) -> Table:
    """What the file holds, bad rows noted; `file` is the name that a refusal shows.

    `form` says what the file leaves open.
    """
    try:
        if isinstance(data, bytes):
            table = _of_bytes(data, kind, limits, form)
        else:
            table = _of_path(data, kind, limits, form)
    except InputError as refusal:
        raise error_of(refusal.problems, file=file) from refusal.__cause__
    if not table.titles:  # the child has no other way to refuse
        raise error_of(table.problems, file=file)
    return table


def is_read_apart(head: bytes, size: int, limits: Limits) -> bool:
    """Whether a child process reads a file: a workbook, or text that is not small."""
    return size > limits.inline_bytes or head.startswith(ZIP)


def _of_bytes(data: bytes, kind: Kind | None, limits: Limits, form: Form) -> Table:
    _check_size(len(data), limits)
    if not is_read_apart(data, len(data), limits):
        return read_text(data, kind=kind, limits=limits, form=form)
    with TemporaryFile() as file:  # has no name, so nothing can be left behind
        file.write(data)
        file.seek(0)
        return read_apart(file, kind=kind, limits=limits, form=form)


def _of_path(path: Path, kind: Kind | None, limits: Limits, form: Form) -> Table:
    with open(path, "rb", opener=_opener) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError(
                "This is no file.", code="UNSUPPORTED_FORMAT", hint="Give a CSV or .xlsx file."
            )
        _check_size(status.st_size, limits)
        head = file.peek(len(ZIP))
        if not is_read_apart(head, status.st_size, limits):
            return read_text(file.read(limits.inline_bytes), kind=kind, limits=limits, form=form)
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        return read_apart(file, kind=kind, limits=limits, form=form)


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe would be waited for without end


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.stored_bytes:
        raise InputError(
            f"The file has {megabytes(size)}.",
            code="FILE_TOO_LARGE",
            hint=f"At most {megabytes(limits.stored_bytes)} are read.",
        )
    if size == 0:
        raise InputError(
            "The file is empty.", code="EMPTY_FILE", hint="Expected a header and dated rows."
        )
