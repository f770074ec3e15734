"""Many funds as one."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pmecalc import Benchmark, CashFlowError, Fund, InputError, evaluate, pool
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.fund import NavRemark
from pmecalc.core.streams import Holdings

A = Fund.of(
    flows=[("2020-01-01", 60, 0), ("2020-07-01", 0, 20)],
    navs=[("2020-06-30", 70), ("2020-12-31", 55)],
    name="A",
    currency="USD",
    commitment=100,
)
B = Fund.of(flows=[("2020-03-01", 40, 0)], navs=[("2020-09-30", 50)], currency="USD", commitment=50)
WORLD = Benchmark.of([("2020-01-01", 100), ("2020-06-30", 110), ("2020-12-31", 120)])


def test_flows_are_united_and_navs_added_on_common_dates():
    """B has 50 from its first NAV on, A has 50 rolled forward when B reports."""
    both = pool([A, B], as_of="2020-12-31")
    assert both.contributions.tolist() == [60, 40, 0]
    assert both.distributions.tolist() == [0, 0, 20]
    assert both.navs.tolist()[1:] == [50 + 50, 55 + 50]
    assert both.nav_estimated.tolist() == [True, True, True]
    assert (both.name, both.currency, both.commitment) == ("Pool of 2 funds", "USD", 150)


def test_a_nav_that_one_member_lacks_is_not_known():
    """B has begun and not yet reported when A reports first: the reason names it."""
    both = pool([A, B], as_of="2020-12-31")
    assert (len(both.navs), np.isnan(both.navs[0])) == (3, True)
    day = int(both.nav_days[0])
    assert both.nav_remarks == (NavRemark(day, "fund 2: the first NAV is that of 2020-09-30"),)
    early = evaluate(both, WORLD, as_of="2020-06-30")
    for name in ("nav", "tvpi", "irr", "ks_pme", "direct_alpha"):
        assert (early[name].value, early[name].status) == (None, "no_nav")
        assert early[name].reason == "fund 2: the first NAV is that of 2020-09-30"
    assert (early.paid_in, early.dpi) == (100, 0)
    # Between that day and the next NAV nothing can be rolled forward either.
    assert evaluate(both, as_of="2020-08-31")["nav"].reason == early["nav"].reason
    whole = evaluate(both, WORLD, max_staleness_days=None)
    assert whole.through_time()["tvpi"] == [None, 1.2, 1.25]
    assert whole.through_time()["tvpi_status"] == ["no_nav", "ok", "ok"]
    curve = whole.j_curve()
    assert curve["with_nav"] == [None, None, None, None, 20.0, 25.0]
    assert curve["net"] == [-60, -100, -100, -80, -80, -80]
    json.dumps([whole.to_dict(further=True), curve, whole.payback()], allow_nan=False)


def test_a_named_member_without_any_nav_is_named():
    """By its name, not by its place, whatever the order."""
    bare = Fund.of(flows=[("2020-01-01", 60, 0)], name="Bare")
    for members in ([A, bare], [bare, A]):
        outcome = evaluate(pool(members, as_of="2020-12-31"))["tvpi"]
        assert (outcome.value, outcome.status) == (None, "no_nav")
        assert outcome.reason == "Bare: no NAV was reported"


def test_a_realised_member_is_worth_nothing_from_its_end_on():
    """Before the day of its last distribution nothing is known of its value."""
    sold = Fund.of(flows=[("2020-01-01", 60, 0), ("2020-08-31", 0, 90)], name="Sold")
    both = pool([A, sold], as_of="2020-12-31")
    assert both.navs.tolist()[1:] == [55]
    assert both.nav_remarks == (
        NavRemark(int(both.nav_days[0]), "Sold: no NAV was reported"),
        NavRemark(int(both.nav_days[-1]), warnings=("NAV_ASSUMED_ZERO",)),
    )
    assert evaluate(both).tvpi == (20 + 90 + 55) / 120


@pytest.mark.parametrize("rows", [[], [("2019-01-01", 0, 0)]], ids=["no row", "a row of zeros"])
def test_a_member_that_has_not_begun_has_nothing_to_report(rows):
    """Until money moves its NAV is not missing."""
    late = Fund.of(flows=[*rows, ("2020-10-01", 5, 0)], navs=[("2020-12-31", 6)])
    both = pool([A, late], as_of="2020-12-31")
    assert both.navs.tolist() == [70, 61]
    assert both.nav_estimated.tolist() == [False, False]


def test_a_nav_reported_before_the_first_flow_is_counted():
    """What was reported is used, and rolled forward, as in the fund itself."""
    early = Fund.of(
        flows=[("2020-01-01", 50, 0), ("2020-07-01", 0, 30)],
        navs=[("2019-06-30", 20), ("2020-12-31", 60)],
    )
    both = pool([early, early], as_of="2020-12-31")
    assert both.navs.tolist() == [40, 120]
    one, own = evaluate(pool([early], as_of="2020-12-31"), WORLD), evaluate(early, WORLD)
    assert one.mpme_irr == own.mpme_irr
    assert one.metrics == own.metrics
    assert bootstrap_nav(early, "2019-12-31") == 20


def bootstrap_nav(fund, as_of):
    """The NAV of a fund that resampled pools use."""
    held = Holdings.of([fund], None, day_number(as_of), Options())
    return float(held.navs[0])


def test_navs_that_cancel_leave_nothing():
    """0.1 and 0.2 less 0.3 owed, to rounding."""
    members = [
        Fund.of(flows=[("2020-01-01", 1, 0)], navs=[("2020-12-31", nav)])
        for nav in (0.1, 0.2, -0.3)
    ]
    assert pool(members, as_of="2020-12-31").navs.tolist() == [0.0]


def test_a_rolled_forward_part_is_flagged():
    """The pool's NAV is used, with the warning; the date reported is the common one."""
    report = evaluate(pool([A, B], as_of="2020-12-31"), WORLD, max_staleness_days=None)
    assert report.as_of == "2020-12-31"
    assert report.tvpi == (20 + 105) / 100
    assert "NAV_ROLLED_FORWARD" in report.warnings
    assert report["mpme_irr"].warnings == ("MPME_NAV_ESTIMATED",)


