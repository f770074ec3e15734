"""Scaled PME."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, Fund, evaluate

WORLD = Benchmark.of([("2020-01-01", 100), ("2020-12-31", 110), ("2021-12-31", 132)])


def _report(flows, navs=()):
    return evaluate(Fund.of(flows=flows, navs=navs), WORLD, max_staleness_days=None)


def test_the_rate_by_hand():
    """KS-PME times 100 in, 50 and 90 out."""
    report = _report([("2020-01-01", 100, 0), ("2020-12-31", 0, 50)], [("2021-12-31", 90)])
    growth = 1 + report.scaled_pme_irr
    stream = -100 * report.ks_pme * growth**2 + 50 * growth + 90
    assert stream == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(
    ("flows", "nav", "status"),
    [
        ([("2020-01-01", 100, 0)], 0, "no_flows"),
        ([("2020-01-01", 100, 0)], -5, "no_investment"),
        ([("2020-01-01", 0, 100)], 5, "no_contributions"),
    ],
)
def test_a_scale_that_is_not_positive_has_no_rate(flows, nav, status):
    """Defined where KS-PME is above 0."""
    metric = _report(flows, [("2021-12-31", nav)])["scaled_pme_irr"]
    assert (metric.value, metric.status, metric.roots) == (None, status, ())
    assert metric.reason
