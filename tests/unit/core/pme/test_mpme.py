"""mPME: the index investor sells the fund's share."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, Fund, evaluate

WORLD = Benchmark.of([("2020-01-01", 100), ("2020-12-31", 110), ("2021-12-31", 132)])


def _report(flows, navs=(), **options):
    return evaluate(Fund.of(flows=flows, navs=navs), WORLD, max_staleness_days=None, **options)


def test_the_replica_by_hand():
    """50 of 150 paid out: a third of 110 is sold, the rest grows by a fifth."""
    report = _report(
        [("2020-01-01", 100, 0), ("2020-12-31", 0, 50)], [("2020-12-31", 100), ("2021-12-31", 90)]
    )
    assert report.mpme_nav == pytest.approx(110 * 2 / 3 * 1.2)
    rate = report.mpme_irr
    stream = -100 * (1 + rate) ** 2 + 110 / 3 * (1 + rate) + report.mpme_nav
    assert stream == pytest.approx(0, abs=1e-10)
    assert report.mpme_spread == report.irr - rate
    assert "MPME_NAV_ESTIMATED" not in report.warnings


def test_a_full_exit_sells_all_and_a_later_call_starts_again():
    """A distribution with nothing left: the share is 1."""
    flows = [("2020-01-01", 100, 0), ("2020-12-31", 0, 130), ("2020-12-31", 0, 0)]
    navs = [("2020-12-31", 0), ("2021-12-31", 70)]
    assert _report(flows, navs).mpme_nav == 0
    again = _report([*flows, ("2021-01-15", 60, 0)], navs)
    assert again.mpme_nav == pytest.approx(60 * 1.2)


def test_an_estimated_nav_is_flagged_with_its_share():
    """Half of the distributions met a rolled-forward NAV."""
    report = _report(
        [("2020-01-01", 100, 0), ("2020-06-30", 0, 20), ("2020-12-31", 0, 20)],
        [("2020-12-31", 80), ("2021-12-31", 90)],
    )
    assert report.to_dict()["inputs"]["mpme_estimated_share"] == 0.5
    for name in ("mpme_nav", "mpme_irr"):
        assert report[name].warnings == ("MPME_NAV_ESTIMATED",)


def test_a_negative_nav_counts_as_none():
    """The share cannot exceed 1, and the replica is never short."""
    report = _report(
        [("2020-01-01", 100, 0), ("2020-12-31", 0, 50)], [("2020-12-31", -5), ("2021-12-31", 1)]
    )
    assert report.mpme_nav == 0
    assert report.mpme_irr == pytest.approx(0.1)


def test_a_fund_that_only_pays_out_has_no_replica():
    """Nothing bought, nothing sold."""
    report = _report([("2020-01-01", 0, 50)], [("2021-12-31", 5)])
    assert report.mpme_nav == 0
    assert report["mpme_irr"].status == "no_flows"
