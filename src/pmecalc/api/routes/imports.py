"""Files in, and the way back."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, File, Header, Path, Query, Request, Response
from starlette.requests import ClientDisconnect

from pmecalc.api.deps import Asker, ServicesOf, Tenant
from pmecalc.api.lists import page_of
from pmecalc.api.once import IdempotencyKey, mark_replayed, once_of_file
from pmecalc.api.repeats import joined, refuse_repeated_fields
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.routes.jobs import accepted
from pmecalc.api.schemas import (
    Id,
    ImportPage,
    ImportQuery,
    ImportRecord,
    ImportResult,
    ImportUpload,
    Job,
    PageQuery,
    UndoResult,
)
from pmecalc.ingest.names import display_name
from pmecalc.ingest.template import template_csv
from pmecalc.service.imports import ImportOptions, answer_of

router = APIRouter(prefix="/v1/imports", tags=["data"], route_class=ApiRoute)

ImportId = Annotated[Id, Path()]
_PREFER = "`respond-async`: answer with a job at once"


class CsvResponse(Response):
    """A table as text."""

    media_type = "text/csv"


@router.get(
    "/template.csv",
    response_class=CsvResponse,
    response_model=None,
    openapi_extra=needs("public"),
)
async def get_template() -> Response:
    """An example of the tidy file."""
    headers = {"Content-Disposition": 'attachment; filename="pme-template.csv"'}
    return CsvResponse(template_csv(), headers=headers)


@router.post(
    "",
    status_code=201,
    response_model=ImportResult,
    responses={
        200: {"model": ImportResult, "description": "The same content is there already"},
        202: {"model": Job, "description": "A job does it"},
    },
    dependencies=[Depends(refuse_repeated_fields)],
    openapi_extra=needs("write"),
)
async def import_file(  # noqa: PLR0917  (FastAPI passes by name)
    request: Request,
    form: Annotated[ImportUpload, File()],
    query: Annotated[ImportQuery, Query()],
    response: Response,
    services: ServicesOf,
    tenant: Tenant,
    asker: Asker,
    key: IdempotencyKey = None,
    _prefer: Annotated[str | None, Header(alias="Prefer", description=_PREFER)] = None,
) -> dict[str, object] | Response:
    """Read one file and commit what it holds; the same content again changes nothing (200).

    With `Prefer: respond-async` a job does it (202). Several files are several requests.
    """
    file, filename = form.file.file, display_name(form.file.filename or "upload")
    options = ImportOptions(**query.model_dump(exclude={"commit"}))
    is_job = "respond-async" in joined(request.headers, "prefer").lower()
    answer = b"job" if is_job else b"import"  # under one key the other one is another request
    once = await once_of_file(
        request, key, answer, filename.encode(), file=file, threads=services.executors.rest
    )
    if is_job:
        params = {
            "object": await services.imports.set_aside(tenant, file),
            "filename": filename,
            "options": asdict(options),
        }
        row, replayed = await services.jobs.submit(tenant, "import", params, by=asker, once=once)
        return accepted(row, replayed=replayed)
    committed = await services.imports.commit(
        tenant,
        file,
        filename=filename,
        options=options,
        by=asker,
        once=once,
        left=partial(_hung_up, request),
    )
    mark_replayed(response, replayed=committed.replayed)
    if committed.already:
        response.status_code = 200
    return answer_of(committed)


@router.get("", response_model=ImportPage, openapi_extra=needs("read"))
async def list_imports(
    request: Request,
    page: Annotated[PageQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """The imports, the last one first."""
    found = await services.imports.page(tenant, limit=page.limit, after=page.after)
    return await page_of(request, ImportPage, [asdict(row) for row in found.items], found.next)


@router.get("/{import_id}", response_model=ImportRecord, openapi_extra=needs("read"))
async def get_import(
    import_id: ImportId, services: ServicesOf, tenant: Tenant
) -> dict[str, object]:
    """An import: who made it when, and whether it was undone."""
    return asdict(await services.imports.one(tenant, import_id))


@router.post("/{import_id}/undo", response_model=UndoResult, openapi_extra=needs("write"))
async def undo_import(
    import_id: ImportId, services: ServicesOf, tenant: Tenant, asker: Asker
) -> dict[str, object]:
    """Take every dataset of an import back to what it was, or none (409 says why)."""
    done = await services.imports.undo(tenant, import_id, by=asker)
    return {"import": done.import_id, "restored": done.restored, "removed": done.removed}


async def _hung_up(request: Request) -> None:
    """Raise when the client has gone; its body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    raise ClientDisconnect
