"""Many funds as one."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, CashFlowError, Fund, InputError, evaluate, pool

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
    """B has 40 before its first NAV, 50 after; A has 50 rolled forward in between."""
    both = pool([A, B], as_of="2020-12-31")
    assert both.contributions.tolist() == [60, 40, 0]
    assert both.distributions.tolist() == [0, 0, 20]
    assert both.navs.tolist() == [70 + 40, 50 + 50, 55 + 50]
    assert both.nav_estimated.tolist() == [True, True, True]
    assert (both.name, both.currency, both.commitment) == ("Pool of 2 funds", "USD", 150)


def test_a_rolled_forward_part_is_flagged():
    """The pool's NAV is used, with the warning; the date reported is the common one."""
    report = evaluate(pool([A, B], as_of="2020-12-31"), WORLD, max_staleness_days=None)
    assert report.as_of == "2020-12-31"
    assert report.tvpi == (20 + 105) / 100
    assert "NAV_ROLLED_FORWARD" in report.warnings
    assert report["mpme_irr"].warnings == ("MPME_NAV_ESTIMATED",)


def test_navs_reported_by_all_are_not_estimated():
    """Nothing to flag where each fund reported, or had not begun."""
    late = Fund.of(flows=[("2020-10-01", 5, 0)], navs=[("2020-12-31", 6)])
    both = pool([A, late], as_of="2020-12-31")
    assert both.navs.tolist() == [70, 61]
    assert both.nav_estimated.tolist() == [False, False]


def test_navs_after_the_common_date_are_left_out():
    """The later NAV of A is not known on that day."""
    both = pool([A, B], as_of="2020-09-30")
    assert both.navs.tolist() == [110, 50 + 50]


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
    assert one.navs.tolist() == other.navs.tolist()


def test_a_pool_without_navs_is_worth_nothing():
    """As a fund without NAVs is."""
    bare = Fund.of(flows=[("2020-01-01", 60, 0)])
    report = evaluate(pool([bare, bare], as_of="2020-12-31"))
    assert "NAV_ASSUMED_ZERO" in report.warnings
    assert report.paid_in == 120


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
