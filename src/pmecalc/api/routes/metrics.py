"""Charts and the summary of stored funds."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from pmecalc.api.components import answer, reference
from pmecalc.api.deps import ServicesOf, Tenant
from pmecalc.api.questions import (
    CHART_PATTERN,
    chart_question,
    methods_question,
    metric_question,
    summary_question,
)
from pmecalc.api.replies import reply
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import (
    ChartQuery,
    FundQuery,
    Id,
    MetricQuery,
    SummaryQuery,
)

router = APIRouter(prefix="/v1", tags=["metrics"], route_class=ApiRoute)

ChartName = Annotated[str, Path(pattern=CHART_PATTERN, examples=["irr_pme"])]


_EITHER_CHART: dict[str, Any] = {
    "description": "The spec, or with `format=plotly` the other",
    "content": {
        "application/json": {
            "schema": {"anyOf": [reference("ChartSpec"), reference("PlotlyChart")]}
        }
    },
}


@router.get(
    "/metrics/summary",
    response_model=None,
    responses={200: answer("Report")},
    openapi_extra=needs("read"),
)
async def get_summary(
    request: Request,
    query: Annotated[SummaryQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """The measures of a fund; with `all=true` the further ones too."""
    return await reply(request, services.analyses, tenant, summary_question(query))


@router.get(
    "/metrics/{chart}",
    response_model=None,
    responses={200: answer("PlotlyChart")},
    openapi_extra=needs("read"),
)
async def get_chart(
    request: Request,
    chart: ChartName,
    query: Annotated[MetricQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """A chart as Plotly-shaped JSON."""
    return await reply(request, services.analyses, tenant, metric_question(chart, query))


@router.get(
    "/funds/{fund}/charts/{chart}",
    response_model=None,
    responses={200: _EITHER_CHART},
    openapi_extra=needs("read"),
)
async def get_fund_chart(  # noqa: PLR0917  (FastAPI passes by name)
    request: Request,
    fund: Annotated[Id, Path()],
    chart: ChartName,
    query: Annotated[ChartQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """A chart as the neutral spec that the page draws, or as Plotly-shaped JSON."""
    question = chart_question(fund, chart, query)
    return await reply(request, services.analyses, tenant, question)


@router.get(
    "/funds/{fund}/methods",
    response_model=None,
    responses={200: answer("MethodComparison")},
    openapi_extra=needs("read"),
)
async def compare_methods(
    request: Request,
    fund: Annotated[Id, Path()],
    query: Annotated[FundQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """Every PME method side by side: value, verdict, marks, and a sentence on why they differ."""
    return await reply(request, services.analyses, tenant, methods_question(fund, query))
