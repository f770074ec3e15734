"""The page's session: opened with an API key, closed by logging out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from fastapi import APIRouter, Request, Response

from pmecalc.api.auth import ALL
from pmecalc.api.credentials import presented, set_cookie
from pmecalc.api.deps import Asker, Caller, ServicesOf
from pmecalc.api.errors import UnauthenticatedError
from pmecalc.api.route import ApiRoute, needs
from pmecalc.api.schemas import Session
from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from pmecalc.service.holders import Holder

router = APIRouter(prefix="/v1/session", tags=["access"], route_class=ApiRoute)


@router.get("", response_model=Session, openapi_extra=needs("public"))
async def get_session(
    request: Request, response: Response, services: ServicesOf, caller: Caller
) -> dict[str, object]:
    """Who is signed in, and what that allows."""
    response.headers["Cache-Control"] = "no-store"
    if request.scope.get("pme.rejected"):
        set_cookie(response, request.scope, "", seconds=0)
    return {
        "mode": services.mode,
        "unprotected": services.unprotected,
        "signed_in": caller.role is not None,
        "tenant": caller.tenant or None,
        "role": caller.role,
        "actor": caller.actor,
        "permissions": [name for name in ALL if caller.may(name)],
    }


@router.post("", status_code=204, openapi_extra=needs("self"))
async def sign_in(request: Request, services: ServicesOf, caller: Caller, asker: Asker) -> Response:
    """Open a session with the API key of the header; the answer sets its cookie."""
    holder = cast("Holder | None", request.scope.get("pme.holder"))
    if holder is None:
        raise InputError("The local mode has no accounts to sign in to.", code="NO_ACCOUNTS")
    if holder.session is not None:
        raise UnauthenticatedError
    opened = await services.executors.rest.run(
        services.keys.open_session, caller.tenant, holder.key.id, by=asker
    )
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    seconds = (opened.expires - services.now()) // 1000
    set_cookie(answer, request.scope, opened.text, seconds=seconds)
    return answer


@router.delete("", status_code=204, openapi_extra=needs("public"))
async def sign_out(
    request: Request, services: ServicesOf, caller: Caller, asker: Asker
) -> Response:
    """Close the session of the cookie, if there is one."""
    _, sessions = presented(request.scope)
    if sessions and caller.via == "session":  # of one session: two open nothing
        await services.executors.rest.run(
            services.keys.close_session, caller.tenant, sessions[0], by=asker
        )
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    set_cookie(answer, request.scope, "", seconds=0)
    return answer
