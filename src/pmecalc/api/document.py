"""The OpenAPI document: what FastAPI derives from the routes, and what it cannot know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pmecalc.api.components import COMPONENTS
from pmecalc.api.credentials import HOST_COOKIE, PLAIN_COOKIE
from pmecalc.api.route import PERMISSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from fastapi.routing import APIRoute

_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": HOST_COOKIE,
        "description": "A session that `sign_in` opened, over TLS.",
    },
    "loopback_session": {
        "type": "apiKey",
        "in": "cookie",
        "name": PLAIN_COOKIE,
        "description": "The same over HTTP from the machine of the service itself.",
    },
}
_KEY: list[dict[str, list[str]]] = [{"key": []}]
_ANY: list[dict[str, list[str]]] = [{name: []} for name in _SCHEMES]
_KEY_ALONE = "sign_in"  # a session cannot open another one


def operation_id(route: APIRoute) -> str:
    """The id of an operation: the name of its function, which generated clients call it by."""
    return route.name


def describe(app: FastAPI, *, mode: str) -> None:
    """Let the document name the schemas of all answers, and the credentials of this mode."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document = plain()
        document["components"]["schemas"].update(COMPONENTS)
        if mode != "local":
            document["components"]["securitySchemes"] = _SCHEMES
        for operation in _operations(document):
            operation["security"] = _security(operation, mode)
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
        return document

    app.openapi = described  # type: ignore[method-assign]  # as FastAPI documents


def _security(operation: dict[str, Any], mode: str) -> list[dict[str, list[str]]]:
    """What a caller may prove itself with, one of the list; nobody needs to in mode `local`."""
    if mode == "local" or operation[PERMISSION] == "public":
        return []
    return _KEY if operation["operationId"] == _KEY_ALONE else _ANY


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, which is left out instead of being null."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **choices[0]}


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from item.values()
