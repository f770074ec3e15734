"""A route of the API: it says who may call it, and answers nobody else before reading a body."""

from __future__ import annotations

from email.message import Message
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

from fastapi import params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.responses import Response

from pmecalc.api.checks import SAFE
from pmecalc.api.errors import ForbiddenError, UnauthenticatedError
from pmecalc.api.json_body import ApiRequest
from pmecalc.api.preconditions import IF_MATCH
from pmecalc.api.repeats import joined, refuse_repeated_parameters
from pmecalc.cache.negotiate import has_already
from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from fastapi import Request
    from fastapi.dependencies.models import Dependant
    from starlette.routing import BaseRoute

    from pmecalc.api.auth import Permission, Principal

PERMISSION = "x-permission"


def needs(permission: Permission) -> dict[str, Any]:
    """What a route declares in `openapi_extra`: the permission that its callers need."""
    return {PERMISSION: permission}


class ApiRoute(APIRoute):
    """A route that has declared a permission; one that has not cannot be made."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401  (FastAPI's own)
        super().__init__(path, endpoint, **options)
        permission_of(self)

    @property
    def query_names(self) -> tuple[str, ...]:
        """The query parameters that this route knows."""
        return tuple(self._query_kinds)

    @cached_property
    def _query_kinds(self) -> dict[str, object]:
        """The query parameters that this route knows, and their annotations."""
        fields = self.dependant.query_params
        return {name: kind for field in fields for name, kind in _kinds_of(field.field_info)}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Check the caller, then the query, then a JSON body; only then answer.

        A route that takes no body reads none: the server drops what was sent.
        """
        answer = super().get_route_handler()
        takes_json, kind = _takes_json(self), _model_of(self)
        takes_condition = IF_MATCH in _header_names(self.dependant)

        async def checked(request: Request) -> Response:
            _authorise(request, permission_of(self))
            _refuse_unknown(request, self.query_names)
            refuse_repeated_parameters(request, self._query_kinds)
            if not takes_condition:
                _refuse_condition(request)
            own = ApiRequest(request.scope, request.receive, request._send)  # noqa: SLF001  (as FastAPI copies it)
            if takes_json and _is_json(request.headers.get("content-type", "")):
                await own.read_json(kind)
            return _tagged(own, await answer(own))

        return checked


def permission_of(route: APIRoute) -> Permission:
    """The permission that a route declares."""
    declared = (route.openapi_extra or {}).get(PERMISSION)
    if declared is None:
        raise LookupError(f"The route {route.path} declares no permission: openapi_extra=needs(…)")
    return cast("Permission", declared)


def require_permissions(routes: Iterable[BaseRoute]) -> None:
    """The start-up check: every route of the API is one that checks its callers."""
    known = [context.original_route for context in iter_route_contexts(list(routes))]
    unchecked = [
        route.path
        for route in known
        if isinstance(route, APIRoute) and not isinstance(route, ApiRoute)
    ]
    if unchecked:
        raise LookupError(f"{unchecked} check nobody: use APIRouter(route_class=ApiRoute)")


def _authorise(request: Request, permission: Permission) -> None:
    caller = cast("Principal", request.scope["pme.principal"])
    if caller.may(permission):
        return
    if caller.role is None:
        raise UnauthenticatedError
    raise ForbiddenError(permission)


def _refuse_unknown(request: Request, known: tuple[str, ...]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name), "msg": ""} for name in unknown]
        )


def _refuse_condition(request: Request) -> None:
    """Refuse a condition that would not be looked at: the change would be made all the same."""
    if request.method not in SAFE and IF_MATCH in request.headers:
        raise InputError(
            "This operation does not look at If-Match.",
            code="CONDITION_UNSUPPORTED",
            field=IF_MATCH,
            hint="Send it with PATCH and DELETE of what has an ETag, and leave it out here.",
        )


def _is_json(content_type: str) -> bool:
    """Whether FastAPI would read such a body as JSON; decided with the parser that it uses."""
    message = Message()
    message["content-type"] = content_type
    kind = message.get_content_type()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _takes_json(route: APIRoute) -> bool:
    """Whether a route has a body that is no form."""
    field = route.body_field
    return field is not None and not isinstance(field.field_info, params.Form)


def _model_of(route: APIRoute) -> type[BaseModel] | None:
    """The model that a route takes as its whole body."""
    kind = route.body_field.field_info.annotation if route.body_field is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _kinds_of(info: Any) -> list[tuple[str, object]]:  # noqa: ANN401  (pydantic's FieldInfo, FastAPI's subclass)
    kind = info.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        return [(field.alias or name, field.annotation) for name, field in fields]
    return [(info.alias, kind)] if info.alias else []


def _header_names(dependant: Dependant) -> set[str]:
    """The headers that a route and its dependencies read."""
    own = {field.alias for field in dependant.header_params}
    return own.union(*map(_header_names, dependant.dependencies))


def _tagged(request: Request, answer: Response) -> Response:
    """A finished answer to a read gets an ETag, of its bytes where the route gave it none."""
    is_json = answer.headers.get("content-type") == "application/json"
    if request.method != "GET" or answer.status_code != 200 or not is_json:  # noqa: PLR2004
        return answer
    if "cache-control" in answer.headers:
        return answer
    tag = answer.headers.get("etag") or _tag_of(bytes(answer.body))
    vary = [*filter(None, [answer.headers.get("vary")]), "Authorization", "Cookie"]
    kept = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": ", ".join(vary)}
    if has_already(joined(request.headers, "if-none-match"), tag):
        return Response(status_code=304, headers=kept)
    answer.headers.update(kept)
    return answer


def _tag_of(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'
