"""Vintage years, and metrics by them."""

from __future__ import annotations

import math

import pytest

from pmecalc import (
    Benchmark,
    CashFlowError,
    Fund,
    InputError,
    NotDefinedError,
    NotFoundError,
    evaluate,
    pool,
)
from pmecalc.core.ranks import breakpoints
from pmecalc.core.vintage import by_vintage, vintage_year, vintage_years

LAST = "2021-12-31"
WORLD = Benchmark.of([("2009-12-31", 100), (LAST, 250)])
ANY = {"max_staleness_days": None}


def fund_of(start, paid, nav, **facts):
    return Fund.of(flows=[(start, paid, 0)], navs=[(LAST, nav)], **facts)


FUNDS = [
    fund_of("2012-02-01", 100, 180),
    fund_of("2010-05-01", 50, 140),
    fund_of("2010-06-01", 70, 100),
    fund_of("2010-07-01", 20, 90),
    fund_of("2010-08-01", 10, 15),
    Fund.of(flows=[("2010-09-01", 0, 5), ("2010-10-01", 1e-9, 0)], navs=[(LAST, 5)]),
]


def test_the_first_contribution_tells_the_vintage():
    """A distribution or an empty row before it does not."""
    fund = Fund.of(flows=[("2009-01-01", 0, 0), ("2010-01-01", 0, 5), ("2011-01-01", 5, 0)])
    assert vintage_year(fund) == 2011


@pytest.mark.parametrize("rule", ["first_close", "legal_inception"])
def test_a_date_may_tell_the_vintage(rule):
    """One a fund, as data."""
    assert vintage_year(FUNDS[0], rule=rule, on="2009-11-30") == 2009
    assert vintage_years(FUNDS[:2], rule=rule, dates=["2009-11-30", "2010-01-01"]) == [2009, 2010]


def test_the_stated_vintage_may_be_used():
    """Whatever the flows say."""
    assert vintage_year(fund_of("2012-02-01", 1, 1, vintage=2008), rule="stated") == 2008


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"rule": "guess"}, "rule"),
        ({"rule": "first_close"}, "first_close"),
        ({"rule": "stated"}, "vintage"),
    ],
    ids=["no such rule", "no date", "nothing stated"],
)
def test_a_rule_needs_its_data(options, field):
    """What is missing is named."""
    with pytest.raises(InputError) as caught:
        vintage_year(FUNDS[0], **options)
    assert caught.value.field == field


def test_nothing_paid_in_has_no_vintage():
    """By the default rule."""
    with pytest.raises(NotDefinedError) as caught:
        vintage_year(Fund.of(flows=[("2010-01-01", 0, 5)]))
    assert caught.value.status == "no_contributions"


def test_one_date_a_fund():
    """Neither more nor fewer."""
    with pytest.raises(InputError) as caught:
        vintage_years(FUNDS, rule="first_close", dates=["2010-01-01"])
    assert caught.value.code == "RAGGED_ROW"


def test_rows_are_pools_and_peers_of_a_year():
    """Ascending; the pooled figure is that of the pool, the others are over the funds."""
    older, younger = by_vintage(FUNDS, WORLD, as_of=LAST, metric="ks_pme", **ANY)
    own = [evaluate(fund, WORLD, as_of=LAST, **ANY).ks_pme for fund in FUNDS[1:]]
    peers = breakpoints(own)
    assert (older.vintage, older.n, older.n_excluded) == (2010, 5, 0)
    assert older.pooled == evaluate(pool(FUNDS[1:], as_of=LAST), WORLD, **ANY)["ks_pme"]
    assert math.isclose(older.mean, sum(own) / 5)
    assert (older.lower, older.median, older.upper) == (peers.lower, peers.median, peers.upper)
    assert (younger.vintage, younger.n, younger.lower) == (2012, 1, None)
    assert younger.mean == younger.median == younger.pooled.value


def test_funds_without_a_value_are_counted():
    """They belong to the pool, not to the mean."""
    (row,) = by_vintage([FUNDS[5]], as_of=LAST, metric="ks_pme")
    assert (row.n, row.n_excluded, row.mean, row.median) == (1, 1, None, None)
    assert row.pooled.status == "no_index"


def test_a_date_has_no_mean():
    """Nor has a measure that does not exist a value."""
    with pytest.raises(InputError):
        by_vintage(FUNDS, WORLD, as_of=LAST, metric="ln_short_from")
    with pytest.raises(NotFoundError):
        by_vintage(FUNDS, WORLD, as_of=LAST, metric="beauty")


def test_no_funds_are_refused():
    """There is nothing to sort."""
    with pytest.raises(CashFlowError):
        by_vintage([], as_of=LAST)
