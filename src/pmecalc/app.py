"""Where everything is plugged together."""

from __future__ import annotations

import asyncio
import gc
import logging
import platform
import sqlite3
import sys
import threading
import time
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from fastapi import FastAPI
from starlette.routing import Route

from pmecalc import __version__
from pmecalc.api import auth, errors, logs
from pmecalc.api.checks import Checks
from pmecalc.api.compute_lane import ComputeLane
from pmecalc.api.credentials import Credentials
from pmecalc.api.deps import Services
from pmecalc.api.document import describe, operation_id
from pmecalc.api.fast_lane import FastLane, Hits, anyone, by_credential
from pmecalc.api.guard import Guard, security_headers
from pmecalc.api.rates import Limits, Rates
from pmecalc.api.request_meter import RequestMeter, note_route
from pmecalc.api.route import require_permissions
from pmecalc.api.routes import (
    datasets,
    evaluate,
    imports,
    jobs,
    keys,
    metrics,
    session,
    system,
)
from pmecalc.cache.cache import Cache
from pmecalc.cache.crew import Crew
from pmecalc.cache.memory import MemoryTier
from pmecalc.cache.workers import ComputePool, cores, give_way
from pmecalc.core import engine
from pmecalc.core.errors import StoreError
from pmecalc.core.evaluate import ENGINE
from pmecalc.service import computer, first_key, seal_file
from pmecalc.service.analyses import Analyses
from pmecalc.service.datasets import Datasets
from pmecalc.service.demo import load_demo
from pmecalc.service.executors import Executors
from pmecalc.service.holders import Holders
from pmecalc.service.imports import Imports
from pmecalc.service.job_kinds import job_kinds
from pmecalc.service.jobs import Jobs, Runner
from pmecalc.service.keys import Keys
from pmecalc.service.quota import Quota
from pmecalc.service.request_counts import RequestCounts
from pmecalc.service.shared_metrics import SharedMetrics
from pmecalc.service.upkeep import keep
from pmecalc.service.vitals import Vitals
from pmecalc.store import audit
from pmecalc.store.store import Store
from pmecalc.store.values import By
from pmecalc.web.pages import page_routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from pmecalc.cache.entry import Entry
    from pmecalc.service.executors import Pool
    from pmecalc.service.shared_metrics import Slot
    from pmecalc.settings import Settings

_LOG = logging.getLogger(__name__)
_MINUTE, _HOUR = 60.0, 3600.0
_WARMER = "pme-warm"
# How long a computation may keep the interpreter from the event loop, which asks for it (ADR 11).
_TURN_SECONDS = 0.0001


class _Parts(NamedTuple):
    """What is there before the store is open."""

    credentials: Credentials
    lane: FastLane
    rates: Rates | None
    slot: Slot


class Service(FastAPI):
    """The application behind its fast lane; every answer is counted."""

    def __init__(
        self,
        *,
        lane: FastLane,
        meter: RequestMeter,
        **options: Any,  # noqa: ANN401  (FastAPI's own)
    ) -> None:
        super().__init__(**options)
        self.lane = lane
        self.meter = meter
        self.drains = False

    def drain(self) -> None:
        """End the streams that would go on for long: their clients come again, elsewhere."""
        self.drains = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A hit is two messages; everything else takes the whole way."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        started = time.perf_counter()
        found = self.lane.find(scope)
        if found is None:
            await super().__call__(scope, receive, self.meter.measured(scope, send, started))
            return
        await send(found.start)
        await send(found.body)
        self.meter.hit(scope["path"], found.start["status"], started)


