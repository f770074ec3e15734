"""Where everything is plugged together."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from pmecalc import __version__
from pmecalc.api import auth, errors
from pmecalc.api.deps import Services
from pmecalc.api.guard import Guard
from pmecalc.api.routes import datasets, evaluate, imports, metrics, system
from pmecalc.cache.cache import Cache
from pmecalc.cache.memory import MemoryTier
from pmecalc.cache.redis import RedisTier
from pmecalc.cache.workers import ComputePool
from pmecalc.core import engine
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

    from pmecalc.cache.entry import Entry


def create_app(settings: Settings) -> FastAPI:
    """The service of one data folder; opens it when the server starts, closes it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.warm_engine:
            # A daemon: who stops the server does not wait for a compiler.
            threading.Thread(target=engine.load, name="pme-warm", daemon=True).start()
        store = await asyncio.to_thread(Store.open, settings.data)
        cache = build_cache(settings)
        await cache.start()
        app.state.services = Services(
            analyses=Analyses(store, cache),
            datasets=Datasets(store),
            imports=Imports(store),
            cache_stats=cache.stats,
            ready=lambda: _can_read(store),
            version=__version__,
        )
        try:
            yield
        finally:
            await cache.close()
            await asyncio.to_thread(store.close)

    app = FastAPI(
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
    app.router.routes.extend(page_routes())
    app.add_middleware(
        Guard,
        identify=auth.local,
        allowed_hosts=settings.allowed_hosts,
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
        settings.cache_memory_bytes, size_of=lambda entry: entry.size
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
    )


def _can_read(store: Store) -> bool:
    try:
        store.datasets(auth.LOCAL.tenant, "fund", limit=1)
    except (StoreError, sqlite3.Error):
        return False
    return True
