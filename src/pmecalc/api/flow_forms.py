"""The forms in which all flows of a fund are streamed, beside the pages of JSON."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from pmecalc.api.components import reference
from pmecalc.api.media import ARROW, CSV, JSON
from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pmecalc.api.schemas import FlowQuery
    from pmecalc.service.executors import Pool
    from pmecalc.service.flow_table import FlowTable

_SUFFIXES = {CSV: "csv", ARROW: "arrows"}
FLOW_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            CSV: {"schema": {"type": "string"}},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        }
    },
    406: {
        "description": "`Accept` names no form that there is",
        "content": {"application/problem+json": {"schema": reference("Problem")}},
    },
}


def offered_forms() -> tuple[str, ...]:
    """The forms of this installation, the default one first."""
    return (JSON, CSV, ARROW) if find_spec("pyarrow") else (JSON, CSV)


def refuse_page(page: FlowQuery) -> None:
    """Refuse `limit` and `after` where all rows are sent."""
    if page.model_fields_set:
        name = min(page.model_fields_set)
        raise InputError(
            f"All rows are sent in this form; there is no {name!r}.",
            code="BAD_REQUEST",
            field=name,
            hint="Leave out limit and after, or take JSON.",
        )


def streamed(table: FlowTable, kind: str, threads: Pool, *, name: str) -> StreamingResponse:
    """All rows, each piece made in a thread when the client has taken the one before."""
    pieces = table.csv_chunks() if kind == CSV else table.arrow_chunks()
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{_SUFFIXES[kind]}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization, Cookie",
    }
    return StreamingResponse(_each(pieces, threads), headers=headers, media_type=kind)


async def _each(pieces: Iterator[bytes], threads: Pool) -> AsyncIterator[bytes]:
    while (piece := await threads.run(lambda: next(pieces, None))) is not None:
        yield piece
