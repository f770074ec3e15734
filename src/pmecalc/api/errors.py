"""One table, error class to status; every error is a problem document (RFC 9457)."""

from __future__ import annotations

import errno
import json
import logging
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from pmecalc.api.components import reference
from pmecalc.api.connected import ClientLeftError
from pmecalc.api.media import NotAcceptableError
from pmecalc.cache.compute_errors import ComputeError
from pmecalc.core.errors import (
    InputError,
    NeedsInputError,
    NotDefinedError,
    NotFoundError,
    PmeError,
    StoreError,
)
from pmecalc.service.jobs import LateCancelError, NotDoneError
from pmecalc.store.errors import (
    BusyError,
    ConflictError,
    DiskFullError,
    KeyReusedError,
    NameExistsError,
    PreconditionFailedError,
    UndoRefusedError,
)
from pmecalc.store.jobs import QueueFullError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import ValidationError

    from pmecalc.core.errors import Problem

MAX_PROBLEMS = 50  # listed in an answer, which also counts them
_NAME_CHARS = 200
_LOG = logging.getLogger(__name__)
HUNG_UP = 499  # for logs and statistics: nobody reads the answer
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.ENOENT)  # the last: no temporary folder takes a file


class UnauthenticatedError(PmeError):
    """The route needs a caller; the same words whatever is wrong with the credential."""

    code = "UNAUTHENTICATED"

    def __init__(self) -> None:
        super().__init__("Sign in, or send a valid API key in the header Authorization: Bearer.")


class ForbiddenError(PmeError):
    """The caller is known, and its role does not allow this."""

    code = "FORBIDDEN"

    def __init__(self, permission: str) -> None:
        super().__init__(f"This needs the permission {permission!r}, which this key does not have.")


class MalformedError(RequestValidationError):
    """A request that does not fit its model; it carries the first problems and counts them all."""

    def __init__(self, found: Sequence[Any], *, total: int) -> None:  # Any: what pydantic tells
        super().__init__(found)
        self.total = total

    @classmethod
    def of_body(cls, error: ValidationError) -> MalformedError:
        """The problems of a JSON body."""
        found = error.errors(include_url=False)[:MAX_PROBLEMS]
        return cls(
            [{**each, "loc": ("body", *each["loc"])} for each in found], total=error.error_count()
        )


STATUSES: tuple[tuple[type[Exception], int], ...] = (  # the first that fits
    (ForbiddenError, 403),
    (UnauthenticatedError, 401),
    (NotAcceptableError, 406),
    (NameExistsError, 409),
    (ConflictError, 409),
    (PreconditionFailedError, 412),
    (KeyReusedError, 409),
    (UndoRefusedError, 409),
    (NeedsInputError, 409),
    (NotDoneError, 409),
    (LateCancelError, 409),
    (InputError, 400),
    (NotDefinedError, 400),
    (NotFoundError, 404),
    (DiskFullError, 507),
    (BusyError, 503),
    (QueueFullError, 503),
    (StoreError, 500),
    (ComputeError, 503),
)
TITLES: Mapping[int, str] = {
    400: "The request cannot be answered",
    401: "Who are you?",
    403: "Refused",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Too slow",
    409: "A decision is needed",
    412: "Changed in the meantime",
    413: "Too large",
    414: "The address is too long",
    415: "Unsupported content type",
    421: "Wrong host",
    422: "Malformed request",
    429: "Too many requests",
    431: "The head is too large",
    499: "The client closed the connection",
    500: "Something broke on our side",
    503: "Busy",
    507: "The disk is full",
}
_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 413: "FILE_TOO_LARGE", 400: "BAD_REQUEST"}
_RETRY_SECONDS = "1"
_CLIENT_LEFT = 499  # as nginx counts it
_DATE = "a date such as 2024-12-31 is needed"
_WORDS = {  # where pydantic's own speak of Python
    "missing": "this is needed",
    "extra_forbidden": "there is no such field",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
}


