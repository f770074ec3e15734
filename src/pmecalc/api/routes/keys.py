"""The API keys of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from pmecalc.api.auth import ALL, PERMISSIONS
from pmecalc.api.deps import Asker, Caller, ServicesOf
from pmecalc.api.errors import ForbiddenError
from pmecalc.api.lists import page_of
from pmecalc.api.once import IdempotencyKey, mark_replayed, once_of
from pmecalc.api.preconditions import CHANGED, VERSIONED, MatchedVersions, set_etag
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import Id, Key, KeyPage, KeyRequest, NewKey, PageQuery
from pmecalc.store.versions import version_of

if TYPE_CHECKING:
    from pmecalc.store.keys import KeyRow

router = APIRouter(prefix="/v1/keys", tags=["access"], route_class=ApiRoute)


@router.get("", response_model=KeyPage, openapi_extra=needs("keys"))
async def list_keys(
    request: Request,
    page: Annotated[PageQuery, Query()],
    services: ServicesOf,
    caller: Caller,
) -> Response:
    """The keys of the tenant, oldest first; those that have ended too."""
    rows, after = await services.executors.reads.run(
        services.keys.page, caller.tenant, limit=page.limit, after=page.after
    )
    return await page_of(request, KeyPage, [_shown(row) for row in rows], after)


@router.post("", status_code=201, response_model=NewKey, openapi_extra=needs("keys"))
async def create_key(  # noqa: PLR0917  (FastAPI passes by name)
    request: Request,
    response: Response,
    body: KeyRequest,
    services: ServicesOf,
    caller: Caller,
    asker: Asker,
    key: IdempotencyKey = None,
) -> dict[str, object]:
    """Make a key; its text is in this answer and nowhere else, nor in a replay of it."""
    asked = body.scopes or PERMISSIONS[body.role]
    beyond = [name for name in ALL if name in asked and not caller.may(name)]
    if beyond:
        raise ForbiddenError(beyond[0])
    made = await services.executors.rest.run(
        services.keys.create,
        caller.tenant,
        role=body.role,
        name=body.name,
        days=body.days,
        scopes=body.scopes,
        by=asker,
        once=once_of(request, key, await request.body()),
    )
    mark_replayed(response, replayed=made.text is None)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Location"] = f"/v1/keys/{made.row.id}"
    return {**_shown(made.row), "key": made.text}


@router.get("/{key}", response_model=Key, responses=VERSIONED, openapi_extra=needs("keys"))
async def get_key(
    key: Annotated[Id, Path()], response: Response, services: ServicesOf, caller: Caller
) -> dict[str, object]:
    """A key; its ETag changes with its last use too."""
    row = await services.executors.reads.run(services.keys.one, caller.tenant, key)
    set_etag(response, version_of(row))
    return _shown(row)


@router.delete("/{key}", status_code=204, responses=CHANGED, openapi_extra=needs("keys"))
async def revoke_key(
    key: Annotated[Id, Path()],
    expected: MatchedVersions,
    services: ServicesOf,
    caller: Caller,
    asker: Asker,
) -> None:
    """Revoke a key and its sessions; every worker refuses it within a second."""
    await services.executors.rest.run(
        services.keys.revoke, caller.tenant, key, by=asker, expected=expected
    )


def _shown(row: KeyRow) -> dict[str, object]:
    return {
        "id": row.id,
        "role": row.role,
        "scopes": row.scopes,
        "name": row.name,
        "actor": row.actor,
        "created": row.created,
        "expires": row.expires,
        "last_used": row.last_used,
        "revoked": row.revoked,
    }
