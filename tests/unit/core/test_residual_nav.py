"""The NAV of a day: reported, rolled forward, assumed, at cost, or not known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Benchmark, BenchmarkError, Fund, InputError, evaluate, horizon, pool
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.residual_nav import (
    MAX_FRESH_DAYS,
    ResidualNav,
    realisation_day,
    residual_nav,
    residual_navs,
)
from pmecalc.core.valuation import value

FREE = {"max_staleness_days": None}
COST = Options(before_first_nav="cost")
FUND = Fund.of(
    flows=[
        ("2020-01-01", 100, 0),
        ("2020-04-01", 0, 30),
        ("2020-09-01", 20, 0),
        ("2020-11-01", 0, 500),
    ],
    navs=[("2020-03-31", 110), ("2020-06-30", 90)],
)
SOLD = Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 90)])
ROLLED = ("NAV_ROLLED_FORWARD",)


def on(fund, day, **options):
    return residual_nav(fund, day_number(day), **options)


def navs_on(fund, *days, until="2030-01-01", options=None):
    numbers = np.array([day_number(day) for day in days])
    return residual_navs(fund, numbers, until=day_number(until), options=options)


@pytest.mark.parametrize(
    ("day", "nav", "source", "warnings"),
    [
        ("2020-03-31", 110, "2020-03-31", ()),
        ("2020-04-01", 80, "2020-03-31", ROLLED),
        ("2020-06-30", 90, "2020-06-30", ()),
        ("2020-10-01", 110, "2020-06-30", ROLLED),
        ("2020-12-01", 0, "2020-06-30", (*ROLLED, "NAV_FLOORED")),
        ("2021-06-01", 0, "2020-06-30", (*ROLLED, "NAV_FLOORED", "NAV_STALE")),
    ],
)
def test_the_nav_is_reported_or_rolled_forward(day, nav, source, warnings):
    """The last NAV plus contributions less distributions since, not below zero."""
    found = on(FUND, day)
    assert found == ResidualNav(nav, day_number(source), warnings != (), None, warnings)
    at = value(FUND, as_of=day)
    assert (at.nav, at.residual) == (nav, found)
    assert set(warnings) <= set(at.warnings)


@pytest.mark.parametrize(("days", "stale"), [(MAX_FRESH_DAYS, False), (MAX_FRESH_DAYS + 1, True)])
def test_a_nav_older_than_200_days_is_stale(days, stale):
    """METHODS 1.5; the sentence tells its age."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-06-30", 90)])
    late = str(np.datetime64("2020-06-30") + days)
    assert ("NAV_STALE" in on(fund, late).warnings) is stale
    shown = evaluate(fund, as_of=late).to_dict()["warnings"]
    ages = [each["message"] for each in shown if each["code"] == "NAV_STALE"]
    assert [text.endswith("(201 days old)") for text in ages] == [True] * stale


def test_flows_of_the_nav_day_are_inside_the_nav():
    """A NAV is the value at the end of its day."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-01-01", 95)])
    assert on(fund, "2020-06-01").value == 95


def test_a_negative_nav_is_used_as_it_is():
    """A liability is no mistake, but it is pointed out; rolled forward it stops at 0."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-06-30", -5)])
    assert on(fund, "2020-06-30") == ResidualNav(
        -5, day_number("2020-06-30"), warnings=("NAV_NEGATIVE",)
    )
    assert "NAV_NEGATIVE" in value(fund).warnings
    assert on(fund, "2020-07-01").warnings == (*ROLLED, "NAV_FLOORED")


def test_before_the_first_nav_nothing_is_known():
    """Neither the cost nor 0 stands in for it; the reason names the day."""
    found = on(FUND, "2020-02-01")
    assert math.isnan(found.value)
    assert (found.day, found.estimated, found.warnings) == (None, False, ())
    assert found.missing == "the first NAV is that of 2020-03-31"
    report = evaluate(FUND, as_of="2020-02-01")
    assert (report["tvpi"].status, report["tvpi"].reason) == ("no_nav", found.missing)
    assert (report.paid_in, report.dpi) == (100, 0)


def test_a_later_nav_keeps_a_fund_from_being_realised():
    """It brought money last, but a NAV is still to come (METHODS 12.10)."""
    flows = [("2020-01-01", 100, 0), ("2020-06-01", 0, 90)]
    assert on(Fund.of(flows=flows), "2020-07-01").value == 0
    known = Fund.of(flows=flows, navs=[("2020-12-31", 30)])
    assert on(known, "2020-07-01").missing == "the first NAV is that of 2020-12-31"


