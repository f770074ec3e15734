"""A fund seen on a day: NAV, growth, warnings."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from pmecalc import Benchmark, BenchmarkError, Fund, InputError, evaluate, horizon
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.valuation import NO_DAY, residual_values, value, value_on

FREE = {"max_staleness_days": None}
FUND = Fund.of(
    flows=[
        ("2020-01-01", 100, 0),
        ("2020-04-01", 0, 30),
        ("2020-09-01", 20, 0),
        ("2020-11-01", 0, 500),
    ],
    navs=[("2020-03-31", 110), ("2020-06-30", 90)],
)
WORLD = Benchmark.of([("2020-01-01", 100), ("2020-06-30", 120), ("2020-12-31", 150)])


@pytest.mark.parametrize(
    ("as_of", "nav", "nav_day", "warnings"),
    [
        ("2020-02-01", 100, None, {"NAV_ROLLED_FORWARD"}),
        ("2020-03-31", 110, "2020-03-31", set()),
        ("2020-04-01", 80, "2020-03-31", {"NAV_ROLLED_FORWARD"}),
        ("2020-06-30", 90, "2020-06-30", set()),
        ("2020-10-01", 110, "2020-06-30", {"NAV_ROLLED_FORWARD"}),
        ("2020-12-01", 0, "2020-06-30", {"NAV_ROLLED_FORWARD", "NAV_FLOORED"}),
    ],
)
def test_the_nav_is_reported_or_rolled_forward(as_of, nav, nav_day, warnings):
    """The last NAV plus contributions less distributions since, not below zero."""
    at = value(FUND, as_of=as_of)
    assert at.nav == nav
    assert at.nav_day == (nav_day if nav_day is None else day_number(nav_day))
    ignored = {"FLOWS_AFTER_AS_OF", "UNDER_ONE_YEAR"}
    assert set(at.warnings) - ignored == warnings


def test_flows_of_the_nav_day_are_inside_the_nav():
    """A NAV is the value at the end of its day."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-01-01", 95)])
    assert value(fund, as_of="2020-06-01").nav == 95


def test_a_fund_without_navs_is_worth_nothing():
    """With a warning, on any date: METHODS 1.5."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 90)])
    at = value(fund, as_of="2020-06-01")
    assert (at.nav, at.nav_day) == (0, None)
    assert "NAV_ASSUMED_ZERO" in at.warnings
    assert "NAV_ROLLED_FORWARD" not in at.warnings
    assert residual_values(fund, np.array([0])).source_days.tolist() == [NO_DAY]


def test_a_negative_nav_is_used_as_it_is():
    """A liability is no mistake, but it is pointed out."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-06-30", -5)])
    at = value(fund)
    assert at.nav == -5
    assert "NAV_NEGATIVE" in at.warnings


def test_the_default_date_is_the_latest_nav_else_the_last_flow():
    """Flows after it are left out and counted."""
    at = value(FUND)
    assert at.as_of == day_number("2020-06-30")
    assert (at.n_flows, at.n_excluded) == (2, 2)
    assert "FLOWS_AFTER_AS_OF" in at.warnings
    assert value(Fund.of(flows=[("2020-01-01", 1, 0)])).as_of == day_number("2020-01-01")


def test_flows_of_a_day_are_added_by_column():
    """Contributions with contributions, distributions with distributions."""
    rows = [("2020-01-01", 5, 0), ("2020-01-01", 3, 2), ("2020-01-01", 0, 1)]
    gross = value(Fund.of(flows=rows))
    assert (gross.contributions.tolist(), gross.distributions.tolist()) == ([8], [3])
    netted = value(Fund.of(flows=rows), options=Options.of(netting="same_day"))
    assert (netted.contributions.tolist(), netted.distributions.tolist()) == ([5], [0])


def test_growth_runs_to_the_as_of_date():
    """The level on or before each flow, and on or before the as-of date."""
    at = value(FUND, WORLD, as_of="2020-12-31", options=Options.of(max_staleness_days=None))
    assert at.growth.tolist() == [1.5, 1.5, 1.25, 1.25]
    assert at.max_index_gap_days == 124


def test_days_on_which_nothing_moves_need_no_level():
    """A row of zeros before the index begins is harmless."""
    fund = Fund.of(flows=[("2010-01-01", 0, 0), ("2020-01-01", 100, 0)], navs=[("2020-06-30", 110)])
    at = value(fund, WORLD)
    assert at.start == day_number("2020-01-01")
    assert at.growth.tolist() == [1.0, 1.2]


def test_data_warnings_are_given_once_each():
    """Price index, other currency, suspect sign, and youth."""
    fund = Fund.of(flows=[("2020-01-01", 5), ("2020-06-30", -3)], currency="USD")
    price = Benchmark.of([("2020-01-01", 100)], kind="price", currency="EUR")
    at = value(fund, price, options=Options.of(max_staleness_days=None))
    assert set(at.warnings) == {
        "SIGN_SUSPECT",
        "NAV_ASSUMED_ZERO",
        "INDEX_PRICE_ONLY",
        "CURRENCY_MISMATCH",
        "UNDER_ONE_YEAR",
    }


@pytest.mark.parametrize("currency", [None, "USD"])
def test_an_unknown_or_equal_currency_is_no_mismatch(currency):
    """Nothing is guessed where one side is not known."""
    fund = Fund.of(flows=[("2020-01-01", 5, 0)], currency="USD")
    at = value(fund, Benchmark.of([("2020-01-01", 100)], currency=currency))
    assert "CURRENCY_MISMATCH" not in at.warnings


@pytest.mark.parametrize(
    "option",
    [
        {"day_count": "30/360"},
        {"netting": "net"},
        {"lookup": "last"},
        {"max_staleness_days": -1},
    ],
)
def test_a_convention_that_is_not_offered_is_refused(option):
    """Options are checked once, before any number."""
    with pytest.raises(InputError) as caught:
        Options.of(**option)
    error = caught.value
    assert error.code == "UNSUPPORTED_OPTION"
    assert {error.field: error.value} == option
    assert error.hint


def test_sums_of_money_are_exact():
    """A thousand small amounts beside a large one lose nothing."""
    flows = [("2020-01-01", 1e15, 0)] + [("2020-02-01", 0.0625, 0)] * 1000
    at = value_on(Fund.of(flows=flows), None, day_number("2020-03-01"), Options())
    assert at.paid_in == math.fsum([1e15, 62.5])


def test_a_valuation_cannot_be_changed():
    """Measures share it."""
    with pytest.raises(FrozenInstanceError):
        value(FUND).nav = 5


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
        later = horizon(self.FUND, self.WORLD, start="2021-06-30", **given)
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
