"""Health and statistics."""

from __future__ import annotations

from fastapi import APIRouter, Response

from pmecalc.api.deps import ServicesOf
from pmecalc.api.route import ApiRoute, needs

router = APIRouter(tags=["system"], route_class=ApiRoute)


@router.get("/healthz", openapi_extra=needs("public"))
async def health(services: ServicesOf) -> dict[str, str]:
    """Alive."""
    return {"status": "ok", "version": services.version}


@router.get("/readyz", openapi_extra=needs("public"))
async def ready(services: ServicesOf, response: Response) -> dict[str, str]:
    """Ready to answer: the store can be read. Redis plays no part in it."""
    if services.ready():
        return {"status": "ready"}
    response.status_code = 503
    return {"status": "not ready"}


@router.get("/v1/system/cache", openapi_extra=needs("operate"))
async def cache(services: ServicesOf) -> dict[str, object]:
    """Counters of every cache tier, of this worker."""
    return services.cache_stats()
