"""Distributions that may be called again, METHODS 1.7."""

from __future__ import annotations

import pytest

from pmecalc import CashFlowError, Fund, InputError, evaluate, horizon, pool

FLOWS = [
    ("2020-01-01", 60, 0),
    ("2020-06-30", 5, 30),
    ("2021-01-01", 15, 0),
    ("2021-06-30", 20, 10),
    ("2021-12-31", 0, 40),
]
TAGS = [("2020-06-30", 20), ("2021-06-30", 10)]
FUND = Fund.of(flows=FLOWS, navs=[("2021-12-31", 50)], commitment=120, recallable=TAGS)


def test_by_default_a_recall_is_a_flow_like_any_other():
    """Both sums grow; what may be called again is due again."""
    report = evaluate(FUND)
    assert (report.paid_in, report.distributed, report.tvpi) == (100, 80, 1.3)
    assert report.unfunded == 120 - 100 + 30


def test_netted_the_first_in_is_the_first_out():
    """The call of the same day takes nothing, the next takes 15 of 20, the last the other 5."""
    report = evaluate(FUND, recallable="net")
    assert report.dpi == 60 / 80
    assert report.rvpi == 50 / 80
    assert report.tvpi == report.moic == 110 / 80
    assert report.pic == 80 / 120
    assert report.to_dict()["inputs"]["recallable"] == "net"


def test_money_and_rates_keep_the_dated_flows():
    """Only the multiples are netted; what is still due does not depend on it."""
    gross, net = evaluate(FUND), evaluate(FUND, recallable="net")
    for name in ("paid_in", "distributed", "gain", "unfunded", "irr"):
        assert gross[name] == net[name]


def test_nothing_after_the_as_of_date_counts():
    """Neither tags nor calls."""
    early = evaluate(FUND, as_of="2021-03-31", recallable="net")
    assert (early.dpi, early.unfunded) == (15 / 65, 120 - 80 + 20)


def test_all_called_again_is_nothing_paid_in():
    """A distribution first, and a call of no more than it."""
    flows = [("2020-01-01", 0, 50), ("2021-01-01", 30, 0)]
    fund = Fund.of(flows=flows, recallable=[("2020-01-01", 50)])
    assert evaluate(fund, recallable="net")["dpi"].status == "no_contributions"


def test_pools_add_tags_and_horizons_begin_anew():
    """A pool owes what its members owe; a later start has no earlier distributions."""
    both = pool([FUND, FUND], as_of="2021-12-31")
    assert (both.recallable_days.tolist(), both.recallable.tolist()) == (
        FUND.recallable_days.tolist(),
        [40, 20],
    )
    valued = Fund.of(flows=FLOWS, navs=[("2021-01-01", 45), ("2021-12-31", 50)], recallable=TAGS)
    later = horizon(valued, start="2021-01-01", recallable="net")
    assert later.valuation.fund.recallable.tolist() == [10]
    assert (later.dpi, later.tvpi) == (50 / 65, 100 / 65)  # the call comes with the tag: no offset


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([("2020-06-30", 20), ("2020-06-30", 10.1)], "NEGATIVE_AMOUNT"),
        ([("2020-07-01", 1)], "NEGATIVE_AMOUNT"),
        ([("2020-06-30", -1)], "NEGATIVE_AMOUNT"),
        ([("2020-06-30",)], "RAGGED_ROW"),
    ],
)
def test_a_tag_is_a_part_of_a_distribution(tags, code):
    """The error names the row."""
    with pytest.raises(CashFlowError) as caught:
        Fund.of(flows=FLOWS, recallable=tags)
    assert (caught.value.code, caught.value.row) == (code, len(tags))


def test_a_tag_of_nothing_is_none():
    """Zero is no amount."""
    assert len(Fund.of(flows=FLOWS, recallable=[("2020-07-01", 0)]).recallable) == 0


def test_another_treatment_is_refused():
    """With the code and the field."""
    with pytest.raises(InputError) as caught:
        evaluate(FUND, recallable="lifo")
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "recallable")
