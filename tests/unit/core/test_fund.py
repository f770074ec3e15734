"""Flows and NAVs, checked once."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from pmecalc import CashFlowError, Fund, InputError

FLOW = ("2020-01-01", 100, 0)


def test_rows_are_sorted_and_keep_their_source():
    """Any order is accepted; the source row of each flow is kept for messages."""
    fund = Fund.of(flows=[("2021-01-01", 0, 5), ("2020-01-01", 3, 0), ("2021-01-01", 1, 0)])
    assert fund.rows.tolist() == [2, 1, 3]
    assert fund.contributions.tolist() == [3, 0, 1]
    assert fund.distributions.tolist() == [0, 5, 0]


def test_given_source_rows_are_used():
    """A reader of files passes the rows of the file."""
    fund = Fund.of(flows=[FLOW], navs=[("2020-12-31", 5)], rows=[17], nav_rows=np.array([18]))
    assert fund.rows.tolist() == [17]
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=[FLOW], navs=[("2020-12-31", 5), ("2020-12-31", 6)], nav_rows=(8, 9))
    assert caught.value.row == 9


@pytest.mark.parametrize(("sign", "factor"), [("lp", 1), ("gp", -1)])
def test_signed_rows_are_split_by_sign(sign, factor):
    """LP sign pays in below zero; GP sign the other way, when asked for."""
    rows = [("2020-01-01", -100 * factor), ("2020-06-01", 0), ("2021-01-01", 150 * factor)]
    fund = Fund.of(flows=rows, sign=sign)
    assert fund.contributions.tolist() == [100, 0, 0]
    assert fund.distributions.tolist() == [0, 0, 150]
    assert not np.signbit(fund.contributions).any()
    assert not np.signbit(fund.distributions).any()


@pytest.mark.parametrize(
    ("flows", "suspect"),
    [
        ([("2020-01-01", 100), ("2021-01-01", -150)], True),
        ([("2021-01-01", -150), ("2020-01-01", 100)], True),
        ([("2020-01-01", -100), ("2021-01-01", 150)], False),
        ([("2020-01-01", 100)], True),
        ([("2020-01-01", 0), ("2021-01-01", 0)], False),
        ([("2020-01-01", 0, 100), ("2021-01-01", 150, 0)], False),
        ([("2020-01-01", 100), ("2021-01-01", 150, 0)], False),
        ([("2020-01-01", 100), ("2020-07-01", -30), ("2021-01-01", 50)], True),
        ([("2020-01-01", 0, 100), ("2020-07-01", 30, 0), ("2021-01-01", 0, 50)], True),
        ([("2020-01-01", 5), ("2020-07-01", -100), ("2021-01-01", 130)], False),
        ([("2020-01-01", 0, 5), ("2020-07-01", 100, 0), ("2021-01-01", 0, 130)], False),
        ([("2020-01-01", 5), ("2020-01-01", -100), ("2021-01-01", 130)], False),
        ([("2020-01-01", 0, 0.3), ("2021-01-01", 0.1, 0), ("2021-01-01", 0.2, 0)], True),
        ([("2020-01-01", 0.3, 0), ("2020-01-01", 0, 0.1), ("2020-01-01", 0, 0.2)], False),
    ],
)
def test_who_was_never_out_of_pocket_or_paid_last_is_suspect(flows, suspect):
    """Day by day, to rounding: signs or columns may be swapped; the warning changes nothing."""
    assert ("SIGN_SUSPECT" in Fund.of(flows=flows).warnings) is suspect


@pytest.mark.parametrize("value", [None, "x", float("nan"), float("inf"), 10**400, 1e31, -1e-31])
def test_an_amount_that_is_no_usable_number_is_refused(value):
    """Not a number, not finite, or so large or small that products would leave the doubles."""
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=[FLOW, ("2020-02-01", 0, value)])
    error = caught.value
    assert (error.code, error.row, error.field) == ("NON_FINITE", 2, "distribution")
    assert error.value is value
    assert error.hint


@pytest.mark.parametrize(
    ("field", "row"), [("contribution", ("2020-01-01", -1, 0)), ("distribution", (FLOW[0], 0, -1))]
)
def test_a_negative_column_is_refused(field, row):
    """Reversals are not guessed: METHODS 1.2."""
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=[row])
    assert (caught.value.code, caught.value.field) == ("NEGATIVE_AMOUNT", field)


@pytest.mark.parametrize("row", [(), ("2020-01-01",), ("2020-01-01", 1, 2, 3)])
def test_a_row_of_the_wrong_length_is_refused(row):
    """A flow has a date and one or two amounts."""
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=[FLOW, row])
    assert (caught.value.code, caught.value.row) == ("RAGGED_ROW", 2)


@pytest.mark.parametrize("row", [("2020-01-01",), ("2020-01-01", 1, 2)])
def test_a_nav_of_the_wrong_length_is_refused(row):
    """A NAV has a date and a value."""
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=[FLOW], navs=[row])
    assert (caught.value.code, caught.value.row) == ("RAGGED_ROW", 1)


def test_a_fund_without_flows_is_refused():
    """There is nothing to measure."""
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=[], navs=[("2020-01-01", 5)])
    assert caught.value.code == "NO_FLOWS"


def test_a_bad_date_of_a_nav_names_its_row():
    """NAV rows are counted like flow rows."""
    with pytest.raises(InputError) as caught:
        Fund.of(flows=[FLOW], navs=[("2020-12-31", 5), ("2020-12-32", 5)])
    assert (caught.value.code, caught.value.row) == ("BAD_DATE", 2)


def test_two_navs_of_a_day_are_refused_unless_equal():
    """Identical duplicates are merged: METHODS 1.5."""
    same = Fund.of(flows=[FLOW], navs=[("2020-12-31", 5), ("2020-12-31", 5.0)])
    assert same.navs.tolist() == [5]
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=[FLOW], navs=[("2020-12-31", 5), ("2020-12-31", 6)])
    error = caught.value
    assert (error.code, error.row, error.field, error.value) == ("NAV_DUPLICATE", 2, "nav", 6)


@pytest.mark.parametrize(
    ("commitment", "code"),
    [(0, "NEGATIVE_AMOUNT"), (-5, "NEGATIVE_AMOUNT"), (float("nan"), "NON_FINITE")],
)
def test_a_commitment_must_be_positive(commitment, code):
    """A ratio is taken over it."""
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=[FLOW], commitment=commitment)
    assert (caught.value.code, caught.value.field) == (code, "commitment")


@pytest.mark.parametrize("option", [{"sign": "LP"}, {"reversals": "gross"}])
def test_an_option_that_is_not_offered_is_refused(option):
    """What is not computed is not silently ignored."""
    with pytest.raises(InputError) as caught:
        Fund.of(flows=[FLOW], **option)
    assert caught.value.code == "UNSUPPORTED_OPTION"
    assert caught.value.field in option


def test_a_fund_cannot_be_changed():
    """Fields and arrays are frozen."""
    fund = Fund.of(flows=[FLOW], navs=[("2020-12-31", 5)])
    with pytest.raises(FrozenInstanceError):
        fund.name = "other"
    columns = ("days", "contributions", "distributions", "rows", "nav_days", "navs")
    for column in (*columns, "nav_estimated"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(fund, column)[0] = 1


def test_a_fund_shows_its_span():
    """The repr names the fund, counts rows and gives dates."""
    one = Fund.of(flows=[FLOW], navs=[("2020-12-31", 5)], name="A")
    assert repr(one) == "Fund('A', 1 flow 2020-01-01 to 2020-01-01, 1 NAV)"
    assert repr(Fund.of(flows=[FLOW, FLOW])).endswith("2 flows 2020-01-01 to 2020-01-01, 0 NAVs)")


def test_what_is_known_of_the_fund_is_kept():
    """Name, currency, commitment, vintage, strategy and notes come back."""
    fund = Fund.of(
        flows=[FLOW],
        name="A",
        currency="EUR",
        commitment="80",
        vintage=2020,
        strategy="Growth",
        notes=["read"],
    )
    kept = (fund.name, fund.currency, fund.commitment, fund.vintage, fund.strategy, fund.notes)
    assert kept == ("A", "EUR", 80.0, 2020, "Growth", ("read",))
