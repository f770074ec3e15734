"""Stored funds and benchmarks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from pmecalc.api.deps import Asker, ServicesOf, Tenant
from pmecalc.api.lists import link_next
from pmecalc.api.preconditions import CHANGED, VERSIONED, MatchedVersions, set_etag
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import (
    Benchmark,
    BenchmarkChanges,
    BenchmarkPage,
    FlowTable,
    Fund,
    FundChanges,
    FundDetail,
    FundPage,
    Id,
    PageQuery,
)

router = APIRouter(prefix="/v1", tags=["data"], route_class=ApiRoute)

DatasetId = Annotated[Id, Path()]
Page = Annotated[PageQuery, Query()]


@router.get("/funds", response_model=FundPage, openapi_extra=needs("read"))
async def list_funds(
    request: Request, response: Response, page: Page, services: ServicesOf, tenant: Tenant
) -> dict[str, object]:
    """The stored funds by name."""
    items, after = await services.datasets.page(tenant, "fund", limit=page.limit, after=page.after)
    link_next(request, response, after)
    return {"items": items, "next": after}


@router.get("/benchmarks", response_model=BenchmarkPage, openapi_extra=needs("read"))
async def list_benchmarks(
    request: Request, response: Response, page: Page, services: ServicesOf, tenant: Tenant
) -> dict[str, object]:
    """The stored benchmarks by name."""
    items, after = await services.datasets.page(
        tenant, "benchmark", limit=page.limit, after=page.after
    )
    link_next(request, response, after)
    return {"items": items, "next": after}


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


@router.get("/funds/{dataset}/flows", response_model=FlowTable, openapi_extra=needs("read"))
async def get_flows(dataset: DatasetId, services: ServicesOf, tenant: Tenant) -> dict[str, object]:
    """Flows and NAVs by date, with the row of the file each came from."""
    return await services.datasets.flows(tenant, dataset)


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
