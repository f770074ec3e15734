"""Log split, two-index split, duration and average holding."""

from __future__ import annotations

import math

import pytest

from pmecalc import Benchmark, Fund, NotDefinedError, evaluate
from pmecalc.core.attribution import average_holding, duration, log_attribution, two_index_split
from pmecalc.core.conventions import Options
from pmecalc.core.valuation import value

YEARS = [f"{year}-01-01" for year in (2021, 2022, 2023)]  # 365 days apart
WORLD = Benchmark.of(zip(YEARS, (100, 125, 150), strict=True))
SECTOR = Benchmark.of(zip(YEARS, (10, 14, 15), strict=True))
FUND = Fund.of(flows=[(YEARS[0], 100, 0), (YEARS[1], 50, 60)], navs=[(YEARS[2], 150)])
FREE = {"max_staleness_days": None}


def _outcome(measure, fund):
    return measure.at(value(fund, WORLD, options=Options(**FREE)))


def test_the_parts_of_the_return_add_up():
    """The index part is the implied index return."""
    split = log_attribution(FUND, WORLD, **FREE)
    report = evaluate(FUND, WORLD, **FREE)
    assert split.total == pytest.approx(math.log1p(report.irr), abs=1e-14)
    assert split.alpha == pytest.approx(report.direct_alpha_log, abs=1e-14)
    assert split.index == pytest.approx(math.log1p(report.implied_index_irr))
    assert split.status == "ok"


def test_a_choice_among_several_rates_is_told():
    """The IRR of this stream is 10 % or 20 %."""
    flows = list(zip(YEARS, (-100, 230, -132), strict=True))
    flat = Benchmark.of([(YEARS[0], 100)])
    fund = Fund.of(flows=flows, navs=[(YEARS[2], 0)])
    assert log_attribution(fund, flat, **FREE).status == "multiple"


def test_without_a_rate_there_is_no_split():
    """A total loss has no logarithm."""
    lost = Fund.of(flows=[(YEARS[0], 100, 0)], navs=[(YEARS[1], 0)])
    for split in (
        log_attribution(FUND, WORLD, **FREE),
        two_index_split(FUND, WORLD, SECTOR, **FREE),
    ):
        assert split.status == "ok"
    with pytest.raises(NotDefinedError) as caught:
        log_attribution(lost, WORLD, **FREE)
    assert (caught.value.measure, caught.value.status) == ("log_attribution", "total_loss")
    with pytest.raises(NotDefinedError) as caught:
        two_index_split(lost, WORLD, SECTOR, **FREE)
    assert caught.value.measure == "two_index_split"


def test_the_sector_is_what_selection_leaves():
    """Both in rates and in money."""
    split = two_index_split(FUND, WORLD, SECTOR, **FREE)
    broad, sector = evaluate(FUND, WORLD, **FREE), evaluate(FUND, SECTOR, **FREE)
    expected = (broad.direct_alpha_log, sector.direct_alpha_log)
    assert (split.alpha, split.selection) == pytest.approx(expected, abs=1e-14)
    assert split.sector == split.alpha - split.selection
    assert (split.nfv, split.nfv_selection) == (broad.nfv, sector.nfv)
    assert split.nfv_sector == pytest.approx(broad.nfv - sector.nfv)


def test_duration_by_hand():
    """At index value 60 come after one year and 150 after two; 50 of the money went in late."""
    got = duration(FUND, WORLD, **FREE)
    back = (60 * 1.2 * 1 + 150 * 2) / (60 * 1.2 + 150)
    assert got == pytest.approx(back - (50 * 1.2) / (150 + 50 * 1.2))


def test_alpha_is_the_log_of_ks_pme_over_the_duration():
    """About so; exactly with one flow each way."""
    report = evaluate(FUND, WORLD, **FREE)
    rough = math.log(report.ks_pme) / duration(FUND, WORLD, **FREE)
    assert report.direct_alpha_log == pytest.approx(rough, rel=0.02)
    single = Fund.of(flows=[(YEARS[0], 100, 0), (YEARS[2], 0, 250)])
    report = evaluate(single, WORLD, **FREE)
    exact = math.log(report.ks_pme) / duration(single, WORLD, **FREE)
    assert report.direct_alpha_log == pytest.approx(exact, rel=1e-12)


def test_holding_by_hand():
    """100 for a year, 90 for another, on 150 paid in."""
    assert average_holding(FUND) == pytest.approx((100 + 90) / 150)


def test_more_back_than_paid_in_is_nothing_invested():
    """The first year counts, what was gained does not shorten it."""
    fund = Fund.of(flows=[(YEARS[0], 100, 0), (YEARS[1], 0, 150)], navs=[(YEARS[2], 70)])
    assert average_holding(fund) == 1


@pytest.mark.parametrize(
    ("measure", "flows", "status"),
    [
        (duration, [(YEARS[0], 0, 0)], "no_flows"),
        (duration, [(YEARS[0], 0, 5)], "no_contributions"),
        (duration, [(YEARS[0], 5, 0)], "no_distributions"),
        (average_holding, [(YEARS[0], 0, 5)], "no_contributions"),
        (average_holding, [(YEARS[0], 0, 0)], "no_flows"),
    ],
)
def test_without_a_value_there_is_a_status(measure, flows, status):
    """METHODS 11.1."""
    found = _outcome(measure, Fund.of(flows=flows, navs=[(YEARS[0], 0)]))
    assert (found.value, found.status) == (None, status)
    assert found.reason


def test_a_duration_needs_the_nav_and_the_holding_does_not():
    """What is left counts among the inflows; money held is contributions less distributions."""
    fund = Fund.of(flows=[(YEARS[0], 100, 0), (YEARS[1], 60, 50)])
    assert _outcome(duration, fund).status == "no_nav"
    assert _outcome(average_holding, fund).value == pytest.approx(100 / 160)
