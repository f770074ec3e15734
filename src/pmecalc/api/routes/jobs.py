"""Long work: asked for, polled or listened to, cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import JSONResponse

from pmecalc.api.components import answer
from pmecalc.api.deps import Asker, Services, ServicesOf, Tenant
from pmecalc.api.lists import page_of
from pmecalc.api.once import IdempotencyKey, mark_replayed, once_of
from pmecalc.api.preconditions import CHANGED, VERSIONED, MatchedVersions, set_etag
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import Id, Job, JobPage, JobRequest, PageQuery
from pmecalc.core.errors import NotFoundError
from pmecalc.store.jobs import JobRow
from pmecalc.store.versions import version_of

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=ApiRoute)

JobId = Annotated[Id, Path()]
_LISTEN_SECONDS = 0.25


async def known_job(job: JobId, services: ServicesOf, tenant: Tenant) -> JobRow:
    """The job of the path, before an answer begins."""
    return await services.jobs.one(tenant, job)


KnownJob = Annotated[JobRow, Depends(known_job)]


@router.get("", response_model=JobPage, openapi_extra=needs("read"))
async def list_jobs(
    request: Request,
    page: Annotated[PageQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """The jobs, the last one first; they are kept for a week."""
    rows, after = await services.jobs.page(tenant, limit=page.limit, after=page.after)
    return await page_of(request, JobPage, [shown(row) for row in rows], after)


@router.post("", status_code=202, response_model=Job, openapi_extra=needs("run"))
async def create_job(  # noqa: PLR0917  (FastAPI passes by name)
    request: Request,
    response: Response,
    body: JobRequest,
    services: ServicesOf,
    tenant: Tenant,
    asker: Asker,
    key: IdempotencyKey = None,
) -> dict[str, object]:
    """Evaluate every stored fund, against a benchmark if one is named; the result is a table."""
    if body.benchmark is not None:
        await services.datasets.one(tenant, "benchmark", body.benchmark)
    params = body.model_dump(mode="json", exclude={"kind"})
    once = once_of(request, key, await request.body())
    row, replayed = await services.jobs.submit(tenant, body.kind, params, by=asker, once=once)
    mark_replayed(response, replayed=replayed)
    response.headers["Location"] = f"/v1/jobs/{row.id}"
    return shown(row)


@router.get("/{job}", response_model=Job, responses=VERSIONED, openapi_extra=needs("read"))
async def get_job(
    job: JobId, response: Response, services: ServicesOf, tenant: Tenant
) -> dict[str, object]:
    """How far a job is, and how it ended."""
    row = await services.jobs.one(tenant, job)
    set_etag(response, version_of(row))
    return shown(row)


@router.delete(
    "/{job}",
    response_model=Job,
    responses={**VERSIONED, **CHANGED},
    openapi_extra=needs("run"),
)
async def cancel_job(
    job: JobId,
    response: Response,
    expected: MatchedVersions,
    services: ServicesOf,
    tenant: Tenant,
) -> dict[str, object]:
    """Cancel a job; one that has ended stays as it is."""
    row = await services.jobs.cancel(tenant, job, expected=expected)
    set_etag(response, version_of(row))
    return shown(row)


@router.get(
    "/{job}/result",
    response_model=None,
    openapi_extra=needs("read"),
    responses={200: answer("JobTable")},
)
async def get_job_result(job: JobId, services: ServicesOf, tenant: Tenant) -> Response:
    """The table that a job made: `columns`, and a row for each fund."""
    made = await services.jobs.result(tenant, job)
    headers = {"Content-Disposition": f'attachment; filename="job-{job}.json"'}
    return Response(made, headers=headers, media_type="application/json")


@router.get(
    "/{job}/events",  # noqa: FAST003  (KnownJob takes it)
    response_class=EventSourceResponse,
    openapi_extra=needs("read"),
)
async def stream_job_events(
    request: Request,
    found: KnownJob,
    services: ServicesOf,
    tenant: Tenant,
    last_event_id: Annotated[str | None, Header(pattern=r"^[0-9]{1,9}$")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """What the job tells, from the beginning or from `Last-Event-ID` on, until it has ended.

    The stream ends sooner where its credential is revoked, the tenant is erased or the worker ends.
    """
    after, may_go_on = int(last_event_id or 0), True
    while may_go_on and not request.app.drains and _may_listen(services, request, tenant):
        try:
            told, may_go_on = await services.jobs.events(tenant, found.id, after=after)
        except NotFoundError:
            return
        for n, event, data in told:
            yield ServerSentEvent(id=str(n), event=event, data=data)
            after = n
        if may_go_on:
            await asyncio.sleep(_LISTEN_SECONDS)


def _may_listen(services: Services, request: Request, tenant: str) -> bool:
    """Whether the credential of the request still opens what it opened when it came."""
    caller = services.identify(dict(request.scope))
    return caller.tenant == tenant and caller.may("read")


def accepted(row: JobRow, *, replayed: bool) -> Response:
    """The answer to a request that a job carries out."""
    answer = JSONResponse(shown(row), 202)
    answer.headers["Location"] = f"/v1/jobs/{row.id}"
    answer.headers["Preference-Applied"] = "respond-async"
    mark_replayed(answer, replayed=replayed)
    return answer


def shown(row: JobRow) -> dict[str, object]:
    """A job as the API says it."""
    is_table = row.state == "done" and "object" in (row.result or {})
    made = {name: value for name, value in (row.result or {}).items() if name != "object"}
    failed = row.state in {"failed", "cancelled"}
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "progress": row.progress or None,
        "result": made if row.state == "done" else None,
        "result_url": f"/v1/jobs/{row.id}/result" if is_table else None,
        "problem": made if failed else None,
        "created": row.created,
        "updated": row.updated,
    }
