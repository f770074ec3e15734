"""Money in, money out, and their ratios."""

from __future__ import annotations

import pytest

from pmecalc import Fund, NotDefinedError, dpi, evaluate

CALLS = Fund.of(
    flows=[("2020-01-01", 60, 0), ("2020-06-01", 40, 10), ("2021-01-01", 0, 70)],
    navs=[("2021-06-30", 45)],
    commitment=80,
)


def test_the_multiples_of_a_fund_by_hand():
    """100 in, 80 out, 45 left, 80 promised."""
    report = evaluate(CALLS)
    expected = {
        "paid_in": 100,
        "distributed": 80,
        "nav": 45,
        "gain": 25,
        "dpi": 0.8,
        "rvpi": 0.45,
        "tvpi": 1.25,
        "moic": 1.25,
        "pic": 1.25,
        "unfunded": -20,
        "years": 546 / 365,
    }
    assert {name: report[name].value for name in expected} == pytest.approx(expected)


def test_netting_changes_the_multiples_as_told():
    """Same-day netting pays in 30 less 0 on the second date: METHODS 1.3."""
    report = evaluate(CALLS, netting="same_day")
    assert (report.paid_in, report.distributed, report.gain) == (90, 70, 25)
    assert report.tvpi == pytest.approx(115 / 90)


def test_an_unknown_commitment_leaves_its_ratios_open():
    """The status is `no_commitment`, the other multiples stand."""
    report = evaluate(Fund.of(flows=[("2020-01-01", 60, 0)]))
    assert {report[name].status for name in ("pic", "unfunded")} == {"no_commitment"}
    assert report["pic"].value is report["unfunded"].value is None
    assert report.dpi == 0


@pytest.mark.parametrize(
    ("flows", "status"),
    [
        ([("2020-01-01", 0, 50)], "no_contributions"),
        ([("2020-01-01", 0, 0)], "no_flows"),
        ([("2022-01-01", 50, 0)], "no_flows"),
    ],
)
def test_a_fund_that_called_nothing_has_no_multiples(flows, status):
    """Paid out only, all zero, or not begun on the as-of date."""
    report = evaluate(Fund.of(flows=flows), as_of="2021-01-01")
    for name in ("dpi", "rvpi", "tvpi", "moic"):
        assert (report[name].value, report[name].status) == (None, status)
    with pytest.raises(NotDefinedError):
        dpi(Fund.of(flows=flows), as_of="2021-01-01")


def test_a_fund_that_has_not_moved_has_no_years():
    """There is no first flow to count from."""
    report = evaluate(Fund.of(flows=[("2020-01-01", 0, 0)]))
    assert {report[name].status for name in ("years", "nav", "gain")} == {"no_flows"}
    assert report.paid_in == report.distributed == 0


def test_without_a_nav_what_needs_one_is_open():
    """Money in and out and their ratio stand; the reason names the day of the first NAV."""
    report = evaluate(CALLS, as_of="2020-12-31")
    assert (report.paid_in, report.distributed, report.dpi, report.pic) == (100, 10, 0.1, 1.25)
    for name in ("nav", "gain", "rvpi", "tvpi", "moic", "irr", "irr_gips"):
        assert (report[name].value, report[name].status) == (None, "no_nav")
        assert report[name].reason == "the first NAV is that of 2021-06-30"
    assert report.to_dict()["inputs"]["nav"] is None
