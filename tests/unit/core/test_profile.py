"""NPV by discount rate, with all roots."""

from __future__ import annotations

import math

import pytest

from pmecalc import Benchmark, Fund, InputError, NotDefinedError, evaluate
from pmecalc.core.profile import alpha_profile, npv_profile

TWICE = Fund.of(
    flows=[("2010-01-01", -100), ("2011-01-01", 230), ("2012-01-01", -132)],
    navs=[("2012-01-01", 0)],
)
FUND = Fund.of(
    flows=[("2010-01-01", 100, 0), ("2012-01-01", 20, 0), ("2014-01-01", 0, 90)],
    navs=[("2016-01-01", 80)],
)
WORLD = Benchmark.of([("2010-01-01", 100), ("2012-01-01", 90), ("2016-01-01", 140)])


def test_the_curve_is_the_discounted_sum():
    """At any rate, and 0 where the roots are."""
    profile = npv_profile(TWICE)
    for rate, npv in zip(profile.rates, profile.npv, strict=True):
        by_hand = -100 + 230 / (1 + rate) - 132 / (1 + rate) ** 2
        assert math.isclose(npv, by_hand, abs_tol=1e-10)
    assert len(profile.rates) == 201 + 2
    assert list(profile.rates) == sorted(profile.rates)
    assert (profile.rates[0], profile.rates[-1]) == (-0.5, 1.0)


def test_all_roots_are_marked():
    """The IRR among them, with its status."""
    profile = npv_profile(TWICE)
    assert [round(root.rate, 9) for root in profile.roots] == [0.1, 0.2]
    assert [root.chosen for root in profile.roots] == [True, False]
    assert all(root.shown for root in profile.roots)
    assert profile.metric.status == "multiple"
    for root in profile.roots:
        assert profile.npv[profile.rates.index(root.rate)] == 0


def test_the_grid_reaches_out_to_far_roots():
    """As far as a rate of 9999; a root beyond is listed and not drawn."""
    far = Fund.of(flows=[("2010-01-01", 1, 0), ("2011-01-01", 0, 50)])
    profile = npv_profile(far)
    assert profile.rates[-1] > 49
    assert profile.roots[0].shown
    mad = Fund.of(flows=[("2010-01-01", 1, 0), ("2010-01-02", 0, 2)])
    profile = npv_profile(mad)
    assert profile.rates[-1] == 1.0
    assert not profile.roots[0].shown
    assert profile.roots[0].chosen


def test_a_given_grid_is_kept():
    """In its order, without the roots."""
    profile = npv_profile(TWICE, rates=[0.5, 0.15])
    assert profile.rates == pytest.approx((0.5, 0.15), rel=1e-15)
    assert [root.shown for root in profile.roots] == [False, True]
    assert npv_profile(TWICE, rates=[]).npv == ()


def test_a_stream_without_root_has_a_curve():
    """It never crosses zero."""
    loss = Fund.of(flows=[("2010-01-01", 1, 0), ("2011-01-01", 1, 0)], navs=[("2011-01-01", 0)])
    profile = npv_profile(loss)
    assert profile.metric.status == "total_loss"
    assert profile.roots == ()
    assert max(profile.npv) < 0


def test_direct_alpha_has_a_profile_too():
    """At a rate of 0 it is the value added, at its root the direct alpha."""
    report = evaluate(FUND, WORLD, max_staleness_days=None)
    profile = alpha_profile(FUND, WORLD, rates=[0.0], max_staleness_days=None)
    assert math.isclose(profile.npv[0], report.nfv, rel_tol=1e-12)
    assert math.isclose(profile.roots[0].rate, report.direct_alpha, rel_tol=1e-12)
    assert profile.roots[0].chosen


@pytest.mark.parametrize(
    ("as_of", "status"),
    [("2009-01-01", "no_flows"), ("2010-01-01", "no_nav"), ("2016-01-01", "zero_duration")],
    ids=["before", "no NAV", "first day"],
)
def test_no_stream_has_no_profile(as_of, status):
    """Nothing to discount, nothing known of the end, or no time to discount over."""
    late = Fund.of(flows=[("2016-01-01", 100, 0)], navs=[("2016-01-01", 90)])
    with pytest.raises(NotDefinedError) as caught:
        npv_profile(late if status == "zero_duration" else FUND, as_of=as_of)
    assert caught.value.status == status


@pytest.mark.parametrize("rate", [-1.0, math.nan, math.inf])
def test_a_rate_must_be_above_minus_one(rate):
    """Else nothing can be discounted with it."""
    with pytest.raises(InputError) as caught:
        npv_profile(FUND, rates=[rate])
    assert caught.value.field == "rates"


def test_a_value_beyond_the_doubles_is_none():
    """Never infinite."""
    late = Fund.of(flows=[("2010-01-01", 1, 0), ("2040-01-01", 0, 5)])
    assert npv_profile(late, rates=[-1 + 1e-15]).npv == (None,)
