"""Stored funds and benchmarks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from pmecalc.api.deps import Asker, ServicesOf, Tenant
from pmecalc.api.flow_forms import FLOW_FORMS, offered_forms, refuse_page, streamed
from pmecalc.api.lists import link_next, page_of
from pmecalc.api.media import JSON, media_of
from pmecalc.api.preconditions import CHANGED, VERSIONED, MatchedVersions, set_etag
from pmecalc.api.repeats import joined
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import (
    Benchmark,
    BenchmarkChanges,
    BenchmarkPage,
    FlowQuery,
    FlowTable,
    Fund,
    FundChanges,
    FundDetail,
    FundPage,
    Id,
    PageQuery,
)
from pmecalc.store.cursors import position_of

router = APIRouter(prefix="/v1", tags=["data"], route_class=ApiRoute)

DatasetId = Annotated[Id, Path()]
Page = Annotated[PageQuery, Query()]


@router.get("/funds", response_model=FundPage, openapi_extra=needs("read"))
async def list_funds(
    request: Request, page: Page, services: ServicesOf, tenant: Tenant
) -> Response:
    """The stored funds by name."""
    items, after = await services.datasets.page(tenant, "fund", limit=page.limit, after=page.after)
    return await page_of(request, FundPage, items, after)


@router.get("/benchmarks", response_model=BenchmarkPage, openapi_extra=needs("read"))
async def list_benchmarks(
    request: Request, page: Page, services: ServicesOf, tenant: Tenant
) -> Response:
    """The stored benchmarks by name."""
    items, after = await services.datasets.page(
        tenant, "benchmark", limit=page.limit, after=page.after
    )
    return await page_of(request, BenchmarkPage, items, after)


@router.get(
    "/funds/{dataset}",
    response_model=FundDetail,
    responses=VERSIONED,
    openapi_extra=needs("read"),
)
async def get_fund(
    dataset: DatasetId, response: Response, services: ServicesOf, tenant: Tenant
) -> dict[str, object]:
    """A fund with its valuation dates; its ETag serves `If-Match`."""
    found = await services.datasets.one(tenant, "fund", dataset)
    set_etag(response, found.version)
    return found.item


@router.get(
    "/benchmarks/{dataset}",
    response_model=Benchmark,
    responses=VERSIONED,
    openapi_extra=needs("read"),
)
async def get_benchmark(
    dataset: DatasetId, response: Response, services: ServicesOf, tenant: Tenant
) -> dict[str, object]:
    """A benchmark; its ETag serves `If-Match`."""
    found = await services.datasets.one(tenant, "benchmark", dataset)
    set_etag(response, found.version)
    return found.item


@router.get(
    "/funds/{dataset}/flows",
    response_model=FlowTable,
    responses=FLOW_FORMS,
    openapi_extra=needs("read"),
)
async def get_flows(
    request: Request,
    dataset: DatasetId,
    page: Annotated[FlowQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """Flows and NAVs by date, with the row of the file each came from: a page of JSON.

    `Accept: text/csv` or `application/vnd.apache.arrow.stream` streams all rows instead.
    """
    kind = media_of(joined(request.headers, "accept"), offered_forms())
    table = await services.datasets.flows(tenant, dataset)
    if kind != JSON:
        refuse_page(page)
        return streamed(table, kind, services.executors.json, name=f"flows-{dataset}")
    start = position_of(page.after, table.revision)
    body, after = await services.executors.json.run(table.page, start, page.limit)
    response = Response(body, media_type=JSON, headers={"Vary": "Accept"})
    link_next(request, response, after)
    return response


@router.patch(
    "/funds/{dataset}",
    response_model=Fund,
    responses={**VERSIONED, **CHANGED},
    openapi_extra=needs("write"),
)
async def update_fund(  # noqa: PLR0917  (FastAPI passes by name)
    dataset: DatasetId,
    changes: FundChanges,
    response: Response,
    expected: MatchedVersions,
    services: ServicesOf,
    tenant: Tenant,
    asker: Asker,
) -> dict[str, object]:
    """Edit a fund; what answers show makes a new revision. The answer has the new ETag."""
    given = changes.model_dump(exclude_unset=True)
    made = await services.datasets.edit(tenant, "fund", dataset, given, by=asker, expected=expected)
    set_etag(response, made.version)
    return made.item


@router.patch(
    "/benchmarks/{dataset}",
    response_model=Benchmark,
    responses={**VERSIONED, **CHANGED},
    openapi_extra=needs("write"),
)
async def update_benchmark(  # noqa: PLR0917  (FastAPI passes by name)
    dataset: DatasetId,
    changes: BenchmarkChanges,
    response: Response,
    expected: MatchedVersions,
    services: ServicesOf,
    tenant: Tenant,
    asker: Asker,
) -> dict[str, object]:
    """Edit a benchmark; what answers show makes a new revision. The answer has the new ETag."""
    given = changes.model_dump(exclude_unset=True)
    made = await services.datasets.edit(
        tenant, "benchmark", dataset, given, by=asker, expected=expected
    )
    set_etag(response, made.version)
    return made.item


@router.delete(
    "/funds/{dataset}", status_code=204, responses=CHANGED, openapi_extra=needs("delete")
)
async def delete_fund(
    dataset: DatasetId,
    expected: MatchedVersions,
    services: ServicesOf,
    tenant: Tenant,
    asker: Asker,
) -> None:
    """Delete a fund."""
    await services.datasets.delete(tenant, "fund", dataset, by=asker, expected=expected)


@router.delete(
    "/benchmarks/{dataset}", status_code=204, responses=CHANGED, openapi_extra=needs("delete")
)
async def delete_benchmark(
    dataset: DatasetId,
    expected: MatchedVersions,
    services: ServicesOf,
    tenant: Tenant,
    asker: Asker,
) -> None:
    """Delete a benchmark."""
    await services.datasets.delete(tenant, "benchmark", dataset, by=asker, expected=expected)
