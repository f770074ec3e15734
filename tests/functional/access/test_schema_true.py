"""T-07: whatever OpenAPI allows, or forbids, is answered as OpenAPI says, and never by a 5xx."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from functional.access.conftest import bearer, key_settings, opened
from pmecalc.app import prepare
from pmecalc.settings import Settings

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def known_ids(client, headers):
    """Something that exists, for every placeholder of a path."""
    lists = {
        name: client.get(f"/v1/{name}", headers=headers).json()["items"]
        for name in ("funds", "benchmarks", "imports", "keys", "jobs")
    }
    lists["keys"] = lists["keys"][1:]  # the first one is what this test itself asks with
    return {name: items[0]["id"] if items else "x" for name, items in lists.items()}


def filled(case, ids):
    """The case with ids that exist in its path and its query."""
    room = case.path.split("/")[2] if case.path.startswith("/v1/") else ""
    for name in case.path_parameters or {}:
        if name != "chart":
            case.path_parameters[name] = ids.get(room, "x")
        else:
            case.path_parameters[name] = "irr_pme"
    if "metrics" in case.path and isinstance(case.query, dict):
        case.query["fund"] = ids["funds"]
    return case


def as_text(part):
    """A part of a form: what JSON would be a number is a text here."""
    if isinstance(part, tuple):
        return (part[0], as_text(part[1]), *part[2:])
    return part if isinstance(part, bytes | str) else str(part)


def check(client, case, headers):
    """One request: no 5xx, a problem document or what the schema says."""
    wire = case.as_transport_kwargs()
    wire.pop("cookies", None)
    given = {
        name: value
        for name, value in (wire.pop("headers", None) or {}).items()
        if value is not None
    }
    if isinstance(wire.get("data"), bytes):
        wire["content"] = wire.pop("data")
    if wire.get("files"):
        wire["files"] = [(name, as_text(part)) for name, part in wire["files"]]
    request = client.build_request(**wire, headers={**given, **headers})
    request.read()
    answer = client.send(request)
    client.cookies.clear()
    assert answer.status_code < 500, (case.method, wire, answer.text[:500])
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    case.operation.validate_response(answer)


def try_one(strategy, *, examples, work):
    """Draw cases; how many there were."""
    drawn = []

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case):
        drawn.append(case.path)
        work(case)

    with suppress(Unsatisfiable):  # nothing can be wrong with a request that has no parts
        ask()
    return len(drawn)


def try_all(client, headers, *, examples):
    """Every operation, free and about things that exist; how many requests were made."""
    document = client.get("/openapi.json").json()
    asked = 0
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        strategies = [result.ok().as_strategy(mode) for mode in MODES]
        for strategy in strategies:
            ids = known_ids(client, headers)
            asked += try_one(
                strategy, examples=examples, work=lambda case: check(client, case, headers)
            )
            asked += try_one(
                strategy,
                examples=examples,
                work=lambda case, ids=ids: check(client, filled(case, ids), headers),
            )
    return asked


@pytest.fixture(params=["local", "key"])
def caller(request, tmp_path):
    """A stocked service in each mode, and the headers of somebody who may do all."""
    folder = tmp_path / "data"
    if request.param == "local":
        chosen = Settings(
            data=folder, demo=True, warm_engine=False, compute="thread", _env_file=None
        )
    else:
        chosen = key_settings(folder, demo=True)
    first = prepare(chosen)
    headers = bearer(first.read_text("ascii").strip()) if first else {}
    with opened(chosen, raise_server_exceptions=False) as client:
        yield client, headers


def test_every_operation_is_schema_true(caller):
    """A few requests of every operation, in both modes."""
    assert try_all(*caller, examples=2) > 50


@pytest.mark.soak
def test_every_operation_is_schema_true_at_length(caller):
    """Many requests of every operation, in both modes."""
    asked = try_all(*caller, examples=int(os.environ.get("PME_SOAK_EXAMPLES", "150")))
    print(f"\n{asked} requests, 0 of them 5xx or untrue to the schema")
