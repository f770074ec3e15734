"""Measures as functions."""

from __future__ import annotations

import pytest

import pmecalc as pme
from pmecalc import Benchmark, Fund, NotDefinedError, evaluate
from pmecalc.core.methods import METHODS
from pmecalc.core.valuation import value

FUND = Fund.of(
    flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 60)],
    navs=[("2020-12-31", 120), ("2022-01-01", 70)],
    commitment=150,
)
WORLD = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 550), ("2022-01-01", 600)])


@pytest.mark.parametrize("name", METHODS)
def test_a_measure_called_alone_is_what_the_report_says(name):
    """The function and the report share one computation, options included."""
    options = {"as_of": "2021-12-31", "netting": "same_day", "max_staleness_days": None}
    report = evaluate(FUND, WORLD, **options)
    if report[name].value is None:
        with pytest.raises(NotDefinedError):
            getattr(pme, name)(FUND, WORLD, **options)
    else:
        assert getattr(pme, name)(FUND, WORLD, **options) == report[name].value


def test_an_undefined_measure_raises_with_its_status():
    """A function never returns NaN, None or a guess."""
    with pytest.raises(NotDefinedError) as caught:
        pme.ks_pme(FUND)
    assert caught.value.status == "no_index"
    assert caught.value.measure == "ks_pme"


def test_an_unknown_option_is_a_type_error():
    """As for any function."""
    with pytest.raises(TypeError):
        pme.irr(FUND, as_off="2021-01-01")


def test_a_measure_is_computed_once_for_a_valuation():
    """The second question gets the same object."""
    at = value(FUND, WORLD)
    assert pme.irr.at(at) is pme.irr.at(at)