def test_a_fund_that_paid_out_last_is_realised():
    """Without any NAV it is worth 0 from that day on, with a warning, and no estimate."""
    for day in ("2021-01-01", "2035-01-01"):
        assert on(SOLD, day) == ResidualNav(0.0, warnings=("NAV_ASSUMED_ZERO",))
    report = evaluate(SOLD)
    assert (report.nav, report.tvpi) == (0, 0.9)
    assert not report["tvpi"].estimated
    assert report.warnings[0] == "NAV_ASSUMED_ZERO"


def test_a_fund_that_only_called_has_no_nav():
    """It may be worth anything."""
    assert on(SOLD, "2020-06-01").missing == "no NAV was reported"
    report = evaluate(SOLD, as_of="2020-06-01")
    assert report["irr"].status == report["gain"].status == "no_nav"
    assert "NAV_ASSUMED_ZERO" not in report.warnings


@pytest.mark.parametrize(
    ("rows", "realised"),
    [
        ([(0, 90)], True),
        ([(90, 0)], False),
        ([(50, 50)], False),
        ([(50, 50.01)], True),
        ([(0.1, 0.3), (0.2, 0)], False),
        ([(0.3, 0.1), (0, 0.2)], False),
        ([(0.3, 0.1), (0, 0.21)], True),
    ],
)
@pytest.mark.parametrize("scale", [1, 0.01, 3, 1e9])
def test_the_last_day_decides_by_all_of_its_rows(rows, realised, scale):
    """In cents: what comes to nothing within rounding did not bring more than it took."""
    flows = [("2020-01-01", 100 * scale, 0)]
    flows += [("2021-01-01", paid * scale, got * scale) for paid, got in rows]
    fund = Fund.of(flows=[*flows, ("2021-06-01", 0, 0)])
    expected = day_number("2021-01-01") if realised else None
    assert realisation_day(fund, day_number("2022-01-01")) == expected
    assert (on(fund, "2022-01-01").missing is None) is realised


def test_nothing_that_moved_realises_nothing():
    """No row yet, rows of zeros, or a NAV."""
    still = Fund.of(flows=[("2020-01-01", 0, 0)])
    assert realisation_day(still, day_number("2021-01-01")) is None
    assert realisation_day(SOLD, day_number("2019-01-01")) is None
    assert realisation_day(FUND, day_number("2021-01-01")) is None


def test_a_day_before_the_end_of_a_realised_fund_is_not_known():
    """The end is known, not the way there."""
    last = day_number("2021-01-01")
    assert on(SOLD, "2020-06-01", until=last).missing == "no NAV was reported"
    seen = navs_on(SOLD, "2020-06-01", "2021-01-01", "2022-01-01")
    assert seen.known.tolist() == [False, True, True]
    assert seen.values.tolist() == [100.0, 0.0, 0.0]
    assert seen.reported.tolist() == [False, False, False]
    early = navs_on(SOLD, "2020-06-01", until="2020-07-01")
    assert early.known.tolist() == [False]


def test_navs_of_many_days_are_those_of_each():
    """Values, and whether they are known or reported."""
    days = ["2019-12-01", "2020-02-01", "2020-03-31", "2020-04-01", "2020-06-30", "2020-12-01"]
    for options in (None, COST):
        seen = navs_on(FUND, *days, options=options)
        each = [on(FUND, day, options=options) for day in days]
        assert seen.known.tolist() == [found.missing is None for found in each]
        assert seen.reported.tolist() == [
            found.missing is None and not found.estimated for found in each
        ]
        for place, found in enumerate(each):
            assert found.missing is not None or found.value == seen.values[place]
    # What mPME weighs with before the first NAV: contributions less distributions.
    assert navs_on(FUND, *days).values.tolist()[:2] == [0.0, 100.0]


def test_cost_stands_in_where_it_is_asked_for():
    """Contributions less distributions, not below 0, marked as an estimate."""
    found = on(FUND, "2020-02-01", options=COST)
    assert found == ResidualNav(100.0, estimated=True, warnings=("NAV_AT_COST",))
    rich = Fund.of(flows=[("2020-01-01", 5, 9), ("2020-01-02", 1, 0)], navs=[("2021-01-01", 3)])
    assert on(rich, "2020-02-01", options=COST).value == 0
    report = evaluate(FUND, as_of="2020-02-01", before_first_nav="cost")
    assert (report.nav, report.tvpi) == (100, 1)
    assert report["tvpi"].estimated
    assert "NAV_AT_COST" in report.warnings


def test_cost_changes_neither_a_realised_fund_nor_a_known_nav():
    """It applies where `no_nav` would stand."""
    assert on(SOLD, "2021-06-01", options=COST) == on(SOLD, "2021-06-01")
    assert on(FUND, "2020-08-01", options=COST) == on(FUND, "2020-08-01")
    seen = navs_on(SOLD, "2020-06-01", "2021-01-01", options=COST)
    assert (seen.values.tolist(), seen.known.tolist()) == ([100.0, 0.0], [True, True])


