"""A fund seen on a day: flows by day, index growth, warnings."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from pmecalc import Benchmark, Fund
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.valuation import value, value_on

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


def test_a_day_that_cancels_to_rounding_nets_to_nothing():
    """0.1 and 0.2 in, 0.3 out: no flow, and so no start, where the day is netted."""
    rows = [("2020-01-01", 0.1, 0), ("2020-01-01", 0.2, 0.3), ("2020-02-01", 5, 0)]
    netted = value(Fund.of(flows=rows), options=Options.of(netting="same_day"))
    assert (netted.contributions.tolist(), netted.distributions.tolist()) == ([0, 5], [0, 0])
    assert netted.start == day_number("2020-02-01")


def test_reversals_that_cancel_to_rounding_are_no_flow():
    """A call taken back on its day moved nothing."""
    rows = [("2020-01-01", 0.1, 0), ("2020-01-01", 0.2, 0), ("2020-01-01", -0.3, 0)]
    at = value(Fund.of(flows=[*rows, ("2020-02-01", 5, 0)], reversals="net"))
    assert at.contributions.tolist() == [0, 5]
    assert at.start == day_number("2020-02-01")


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
    fund = Fund.of(flows=[("2020-01-01", 5), ("2020-06-30", -3), ("2020-09-30", 2)], currency="USD")
    price = Benchmark.of([("2020-01-01", 100)], kind="price", currency="EUR")
    at = value(fund, price, options=Options.of(max_staleness_days=None))
    assert sorted(at.warnings) == sorted(set(at.warnings))
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


def test_sums_of_money_are_exact():
    """A thousand small amounts beside a large one lose nothing."""
    flows = [("2020-01-01", 1e15, 0)] + [("2020-02-01", 0.0625, 0)] * 1000
    at = value_on(Fund.of(flows=flows), None, day_number("2020-03-01"), Options())
    assert at.paid_in == math.fsum([1e15, 62.5])


def test_a_valuation_cannot_be_changed():
    """Measures share it."""
    with pytest.raises(FrozenInstanceError):
        value(FUND).nav = 5
