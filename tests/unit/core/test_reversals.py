"""Excess capital returned and clawbacks, METHODS 1.2."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, CashFlowError, Fund, InputError, evaluate, pool
from pmecalc.core.horizon import horizon

WORLD = Benchmark.of([("2021-01-01", 100), ("2022-01-01", 110), ("2023-01-01", 121)])
FLOWS = [("2021-01-01", 100, 0), ("2022-01-01", -20, 60), ("2023-01-01", 0, -10)]
SIGNED = [("2021-01-01", -100), ("2022-01-01", 80), ("2023-01-01", -10)]
NAVS = [("2022-01-01", 50), ("2023-01-01", 70)]
FUND = Fund.of(flows=FLOWS, navs=NAVS, commitment=200, reversals="net")


def _report(flows=FLOWS, navs=NAVS, **options):
    fund = Fund.of(flows=flows, navs=navs, commitment=200, reversals="net")
    return evaluate(fund, WORLD, max_staleness_days=None, **options)


def test_a_reversal_makes_its_own_column_smaller():
    """80 were paid in for good, and 50 received."""
    report = _report()
    assert (report.paid_in, report.distributed) == (80, 50)
    assert (report.dpi, report.tvpi) == (50 / 80, 120 / 80)
    assert (report.pic, report.unfunded, report.gain) == (0.4, 120, 40)
    assert report.fv_contributions == pytest.approx(121 - 22)
    assert report.fv_distributions == pytest.approx(66 - 10)
    assert report.ks_pme == pytest.approx((66 - 10 + 70) / 99)
    assert report.pme_plus_lambda == pytest.approx((99 - 70) / 56)


def test_rates_of_net_flows_do_not_see_it():
    """IRR, direct alpha, LN-PME and value added are those of the signed stream."""
    signed = evaluate(Fund.of(flows=SIGNED, navs=NAVS), WORLD, max_staleness_days=None)
    for name in ("irr", "direct_alpha", "ln_irr", "nfv", "ln_min", "index_cagr"):
        assert _report()[name].value == pytest.approx(signed[name].value, rel=1e-12)


def test_mpme_sells_what_came_back_and_buys_what_is_asked_for():
    """The returned 20 are sold before the share of the distribution; a clawback buys."""
    held = (110 - 20) * 50 / 110
    assert _report().mpme_nav == pytest.approx(held * 1.1 + 10)
    growth = 1 + _report().mpme_irr
    sold = 90 * 60 / 110
    stream = -100 * growth**2 + (20 + sold) * growth - 10 + held * 1.1 + 10
    assert stream == pytest.approx(0, abs=1e-9)


def test_mpme_does_not_go_short():
    """More came back than the index position is worth: all of it is sold."""
    report = _report([("2021-01-01", 100, 0), ("2022-01-01", -150, 0)])
    assert report.mpme_nav == 0
    assert report.mpme_irr == pytest.approx(0.1)
    assert report["ks_pme"].status == report["tvpi"].status == "no_contributions"


def test_more_clawed_back_than_received_is_no_distribution():
    """PME+ has nothing to scale."""
    report = _report([("2021-01-01", 100, 0), ("2022-01-01", 0, -5)])
    assert report["pme_plus_lambda"].status == "no_distributions"
    assert report.to_dict()["inputs"]["mpme_estimated_share"] == 0


def test_a_reversal_that_cancels_its_day_still_is_a_flow():
    """The first day counts, though its columns sum to 0."""
    report = _report([("2021-01-01", -5, -5), ("2022-01-01", 100, 0)])
    assert report.valuation.start == report.valuation.days[0]
    assert report.fv_contributions == pytest.approx(-5 * 1.21 + 110)


def test_one_day_is_netted_all_the_same():
    """`netting="same_day"` puts each day's balance into one column."""
    report = _report(netting="same_day")
    assert (report.paid_in, report.distributed) == (110, 80)


def test_pools_horizons_and_series_keep_reversals():
    """They are flows like others."""
    both = pool([FUND, FUND], as_of="2023-01-01")
    assert evaluate(both).paid_in == 160
    assert horizon(FUND, start="2022-01-01").distributed == -10
    report = evaluate(FUND)
    assert report.through_time(["tvpi"])["tvpi"] == [110 / 80, 1.5]
    assert report.j_curve()["net"] == [-100, -20, -30]


def test_they_are_refused_unless_asked_for():
    """The error says how to ask."""
    with pytest.raises(CashFlowError, match="reversals='net'") as caught:
        Fund.of(flows=FLOWS)
    assert (caught.value.code, caught.value.row) == ("NEGATIVE_AMOUNT", 2)
    with pytest.raises(InputError) as caught:
        Fund.of(flows=FLOWS, reversals="gross")
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "reversals")