def create_app(settings: Settings, slot: Slot | None = None) -> Service:
    """The service of one data folder; opens it when the server starts, closes it when it ends.

    Its statistics go into `slot`; without one into memory of its own.
    """
    slot = slot or SharedMetrics.create(1).slot(0)
    credentials = Credentials()
    rates = build_rates(settings)
    checks = build_checks(settings, credentials, rates)
    lane = build_lane(settings, checks)
    parts = _Parts(credentials, lane, rates, slot)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as closing:
            app.state.services = await _opened(closing, settings, parts)
            with _few_stops():
                yield

    app = Service(
        lane=lane,
        meter=RequestMeter(RequestCounts(slot)),
        title="PME Calculator",
        version=__version__,
        summary="Public market equivalents, IRRs and multiples of private funds.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # the address of a redirect would stand on the Host header
        lifespan=lifespan,
        responses=errors.DOCUMENTED,
        generate_unique_id_function=operation_id,
        form_limits={
            "max_files": settings.form_files,
            "max_fields": settings.form_fields,
            "max_part_size": settings.form_field_bytes,
        },
    )
    errors.install(app)
    for room in (metrics, datasets, evaluate, imports, jobs, keys, session, system):
        app.include_router(room.router)
    require_permissions(app.routes)
    describe(app, mode=settings.mode)
    app.router.routes.extend(page_routes())
    app.add_middleware(ComputeLane)
    unnamed = {route.endpoint: route.path for route in app.routes if type(route) is Route}
    app.add_middleware(
        logs.RequestLog,
        slow_seconds=settings.slow_request_s,
        answering=partial(note_route, unnamed=unnamed),
    )
    app.add_middleware(
        Guard,
        checks=checks,
        rates=rates,
        refused_credential=credentials.refused,
        tls=settings.tls,
        body_bytes=settings.body_bytes,
        upload_bytes=settings.upload_bytes,
        upload_path=imports.router.prefix,
    )
    return app


async def _opened(closing: AsyncExitStack, settings: Settings, parts: _Parts) -> Services:
    """All that lives as long as the server; the last is closed first, also if the start fails."""
    executors = Executors()
    closing.callback(executors.close)
    rest = executors.rest
    store = await rest.run(Store.open, settings.data, raw_days=settings.raw_days)
    closing.push_async_callback(rest.run, store.close)
    holders = Holders(store)
    closing.push_async_callback(rest.run, holders.write_uses)
    crew = build_crew(settings)
    if crew is not None:
        closing.push_async_callback(crew.close)
    cache = build_cache(settings, crew)
    closing.push_async_callback(cache.close)
    await cache.start()
    known_keys = Keys(store, changed=holders.forget)
    parts.credentials.use(holders, known_keys, rest)
    closing.push_async_callback(parts.credentials.close)
    files = Imports(store, executors, quota=build_quota(settings))
    ended: Counter[str] = Counter()
    runner = Runner(store, job_kinds(store, files), executors, ended=ended)
    closing.push_async_callback(runner.close)
    runner.start()
    vitals = Vitals(
        partial(_own_stats, cache, parts.rates, ended),
        slot=parts.slot,
        redis_figures=cache.redis_figures,
        versions=partial(_versions, crew, warming=settings.warm_engine),
    )
    closing.push_async_callback(vitals.close)
    vitals.start()
    _start_chores(closing, settings, store, holders, rest)
    analyses = Analyses(store, cache, executors)
    if settings.fast_lanes:
        parts.lane.open(Hits(analyses))
        closing.callback(parts.lane.close)
    return Services(
        analyses=analyses,
        datasets=Datasets(store, executors),
        imports=files,
        jobs=Jobs(store, executors, wake=runner.wake, ended=ended),
        executors=executors,
        keys=known_keys,
        cache_stats=vitals.stats,
        identify=_identify(settings, parts.credentials),
        ready=lambda: _can_read(store),
        now=store.now,
        version=__version__,
        mode=settings.mode,
        unprotected=settings.is_unprotected,
    )


def _start_chores(
    closing: AsyncExitStack, settings: Settings, store: Store, holders: Holders, threads: Pool
) -> None:
    """What is done from time to time; upkeep finishes what it has begun, the rest is cut off."""
    ended = asyncio.Event()
    upkeep = asyncio.create_task(keep(store, ended, threads))
    closing.push_async_callback(asyncio.wait, {upkeep})
    closing.callback(ended.set)
    chores = [asyncio.create_task(_repeat(_MINUTE, holders.write_uses, threads))]
    if settings.is_unprotected:
        _warn_of_no_accounts()
        chores.append(asyncio.create_task(_repeat(_HOUR, _warn_of_no_accounts, threads)))
    for chore in chores:
        closing.callback(chore.cancel)


