"""What routes ask for: the services, and whose request it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

if TYPE_CHECKING:
    from collections.abc import Callable

from pmecalc.service.analyses import Analyses
from pmecalc.service.datasets import Datasets
from pmecalc.service.imports import Imports


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the routes use, built once by `app.py`."""

    analyses: Analyses
    datasets: Datasets
    imports: Imports
    cache_stats: Callable[[], dict[str, object]]
    ready: Callable[[], bool]
    version: str


def services(request: Request) -> Services:
    """The services of this application."""
    return cast("Services", request.app.state.services)  # set by create_app's lifespan


def tenant() -> str:
    """Whose data: in local mode there is one tenant, and no credential to read it from."""
    return "default"


ServicesOf = Annotated[Services, Depends(services)]
Tenant = Annotated[str, Depends(tenant)]
