"""A fund with and without its subscription facility."""

from __future__ import annotations

import math

import pytest

from pmecalc import CashFlowError, Fund, InputError, Metric, evaluate
from pmecalc.core.facility import (
    Facility,
    ReturnFigure,
    facility_view,
    gross_and_net,
    without_facility,
)

DRAW, REPAY = "facility_draw", "facility_repay"
ROWS = [
    ("2020-10-01", REPAY, 60, 2),
    ("2020-01-01", DRAW, 40),
    ("2020-04-01", DRAW, 50),
    ("2021-01-01", DRAW, 10),
]
FUND = Fund.of(
    flows=[("2020-10-01", 30, 0), ("2020-10-01", 70, 0), ("2022-01-01", 0, 50)],
    navs=[("2020-06-30", -85), ("2020-12-31", 45), ("2022-01-01", 80)],
)


def test_draws_are_calls_and_repayments_leave_them():
    """62 of the 100 called repaid the facility; NAVs no longer owe the balance."""
    bare = without_facility(FUND, Facility.of(ROWS))
    flows = [("2020-01-01", 40, 0), ("2020-04-01", 50, 0), ("2020-10-01", 38, 0)]
    flows += [("2021-01-01", 10, 0), ("2022-01-01", 0, 50)]
    navs = [("2020-06-30", 5), ("2020-12-31", 75), ("2022-01-01", 120)]
    expected = evaluate(Fund.of(flows=flows, navs=navs))
    found = evaluate(bare)
    assert math.isclose(found.irr, expected.irr, rel_tol=1e-12)
    assert math.isclose(found.tvpi, expected.tvpi, rel_tol=1e-12)
    assert found.nav == 120
    assert bare.navs.tolist() == [5, 75, 120]


def test_the_view_shows_both():
    """IRRs, their difference, multiples, and what the facility did."""
    view = facility_view(FUND, Facility.of(ROWS))
    own, bare = evaluate(FUND), evaluate(without_facility(FUND, Facility.of(ROWS)))
    assert view.irr_with == own["irr"]
    assert view.irr_without == bare["irr"]
    assert view.irr_difference.value == own.irr - bare.irr
    assert (view.tvpi_with.value, view.tvpi_without.value) == (own.tvpi, bare.tvpi)
    assert (view.drawn, view.interest, view.outstanding) == (100, 2, 40)


def test_days_outstanding_are_first_drawn_first_repaid():
    """40 for 274 days, 20 of 50 for 183, and what is left to the as-of date."""
    view = facility_view(FUND, Facility.of(ROWS))
    days = 40 * 274 + 20 * 183 + 30 * 640 + 10 * 365
    assert math.isclose(view.average_days, days / 100)
    assert view.longest_days == 640


def test_only_what_happened_by_the_as_of_date_counts():
    """The repayment is still to come."""
    view = facility_view(FUND, Facility.of(ROWS), as_of="2020-06-30")
    assert (view.drawn, view.interest, view.outstanding) == (90, 0, 90)
    assert view.longest_days == 181
    assert view.irr_with.status == "no_flows"


def test_tvpi_changes_by_interest_alone():
    """Once all is repaid, contributions differ by the interest."""
    rows = [("2020-01-01", DRAW, 95), ("2020-10-01", REPAY, 95, 3)]
    fund = Fund.of(flows=[("2020-10-01", 98, 0), ("2022-01-01", 0, 120)])
    view = facility_view(fund, Facility.of(rows))
    assert math.isclose(view.tvpi_with.value, 120 / 98)
    assert math.isclose(view.tvpi_without.value, 120 / 95)
    assert view.irr_with.value > view.irr_without.value


def test_no_facility_changes_nothing():
    """And was never outstanding."""
    view = facility_view(FUND, Facility.of([]))
    assert view.irr_with == view.irr_without
    assert view.irr_difference.value == 0
    assert (view.average_days, view.longest_days) == (None, None)


def test_a_draw_repaid_on_its_day_was_out_for_none():
    """Draws of a day stand before its repayments."""
    rows = [("2020-10-01", REPAY, 5), ("2020-10-01", DRAW, 5)]
    view = facility_view(FUND, Facility.of(rows))
    assert (view.average_days, view.longest_days) == (0, 0)
    assert math.isclose(view.irr_without.value, view.irr_with.value, rel_tol=1e-12)


