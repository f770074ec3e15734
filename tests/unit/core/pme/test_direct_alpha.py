"""Direct alpha and the index return it implies."""

from __future__ import annotations

import math

import pytest

from pmecalc import Benchmark, Fund, evaluate

WORLD = Benchmark.of([("2020-01-01", 100), ("2020-12-31", 110), ("2021-12-31", 132)])


def _report(flows, navs=()):
    return evaluate(Fund.of(flows=flows, navs=navs), WORLD, max_staleness_days=None)


def test_the_rate_by_hand():
    """132 in, 60 after a year, 90 after two, all in money of the end."""
    report = _report([("2020-01-01", 100, 0), ("2020-12-31", 0, 50)], [("2021-12-31", 90)])
    growth = 1 + report.direct_alpha
    assert -132 * growth**2 + 60 * growth + 90 == pytest.approx(0, abs=1e-10)
    assert report.direct_alpha_log == pytest.approx(math.log(growth), rel=1e-12)
    implied = (1 + report.irr) / growth - 1
    assert report.implied_index_irr == pytest.approx(implied, rel=1e-12)


def test_a_total_loss_has_no_logarithm():
    """METHODS 4.6."""
    report = _report([("2020-01-01", 100, 0)], [("2021-12-31", 0)])
    assert (report.direct_alpha, report["direct_alpha"].status) == (-1.0, "total_loss")
    for name in ("direct_alpha_log", "implied_index_irr"):
        assert (report[name].value, report[name].status) == (None, "total_loss")


def test_a_rate_chosen_among_several_says_so_wherever_it_goes():
    """The status travels to the logarithm and the implied return."""
    flows = [("2020-01-01", 100, 0), ("2020-12-31", 0, 230), ("2021-12-31", 132, 0)]
    report = evaluate(
        Fund.of(flows=flows, navs=[("2021-12-31", 0)]),
        Benchmark.of([("2020-01-01", 100)]),
        max_staleness_days=None,
    )
    for name in ("direct_alpha", "direct_alpha_log", "implied_index_irr"):
        assert report[name].status == "multiple"
        assert report[name].value is not None


def test_a_loss_of_a_day_keeps_its_logarithm():
    """The rate rounds to -1, the logarithm does not."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-01-02", 90)])
    report = evaluate(fund, WORLD)
    assert report.direct_alpha == -1.0
    assert report.direct_alpha_log == pytest.approx(365 * math.log(0.9), rel=1e-12)
    assert report.implied_index_irr == pytest.approx(0, abs=1e-12)
