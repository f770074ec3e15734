"""What the child does once it is limited: file on stdin -> frame of a table on stdout."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, TypedDict

from pmecalc.core.errors import InputError
from pmecalc.ingest.columns import Form
from pmecalc.ingest.formats import ZIP
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.table import Table
from pmecalc.ingest.text import read_text
from pmecalc.ingest.wire import encode
from pmecalc.ingest.workbook import read_workbook

if TYPE_CHECKING:
    from pmecalc.ingest.columns import Kind


class FormOptions(TypedDict):
    """The fields of `Form`."""

    sheet: str | None
    reversals: bool


class Options(TypedDict):
    """What the parent says."""

    kind: Kind | None
    form: FormOptions
    limits: dict[str, int]


def work(options: Options) -> None:
    """Read stdin, write stdout; a file that is refused is an answer like another."""
    gc.disable()  # this process ends before garbage could matter
    limits = Limits(**options["limits"])
    data = sys.stdin.buffer.read(limits.stored_bytes + 1)
    read = read_workbook if data.startswith(ZIP) else read_text
    try:
        table = read(data, kind=options["kind"], limits=limits, form=Form(**options["form"]))
    except InputError as refusal:
        table = Table(problems=refusal.problems)
    sys.stdout.buffer.write(encode(table))
    sys.stdout.buffer.flush()
