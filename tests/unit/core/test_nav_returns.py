"""Modified Dietz returns between NAVs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Benchmark, Fund, NotDefinedError
from pmecalc.core.nav_returns import longest_run, return_series

YEARS = [f"20{year:02}-12-31" for year in range(10, 30)]


def yearly(values, flows=()):
    """A fund with a NAV at each year's end, begun with the first of them."""
    dates = YEARS[: len(values)]
    start = [(dates[0], values[0], 0)]
    return Fund.of(flows=start + list(flows), navs=list(zip(dates, values, strict=True)))


def test_a_flow_weighs_by_the_days_it_was_in():
    """31 of 365 days of ten in, from the end of its own day."""
    fund = yearly([100, 121], flows=[("2011-11-30", 10, 0)])
    assert math.isclose(return_series(fund).returns[0], 11 / (100 + 10 * 31 / 365))


def test_a_distribution_takes_capital_away():
    """Paid out on the last day it weighs nothing, yet counts as value."""
    fund = yearly([100, 60], flows=[("2011-12-31", 0, 50)])
    assert return_series(fund).returns.tolist() == [0.1]


def test_the_first_interval_starts_at_the_first_flow():
    """From its net contribution, as no NAV was reported on that day; later ones from NAVs."""
    fund = Fund.of(
        flows=[("2010-01-01", 0, 0), ("2010-06-30", 100, 20)],
        navs=[("2010-03-31", 0), ("2010-12-31", 88), ("2011-12-31", 44)],
    )
    series = return_series(fund)
    assert series.returns.tolist() == [0.1, -0.5]
    assert series.opening == 1
    assert [each.stop for each in series.segments()] == [2]


def test_nothing_invested_has_no_return():
    """NAV 0 at both ends: the average capital is 0, and the chain is in two segments."""
    fund = yearly([100, 110, 0, 0, 50, 55], flows=[("2012-12-31", 0, 120), ("2014-12-31", 50, 0)])
    series = return_series(fund)
    assert np.isnan(series.returns).tolist() == [False, False, True, True, False]
    assert series.segments() == [slice(0, 2), slice(4, 5)]


def test_the_index_is_seen_over_the_same_intervals():
    """Level to level, by the look-up of every measure."""
    world = Benchmark.of(zip(YEARS[:4], [100, 110, 99, 99], strict=True))
    series = return_series(yearly([1, 1, 1, 1]), world)
    assert np.allclose(series.index_returns, [0.1, -0.1, 0.0])


@pytest.mark.parametrize(
    ("dates", "frequency", "regular"),
    [
        (YEARS[:3], 1, True),
        (["2020-06-30", "2020-12-31", "2021-06-30"], 2, True),
        (["2020-03-31", "2020-06-30", "2020-09-30"], 4, True),
        (["2020-01-31", "2020-02-29", "2020-03-31"], 12, True),
        (["2020-03-31", "2020-06-30", "2020-12-31"], 2, False),
    ],
    ids=["years", "half-years", "quarters", "months", "a quarter missing"],
)
def test_frequency(dates, frequency, regular):
    """How often NAVs came, and whether evenly."""
    fund = Fund.of(flows=[(dates[0], 1, 0)], navs=[(date, 1) for date in dates])
    series = return_series(fund)
    assert (series.periods_per_year, series.regular) == (frequency, regular)


def test_a_fund_without_navs_has_no_returns():
    """Nor one that has not begun, nor one with a single NAV on its first day."""
    bare = Fund.of(flows=[("2020-01-01", 1, 0)])
    early = return_series(yearly([1, 2]), as_of="2000-01-01")
    single = return_series(yearly([1]))
    for series in (return_series(bare), early, single):
        assert len(series.returns) == len(series.years) == 0
        assert (series.periods_per_year, series.regular) == (None, False)
        assert series.segments() == []


def test_navs_after_the_as_of_date_are_not_seen():
    """The series ends with the last NAV on or before it."""
    assert len(return_series(yearly([1, 2, 3]), as_of="2012-06-30").returns) == 1


def test_fewer_than_eight_returns_are_too_few():
    """The return from the first flow to the first NAV does not count."""
    fund = Fund.of(flows=[("2010-06-30", 1, 0)], navs=[(date, 1) for date in YEARS[:8]])
    with pytest.raises(NotDefinedError) as caught:
        longest_run(return_series(fund), "volatility")
    assert caught.value.status == "too_few_observations"
    assert "7 returns" in caught.value.reason


def test_a_broken_chain_is_dietz_undefined():
    """Ten intervals, but never eight in a row with money at work."""
    fund = yearly(
        [1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1],
        flows=[("2015-12-31", 0, 1), ("2017-12-31", 1, 0)],
    )
    with pytest.raises(NotDefinedError) as caught:
        longest_run(return_series(fund), "volatility")
    assert caught.value.status == "dietz_undefined"


def test_the_longest_run_is_used():
    """A liquidated fund keeps its years with money at work."""
    fund = yearly([1] * 9 + [0, 0, 0], flows=[("2019-12-31", 0, 1)])
    assert longest_run(return_series(fund), "volatility") == slice(0, 9)


def test_no_run_at_all_is_dietz_undefined():
    """Nothing was ever at work."""
    fund = Fund.of(flows=[("2010-12-31", 1, 1)], navs=[(date, 0) for date in YEARS[:10]])
    with pytest.raises(NotDefinedError) as caught:
        longest_run(return_series(fund), "volatility")
    assert caught.value.status == "dietz_undefined"


def test_rolled_forward_navs_are_counted():
    """Only those that the series uses."""
    fund = yearly([1, 1, 1])
    marked = type(fund)(
        **{name: getattr(fund, name) for name in fund.__slots__ if name != "nav_estimated"},
        nav_estimated=np.array([False, True, True]),
    )
    assert return_series(marked, as_of="2011-12-31").n_estimated == 1
