"""The conventions of a calculation."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from pmecalc import Benchmark, Fund, InputError, evaluate
from pmecalc.core.conventions import (
    BEFORE_FIRST_NAVS,
    NAV_GROWTHS,
    NETTINGS,
    RECALLABLES,
    Options,
    refused,
)


@pytest.mark.parametrize(
    ("option", "offered"),
    [
        ({"day_count": "30/360"}, "ACT/365F"),
        ({"netting": "net"}, "gross, same_day"),
        ({"lookup": "last"}, "previous"),
        ({"max_staleness_days": -1}, "0 or more, or None"),
        ({"nav_growth": "cash"}, "none, index"),
        ({"recallable": "lifo"}, "gross, net"),
        ({"before_first_nav": "zero"}, "none, cost"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else None,
)
def test_a_convention_that_is_not_offered_is_refused(option, offered):
    """Options are checked once, before any number; the hint tells what there is."""
    with pytest.raises(InputError) as caught:
        Options.of(**option)
    error = caught.value
    assert error.code == "UNSUPPORTED_OPTION"
    assert {error.field: error.value} == option
    assert offered in error.hint
    with pytest.raises(InputError):
        evaluate(Fund.of(flows=[("2020-01-01", 1, 0)]), **option)


def test_a_convention_that_does_not_exist_is_a_mistake_of_the_caller():
    """A name that is spelt wrong is not ignored."""
    with pytest.raises(TypeError, match="day_counts"):
        Options.of(day_counts="ACT/360")


def test_the_defaults_are_those_of_the_methods():
    """METHODS 1.3-1.7; nothing is made up unless it is asked for."""
    assert Options.of() == Options()
    assert Options() == Options(
        day_count="ACT/365F",
        netting="gross",
        lookup="previous",
        max_staleness_days=100,
        nav_growth="none",
        recallable="gross",
        before_first_nav="none",
    )


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("netting", NETTINGS),
        ("nav_growth", NAV_GROWTHS),
        ("recallable", RECALLABLES),
        ("before_first_nav", BEFORE_FIRST_NAVS),
        ("max_staleness_days", (None, 0, 100)),
    ],
)
def test_every_choice_is_taken_and_reported(name, choices):
    """The default is the first that is offered, but for the staleness."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-12-31", 110)])
    world = Benchmark.of([("2020-01-01", 1), ("2020-12-31", 1)])
    for choice in choices:
        assert getattr(Options.of(**{name: choice}), name) == choice
        assert evaluate(fund, world, **{name: choice}).to_dict()["inputs"][name] == choice
    if name != "max_staleness_days":
        assert getattr(Options(), name) == choices[0]


def test_conventions_cannot_be_changed():
    """Valuations share them."""
    with pytest.raises(FrozenInstanceError):
        Options().netting = "same_day"


def test_a_refusal_tells_what_was_given_and_what_is_offered():
    """Text is shown as text, a number as a number."""
    error = refused("lookup", "last", "previous")
    assert (error.field, error.value, error.hint) == ("lookup", "last", "Offered: previous.")
    assert "lookup='last' is not offered." in str(error)
    assert "max_staleness_days=-1 is not offered." in str(refused("max_staleness_days", -1, "x"))
