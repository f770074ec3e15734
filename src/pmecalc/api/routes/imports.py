"""Files in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response, UploadFile

from pmecalc.api.deps import Caller, ServicesOf
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import ImportOut, ImportQuery
from pmecalc.ingest.template import template_csv
from pmecalc.service.imports import ImportOptions

router = APIRouter(prefix="/v1/imports", tags=["data"], route_class=ApiRoute)


@router.get("/template.csv", response_model=None, openapi_extra=needs("public"))
async def template() -> Response:
    """An example of the tidy file."""
    headers = {"Content-Disposition": 'attachment; filename="pme-template.csv"'}
    return Response(template_csv(), headers=headers, media_type="text/csv; charset=utf-8")


@router.post("", status_code=201, response_model=ImportOut, openapi_extra=needs("write"))
async def import_file(
    file: UploadFile,
    query: Annotated[ImportQuery, Query()],
    response: Response,
    services: ServicesOf,
    caller: Caller,
) -> dict[str, object]:
    """Read a file and commit what it holds; the same content again changes nothing (200)."""
    given = query.model_dump(exclude={"commit"})
    committed = await services.imports.commit(
        caller.tenant,
        await file.read(),
        filename=file.filename or "upload",
        options=ImportOptions(**given),
        actor=caller.actor,
    )
    if committed.already:
        response.status_code = 200
    return {
        "import": committed.import_id,
        "datasets": [
            {
                "id": item.id,
                "kind": item.kind,
                "name": item.name,
                "revision": item.revision,
                "sequence": item.sequence,
            }
            for item in committed.items
        ],
        "already": committed.already,
    }
