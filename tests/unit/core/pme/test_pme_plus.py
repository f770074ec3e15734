"""PME+: the factor on distributions."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, Fund, evaluate

WORLD = Benchmark.of([("2020-01-01", 100), ("2020-12-31", 110), ("2021-12-31", 132)])


def _report(flows, navs=()):
    return evaluate(Fund.of(flows=flows, navs=navs), WORLD, max_staleness_days=None)


def test_the_factor_by_hand():
    """(132 - 90) / 60."""
    report = _report([("2020-01-01", 100, 0), ("2020-12-31", 0, 50)], [("2021-12-31", 90)])
    assert report.pme_plus_lambda == pytest.approx(0.7)
    rate = report.pme_plus_irr
    assert -100 * (1 + rate) ** 2 + 35 * (1 + rate) + 90 == pytest.approx(0, abs=1e-10)
    assert report.pme_plus_spread == report.irr - rate


def test_a_nav_above_the_index_makes_the_factor_negative():
    """The value stands, with a warning."""
    report = _report([("2020-01-01", 100, 0), ("2020-12-31", 0, 50)], [("2021-12-31", 200)])
    assert report.pme_plus_lambda == pytest.approx((132 - 200) / 60)
    assert report["pme_plus_lambda"].warnings == ("LAMBDA_NEGATIVE",)
    assert "LAMBDA_NEGATIVE" in report["pme_plus_irr"].warnings
    assert report.warnings.count("LAMBDA_NEGATIVE") == 1


@pytest.mark.parametrize(
    ("flows", "status"),
    [
        ([("2020-01-01", 100, 0)], "no_distributions"),
        ([("2020-01-01", 0, 100)], "no_contributions"),
    ],
)
def test_without_money_on_one_side_there_is_no_factor(flows, status):
    """Nor a rate, nor a spread."""
    report = _report(flows, [("2021-12-31", 90)])
    for name in ("pme_plus_lambda", "pme_plus_irr"):
        assert (report[name].value, report[name].status) == (None, status)
    assert report["pme_plus_irr"].roots == ()
    assert report["pme_plus_spread"].value is None