def test_a_pool_warns_of_what_the_navs_of_its_members_stand_on():
    """One is a year old, one is cut at 0, one fund counts as realised; the rest is as reported."""
    fresh = Fund.of(flows=[("2020-01-01", 60, 0)], navs=[("2021-12-31", 70)])
    stale = Fund.of(flows=[("2020-01-01", 40, 0)], navs=[("2020-12-31", 50)])
    cut = Fund.of(flows=[("2020-01-01", 40, 0), ("2021-12-01", 0, 60)], navs=[("2021-09-30", 50)])
    sold = Fund.of(flows=[("2020-01-01", 60, 0), ("2020-06-30", 0, 75)])
    expected = {
        "NAV_STALE": [fresh, stale],
        "NAV_FLOORED": [fresh, cut],
        "NAV_ASSUMED_ZERO": [fresh, sold],
    }
    for code, members in expected.items():
        report = evaluate(pool(members, as_of="2021-12-31"))
        assert set(report.warnings) - {"NAV_ROLLED_FORWARD"} == {code}
    assert evaluate(pool([fresh, fresh], as_of="2021-12-31")).warnings == ()
    (told,) = (
        each["message"]
        for each in evaluate(pool([fresh, stale], as_of="2021-12-31")).to_dict()["warnings"]
        if each["code"] == "NAV_STALE"
    )
    assert told.endswith("older than the as-of date")


def test_navs_after_the_common_date_are_left_out():
    """The later NAV of A is not known on that day."""
    both = pool([A, B], as_of="2020-09-30")
    assert both.navs.tolist()[1:] == [50 + 50]
    assert len(both.navs) == 2


def test_a_pool_of_one_is_the_fund_through_time_too():
    """Point, series, J-curve and payback are the fund's."""
    one = evaluate(pool([A], as_of="2020-12-31"), WORLD)
    own = evaluate(A, WORLD)
    assert one.to_dict() == own.to_dict()
    assert one.through_time() == own.through_time()
    assert one.j_curve() == own.j_curve()
    assert one.payback() == own.payback()


