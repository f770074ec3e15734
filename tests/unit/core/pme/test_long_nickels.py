"""LN-PME: the position, when it is short, and its rate."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, Fund, evaluate
from pmecalc.core.pme.long_nickels import index_positions
from pmecalc.core.valuation import value

WORLD = Benchmark.of([("2020-01-01", 100), ("2020-12-31", 110), ("2021-12-31", 132)])


def _report(flows, navs=()):
    return evaluate(Fund.of(flows=flows, navs=navs), WORLD, max_staleness_days=None)


def test_the_position_by_hand():
    """100 become 110, less 50, and the 60 become 72."""
    report = _report([("2020-01-01", 100, 0), ("2020-12-31", 0, 50)], [("2021-12-31", 90)])
    assert index_positions(report.valuation).tolist() == pytest.approx([100, 60])
    assert (report.ln_nav, report.ln_min) == (pytest.approx(72), pytest.approx(60))
    assert report.ln_short_from is None
    assert report.ln_spread == report.irr - report.ln_irr
    geometric = (1 + report.irr) / (1 + report.ln_irr) - 1
    assert report.ln_spread_geometric == pytest.approx(geometric, rel=1e-12)


def test_a_position_that_goes_short_is_dated():
    """120 out of 110 leave -10, which become -12."""
    report = _report([("2020-01-01", 100, 0), ("2020-12-31", 0, 120)], [("2021-12-31", 30)])
    assert report.ln_short_from == "2020-12-31"
    assert (report.ln_nav, report.ln_min) == (pytest.approx(-12), pytest.approx(-12))
    assert "LN_SHORT" in report.warnings
    assert report["ln_irr"].status == "multiple"
    assert report.ln_irr == min(
        report["ln_irr"].roots, key=lambda rate: abs(rate - report.index_cagr)
    )


def test_a_position_short_for_a_time_is_dated_too():
    """A later contribution may cover it."""
    flows = [("2020-01-01", 100, 0), ("2020-12-31", 0, 120), ("2021-06-30", 50, 0)]
    report = _report(flows, [("2021-12-31", 80)])
    assert report.ln_short_from == "2020-12-31"
    assert report.ln_nav > 0 > report.ln_min


def test_a_position_that_closes_exactly_is_not_short():
    """Selling all of it leaves nothing, whatever the last digit says."""
    flows = [("2020-01-01", 0.1, 0), ("2020-12-31", 0, 0.1 * 1.1)]
    report = _report(flows, [("2021-12-31", 0)])
    assert report.ln_short_from is None
    assert (report.ln_nav, report.ln_min) == (0, 0)
    assert report["ln_irr"].status == "ok"
    assert report.ln_irr == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize(
    ("parts", "short"), [(-6, False), (-2, False), (0, False), (2, False), (6, False), (60, True)]
)
def test_a_position_within_its_rounding_is_not_short(parts, short):
    """Four terms may be off by 16 units of 2**-53 (METHODS 13); what is beyond is money owed."""
    levels = [100.0 + (place * 7919 % 101) / 7 + place / 50 for place in range(4000)]
    dates = [
        f"{2000 + place // 336}-{place // 28 % 12 + 1:02}-{place % 28 + 1:02}"
        for place in range(4000)
    ]
    world = Benchmark.of(zip(dates, levels, strict=True))
    out = 1e6 * levels[-1] / levels[0] * (1 + parts * 2.0**-52)
    fund = Fund.of(flows=[(dates[0], 1e6, 0), (dates[-1], 0, out)], navs=[(dates[-1], 0)])
    report = evaluate(fund, world)
    assert report.ln_short_from == (dates[-1] if short else None)
    assert (report.nfv == 0) is not short
    assert (report.ln_min < 0) is short


def test_a_total_loss_has_a_geometric_spread_of_minus_one():
    """Nothing came back, whatever the index did."""
    report = _report([("2020-01-01", 100, 0)], [("2021-12-31", 0)])
    assert report.ln_irr == pytest.approx(report.index_cagr)
    for name in ("ln_spread_geometric", "irr"):
        assert (report[name].value, report[name].status) == (-1.0, "total_loss")
    assert report["ln_spread"].status == "total_loss"
    assert report.ln_spread == pytest.approx(-1 - report.ln_irr)


def test_no_flows_have_no_positions():
    """Nothing was held."""
    fund = Fund.of(flows=[("2021-06-30", 5, 0)])
    at = value(fund, WORLD, as_of="2020-06-30")
    assert index_positions(at).tolist() == []