@pytest.mark.parametrize("scale", [1, 0.01, 3, 1e9])
def test_a_nav_paid_out_in_cents_is_nothing_and_not_floored(scale):
    """0.6 less 0.1, 0.2 and 0.3 is 0 (METHODS 13); a cent more is a NAV below 0."""
    parts = [(f"2021-02-0{day}", 0, part * scale) for day, part in enumerate((0.1, 0.2, 0.3), 1)]
    flows = [("2020-01-01", 1 * scale, 0), *parts]
    navs = [("2021-01-01", 0.6 * scale)]
    found = on(Fund.of(flows=flows, navs=navs), "2021-03-01")
    assert (found.value, found.warnings) == (0.0, ROLLED)
    more = Fund.of(flows=[*flows, ("2021-02-04", 0, 0.01 * scale)], navs=navs)
    assert on(more, "2021-03-01").warnings == (*ROLLED, "NAV_FLOORED")
    less = Fund.of(flows=flows[:-1], navs=navs)
    assert on(less, "2021-03-01").value == pytest.approx(0.3 * scale, rel=1e-15)


def test_a_pool_without_a_reason_still_says_that_nothing_is_known():
    """A NAV of NaN can only come from a pool; one made by hand may have no reasons."""
    bare = Fund.of(flows=[("2020-01-01", 60, 0)])
    pooled = pool([bare, bare], as_of="2020-12-31")
    assert on(pooled, "2020-12-31").missing.startswith("fund 1: no NAV was reported")
    assert on(pooled, "2021-06-30").missing == on(pooled, "2020-12-31").missing
    assert on(pooled, "2020-06-30").missing == "the first NAV is that of 2020-12-31"


class TestNavGrowth:
    """METHODS 1.5: `nav_growth="index"`."""

    WORLD = Benchmark.of([("2020-12-31", 100), ("2021-06-30", 110), ("2021-12-31", 132)])
    FUND = Fund.of(
        flows=[("2020-12-31", 100, 0), ("2021-06-30", 0, 30), ("2021-12-01", 5, 0)],
        navs=[("2020-12-31", 100)],
    )

    def test_the_base_grows_and_the_flows_do_not(self):
        """100 become 132, 30 went out and 5 came in."""
        report = evaluate(self.FUND, self.WORLD, as_of="2021-12-31", nav_growth="index", **FREE)
        assert report.nav == pytest.approx(132 - 30 + 5)
        assert "NAV_ROLLED_FORWARD" in report.warnings
        inputs = report.to_dict()["inputs"]
        assert (inputs["nav_growth"], inputs["nav_date"]) == ("index", "2020-12-31")
        assert evaluate(self.FUND, self.WORLD, as_of="2021-12-31", **FREE).nav == 75

    def test_interim_navs_grow_too(self):
        """mPME sells 30 of 110, the J-curve shows what is left, a horizon opens with it."""
        given = {"as_of": "2021-12-31", "nav_growth": "index", **FREE}
        report = evaluate(self.FUND, self.WORLD, **given)
        kept = 110 * (1 - 30 / 110)
        assert report.mpme_nav == pytest.approx(kept * 1.2 + 5 * 1.2)
        assert report.j_curve()["with_nav"] == pytest.approx([0, -70 + 80, -75 + 85, -75 + 107])
        late = {**given, "as_of": "2022-12-31"}  # else the NAV at the start would be stale
        later = horizon(self.FUND, self.WORLD, start="2021-06-30", **late)
        assert later.paid_in == pytest.approx(80 + 5)

    def test_a_reported_nav_does_not_grow(self):
        """It is what it is."""
        assert evaluate(self.FUND, self.WORLD, nav_growth="index").nav == 100

    def test_the_index_must_cover_the_roll(self):
        """Its gap is reported, and limited like any other."""
        fund = Fund.of(flows=[("2020-12-31", 100, 0)], navs=[("2021-02-28", 100)])
        given = {"as_of": "2021-06-30", "nav_growth": "index"}
        assert evaluate(fund, self.WORLD, **given).valuation.max_index_gap_days == 59
        with pytest.raises(BenchmarkError) as caught:
            evaluate(fund, self.WORLD, **given, max_staleness_days=58)
        assert caught.value.code == "INDEX_STALE"

    def test_without_a_benchmark_nothing_can_grow(self):
        """The option is refused rather than ignored."""
        with pytest.raises(InputError) as caught:
            evaluate(self.FUND, as_of="2021-12-31", nav_growth="index")
        assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "nav_growth")
        with pytest.raises(InputError):
            evaluate(self.FUND, self.WORLD, nav_growth="cash")
