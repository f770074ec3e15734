"""How the NAV of one date became that of another."""

from __future__ import annotations

import pytest

from pmecalc import Fund, InputError, evaluate
from pmecalc.core.bridge import nav_roll, value_bridge

FUND = Fund.of(
    flows=[("2020-01-01", 100, 0), ("2020-12-31", 10, 40), ("2021-06-30", 0, 20)],
    navs=[("2020-12-31", 90), ("2021-12-31", 85)],
)


def test_a_period_by_hand():
    """Flows on the start are inside its NAV, flows on the end are in the period."""
    bridge = value_bridge(FUND, start="2020-12-31")
    assert (bridge.start, bridge.as_of) == ("2020-12-31", "2021-12-31")
    assert (bridge.opening, bridge.contributions, bridge.distributions) == (90, 0, 20)
    assert (bridge.gain, bridge.closing, bridge.estimated) == (15, 85, False)
    assert value_bridge(FUND, start="2020-01-01", as_of="2020-12-31").distributions == 40


def test_from_the_beginning_the_gain_is_the_report_s():
    """Nothing was there before."""
    bridge = value_bridge(FUND)
    assert (bridge.start, bridge.opening, bridge.gain) == (None, 0, evaluate(FUND).gain)
    early = value_bridge(FUND, start="2010-01-01")
    assert (early.opening, early.gain, early.estimated) == (0, bridge.gain, False)


def test_rolled_navs_are_told():
    """At either end; they hold no gain of their own."""
    assert value_bridge(FUND, start="2021-07-01").opening == 70
    assert value_bridge(FUND, start="2021-07-01").estimated
    later = value_bridge(FUND, start="2020-12-31", as_of="2021-07-01")
    assert (later.closing, later.gain, later.estimated) == (70, 0, True)


def test_the_roll_is_made_of_the_periods():
    """Each opens where the one before closed, and the gains add up."""
    roll = nav_roll(FUND, as_of="2022-03-31")
    assert [each.as_of for each in roll] == ["2020-12-31", "2021-12-31", "2022-03-31"]
    assert [each.opening for each in roll[1:]] == [each.closing for each in roll[:-1]]
    assert sum(each.gain for each in roll) == value_bridge(FUND, as_of="2022-03-31").gain
    assert [each.estimated for each in roll] == [False, False, True]
    assert len(nav_roll(FUND)) == 2


def test_a_start_on_or_after_the_end_is_refused():
    """There is no time between."""
    with pytest.raises(InputError) as caught:
        value_bridge(FUND, start="2021-12-31")
    assert (caught.value.code, caught.value.field) == ("BAD_DATE", "start")


def test_a_nav_from_before_the_first_flow_opens_the_next_period():
    """Each bridge opens with what the one before closed with."""
    fund = Fund.of(flows=[("2020-06-01", 50, 0)], navs=[("2020-01-01", 20), ("2020-12-31", 75)])
    first, second = nav_roll(fund)
    assert (first.opening, first.gain, first.closing) == (0, 20, 20)
    assert (second.opening, second.gain, second.closing) == (20, 5, 75)


def test_a_nav_that_is_not_known_leaves_the_gain_open():
    """At either end; what was paid and received stands."""
    fund = Fund.of(flows=[("2020-01-01", 50, 0), ("2020-06-01", 0, 5)], navs=[("2020-12-31", 60)])
    early = value_bridge(fund, as_of="2020-03-01")
    assert (early.opening, early.closing, early.gain, early.contributions) == (0, None, None, 50)
    late = value_bridge(fund, start="2020-03-01")
    assert (late.opening, late.closing, late.gain, late.distributions) == (None, 60, None, 5)
    zeros = Fund.of(flows=[("2019-01-01", 0, 0), ("2020-01-01", 50, 0)], navs=[("2020-12-31", 60)])
    assert value_bridge(zeros, start="2019-06-01").gain == 10
