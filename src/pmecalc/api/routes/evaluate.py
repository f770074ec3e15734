"""Flows and levels in, report out; nothing is stored."""

from __future__ import annotations

from functools import partial
from typing import cast

from fastapi import APIRouter, Response

from pmecalc.api.components import answer
from pmecalc.api.deps import ServicesOf
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
async def evaluate(body: EvaluationRequest, services: ServicesOf) -> Response:
    """All metrics of the data in the body."""
    made = await services.analyses.once(partial(_evaluate, body))
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
