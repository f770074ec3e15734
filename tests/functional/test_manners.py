"""The manners of the API (UX 6): parameters, ids, HEAD, tags, bodies."""

from __future__ import annotations

import json

import pytest
from fastapi import APIRouter, FastAPI

from pmecalc.api.json_body import MAX_DEPTH
from pmecalc.api.route import ApiRoute, needs, require_permissions

KEY = "pme_0123456789_" + "a" * 43


def operations(client, method):
    """The paths of the API that take a method, with placeholders filled."""
    paths = client.get("/openapi.json").json()["paths"]
    return [
        path.replace("{", "").replace("}", "") for path, item in paths.items() if method in item
    ]


def test_unknown_parameter_is_400_on_every_route(client):
    """No route ignores a parameter that it does not know."""
    for path in operations(client, "get"):
        answer = client.get(path, params={"surprise": "1"})
        assert (answer.status_code, answer.json()["code"]) == (400, "UNKNOWN_PARAMETER"), path


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/v1/funds?limt=5", "limit"),
        ("/v1/metrics/irr_pme?fund=x&benchmrk=y", "benchmark"),
        ("/v1/funds/x/charts/irr_pme?fromat=spec", "format"),
    ],
)
def test_near_name_of_a_misspelt_parameter_is_offered(client, path, near):
    """The answer names the parameter that was meant."""
    assert client.get(path).json()["errors"][0]["hint"] == f"Did you mean {near}?"


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/funds", "/v1/funds/x", "/openapi.json"])
def test_head_is_a_get_without_a_body(client, path):
    """HEAD answers wherever GET does, with the same status and type."""
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_request_id_of_a_client_is_kept(client):
    """A plain id comes back in the header and in a problem; another one is replaced."""
    answer = client.get("/v1/funds/x", headers={"X-Request-Id": "trace-0042"})
    assert answer.headers["X-Request-Id"] == "trace-0042"
    assert answer.json()["instance"] == "urn:request:trace-0042"
    for bad in ("short", "a" * 65, "with space", "a/b/c/d/e"):
        assert client.get("/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/funds", "/v1/funds/x", "/nothing"])
def test_every_answer_says_how_long_it_took(client, path):
    """Pages, answers and errors carry Server-Timing."""
    assert "dur=" in client.get(path).headers["Server-Timing"]


@pytest.mark.parametrize("condition", ["*", "{tag}", "W/{tag}", '"other", W/{tag}'])
def test_conditions_mean_the_same_for_lists_as_for_cached_answers(client, condition):
    """A list takes every form of If-None-Match."""
    tag = client.get("/v1/funds").headers["ETag"]
    given = {"If-None-Match": condition.format(tag=tag)}
    assert client.get("/v1/funds", headers=given).status_code == 304


def test_lists_answer_304_while_nothing_changed(client):
    """A list has a tag that holds until its content changes."""
    first = client.get("/v1/funds")
    condition = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/v1/funds", headers=condition)
    assert (again.status_code, again.content) == (304, b"")
    file = {"file": ("a.csv", "date,amount\n2020-01-01,-1\n2021-01-01,2\n")}
    assert client.post("/v1/imports", files=file).status_code == 201
    assert client.get("/v1/funds", headers=condition).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"fund": {"flows": [[["2020-01-01", 1, 0]] * 3] * 40_000}}, "TOO_MANY_NUMBERS"),
        ({"fund": {"name": KEY, "flows": []}}, "KEY_MISPLACED"),
    ],
)
def test_monstrous_bodies_are_refused_before_they_are_read(client, body, code):
    """Too many numbers, and a key where none belongs, are 400."""
    text = json.dumps(body).replace(" ", "").replace('"2020-01-01"', "1")
    answer = client.post("/v1/evaluate", content=text, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("Application/JSON", "KEY_MISPLACED"),
        (" application/json;charset=utf-8", "KEY_MISPLACED"),
        ("application/x+json", "KEY_MISPLACED"),
        ("APPLICATION/Problem+JSON ; a=b", "KEY_MISPLACED"),
        ("application/octet-stream", "MALFORMED"),  # is read as nothing
    ],
)
def test_bodies_that_are_read_as_json_are_checked_as_json(client, kind, code):
    """However the type is written that lets a body be read, its limits hold."""
    body = json.dumps({"fund": {"name": KEY, "flows": []}})
    answer = client.post("/v1/evaluate", content=body, headers={"Content-Type": kind})
    assert answer.json()["code"] == code


@pytest.mark.parametrize(("depth", "refused"), [(MAX_DEPTH, False), (MAX_DEPTH + 1, True)])
def test_depth_of_json_is_limited(client, depth, refused):
    """Brackets count, those inside strings do not."""
    text = "[" * (depth - 1) + '{"a\\"[[[[[[": "[[[[[[[[[[["}' + "]" * (depth - 1)
    answer = client.post("/v1/evaluate", content=text, headers={"Content-Type": "application/json"})
    assert (answer.json()["code"] == "JSON_TOO_DEEP") is refused


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/v1/funds?after={KEY}", 400),
        (f"/v1/funds/{KEY}", 400),
        (f"/v1/funds?{KEY.replace('_', '%5F')}=1", 400),
        ("/v1/funds?" + "&".join("a=1" for _ in range(65)), 400),
        ("/v1/funds?after=" + "a" * 8192, 414),
    ],
)
def test_addresses_have_limits_and_never_hold_a_key(client, path, status):
    """A key in an address is refused, as are long addresses and crowds of parameters."""
    assert client.get(path).status_code == status


def test_route_without_a_permission_cannot_start():
    """Nothing is served that does not say who may call it."""
    router = APIRouter(route_class=ApiRoute)
    with pytest.raises(LookupError, match="/open declares no permission"):
        router.get("/open")(lambda: None)
    app = FastAPI()
    plain = APIRouter()
    plain.get("/unchecked", openapi_extra=needs("public"))(lambda: None)
    app.include_router(plain)
    with pytest.raises(LookupError, match="/unchecked"):
        require_permissions(app.routes)
