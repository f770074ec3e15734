"""NAVs and growth that draw level."""

from __future__ import annotations

import math

import pytest

from pmecalc import Benchmark, Fund, InputError, NotDefinedError, evaluate, irr, ks_pme
from pmecalc.core.break_even import break_even_nav, growth_to_hurdle, growth_to_parity, hurdle_nav

YEARS = [f"{year}-01-01" for year in (2021, 2022, 2023)]  # 365 days apart
WORLD = Benchmark.of(zip(YEARS, (100, 125, 150), strict=True))
FLOWS = [(YEARS[0], 100, 0), (YEARS[1], 50, 60)]
FREE = {"max_staleness_days": None}
LATER = "2025-12-31"  # three years of 365 days after the last


def _fund(nav, *, flows=FLOWS, day=YEARS[2]):
    return Fund.of(flows=flows, navs=[(day, nav)])


def test_the_break_even_nav_makes_ks_pme_one():
    """It is the index position too."""
    level = break_even_nav(_fund(120), WORLD, **FREE)
    assert level == pytest.approx(150 + 60 - 72)
    assert ks_pme(_fund(level), WORLD, **FREE) == pytest.approx(1)
    assert level == evaluate(_fund(120), WORLD, **FREE).ln_nav


@pytest.mark.parametrize("hurdle", [-0.3, 0.0, 0.08, 1.5])
@pytest.mark.parametrize("day_count", ["ACT/365F", "ACT/360", "30E/360"])
def test_the_hurdle_nav_makes_the_irr_the_hurdle(hurdle, day_count):
    """In any convention."""
    level = hurdle_nav(_fund(0), hurdle=hurdle, day_count=day_count)
    assert irr(_fund(level), day_count=day_count) == pytest.approx(hurdle, abs=1e-10)


def test_growth_to_parity_leads_to_it():
    """After three years KS-PME is 1, if the index does as assumed."""
    growth = growth_to_parity(_fund(120), WORLD, years=1095 / 365, index_rate=0.07, **FREE)
    ahead = Benchmark.of([*zip(YEARS, (100, 125, 150), strict=True), (LATER, 150 * 1.07**3)])
    fund = _fund(120 * (1 + growth) ** 3, day=LATER)
    assert ks_pme(fund, ahead, **FREE) == pytest.approx(1, rel=1e-12)


def test_growth_to_a_hurdle_leads_to_it():
    """After three years the IRR is the hurdle."""
    growth = growth_to_hurdle(_fund(120), years=1095 / 365, hurdle=0.12)
    assert irr(_fund(120 * (1 + growth) ** 3, day=LATER)) == pytest.approx(0.12, rel=1e-10)


def test_distributions_that_suffice_need_no_growth():
    """At par the NAV may be lost; above it no loss brings the ratio down to 1."""
    par = _fund(10, flows=[(YEARS[0], 100, 0), (YEARS[2], 0, 150)])
    assert growth_to_parity(par, WORLD, years=2, index_rate=0.05, **FREE) == -1
    above = _fund(10, flows=[(YEARS[0], 100, 0), (YEARS[2], 0, 160)])
    with pytest.raises(NotDefinedError) as caught:
        growth_to_parity(above, WORLD, years=2, index_rate=0.05, **FREE)
    assert caught.value.status == "no_root"


NOTHING = _fund(5, flows=[(YEARS[0], 0, 0)])


@pytest.mark.parametrize(
    ("function", "fund", "given", "status"),
    [
        (hurdle_nav, NOTHING, {}, "no_flows"),
        (hurdle_nav, _fund(5), {"hurdle": 1e200}, "overflow"),
        (growth_to_hurdle, NOTHING, {"years": 1}, "no_flows"),
        (growth_to_hurdle, _fund(0), {"years": 1}, "no_investment"),
        (growth_to_hurdle, _fund(1e-9), {"years": 1e-3}, "overflow"),
    ],
)
def test_without_a_value_there_is_a_status(function, fund, given, status):
    """METHODS 11.1."""
    with pytest.raises(NotDefinedError) as caught:
        function(fund, **{"hurdle": 0.1, **given})
    assert (caught.value.measure, caught.value.status) == (function.__name__, status)
    assert caught.value.reason


@pytest.mark.parametrize(
    ("function", "given", "field"),
    [
        (hurdle_nav, {"hurdle": -1}, "hurdle"),
        (growth_to_hurdle, {"years": 0, "hurdle": 0.1}, "years"),
        (growth_to_hurdle, {"years": math.nan, "hurdle": 0.1}, "years"),
        (growth_to_hurdle, {"years": 1, "hurdle": math.inf}, "hurdle"),
    ],
)
def test_what_cannot_be_is_refused(function, given, field):
    """With the code and the field."""
    with pytest.raises(InputError) as caught:
        function(_fund(5), **given)
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", field)


def test_an_index_rate_that_cannot_be_is_refused():
    """Nothing grows at -100 %."""
    with pytest.raises(InputError) as caught:
        growth_to_parity(_fund(5), WORLD, years=1, index_rate=-1)
    assert caught.value.field == "index_rate"
