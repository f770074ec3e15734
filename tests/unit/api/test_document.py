"""The OpenAPI document: what generators of clients need of it."""

from __future__ import annotations

import keyword
import re

import pytest

from pmecalc.api.repeats import is_list
from pmecalc.app import create_app
from pmecalc.settings import Settings

IDENTIFIER = re.compile(r"[a-z]+(_[a-z]+)*")
MODEL = re.compile(r"[A-Z][a-z]+([A-Z][a-z]+)*")
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(params=["local", "key"])
def document(request, tmp_path):
    settings = Settings(data=tmp_path, mode=request.param, _env_file=None)
    return create_app(settings).openapi()


def nodes(node):
    """Every object of the document."""
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from nodes(each)
    elif isinstance(node, list):
        for each in node:
            yield from nodes(each)


def operations(document):
    """Method, path and operation."""
    for path, item in document["paths"].items():
        assert item.keys() <= METHODS
        for method, operation in item.items():
            yield method, path, operation


def resolved(document, reference):
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_every_reference_resolves(document):
    """No `$ref` dangles, and every schema that has a name is used."""
    used = {node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)}
    assert len(used) > 30
    for reference in used:
        assert reference.startswith("#/components/schemas/")
        assert isinstance(resolved(document, reference), dict), reference
    assert {name.rpartition("/")[2] for name in used} == document["components"]["schemas"].keys()


def test_operation_ids_are_short_identifiers(document):
    """Each id is unique, can be a function's name, and holds nothing of the path's spelling."""
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids)) > 30
    for name in ids:
        assert IDENTIFIER.fullmatch(name), name
        assert not keyword.iskeyword(name)
        assert len(name) <= 24, name
    assert {"import_file", "get_chart", "get_summary", "list_funds", "update_fund"} <= set(ids)


def test_models_have_clean_names(document):
    """The name of each schema is the class that a client gets, and its title."""
    for name, schema in document["components"]["schemas"].items():
        assert MODEL.fullmatch(name), name
        assert schema["title"] == name


def test_upload_is_a_file_to_every_generator(document):
    """OpenAPI 3.1 says `contentMediaType`, generators look for `format: binary`: both stand."""
    body = document["paths"]["/v1/imports"]["post"]["requestBody"]["content"]
    form = resolved(document, body["multipart/form-data"]["schema"]["$ref"])
    part = form["properties"]["file"]
    assert (part["type"], part["format"]) == ("string", "binary")
    assert part["contentMediaType"] == "application/octet-stream"
    assert form["required"] == ["file"]


def test_every_operation_says_what_it_answers(document):
    """Each has a success with content or 204, and the problem document for all else."""
    for _, path, operation in operations(document):
        (problem,) = operation["responses"]["default"]["content"].values()
        assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
        good = {code for code in operation["responses"] if code.startswith("2")}
        assert good, path
        assert all("content" in operation["responses"][code] for code in good - {"204"}), path


def test_credentials_of_each_mode(document):
    """`security` says what a caller needs: nothing in the mode `local`, else by permission."""
    schemes = document["components"].get("securitySchemes", {})
    is_local = not schemes
    assert is_local or schemes.keys() == {"key", "session", "loopback_session"}
    everyone = [{"key": []}, {"session": []}, {"loopback_session": []}]
    for _, path, operation in operations(document):
        is_open = is_local or operation["x-permission"] == "public"
        closed = [{"key": []}] if operation["operationId"] == "sign_in" else everyone
        assert operation["security"] == ([] if is_open else closed), path


def test_conditions_are_documented_where_they_are_honoured(document):
    """`If-Match` and 412 stand at every PATCH, PUT and DELETE but the end of a session."""
    for method, path, operation in operations(document):
        headers = {
            each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"
        }
        takes = method in {"patch", "put", "delete"} and path != "/v1/session"
        assert ("If-Match" in headers) is takes, path
        assert ("412" in operation["responses"]) is takes, path
        shown = [
            answer for code, answer in operation["responses"].items() if code in {"200", "412"}
        ]
        if takes:
            assert all("ETag" in answer["headers"] for answer in shown), path


def test_parameters_are_left_out_and_never_null(document):
    """A query or a header cannot be null."""
    asked = [
        each for _, _, operation in operations(document) for each in operation.get("parameters", ())
    ]
    assert len(asked) > 50
    assert all(
        {"type": "null"} not in node.get("anyOf", ()) for each in asked for node in nodes(each)
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (str, False),
        (str | None, False),
        (bytes, False),
        (dict[str, int], False),
        (list[str], True),
        (list[str] | None, True),
        (tuple[str, ...], True),
        (frozenset[str], True),
    ],
)
def test_kinds_that_take_several_values(kind, expected):
    """A parameter may be repeated where it is declared as a list, and nowhere else."""
    assert is_list(kind) is expected