def test_the_order_of_funds_does_not_matter():
    """Same days, same sums."""
    one, other = pool([A, B], as_of="2020-12-31"), pool([B, A], as_of="2020-12-31")
    assert one.days.tolist() == other.days.tolist()
    assert str(one.navs.tolist()) == str(other.navs.tolist())  # NaN where one is not known
    assert [each.day for each in one.nav_remarks] == [each.day for each in other.nav_remarks]
    statuses = [
        [metric.status for metric in evaluate(each, as_of="2020-06-30").metrics.values()]
        for each in (one, other)
    ]
    assert statuses[0] == statuses[1]


def test_a_pool_of_realised_funds_is_worth_nothing():
    """As each of them is: its last day with money brought more than it took."""
    sold = Fund.of(flows=[("2020-01-01", 60, 0), ("2020-06-30", 0, 75)])
    report = evaluate(pool([sold, sold], as_of="2020-12-31"))
    assert report.warnings[0] == "NAV_ASSUMED_ZERO"
    assert (report.paid_in, report.nav, report.tvpi) == (120, 0, 1.25)


def test_a_pool_of_funds_that_only_called_has_no_nav():
    """Nobody said what they are worth."""
    bare = Fund.of(flows=[("2020-01-01", 60, 0)])
    report = evaluate(pool([bare, bare], as_of="2020-12-31"))
    assert (report["tvpi"].value, report["tvpi"].status) == (None, "no_nav")
    assert report["tvpi"].reason == "fund 1: no NAV was reported; fund 2: no NAV was reported"
    assert report.paid_in == 120


@pytest.mark.parametrize(
    ("navs", "as_of"), [([], "2020-12-31"), ([("2020-12-31", 55)], "2020-09-30")]
)
def test_a_pool_of_one_gives_the_reason_of_the_fund(navs, as_of):
    """There is no other member that it could be told from."""
    fund = Fund.of(flows=[("2020-01-01", 60, 0)], navs=navs, name="Own")
    pooled = evaluate(pool([fund], as_of=as_of), WORLD, as_of=as_of)
    assert pooled.metrics == evaluate(fund, WORLD, as_of=as_of).metrics


def test_the_nav_of_a_pool_that_is_not_known_is_not_taken_at_cost():
    """The cost of the pool is not that of the member without a NAV."""
    both = pool([A, B], as_of="2020-12-31")
    early = evaluate(both, as_of="2020-06-30", before_first_nav="cost")
    assert early["nav"].status == "no_nav"
    assert early.j_curve()["with_nav"] == [-60 + 60, -100 + 100, None]


def test_an_unknown_commitment_leaves_the_sum_unknown():
    """No total of part of the promises."""
    bare = Fund.of(flows=[("2020-01-01", 60, 0)])
    assert pool([A, bare], as_of="2020-12-31").commitment is None
    assert pool([bare], as_of="2020-12-31").currency is None


def test_warnings_of_members_are_kept():
    """Each once."""
    suspect = Fund.of(flows=[("2020-01-01", 5), ("2020-06-01", -3)])
    assert pool([suspect, suspect, A], as_of="2020-12-31").warnings == ("SIGN_SUSPECT",)


def test_a_pool_needs_a_fund():
    """An empty pool is refused."""
    with pytest.raises(CashFlowError) as caught:
        pool([], as_of="2020-12-31")
    assert caught.value.code == "NO_FLOWS"


def test_a_pool_needs_one_currency():
    """Euros and dollars are not added."""
    euro = Fund.of(flows=[("2020-01-01", 60, 0)], currency="EUR")
    with pytest.raises(InputError) as caught:
        pool([A, euro], as_of="2020-12-31")
    assert (caught.value.code, caught.value.field) == ("MIXED_CURRENCY", "currency")


def test_a_pool_needs_a_date():
    """A bad one is named."""
    with pytest.raises(InputError) as caught:
        pool([A], as_of="2020")
    assert (caught.value.code, caught.value.field) == ("BAD_DATE", "as_of")


def test_a_member_in_which_nothing_ever_moves_changes_nothing():
    """Rows of zeros are no beginning."""
    still = Fund.of(flows=[("2020-02-01", 0, 0)])
    pooled = evaluate(pool([A, still], as_of="2020-12-31"), WORLD)
    own = evaluate(A, WORLD)
    assert {name: metric.value for name, metric in pooled.metrics.items() if name != "pic"} == {
        name: (None if name == "unfunded" else metric.value)
        for name, metric in own.metrics.items()
        if name != "pic"
    }
