"""KS-PME and the excess value."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, Fund, evaluate

WORLD = Benchmark.of([("2020-01-01", 100), ("2020-12-31", 110), ("2021-12-31", 132)])


def _report(flows, navs=(), **options):
    return evaluate(Fund.of(flows=flows, navs=navs), WORLD, max_staleness_days=None, **options)


def test_the_ratio_by_hand():
    """100 grows to 132, the 50 received to 60, and 90 are left."""
    report = _report([("2020-01-01", 100, 0), ("2020-12-31", 0, 50)], [("2021-12-31", 90)])
    assert report.fv_contributions == pytest.approx(132)
    assert report.fv_distributions == pytest.approx(60)
    assert report.ks_pme == pytest.approx(150 / 132)
    assert report.nfv == pytest.approx(18)
    assert report.npv == pytest.approx(18 / 1.32)
    assert report.index_cagr == pytest.approx(1.32**0.5 - 1, rel=1e-12)


def test_a_fund_that_called_nothing_has_no_ratio_but_a_value():
    """NFV is money and needs no divisor."""
    report = _report([("2020-12-31", 0, 50)], [("2021-12-31", 0)])
    assert (report["ks_pme"].value, report["ks_pme"].status) == (None, "no_contributions")
    assert report.nfv == pytest.approx(60)


def test_a_later_date_after_the_end_changes_no_ratio():
    """No exposure after the last flow: METHODS 1.5."""
    flows = [("2020-01-01", 100, 0), ("2020-12-31", 0, 120)]
    one = _report(flows, [("2020-12-31", 0)])
    other = _report(flows, [("2020-12-31", 0)], as_of="2021-12-31")
    for name in ("ks_pme", "irr", "direct_alpha"):
        assert other[name].value == pytest.approx(one[name].value, rel=1e-12)


def test_a_growth_on_the_first_day_has_no_annual_rate():
    """No time, no rate."""
    report = _report([("2020-01-01", 100, 0)], [("2020-01-01", 100)])
    assert report["index_cagr"].status == "zero_duration"
    assert report.ks_pme == 1


def test_a_negative_nav_makes_a_negative_value():
    """Used as it is."""
    report = _report([("2020-01-01", 100, 0)], [("2020-12-31", -11)])
    assert report.ks_pme == pytest.approx(-0.1)
    assert (report["scaled_pme_irr"].value, report["scaled_pme_irr"].status) == (
        None,
        "no_investment",
    )
