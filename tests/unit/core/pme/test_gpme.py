"""Generalised PME with given parameters."""

from __future__ import annotations

import math

import pytest

from pmecalc import Benchmark, Fund, InputError, NotDefinedError, evaluate
from pmecalc.core.pme.gpme import crra, gpme

WORLD = Benchmark.of([("2021-01-01", 100), ("2022-01-01", 125), ("2023-01-01", 160)])
FLOWS = [("2021-01-01", 60, 0), ("2022-01-01", 40, 30)]
FUND = Fund.of(flows=FLOWS, navs=[("2023-01-01", 90)], commitment=200)
FREE = {"max_staleness_days": None}


def test_by_hand():
    """Each flow at its own factor, and the NAV at the last one."""
    one, two = math.exp(0.02) / 1.25**1.5, math.exp(0.04) / 1.6**1.5
    added = -60 - 10 * one + 90 * two
    assert gpme(FUND, WORLD, a=0.02, b=1.5, **FREE) == pytest.approx(added / 200)
    assert gpme(FUND, WORLD, a=0.02, b=1.5, scale=50, **FREE) == pytest.approx(added / 50)
    paid = gpme(FUND, WORLD, a=0.02, b=1.5, scale="contributions", **FREE)
    assert paid == pytest.approx(added / (60 + 40 * one))


def test_the_contributions_stand_in_for_a_commitment_that_is_not_known():
    """A log investor then gets KS-PME less 1."""
    fund = Fund.of(flows=FLOWS, navs=[("2023-01-01", 90)])
    report = evaluate(fund, WORLD, **FREE)
    assert gpme(fund, WORLD, a=0, b=1, **FREE) == pytest.approx(report.ks_pme - 1)
    with pytest.raises(NotDefinedError) as caught:
        gpme(fund, WORLD, a=0, b=1, scale="commitment", **FREE)
    assert caught.value.status == "no_commitment"


def test_risk_aversion_sets_the_parameters():
    """`b` is the risk aversion, `-a` the time preference."""
    averse = crra(risk_aversion=3, time_preference=0.02)
    assert gpme(FUND, WORLD, **averse._asdict(), **FREE) == gpme(FUND, WORLD, a=-0.02, b=3, **FREE)
    assert crra(risk_aversion=1) == (0, 1)


@pytest.mark.parametrize(
    ("flows", "options", "status"),
    [
        ([("2021-01-01", 0, 0)], {}, "no_flows"),
        ([("2021-01-01", 0, 5)], {}, "no_contributions"),
        ([("2021-01-01", 5, 0), ("2022-01-01", 0, 5)], {"b": -1e4}, "overflow"),
    ],
)
def test_without_a_value_there_is_a_status(flows, options, status):
    """METHODS 11.1."""
    with pytest.raises(NotDefinedError) as caught:
        gpme(Fund.of(flows=flows), WORLD, **{"a": 0, "b": 1, **options}, **FREE)
    assert (caught.value.measure, caught.value.status) == ("gpme", status)


@pytest.mark.parametrize(
    "option", [{"a": math.nan}, {"b": math.inf}, {"scale": "nav"}, {"scale": 0}]
)
def test_what_cannot_be_is_refused(option):
    """With the code and the field."""
    with pytest.raises(InputError) as caught:
        gpme(FUND, WORLD, **{"a": 0, "b": 1, **option}, **FREE)
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", next(iter(option)))
