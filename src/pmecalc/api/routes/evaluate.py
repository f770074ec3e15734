"""Flows and levels in, report out; nothing is stored."""

from __future__ import annotations

from functools import partial
from typing import cast

from fastapi import APIRouter, Request, Response

from pmecalc.api.components import answer
from pmecalc.api.connected import while_connected
from pmecalc.api.deps import ServicesOf, Tenant
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import EvaluationRequest
from pmecalc.core.benchmark import Benchmark
from pmecalc.core.conventions import Conventions
from pmecalc.core.fund import Fund
from pmecalc.service.analyses import evaluate_once

router = APIRouter(prefix="/v1", tags=["metrics"], route_class=ApiRoute)


@router.post(
    "/evaluate",
    response_model=None,
    openapi_extra=needs("read"),
    responses={200: answer("Report")},
)
async def evaluate(
    request: Request, body: EvaluationRequest, services: ServicesOf, tenant: Tenant
) -> Response:
    """All metrics of the data in the body."""
    once = services.analyses.once(
        tenant, partial(_evaluate, body), rows=len(body.fund.flows), further=body.all
    )
    made = await while_connected(request.receive, once)
    return Response(made, media_type="application/json")


def _evaluate(body: EvaluationRequest) -> bytes:
    fund = Fund.of(**body.fund.model_dump())
    benchmark = Benchmark.of(**body.benchmark.model_dump()) if body.benchmark else None
    conventions = body.model_dump(include=set(Conventions.__annotations__))
    return evaluate_once(
        fund,
        benchmark,
        as_of=body.as_of.isoformat() if body.as_of else None,
        further=body.all,
        **cast("Conventions", conventions),  # `evaluate` refuses unknown choices
    )
