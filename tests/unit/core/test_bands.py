"""Bands of a single fund."""

from __future__ import annotations

import math

import pytest

from pmecalc import Benchmark, Fund, InputError, evaluate
from pmecalc.core.bands import FIGURES, HAIRCUTS, sensitivity

WORLD = Benchmark.of([("2019-12-01", 100), ("2020-12-31", 120), ("2022-12-31", 130)])
OTHER = Benchmark.of([("2019-12-01", 100), ("2022-12-31", 110)], name="Other")
FLOWS = [("2020-01-01", 100, 0), ("2020-12-31", 50, 0), ("2022-12-30", 0, 60)]
FUND = Fund.of(flows=FLOWS, navs=[("2022-12-31", 140)])
ANY = {"max_staleness_days": None}


def values(row):
    return [row.metrics[name].value for name in FIGURES]


def reported(fund, benchmark):
    report = evaluate(fund, benchmark, as_of="2022-12-31", **ANY)
    return [report[name].value for name in FIGURES]


def test_the_first_row_is_the_report():
    """Nothing changed."""
    first, *others = sensitivity(FUND, WORLD, **ANY)
    assert (first.change, first.label) == ("none", "as reported")
    assert values(first) == reported(FUND, WORLD)
    assert [row.amount for row in others] == list(HAIRCUTS)
    assert others[0].label == "NAV 20 % higher"


def test_a_haircut_is_a_fund_with_a_lower_nav():
    """Every figure is that fund's."""
    _, row = sensitivity(FUND, WORLD, nav_haircuts=[0.25], **ANY)
    assert values(row) == reported(Fund.of(flows=FLOWS, navs=[("2022-12-31", 105)]), WORLD)


def test_another_index_changes_only_what_compares():
    """TVPI and IRR stay."""
    first, row = sensitivity(FUND, WORLD, nav_haircuts=[], benchmarks=[OTHER], **ANY)
    assert row.label == "against Other"
    assert values(row) == reported(FUND, OTHER)
    assert values(row)[:2] == values(first)[:2]


def test_moved_flows_keep_the_nav():
    """Ten days later, the last one on the as-of date at the latest."""
    options = {"nav_haircuts": [], "as_of": "2022-12-31", **ANY}
    _, later, earlier = sensitivity(FUND, WORLD, date_shifts=[10, -10], **options)
    moved = [("2020-01-11", 100, 0), ("2021-01-10", 50, 0), ("2022-12-31", 0, 60)]
    assert values(later) == reported(Fund.of(flows=moved, navs=[("2022-12-31", 140)]), WORLD)
    assert (later.label, earlier.label) == ("flows 10 days later", "flows 10 days earlier")
    assert math.isclose(earlier.metrics["tvpi"].value, later.metrics["tvpi"].value)
    assert earlier.metrics["irr"].value < later.metrics["irr"].value


def test_flows_after_the_as_of_date_stay_out():
    """Moving earlier does not bring them in, and a rolled-forward NAV is not moved."""
    fund = Fund.of(flows=[*FLOWS, ("2023-01-05", 0, 10)], navs=[("2022-06-30", 190)])
    rows = sensitivity(fund, date_shifts=[-30], nav_haircuts=[], as_of="2022-12-31")
    assert rows[0].metrics["tvpi"].value == rows[1].metrics["tvpi"].value


@pytest.mark.parametrize("haircut", [1.5, math.nan])
def test_more_than_all_cannot_be_taken_off(haircut):
    """Nor what is no number."""
    with pytest.raises(InputError) as caught:
        sensitivity(FUND, nav_haircuts=[haircut])
    assert caught.value.field == "nav_haircuts"