def test_a_repayment_in_full_may_miss_by_rounding():
    """Three draws of a tenth are repaid by three tenths."""
    rows = [(f"2020-0{month}-01", DRAW, 0.1) for month in (1, 2, 3)]
    facility = Facility.of([*rows, ("2020-10-01", REPAY, 0.30000000000000004)])
    assert facility_view(FUND, facility).outstanding == 0
    over = Facility.of([("2020-01-01", DRAW, 0.3), ("2020-10-01", REPAY, 0.30000000000000004)])
    assert facility_view(FUND, over).longest_days == 274


@pytest.mark.parametrize("scale", [1, 0.01, 3, 1e9])
@pytest.mark.parametrize(
    "drawn", [(75.6, 86.9, 40.95), (23.57, 55.88, 42.46), (0.1, 0.2, 0.3), (0.7, 0.1, 0.04)]
)
def test_a_facility_repaid_in_cents_leaves_nothing(drawn, scale):
    """Neither a balance, nor days since a draw, nor a call that gives the IRR a second root."""
    paid, interest = round(sum(drawn), 2), 1.01
    draws = [(f"2021-01-0{k}", DRAW, each * scale) for k, each in enumerate(drawn, 1)]
    facility = Facility.of([*draws, ("2023-06-01", REPAY, paid * scale, interest * scale)])
    call = round(paid + interest, 2) * scale
    fund = Fund.of(
        flows=[("2022-01-01", 0, 3 * paid * scale), ("2023-06-01", call, 0)],
        navs=[("2023-12-31", 0)],
    )
    view = facility_view(fund, facility)
    assert (view.outstanding, view.longest_days) == (0, 881)
    assert (view.irr_without.status, len(view.irr_without.roots)) == ("ok", 1)
    assert without_facility(fund, facility).contributions[3:].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([("2020-01-01", DRAW)], "RAGGED_ROW"),
        ([("2020-01-01", "loan", 5)], "UNSUPPORTED_OPTION"),
        ([("2020-01-01", DRAW, 5, 1)], "UNSUPPORTED_OPTION"),
        ([("2020-01-01", DRAW, -5)], "NEGATIVE_AMOUNT"),
        ([("2020-01-01", DRAW, None)], "NON_FINITE"),
        ([("2020", DRAW, 5)], "BAD_DATE"),
        ([("2020-01-01", DRAW, 5), ("2020-02-01", REPAY, 6)], "NEGATIVE_AMOUNT"),
    ],
    ids=["short", "kind", "interest of a draw", "negative", "none", "date", "too much repaid"],
)
def test_unusable_rows_are_refused(rows, code):
    """By their code."""
    with pytest.raises(InputError) as caught:
        Facility.of(rows)
    assert caught.value.code == code


def test_a_repayment_needs_its_call():
    """Nothing, or too little, was called that day."""
    rows = [("2020-01-01", DRAW, 5), ("2020-02-01", REPAY, 5)]
    with pytest.raises(CashFlowError) as caught:
        without_facility(FUND, Facility.of(rows))
    assert caught.value.code == "NEGATIVE_AMOUNT"
    assert "only 0 is called" in str(caught.value)


def test_gross_and_net_stand_together_alike():
    """Both with the facility or both without it."""
    rate = Metric(0.1)
    for treatment in ("with_facility", "without_facility"):
        pair = (ReturnFigure(rate, "gross", treatment), ReturnFigure(rate, "net", treatment))
        assert gross_and_net(*pair) == pair


@pytest.mark.parametrize(
    ("bases", "treatments", "field"),
    [
        (("gross", "net"), ("without_facility", "with_facility"), "treatment"),
        (("net", "gross"), ("with_facility", "with_facility"), "basis"),
    ],
    ids=["mixed facility", "wrong way round"],
)
def test_a_mixed_pair_is_refused(bases, treatments, field):
    """As the SEC's FAQ asks."""
    rate = Metric(0.1)
    with pytest.raises(InputError) as caught:
        gross_and_net(*(ReturnFigure(rate, *each) for each in zip(bases, treatments, strict=True)))
    assert caught.value.field == field
