"""Geltner's de-smoothing and the Sharpe ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Benchmark, Fund, InputError, NotDefinedError
from pmecalc.core.desmoothing import autocorrelation, desmooth, sharpe
from pmecalc.core.nav_returns import return_series

RETURNS = [0.02, 0.03, 0.035, 0.01, -0.02, -0.03, 0.0, 0.015, 0.03, 0.025]
YEARS = [f"20{year:02}-12-31" for year in range(10, 30)]


def series_of(returns):
    navs = 100 * np.cumprod([1, *(1 + np.array(returns))])
    dates = YEARS[: len(navs)]
    fund = Fund.of(flows=[(dates[0], 100, 0)], navs=list(zip(dates, navs, strict=True)))
    return return_series(fund)


def test_phi_is_the_lag_one_autocorrelation():
    """By definition, over the sum of all squares."""
    centred = np.array(RETURNS) - np.mean(RETURNS)
    by_hand = sum(centred[1:] * centred[:-1]) / sum(centred**2)
    found = desmooth(RETURNS)
    assert math.isclose(found.phi, by_hand)
    assert found.estimated


def test_smoothing_and_desmoothing_cancel():
    """Returns that were smoothed with a phi come back."""
    smooth = [RETURNS[0]]
    for each in RETURNS[1:]:
        smooth.append(0.3 * smooth[-1] + 0.7 * each)
    found = desmooth(smooth, 0.3)
    assert np.allclose(found.returns, RETURNS[1:], atol=1e-15)
    assert not found.estimated


def test_phi_zero_leaves_returns_as_they_are():
    """All but the first."""
    assert desmooth(RETURNS, 0).returns.tolist() == RETURNS[1:]


@pytest.mark.parametrize("phi", [-0.1, 1.0, math.nan])
def test_phi_out_of_range_is_refused(phi):
    """0 <= phi < 1."""
    with pytest.raises(InputError) as caught:
        desmooth(RETURNS, phi)
    assert caught.value.field == "phi"


def test_an_estimate_out_of_range_is_refused_too():
    """Returns that jump to and fro were not smoothed."""
    with pytest.raises(InputError, match="not in 0 <= phi < 1"):
        desmooth([0.1, -0.1] * 5)


@pytest.mark.parametrize(
    "call",
    [
        lambda: desmooth([0.1], 0.2),
        lambda: autocorrelation(np.array(RETURNS[:7])),
        lambda: autocorrelation(np.full(9, 0.1)),
        lambda: autocorrelation(np.zeros(9)),
        lambda: sharpe(series_of([0.05] * 9), phi=0.0),
        lambda: sharpe(series_of(RETURNS[:7]), phi=0.0),
    ],
    ids=["one return", "seven", "constant", "zeros", "constant excess", "short series"],
)
def test_too_few_observations(call):
    """Nothing can be estimated of few returns, or of returns that do not vary."""
    with pytest.raises(NotDefinedError) as caught:
        call()
    assert caught.value.status == "too_few_observations"


def test_sharpe_stands_on_desmoothed_excess_returns():
    """Mean over deviation, with the note that says what was done."""
    found = sharpe(series_of(RETURNS), risk_free=0.005)
    undone = desmooth(RETURNS).returns
    years = np.array([1 + (year % 4 == 0) / 365 for year in range(2011, 2021)])[1:]
    excess = undone - (1.005**years - 1)
    assert math.isclose(found.value, excess.mean() / excess.std(ddof=1), rel_tol=1e-9)
    assert found.n == 9
    assert "Indicative" in found.note
    assert "estimated" in found.note
    assert "given" in sharpe(series_of(RETURNS), phi=0.2).note


def test_bills_may_be_an_index():
    """Their return over each interval is the risk-free return."""
    bills = Benchmark.of([(date, 1.005**place) for place, date in enumerate(YEARS)])
    excess = np.array(RETURNS[1:]) - 0.005
    found = sharpe(series_of(RETURNS), risk_free=bills, phi=0, periods_per_year=4)
    assert math.isclose(found.value, 2 * excess.mean() / excess.std(ddof=1), rel_tol=1e-9)
