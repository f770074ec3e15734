"""Changes that apply to one version alone: ETags of single things, and the header `If-Match`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.exceptions import RequestValidationError

from pmecalc.api.components import reference
from pmecalc.store.versions import ANY, Expected

if TYPE_CHECKING:
    from fastapi import Response

IF_MATCH = "If-Match"
_TAGS = re.compile(r'(?:\s*(?:W/)?"[!#-~\x80-\xff]*"\s*(?:,|$))+')
_TAG = re.compile(r'(W/)?"([^"]*)"')
_DESCRIPTION = (
    'ETags of the versions that the change may meet, such as `"9f86d081884c7d65"`, or `*` for '
    "any version that exists; else 412. Without this header the change is made to whatever "
    "version there is."
)
_HEADERS = {
    "ETag": {"description": "The current version", "schema": {"type": "string"}},
}
VERSIONED: dict[int | str, dict[str, Any]] = {200: {"headers": _HEADERS}}
CHANGED: dict[int | str, dict[str, Any]] = {
    412: {
        "headers": _HEADERS,
        "description": "It was changed since: `If-Match` does not name its current version",
        "content": {"application/problem+json": {"schema": reference("Problem")}},
    }
}


async def expected_versions(
    request: Request,
    _documented: Annotated[str | None, Header(alias=IF_MATCH, description=_DESCRIPTION)] = None,
) -> Expected:
    """The versions that the request may change; the lines of the header are one list."""
    given = ",".join(request.headers.getlist(IF_MATCH)).strip()
    if IF_MATCH not in request.headers or given == "*":
        return ANY
    if _TAGS.fullmatch(given) is None:
        message = 'it takes ETags in double quotes, separated by commas, or "*"'
        raise RequestValidationError(
            [{"type": "if_match", "loc": ("header", IF_MATCH), "msg": message, "input": given}]
        )
    # Weak tags match nothing (RFC 9110, 13.1.1).
    return Expected(frozenset(tag for weak, tag in _TAG.findall(given) if not weak))


MatchedVersions = Annotated[Expected, Depends(expected_versions)]


def set_etag(response: Response, version: str) -> None:
    """Name the version that the answer shows."""
    response.headers["ETag"] = f'"{version}"'
