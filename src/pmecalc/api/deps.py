"""What routes ask for: the services, and whose request it is.

None of it waits; coroutines all the same, since FastAPI sends plain functions through a thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

if TYPE_CHECKING:
    from collections.abc import Callable

from pmecalc.api.auth import Identify, Principal
from pmecalc.service.analyses import Analyses
from pmecalc.service.datasets import Datasets
from pmecalc.service.executors import Executors
from pmecalc.service.imports import Imports
from pmecalc.service.jobs import Jobs
from pmecalc.service.keys import Keys
from pmecalc.store.values import By


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the routes use, built once by `app.py`."""

    analyses: Analyses
    datasets: Datasets
    imports: Imports
    keys: Keys
    jobs: Jobs
    executors: Executors
    cache_stats: Callable[[], dict[str, object]]
    identify: Identify  # who has a credential now; a stream asks again while it lasts
    ready: Callable[[], bool]
    now: Callable[[], int]
    version: str
    mode: str
    unprotected: bool


async def services(request: Request) -> Services:
    """The services of this application."""
    return cast("Services", request.app.state.services)  # set by create_app's lifespan


async def principal(request: Request) -> Principal:
    """Who asks."""
    return _caller(request)


async def by(request: Request) -> By:
    """Who asks, as the audit names it."""
    caller = _caller(request)
    return By(
        actor=caller.actor,
        via=caller.via,
        request_id=cast("str", request.scope["pme.request_id"]),  # set by the guard
    )


async def tenant(request: Request) -> str:
    """Whose data."""
    return _caller(request).tenant


ServicesOf = Annotated[Services, Depends(services)]
Caller = Annotated[Principal, Depends(principal)]
Asker = Annotated[By, Depends(by)]
Tenant = Annotated[str, Depends(tenant)]


def _caller(request: Request) -> Principal:
    return cast("Principal", request.scope["pme.principal"])  # set by the guard