DOCUMENTED: dict[int | str, dict[str, Any]] = {  # what OpenAPI says of every operation
    "default": {
        "description": "A problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": reference("Problem")}},
    }
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    request_id: str,
    errors: Sequence[Mapping[str, object]] = (),
    total: int | None = None,
    more: Mapping[str, object] | None = None,
) -> Response:
    """A problem document; `total` counts the problems where not all are listed."""
    body = {
        "type": f"/docs/problems#{code.lower()}",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "instance": f"urn:request:{request_id}",
        "code": code,
        "errors": list(errors),
        "total": len(errors) if total is None else total,
        **(more or {}),
    }
    headers = {"Cache-Control": "no-store"}
    if status == 503:  # noqa: PLR2004  (busy)
        headers["Retry-After"] = _RETRY_SECONDS
    content = json.dumps(body)  # in ASCII: what a user sent need not be valid text
    return Response(content, status, headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of the family, of the framework and of a bug with a problem."""
    app.add_exception_handler(PmeError, _on_error)
    app.add_exception_handler(UnauthenticatedError, _on_unauthenticated)
    app.add_exception_handler(ComputeError, _on_error)
    app.add_exception_handler(ClientLeftError, _on_left)
    app.add_exception_handler(RequestValidationError, _on_malformed)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_hung_up)
    app.add_exception_handler(Exception, _on_bug)


def request_id(request: Request) -> str:
    """The id that the guard gave the request."""
    return str(request.scope.get("pme.request_id", "none"))


def _on_error(request: Request, error: Exception) -> Response:
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    code = str(getattr(error, "code", "BUSY"))
    if code in {"FILE_TOO_LARGE", "QUOTA_EXCEEDED"}:
        status = 413
    if isinstance(error, StoreError):
        _LOG.error("store: %s (request %s)", code, request_id(request))
    more: dict[str, object] = {}
    if isinstance(error, NameExistsError):
        more["dataset"] = error.dataset
    if isinstance(error, NeedsInputError):
        more["choices"] = list(error.choices)
        more["option"] = error.option
    if isinstance(error, NotFoundError):
        more["near"] = list(error.near)
    detail = error.message if isinstance(error, InputError) else str(error)
    problems = error.problems if isinstance(error, InputError) else ()
    answer = problem(
        status,
        code,
        detail,
        request_id=request_id(request),
        errors=_errors(problems),
        total=sum(each.count for each in problems),
        more=more,
    )
    if isinstance(error, ComputeError):
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, PreconditionFailedError):
        answer.headers["ETag"] = f'"{error.current}"'
    return answer


def _on_left(_request: Request, _error: Exception) -> Response:
    return Response(status_code=_CLIENT_LEFT)  # nobody reads it; the statistics do


def _on_unauthenticated(request: Request, error: Exception) -> Response:
    answer = _on_error(request, error)
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _errors(problems: Sequence[Problem]) -> list[dict[str, object]]:
    """The first problems, each by itself: what stands for many is in the count."""
    return [
        {
            "code": each.code,
            "message": each.message,
            "row": each.row,
            "column": each.column and each.column[:_NAME_CHARS],
            "value": each.value,
            "hint": each.advice(lambda option, choice: f"{option}={choice}"),
        }
        for each in [each for each in problems if each.count == 1][:MAX_PROBLEMS]
    ]


def _on_malformed(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    unknown = [each for each in found if each["type"] == "extra_forbidden"]
    if unknown and len(unknown) == len(found) and unknown[0]["loc"][0] == "query":
        return _on_unknown_parameter(request, [str(each["loc"][-1]) for each in unknown])
    total = error.total if isinstance(error, MalformedError) else len(found)
    errors = [
        {
            "code": "MALFORMED",
            "message": _said(each),
            "row": None,
            "column": (".".join(map(str, each["loc"][1:])) or str(each["loc"][0]))[:_NAME_CHARS],
            "value": _shown(each.get("input")),
            "hint": _elsewhere(request, each),
        }
        for each in found[:MAX_PROBLEMS]
    ]
    first = f"{errors[0]['column']}: {errors[0]['message']}" if errors else "malformed"
    return problem(
        422, "MALFORMED", first, request_id=request_id(request), errors=errors, total=total
    )


def _elsewhere(request: Request, found: Mapping[str, Any]) -> str | None:  # Any: as below
    """Where a field belongs that was put into the body instead of the query."""
    names = getattr(request.scope.get("route"), "query_names", ())
    name = str(found["loc"][-1])
    if found["type"] != "extra_forbidden" or name not in names:
        return None
    return f"It is a query parameter: ?{name}=…"


def _said(found: Mapping[str, Any]) -> str:  # Any: what pydantic tells of an error
    """The sentence of a check of ours, or pydantic's."""
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])
    return _WORDS.get(found["type"], str(found["msg"]))


def _on_unknown_parameter(request: Request, names: list[str]) -> Response:
    route = request.scope.get("route")
    known = list(getattr(route, "query_names", ())) or list(_QUERY_NAMES)
    name = names[0][:80]
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
    row = {
        "code": "UNKNOWN_PARAMETER",
        "message": f"There is no query parameter {name!r}.",
        "row": None,
        "column": name,
        "value": None,
        "hint": hint,
    }
    detail = f"There is no query parameter {name!r}. {hint}"
    return problem(400, "UNKNOWN_PARAMETER", detail, request_id=request_id(request), errors=[row])


_QUERY_NAMES = ("fund", "benchmark", "as_of", "max_staleness_days")


def _on_http(request: Request, error: Exception) -> Response:
    # The framework makes a 400 of whatever happens while it reads a form.
    cause = error.__cause__
    if isinstance(cause, ClientDisconnect):
        return _on_hung_up(request, cause)
    if isinstance(cause, OSError):
        return _on_no_spool(request, cause)
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = {
        404: "There is nothing at this address.",
        405: "This address does not take this method.",
        413: "The request body is larger than allowed.",
    }.get(status, str(getattr(error, "detail", "")) or TITLES.get(status, "Error"))
    code = _CODES.get(status, "HTTP_ERROR")
    return problem(status, code, detail, request_id=request_id(request))


def _on_hung_up(request: Request, _error: Exception) -> Response:
    detail = "The connection was closed before the request was complete."
    return problem(HUNG_UP, "HUNG_UP", detail, request_id=request_id(request))


def _on_no_spool(request: Request, error: OSError) -> Response:
    """The answer to an upload whose temporary file could not be written."""
    if error.errno not in _NO_ROOM:
        return _on_bug(request, error)
    _LOG.error("an upload could not be put on the disk: errno %s", error.errno)
    full = DiskFullError("There is no room for uploads on the disk; nothing was changed.")
    return _on_error(request, full)


def _on_bug(request: Request, error: Exception) -> Response:
    _LOG.error("request %s failed", request_id(request), exc_info=error)
    detail = "The request failed on our side; nothing was changed. Quote the id in `instance`."
    return problem(500, "INTERNAL", detail, request_id=request_id(request))


def _shown(value: object) -> str | None:
    return str(value)[:80] if isinstance(value, str | int | float | date) else None