def first_key_file(settings: Settings) -> Path:
    """The file that the first start in the mode `key` writes the first admin's key to."""
    return settings.first_key_file or settings.data / first_key.FILE_NAME


def seal_file_of(settings: Settings) -> Path:
    """The file of the keys with which answers in Redis are sealed."""
    return settings.cache_seal_file or settings.data / seal_file.FILE_NAME


def prepare(settings: Settings) -> Path | None:
    """Make and check the data folder before a worker starts, and put the demo into it.

    The first start in the mode `key` makes the first admin's key; returns the file that holds it.
    """
    with Store.open(settings.data) as store:
        if settings.demo:
            load_demo(store, auth.LOCAL.tenant)
        written = None
        if settings.redis_address:
            seal_file.keep_seals(seal_file_of(settings), renews=True)
        if settings.mode == "key":
            written = first_key.write_first_key(Keys(store), first_key_file(settings))
        _note(store, settings, "service.start")
        return written


def conclude(settings: Settings) -> None:
    """Put the end of the service into the audit, after the last worker ended."""
    with Store.open(settings.data) as store:
        _note(store, settings, "service.stop")


def build_checks(settings: Settings, credentials: Credentials, rates: Rates | None) -> Checks:
    """What every request must pass, on every lane."""
    is_local = settings.mode == "local"
    return Checks(
        identify=_identify(settings, credentials),
        allowed_hosts=settings.allowed_hosts,
        trusted_proxies=tuple(map(str, settings.trusted_proxies)),
        refuse_forwarded=is_local and not settings.is_unprotected,
        refuse_clear=not is_local,
        tls=settings.tls,
        **({} if rates is None else {"admit": rates.admit, "admit_address": rates.admit_address}),
    )


def _identify(settings: Settings, credentials: Credentials) -> auth.Identify:
    return auth.local if settings.mode == "local" else credentials.identify


def build_lane(settings: Settings, checks: Checks) -> FastLane:
    """What answers hits; opened when there is a store."""
    is_local = settings.mode == "local"
    return FastLane(
        admit=anyone(checks, auth.LOCAL) if is_local else by_credential(checks),
        security=security_headers(tls=settings.tls),
    )


def build_quota(settings: Settings) -> Quota:
    """How much each tenant may store."""
    return Quota(funds=settings.quota_funds, rows=settings.quota_rows, bytes=settings.quota_bytes)


def build_rates(settings: Settings) -> Rates | None:
    """How often one may ask; the mode `local` has no limits."""
    if settings.mode == "local":
        return None
    limits = Limits(
        reads_per_s=settings.rate_reads_per_s,
        reads_burst=settings.rate_reads_burst,
        imports_per_min=settings.rate_imports_per_min,
        imports_burst=settings.rate_imports_burst,
        jobs_per_min=settings.rate_jobs_per_min,
        keys_per_h=settings.rate_keys_per_h,
        sessions_per_min=settings.rate_sessions_per_min,
        edits_per_min=settings.rate_edits_per_min,
        failures_per_min=settings.rate_failures_per_min,
        tenant={
            "requests": settings.rate_tenant_requests,
            "imports": settings.rate_tenant_imports,
            "jobs": settings.rate_tenant_jobs,
            "keys": settings.rate_tenant_keys,
            "sessions": settings.rate_tenant_sessions,
            "edits": settings.rate_tenant_edits,
        },
    )
    return Rates(
        limits,
        workers=settings.workers,
        redis_url=settings.redis_address,
        redis_seconds=settings.redis_budget_ms / 1000,
    )


