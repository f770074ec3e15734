"""Charts and the summary of stored funds."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from pmecalc.api.deps import ServicesOf, Tenant
from pmecalc.api.replies import reply
from pmecalc.api.schemas import (
    ChartQuery,
    FundQuery,
    Id,
    MetricQuery,
    SummaryQuery,
    methods_schema,
    summary_schema,
)
from pmecalc.service.analyses import Question

router = APIRouter(prefix="/v1", tags=["metrics"])

ChartName = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", examples=["irr_pme"])]


def _json(schema: dict[str, object]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"schema": schema}}}}


_SUMMARY = _json(summary_schema())
_CHART: dict[str, object] = {
    "type": "object",
    "required": ["chart_type", "title", "data", "layout"],
}


@router.get("/metrics/summary", response_model=None, responses=_SUMMARY)
async def summary(
    request: Request,
    query: Annotated[SummaryQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """The measures of a fund; with `all=true` the further ones too."""
    view = "summary.all" if query.all else "summary"
    question = Question(view=view, **query.model_dump(exclude={"all"}))
    return await reply(request, services.analyses, tenant, question)


@router.get("/metrics/{chart}", response_model=None, responses=_json(_CHART))
async def metric(
    request: Request,
    chart: ChartName,
    query: Annotated[MetricQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """A chart as Plotly-shaped JSON."""
    question = Question(view=chart, **query.model_dump())
    return await reply(request, services.analyses, tenant, question)


@router.get("/funds/{fund}/charts/{chart}", response_model=None)
async def fund_chart(  # noqa: PLR0917  (FastAPI passes by name)
    request: Request,
    fund: Annotated[Id, Path()],
    chart: ChartName,
    query: Annotated[ChartQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """A chart as the neutral spec that the page draws, or as Plotly-shaped JSON."""
    view = f"{chart}.spec" if query.format == "spec" else chart
    question = Question(view=view, fund=fund, **query.model_dump(exclude={"format"}))
    return await reply(request, services.analyses, tenant, question)


@router.get("/funds/{fund}/methods", response_model=None, responses=_json(methods_schema()))
async def fund_methods(
    request: Request,
    fund: Annotated[Id, Path()],
    query: Annotated[FundQuery, Query()],
    services: ServicesOf,
    tenant: Tenant,
) -> Response:
    """Every PME method side by side: value, verdict, marks, and a sentence on why they differ."""
    question = Question(view="methods", fund=fund, **query.model_dump())
    return await reply(request, services.analyses, tenant, question)
