"""Health and statistics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from pmecalc.api.components import answer
from pmecalc.api.deps import Services, ServicesOf
from pmecalc.api.exposition import exposition
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import Health, Readiness

router = APIRouter(tags=["system"], route_class=ApiRoute)


@router.get("/healthz", response_model=Health, openapi_extra=needs("public"))
async def get_health(services: ServicesOf) -> dict[str, str]:
    """Alive."""
    return {"status": "ok", "version": services.version}


@router.get(
    "/readyz",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "The store cannot be read"}},
    openapi_extra=needs("public"),
)
async def get_readiness(services: ServicesOf, response: Response) -> dict[str, str]:
    """Ready to answer: the store can be read. Redis plays no part in it."""
    if services.ready():
        return {"status": "ready"}
    response.status_code = 503
    return {"status": "not ready"}


@router.get(
    "/v1/system/cache",
    responses={200: answer("CacheStatistics")},
    openapi_extra=needs("operate"),
)
async def get_cache_statistics(services: ServicesOf) -> dict[str, object]:
    """Counters of every cache tier and event loop, of all workers; `worker` is who answers."""
    return await _stats(services)


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    response_model=None,
    openapi_extra=needs("operate"),
)
async def get_prometheus_metrics(request: Request, services: ServicesOf) -> Response:
    """The same for Prometheus."""
    body, content_type = exposition(await _stats(services), request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


async def _stats(services: Services) -> dict[str, object]:
    return {**services.cache_stats(), "jobs_open": await services.jobs.open_counts()}
