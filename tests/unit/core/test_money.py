"""Sums of money: zero where they are zero within the rounding of their terms (METHODS 13)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inner_loops import inner_loop
from pmecalc import Benchmark, Fund, evaluate
from pmecalc.core import engine
from pmecalc.core.money import ROUNDING_PER_TERM, money_sum, negligible, running_minimum, settled
from requirements import require

SCALES = (1, 0.01, 3, 1e9)
CANCELLING = [
    [0.1, 0.2, -0.3],
    [-481.16, 1202.90, -721.74],
    [1e15, -1e15],
    [0.07] * 100 + [-7.0],
    [],
    [0.0, -0.0],
]
LEFT = [
    ([0.1, 0.2, -0.31], -0.01),
    ([1e9, 0.01, -1e9], 0.01),
    ([2.0**-1000], 2.0**-1000),
    ([-5.0], -5.0),
]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("terms", CANCELLING)
def test_what_cancels_in_cents_is_zero(terms, scale):
    """In any unit; the zero has no sign."""
    total = money_sum([term * scale for term in terms])
    assert (total, math.copysign(1.0, total)) == (0.0, 1.0)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("terms", "left"), LEFT)
def test_what_is_left_is_kept_exactly(terms, left, scale):
    """A cent beside a thousand million is money."""
    scaled = [term * scale for term in terms]
    assert money_sum(scaled) == math.fsum(scaled)
    assert money_sum(scaled) == pytest.approx(left * scale, rel=1e-6)


def test_money_comes_in_any_order_and_from_any_iterable():
    """The sum is exact, so the order is nothing."""
    terms = [1e9, 0.01, -1e9, 0.3, -0.1]
    assert money_sum(iter(terms)) == money_sum(terms[::-1]) == math.fsum(terms)


def test_the_bound_is_four_units_a_term():
    """4 n 2**-53 of the absolute values: on the bound is zero, beyond it is not."""
    assert ROUNDING_PER_TERM == 4 * 2.0**-53
    bound = ROUNDING_PER_TERM * 3 * 8.0
    for sign in (1, -1):
        assert negligible(sign * bound, 3, 8.0)
        assert not negligible(sign * np.nextafter(bound, 1.0), 3, 8.0)
    assert negligible(0.0, 0, 0.0)
    assert not negligible(5e-324, 1, 5e-324)


def test_nothing_known_is_not_zero():
    """NaN is neither negligible nor settled away."""
    assert not negligible(math.nan, 3, 1.0)
    assert not negligible(1.0, 3, math.nan)
    assert math.isnan(money_sum([1.0, math.nan]))
    assert np.isnan(settled(np.array([math.nan]), 2, np.array([1.0]))).all()


@pytest.mark.parametrize("scale", SCALES)
def test_arrays_are_settled_one_by_one(scale):
    """With one count for all, or a count each."""
    totals = np.array([0.1 + 0.2 - 0.3, 0.25, -1e-17, -0.01]) * scale
    sizes = np.array([0.6, 0.5, 0.2, 0.03]) * scale
    expected = [0.0, 0.25 * scale, 0.0, -0.01 * scale]
    assert settled(totals, 3, sizes).tolist() == expected
    assert settled(totals, np.array([3, 2, 2, 2]), sizes).tolist() == expected
    assert negligible(totals, 3, sizes).tolist() == [True, False, True, False]
    assert settled(np.zeros(0), 3, np.zeros(0)).tolist() == []


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    ("steps", "place"),
    [
        ([-0.3, 0.3, -0.1, -0.2], 0),
        ([-0.1, -0.2, 0.3, -0.3], 1),
        ([-0.1, -0.2, 0.3, -0.31], 3),
        ([-100.0, 30.0, -30.0, 30.0], 0),
        ([5.0], 0),
        ([5.0, 6.0, -6.0], 0),
        ([0.0, 0.0, -1.0, 0.0, 0.0], 2),
    ],
)
def test_the_first_of_equally_deep_troughs_counts(steps, place, scale):
    """METHODS 5.3: equal is equal within rounding."""
    steps = np.array(steps) * scale
    sizes = np.cumsum(np.abs(steps))
    assert running_minimum(np.cumsum(steps), sizes) == place
    assert running_minimum(np.cumsum(steps, dtype=np.longdouble), sizes) == place


def test_the_compiled_loops_have_the_same_function():
    """To the bit, at the bound and beyond it."""
    summed, zero = inner_loop("money_sum"), inner_loop("negligible")
    for terms in [*CANCELLING, *(terms for terms, _ in LEFT)]:
        for scale in SCALES:
            scaled = [term * scale for term in terms]
            assert summed(np.array(scaled, np.float64)) == money_sum(scaled)
    bound = ROUNDING_PER_TERM * 3 * 8.0
    for total in (bound, np.nextafter(bound, 1.0), -bound, np.nextafter(-bound, -1.0), 0.0):
        assert zero(total, 3, 8.0) == negligible(total, 3, 8.0)


@pytest.mark.parametrize("scale", SCALES)
def test_a_gain_of_nothing_in_cents_has_a_rate_of_nothing(scale):
    """481.16 and 721.74 in, 1202.90 out: gain, value added and rates are 0, not 1e-16."""
    fund = Fund.of(
        flows=[
            ("2020-01-01", 481.16 * scale, 0),
            ("2021-03-01", 721.74 * scale, 0),
            ("2022-06-01", 0, 1202.90 * scale),
        ]
    )
    report = evaluate(fund, Benchmark.of([("2020-01-01", 7)]), max_staleness_days=None)
    for name in ("gain", "irr", "irr_gips", "nfv", "npv", "ln_nav", "direct_alpha"):
        assert (report[name].value, report[name].status) == (0.0, "ok")
    assert report.ln_short_from is None
    assert set(report.warnings) == {"NAV_ASSUMED_ZERO", "MPME_NAV_ESTIMATED"}
    assert (report.payback_dpi, report.payback_tvpi) == (report.years, report.years)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_netted_days_keep_the_rounding_of_what_they_are_netted_from(scale, compiled, monkeypatch):
    """1000.10 in and 1000.03 out are 0.07 to 1e-13: what comes back of it leaves nothing."""
    if compiled:
        require("numba", present=engine.importable())
        assert engine.load()
    else:
        monkeypatch.setattr(engine, "fund_kernels", lambda: None)
        monkeypatch.setattr(engine, "kernels", lambda: None)
    flows = [
        ("2020-01-01", 1000.10 * scale, 1000.03 * scale),
        ("2021-01-01", 0, 0.07 * scale),
    ]
    fund = Fund.of(flows=flows, navs=[("2021-01-01", 0), ("2022-01-01", 0)])
    world = Benchmark.of([("2020-01-01", 7)])
    for netting in ("gross", "same_day"):
        report = evaluate(fund, world, netting=netting, max_staleness_days=None)
        for name in ("gain", "irr", "nfv", "ln_nav", "ln_min", "direct_alpha"):
            assert abs(report[name].value) == 0.0 or name == "ln_min", name
            assert report[name].status == "ok"
        assert report.ln_short_from is None
        assert report.payback() == dict.fromkeys(("dpi", "tvpi", "ks_pme"), 366 / 365)
        assert report.through_time()["gain"] == [0.0, 0.0]
        assert report.j_curve()["net"][-1] == 0.0


def test_a_size_widens_the_rounding_and_never_narrows_it():
    """Terms that were netted are not surer than what they were netted from."""
    terms = [1000.10 - 1000.03, -0.07]
    assert money_sum(terms) != 0
    assert money_sum(terms, 2000.13) == 0
    assert money_sum([0.1, 0.2, -0.3], 0.0) == 0


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("cent", "status"), [(0.0, "dietz_undefined"), (-0.01, "ok")])
def test_an_average_capital_of_nothing_in_cents_has_no_return(scale, cent, status):
    """5.07 for all of the year less 10.14 for half of it, out of a day of both columns."""
    out = 1010.14 + cent
    flows = [("2020-01-01", 5.07 * scale, 0), ("2021-07-01", 1000 * scale, out * scale)]
    navs = [("2020-12-31", 5.07 * scale), ("2021-12-30", 7 * scale)]
    report = evaluate(Fund.of(flows=flows, navs=navs))
    assert report["twr"].status == status
