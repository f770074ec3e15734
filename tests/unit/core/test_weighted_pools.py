"""Pooled rates under many weightings, against the pool itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Benchmark, Fund, evaluate, pool
from pmecalc.core.conventions import Options
from pmecalc.core.streams import Holdings, Streams
from pmecalc.core.weighted_pools import RateTables, weighted_ratios

LAST = "2021-12-31"
LAST_DAY = 18992
WORLD = Benchmark.of(
    [
        (f"{year}-{month}-28", 100 * 1.02 ** (year % 7) + month_place)
        for year in range(2010, 2022)
        for month_place, month in enumerate(("03", "06", "09", "12"))
    ]
)


def fund_of(*flows, navs=()):
    return Fund.of(flows=list(flows), navs=list(navs))


GROWTH = fund_of(
    ("2012-05-10", 100, 0),
    ("2014-07-01", 50, 0),
    ("2017-02-01", 0, 90),
    ("2017-08-01", 20, 0),
    ("2020-03-01", 0, 120),
    navs=[(LAST, 60)],
)
BUYOUT = fund_of(("2011-01-15", 200, 0), ("2015-06-30", 0, 150), navs=[("2020-12-31", 130)])
LOSER = fund_of(("2013-01-15", 80, 0), ("2016-06-30", 0, 10), navs=[("2021-06-30", 5)])
LOSS = fund_of(("2013-01-15", 80, 0), navs=[("2014-12-31", 0)])
TWICE = fund_of(
    ("2012-01-01", 100, 0),
    ("2013-01-01", 0, 230),
    ("2014-01-01", 132, 0),
    navs=[("2014-01-01", 0)],
)
GIFT = fund_of(("2013-01-15", 0, 80))
UNBORN = fund_of(("2022-06-30", 5, 0))
SHORT_LIVED = fund_of(("2021-12-30", 100, 0), navs=[(LAST, 110)])
EVEN = fund_of(("2012-01-01", 100, 0), ("2019-12-30", 0, 100))
DEBT = fund_of(("2012-01-01", 100, 0), ("2015-01-01", 0, 150), navs=[(LAST, -20)])


def tables(funds, *, carried=False):
    held = Holdings.of(funds, WORLD if carried else None, LAST_DAY, Options())
    return RateTables(Streams.of(held, carried=carried))


def explicit(funds, weights, name):
    """The metric of a pool that holds each fund so many times."""
    held = [fund for fund, times in zip(funds, weights, strict=True) for _ in range(int(times))]
    return evaluate(pool(held, as_of=LAST), WORLD, as_of=LAST)[name]


@pytest.mark.parametrize("name", ["irr", "direct_alpha"])
def test_each_weighting_is_its_pool(name):
    """To rounding, whatever the mix, odd funds among it."""
    funds = [GROWTH, BUYOUT, LOSER, LOSS, TWICE, EVEN, DEBT, SHORT_LIVED]
    weights = np.random.default_rng(2).integers(0, 3, (300, len(funds))).astype(np.float64)
    found = tables(funds, carried=name == "direct_alpha").rates(weights)
    for row, rate in zip(weights, found, strict=True):
        expected = explicit(funds, row, name).value
        if expected is None:
            assert math.isnan(rate)
        else:
            assert math.isclose(1 + rate, 1 + expected, rel_tol=1e-11)


@pytest.mark.parametrize(
    ("funds", "status"),
    [([LOSS], "total_loss"), ([TWICE], "multiple"), ([EVEN], "ok"), ([SHORT_LIVED], "ok")],
    ids=["total loss", "two roots", "rate of zero", "one day"],
)
def test_what_the_grid_cannot_settle_is_solved_exactly(funds, status):
    """All roots, and the choice among them, as for any fund."""
    found = tables(funds)
    assert found.exact(np.ones(1)).status == status
    (rate,) = found.rates(np.ones((1, 1)))
    expected = explicit(funds, [1], "irr")
    assert math.isclose(1 + rate, 1 + expected.value, rel_tol=1e-12)


@pytest.mark.parametrize("funds", [[GIFT], [UNBORN]], ids=["no investment", "no flows"])
def test_a_weighting_without_a_rate_is_nan(funds):
    """NaN with a status beside it."""
    found = tables(funds)
    assert np.isnan(found.rates(np.ones((1, 1)))).all()
    assert found.exact(np.ones(1)).status in {"no_investment", "no_flows"}


def test_quick_rates_need_no_exact_solution():
    """Ordinary funds are settled by the tables alone."""

    class Counting(RateTables):
        solved = 0

        def exact(self, weights):
            self.solved += 1
            return super().exact(weights)

    held = Holdings.of([GROWTH, BUYOUT, LOSER], None, LAST_DAY, Options())
    found = Counting(Streams.of(held, carried=False))
    found.rates(np.random.default_rng(3).uniform(1, 5, (200, 3)))
    assert found.solved == 0


@pytest.mark.parametrize("multiple", [2, 4, 6, 7.5, 9.5, 0.4, 0.2, 0.11, 0.001])
def test_large_rates_are_exact_too(multiple):
    """The pieces far from zero are wide; what Newton does not reach is solved for all roots."""
    fund = fund_of(("2021-07-01", 100, 0), navs=[(LAST, 100 * multiple)])
    (rate,) = tables([fund]).rates(np.ones((1, 1)))
    assert math.isclose(rate, multiple ** (365 / 183) - 1, rel_tol=1e-12)


def test_a_ratio_without_a_denominator_is_nan():
    """Nothing was paid in."""
    found = weighted_ratios(np.array([3.0, 4.0]), np.array([0.0, 2.0]), np.eye(2))
    assert np.isnan(found[0])
    assert found[1] == 2


@pytest.mark.parametrize("day_count", ["ACT/ACT ISDA", "30E/360", "30/360 US"])
def test_each_day_count_is_its_pool(day_count):
    """Where times do not add up the tables stand aside for the roots of the stream."""
    funds = [GROWTH, BUYOUT, LOSER, EVEN]
    held = Holdings.of(funds, None, LAST_DAY, Options.of(day_count=day_count))
    weights = np.random.default_rng(4).integers(0, 3, (40, len(funds))).astype(np.float64)
    weights[:, 0] += 1
    found = RateTables(Streams.of(held, carried=False)).rates(weights)
    for row, rate in zip(weights, found, strict=True):
        drawn = [each for each, n in zip(funds, row, strict=True) for _ in range(int(n))]
        pooled = evaluate(pool(drawn, as_of=LAST), as_of=LAST, day_count=day_count)
        assert rate == pytest.approx(pooled.irr, abs=1e-12)


def test_reversals_are_their_pool():
    """Returned capital is a negative contribution, which no table brackets."""
    returned = Fund.of(
        flows=[("2012-01-01", 100, 0), ("2013-01-01", -20, 0), ("2018-01-01", 0, 130)],
        reversals="net",
    )
    funds = [GROWTH, returned]
    weights = np.array([[1.0, 1.0], [1.0, 2.0], [0.0, 1.0]])
    found = tables(funds).rates(weights)
    for row, rate in zip(weights, found, strict=True):
        assert rate == pytest.approx(explicit(funds, row, "irr").value, abs=1e-12)
