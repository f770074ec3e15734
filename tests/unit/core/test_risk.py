"""Volatility and drawdown."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Fund, InputError, NotDefinedError
from pmecalc.core.nav_returns import return_series
from pmecalc.core.risk import max_drawdown, volatility

YEARS = [f"20{year:02}-12-31" for year in range(10, 30)]
MOVES = [0.1, -0.2, -0.1, 0.5, 0.05, -0.3, 0.02, 0.2, 0.01]


def fund_of(moves, opening=()):
    """A fund whose NAVs move so, with one contribution on the first day."""
    navs = 100 * np.cumprod([1, *(1 + np.array(moves))])
    dates = YEARS[: len(navs)]
    start = list(opening) or [(dates[0], 100, 0)]
    return Fund.of(flows=start, navs=list(zip(dates, navs, strict=True)))


def test_volatility_is_the_sample_deviation():
    """With n - 1, and the root of the periods per year."""
    series = return_series(fund_of(MOVES))
    found = volatility(series)
    assert math.isclose(found.value, np.std(MOVES, ddof=1), rel_tol=1e-12)
    assert (found.n, found.periods_per_year, found.regular) == (9, 1, True)
    assert math.isclose(volatility(series, periods_per_year=4).value, 2 * found.value)
    assert volatility(series, periods_per_year=4).per_period == found.per_period


def test_flows_do_not_make_volatility():
    """A fund doubled by a contribution moved not at all."""
    fund = Fund.of(
        flows=[(YEARS[0], 100, 0), (YEARS[4], 100, 0)],
        navs=[(date, 100 if date < YEARS[4] else 200) for date in YEARS[:10]],
    )
    assert volatility(return_series(fund)).value == 0
    found = max_drawdown(return_series(fund))
    assert (found.value, found.peak, found.trough, found.recovery) == (0, YEARS[0], *[YEARS[0]] * 2)


def test_frequency_must_be_positive():
    """Zero periods a year annualise nothing."""
    with pytest.raises(InputError) as caught:
        volatility(return_series(fund_of(MOVES)), periods_per_year=0)
    assert caught.value.field == "periods_per_year"


def test_the_deepest_fall_counts():
    """From the second year over two losses, against one of 30 %; then back within a year."""
    found = max_drawdown(return_series(fund_of([0.1, -0.2, -0.2, 0.6, 0.05, -0.3, 0, 0, 0])))
    assert math.isclose(found.value, -0.36)
    assert (found.peak, found.trough, found.recovery) == (YEARS[1], YEARS[3], YEARS[4])


def test_a_fall_not_yet_made_good_has_no_recovery():
    """The last peak was in the sixth year."""
    found = max_drawdown(return_series(fund_of(MOVES)))
    assert math.isclose(found.value, -0.3)
    assert (found.peak, found.trough, found.recovery) == (YEARS[5], YEARS[6], None)


@pytest.mark.parametrize("scale", [1, 0.01, 3, 1e9, 7, 1.1])
@pytest.mark.parametrize(("peak", "trough"), [(171, 162), (53, 18), (140, 133)])
def test_of_equal_falls_the_first_counts(scale, peak, trough):
    """Four equal falls, whose chained returns differ in the last bit, in any unit of money."""
    navs = [100, *[peak, trough] * 4]
    fund = Fund.of(
        flows=[(YEARS[0], 100 * scale, 0)],
        navs=[(date, nav * scale) for date, nav in zip(YEARS, navs, strict=False)],
    )
    found = max_drawdown(return_series(fund))
    assert found.trough == YEARS[2]
    assert found.peak == (YEARS[1] if peak > 100 else YEARS[0])
    assert math.isclose(found.value, trough / max(peak, 100) - 1)


def test_the_first_interval_belongs_to_the_chain():
    """Half was lost before the first NAV; volatility does not know that interval."""
    fund = fund_of([0.0] * 9, opening=[("2010-06-30", 200, 0)])
    found = max_drawdown(return_series(fund))
    assert (found.value, found.peak, found.n) == (-0.5, "2010-06-30", 10)
    assert volatility(return_series(fund)).value == 0


def test_a_first_interval_without_a_return_stays_out():
    """It opened with money that came and went on one day."""
    fund = fund_of([0.0] * 9, opening=[("2010-06-30", 1, 1)])
    assert max_drawdown(return_series(fund)).n == 9


def test_a_total_loss_is_a_drawdown_of_all():
    """The index of returns ends at 0."""
    assert max_drawdown(return_series(fund_of([0.1] * 8 + [-1.0]))).value == -1


def test_a_return_below_minus_one_cannot_be_chained():
    """A late contribution was lost as well."""
    fund = Fund.of(
        flows=[(YEARS[0], 1, 0), ("2019-12-30", 100, 0)],
        navs=[(date, 1 if date < YEARS[9] else 0) for date in YEARS[:10]],
    )
    with pytest.raises(NotDefinedError) as caught:
        max_drawdown(return_series(fund))
    assert caught.value.status == "dietz_undefined"
    assert volatility(return_series(fund)).value > 0
