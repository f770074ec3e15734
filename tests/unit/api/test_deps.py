"""What routes ask for before they begin."""

from __future__ import annotations

import inspect

import pytest
from fastapi import params

from pmecalc.api.repeats import refuse_repeated_fields
from pmecalc.api.routes import (
    datasets,
    evaluate,
    imports,
    jobs,
    keys,
    metrics,
    session,
    system,
)

ROUTES = [
    route
    for room in (metrics, datasets, evaluate, imports, jobs, keys, session, system)
    for route in room.router.routes
]


def functions_of(dependant):
    """The route's own function, and what it and its dependencies depend on."""
    yield dependant.call
    for each in dependant.dependencies:
        yield from functions_of(each)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.name} {route.path}")
def test_no_request_goes_through_a_thread_of_the_framework(route):
    """FastAPI runs plain functions in threads, at twice the price of a whole answer."""
    for function in functions_of(route.dependant):
        is_awaited = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
        assert is_awaited, function


def test_every_form_is_looked_at_for_repeats():
    """A route that takes a form depends on the check, since FastAPI takes the last of two parts."""
    forms = [
        route
        for route in ROUTES
        if route.body_field is not None and isinstance(route.body_field.field_info, params.Form)
    ]
    assert [route.name for route in forms] == ["import_file"]
    for route in forms:
        assert refuse_repeated_fields in functions_of(route.dependant)
