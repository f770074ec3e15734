"""Where everything is plugged together."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from pmecalc import __version__
from pmecalc.api import auth, errors
from pmecalc.api.checks import Checks
from pmecalc.api.deps import Services
from pmecalc.api.fast_lane import FastLane, Hits, anyone
from pmecalc.api.guard import Guard
from pmecalc.api.replies import finished_headers
from pmecalc.api.route import require_permissions
from pmecalc.api.routes import datasets, evaluate, imports, metrics, system
from pmecalc.cache.cache import Cache
from pmecalc.cache.memory import MemoryTier
from pmecalc.cache.redis import RedisTier
from pmecalc.cache.workers import ComputePool
from pmecalc.core.errors import StoreError
from pmecalc.service.analyses import Analyses
from pmecalc.service.datasets import Datasets
from pmecalc.service.demo import load_demo
from pmecalc.service.imports import Imports
from pmecalc.settings import Settings
from pmecalc.store.store import Store
from pmecalc.web.pages import page_routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from pmecalc.cache.entry import Entry


# How long a computation may keep the interpreter from the event loop, which asks for it (ADR 11).
_TURN_SECONDS = 0.0001


class Service(FastAPI):
    """The application behind its fast lane."""

    def __init__(self, *, lane: FastLane, **options: Any) -> None:  # noqa: ANN401  (FastAPI's own)
        super().__init__(**options)
        self._lane = lane

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A hit is two messages; everything else takes the whole way."""
        found = self._lane.find(scope) if scope["type"] == "http" else None
        if found is None:
            await super().__call__(scope, receive, send)
            return
        await send(found.start)
        await send(found.body)


def create_app(settings: Settings) -> FastAPI:
    """The service of one data folder; opens it when the server starts, closes it when it ends."""
    checks = Checks(identify=auth.local, allowed_hosts=settings.allowed_hosts)
    lane = FastLane(admit=anyone(checks, auth.LOCAL), headers=finished_headers())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        turns = sys.getswitchinterval()
        store = await asyncio.to_thread(Store.open, settings.data)
        cache = build_cache(settings)
        await cache.start()
        analyses = Analyses(store, cache)
        app.state.services = Services(
            analyses=analyses,
            datasets=Datasets(store),
            imports=Imports(store),
            cache_stats=cache.stats,
            ready=lambda: _can_read(store),
            version=__version__,
        )
        lane.open(Hits(analyses))
        sys.setswitchinterval(_TURN_SECONDS)
        try:
            yield
        finally:
            sys.setswitchinterval(turns)
            lane.close()
            await cache.close()
            await asyncio.to_thread(store.close)

    app = Service(
        lane=lane,
        title="PME Calculator",
        version=__version__,
        summary="Public market equivalents, IRRs and multiples of private funds.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
        responses=errors.DOCUMENTED,
    )
    errors.install(app)
    for room in (metrics, datasets, evaluate, imports, system):
        app.include_router(room.router)
    require_permissions(app.routes)
    app.router.routes.extend(page_routes())
    app.add_middleware(
        Guard,
        checks=checks,
        body_bytes=settings.body_bytes,
        upload_bytes=settings.upload_bytes,
        upload_path=imports.router.prefix,
    )
    return app


def from_environment() -> FastAPI:
    """The service as the environment says; what the server's workers call."""
    return create_app(Settings())


def prepare(settings: Settings) -> None:
    """Make and check the data folder before a server listens, and put the demo into it."""
    with Store.open(settings.data) as store:
        if settings.demo:
            load_demo(store, auth.LOCAL.tenant)


def build_cache(settings: Settings) -> Cache:
    """The tiers: memory always, Redis where a URL is given."""
    memory: MemoryTier[Entry] = MemoryTier(
        settings.cache_memory_bytes,
        size_of=lambda entry: entry.size,
        share=settings.cache_tenant_share,
    )
    redis = None
    if settings.redis_address:
        redis = RedisTier.from_url(settings.redis_address, pool_size=settings.redis_pool)
    return Cache(
        memory,
        redis,
        ttl_seconds=settings.cache_ttl_s,
        budget_ms=settings.redis_budget_ms,
        max_entry_bytes=settings.cache_max_entry,
        compute_pool=ComputePool(queue_length=settings.compute_queue),
        headers=finished_headers(),
    )


def _can_read(store: Store) -> bool:
    try:
        store.datasets(auth.LOCAL.tenant, "fund", limit=1)
    except (StoreError, sqlite3.Error):
        return False
    return True