def build_crew(settings: Settings) -> Crew | None:
    """The processes that compute, if there are to be any; all workers together keep a core free."""
    if settings.compute == "thread":
        return None
    return Crew(
        computer.command(settings.data, loops="compiled" if settings.warm_engine else "plain"),
        size=max(1, (cores() - 1) // settings.workers),
        unmanned=_wake if settings.warm_engine else None,
        tell=_tell,
        deadline_seconds=settings.compute_s,
        silence_seconds=settings.compute_silence_s,
    )


def build_cache(settings: Settings, crew: Crew | None = None) -> Cache:
    """The tiers: memory always, Redis where a URL is given."""
    memory: MemoryTier[Entry] = MemoryTier(
        settings.cache_memory_bytes,
        size_of=lambda entry: entry.size,
        share=settings.cache_tenant_share,
    )
    redis = seals = None
    if settings.redis_address:
        from pmecalc.cache.redis import RedisTier  # noqa: PLC0415  (8 MB a worker without Redis)

        redis = RedisTier.from_url(settings.redis_address, pool_size=settings.redis_pool)
        seals = seal_file.keep_seals(seal_file_of(settings))
    return Cache(
        memory,
        redis,
        ttl_seconds=settings.cache_ttl_s,
        budget_ms=settings.redis_budget_ms,
        max_entry_bytes=settings.cache_max_entry,
        seals=seals,
        compute_pool=ComputePool(
            queue_length=settings.compute_queue,
            tenant_queue_length=settings.compute_queue_tenant,
            deadline_seconds=settings.compute_s,
            wake=_wake if settings.warm_engine else None,
            crew=crew,
        ),
    )


def _own_stats(cache: Cache, rates: Rates | None, ended: Counter[str]) -> dict[str, Any]:
    """The counters of this worker."""
    return {
        **cache.stats(),
        "limited": rates.stats() if rates is not None else {},
        "jobs_ended": dict(ended),
    }


def _versions(crew: Crew | None, *, warming: bool) -> dict[str, str | int]:
    """`loops`: which ones compute now; they wait for the first computation."""
    return {
        "pmecalc": __version__,
        "engine": ENGINE,
        "loops": _loops(crew) if warming and engine.importable() else "plain",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def _loops(crew: Crew | None) -> str:
    if engine.is_complete() or (crew is not None and crew.compiled):
        return "compiled"
    if engine.failure() is not None or (crew is not None and crew.plain):
        return "plain"
    started = any(thread.name == _WARMER for thread in threading.enumerate())
    return "loading" if started or (crew is not None and crew.started) else "waiting"


def _can_read(store: Store) -> bool:
    try:
        store.datasets(auth.LOCAL.tenant, "fund", limit=1)
    except (StoreError, sqlite3.Error):
        return False
    return True


def _wake() -> None:
    """Load the engine beside the first computation: a worker that only waits does without."""
    # A daemon: who stops the server does not wait for a compiler.
    threading.Thread(target=_warm, name=_WARMER, daemon=True).start()


def _warm() -> None:
    """The requests come first; what it leaves behind never goes, so the collector passes it by."""
    give_way()
    engine.load()
    notice = engine.notice()
    if notice is not None:
        _tell(notice)
    gc.freeze()


@cache
def _tell(notice: str) -> None:
    """Log a notice of the engine, once for the worker and its processes."""
    _LOG.warning("%s", notice)


@contextmanager
def _few_stops() -> Iterator[None]:
    """Computations give the interpreter back soon; the collector walks past what the start made."""
    turns = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(turns)


def _note(store: Store, settings: Settings, action: str) -> None:
    """A row of the audit about the service itself, and in which mode it is."""
    detail = {"mode": settings.mode, "unprotected": settings.is_unprotected, "tls": settings.tls}
    by = By(actor="service", via="serve")
    now = store.now()
    store.write(
        lambda db: audit.append(db, at=now, tenant=None, by=by, action=action, detail=detail)
    )


async def _repeat(seconds: float, work: Callable[[], None], threads: Pool) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await threads.run(work)
        except StoreError as error:
            _LOG.warning("a chore is put off: %s", error.code)
        except OSError:
            _LOG.exception("a chore is put off")


def _warn_of_no_accounts() -> None:
    _LOG.warning(
        "PME_INSECURE_NO_AUTH_I_UNDERSTAND is set: whoever reaches this service may read and "
        "delete everything."
    )
