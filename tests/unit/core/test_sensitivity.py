"""How much the measures move with the NAV."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, Fund, InputError, NotFoundError, evaluate
from pmecalc.core.sensitivity import NAV_MEASURES, nav_sensitivity

WORLD = Benchmark.of([("2021-01-01", 100), ("2022-01-01", 125)])
FLOWS = [("2021-01-01", 100, 0), ("2022-01-01", 0, 30)]


def _fund(nav):
    return Fund.of(flows=FLOWS, navs=[("2022-01-01", nav)])


def test_the_ends_are_reports_of_their_own():
    """A NAV of 90 and of 110 as if they had been reported."""
    moved = nav_sensitivity(_fund(100), WORLD, change=0.1, max_staleness_days=None)
    assert tuple(moved) == NAV_MEASURES
    for name, each in moved.items():
        ends = [
            evaluate(_fund(nav), WORLD, max_staleness_days=None)[name].value for nav in (90, 110)
        ]
        assert [each.low, each.high] == pytest.approx(ends)
        assert each.slope == pytest.approx((ends[1] - ends[0]) / 0.2)
        assert each.elasticity == pytest.approx(each.slope / each.value)
    assert moved["nfv"].slope == pytest.approx(100)
    assert moved["rvpi"].elasticity == pytest.approx(1)


def test_what_is_undefined_or_no_number_does_not_move():
    """Without a benchmark there is no KS-PME; a date has no slope; 0 has no elasticity."""
    moved = nav_sensitivity(_fund(70), names=["ks_pme", "gain", "ln_short_from"])
    for name in ("ks_pme", "ln_short_from"):
        assert moved[name].value is moved[name].slope is moved[name].elasticity is None
    assert (moved["gain"].value, moved["gain"].elasticity) == (0, None)
    assert moved["gain"].slope == pytest.approx(70)


def test_what_cannot_be_is_refused():
    """A share between 0 and 1, and measures that exist."""
    for change in (0, 1):
        with pytest.raises(InputError) as caught:
            nav_sensitivity(_fund(100), change=change)
        assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "change")
    with pytest.raises(NotFoundError):
        nav_sensitivity(_fund(100), names=["tvpis"])
