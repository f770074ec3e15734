"""Flat columns of several funds, against the valuation of each."""

from __future__ import annotations

import numpy as np
import pytest

import nasty
from pmecalc import Benchmark, BenchmarkError, Fund
from pmecalc.core.conventions import Options
from pmecalc.core.ragged import Ragged
from pmecalc.core.streams import Holdings, Streams
from pmecalc.core.valuation import value_on

OPTIONS = Options(max_staleness_days=None)


def nasty_funds(count):
    """Funds of many kinds, and an index from before the first of them on."""
    columns = nasty.funds(np.random.default_rng(3), count)
    levels, commitments = columns.pop("levels"), columns.pop("commitments")
    ragged = Ragged.of(**columns, commitments=commitments)
    days = levels[:, 0].astype(np.int64)
    world = Benchmark(days=days, levels=levels[:, 1], rows=np.arange(len(days)))
    return [ragged.fund(place) for place in range(count)], world


@pytest.mark.parametrize("as_of", [11400, 13000, 14990, 16500])
def test_columns_are_those_of_each_valuation(as_of):
    """NAVs rolled forward, flows until the day and index growth, exactly."""
    funds, world = nasty_funds(60)
    held = Holdings.of(funds, world, as_of, OPTIONS)
    seen = [value_on(fund, world, as_of, OPTIONS) for fund in funds]
    navs = [0.0 if at.start is None and at.residual.missing else at.nav for at in seen]
    assert str(held.navs.tolist()) == str(navs)  # NaN where no NAV is known
    carried = Streams.of(held, carried=True)
    for place, at in enumerate(seen):
        own = held.owners == place
        assert held.starts[place] == own.argmax()
        assert held.days[own][-1] == as_of
        grown = at.distributions * at.growth
        expected = grown.sum() + max(navs[place], 0.0)
        received = carried.received[own].sum()
        assert np.isclose(received, expected, rtol=1e-13, equal_nan=True)
        assert np.isclose(held.by_fund(held.contributions)[place], at.paid_in, rtol=1e-13)
        assert held.moving()[own].any() == (at.start is not None)


def test_flows_since_a_nav_are_added_exactly():
    """Paid out in three parts that do not add up in floating point: 0, as for one fund."""
    fund = Fund.of(
        flows=[
            ("1970-01-01", 100, 0),
            *[(f"1971-02-0{day}", 0, part) for day, part in enumerate((0.1, 0.2, 0.3), 1)],
        ],
        navs=[("1971-01-01", 0.6)],
    )
    held = Holdings.of([fund], None, 1000, OPTIONS)
    assert held.navs.tolist() == [value_on(fund, None, 1000, OPTIONS).nav] == [0.0]


def test_a_nav_of_the_day_may_be_negative():
    """It is money owed; one that is rolled forward stops at 0."""
    owed = Fund.of(flows=[("1970-01-01", 5, 0)], navs=[("1970-01-11", -2)])
    held = Holdings.of([owed, owed], None, 10, OPTIONS)
    assert Streams.of(held, carried=False).paid.tolist() == [5, 2, 5, 2]
    assert Holdings.of([owed], None, 11, OPTIONS).navs.tolist() == [0]


def test_the_index_must_cover_what_moves():
    """A day on which nothing moves needs no level."""
    world = Benchmark.of([("1970-02-01", 100)])
    still = Fund.of(flows=[("1970-01-01", 0, 0), ("1970-02-03", 5, 0)])
    assert Holdings.of([still], world, 60, OPTIONS).growth.tolist() == [1, 1, 1]
    with pytest.raises(BenchmarkError) as caught:
        Holdings.of([Fund.of(flows=[("1970-01-01", 5, 0)])], world, 60, OPTIONS)
    assert caught.value.code == "INDEX_NOT_COVERED"
