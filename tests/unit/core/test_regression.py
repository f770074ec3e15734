"""Beta and alpha, ordinary and Dimson's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Benchmark, Fund, InputError, NotDefinedError
from pmecalc.core.nav_returns import return_series
from pmecalc.core.regression import beta, dimson_beta

YEARS = [f"20{year:02}-12-31" for year in range(10, 40)]
DRAWS = np.random.default_rng(7)
INDEX = DRAWS.normal(0.07, 0.15, 25)
OWN = 0.01 + 0.8 * INDEX + np.append(0, 0.4 * INDEX[:-1]) + DRAWS.normal(0, 0.05, 25)


def series_of(own, index=None, opening=()):
    """Yearly returns of a fund, and of an index if given."""
    navs = 100 * np.cumprod([1, *(1 + np.array(own))])
    dates = YEARS[: len(navs)]
    start = list(opening) or [(dates[0], 100, 0)]
    fund = Fund.of(flows=start, navs=list(zip(dates, navs, strict=True)))
    if index is None:
        return return_series(fund)
    levels = 100 * np.cumprod([1, *(1 + np.array(index))])
    early = [("2009-12-31", 100.0)]
    return return_series(
        fund, Benchmark.of(early + list(zip(dates, levels, strict=True))), max_staleness_days=None
    )


def test_ordinary_beta_is_covariance_over_variance():
    """With the textbook standard errors and R squared."""
    found = beta(series_of(OWN, INDEX))
    slope = np.cov(OWN, INDEX)[0, 1] / np.var(INDEX, ddof=1)
    cut = OWN.mean() - slope * INDEX.mean()
    residuals = OWN - cut - slope * INDEX
    variance = (residuals**2).sum() / 23
    spread = ((INDEX - INDEX.mean()) ** 2).sum()
    assert math.isclose(found.beta, slope, rel_tol=1e-9)
    assert math.isclose(found.alpha, cut, rel_tol=1e-9)
    assert math.isclose(found.beta_error, math.sqrt(variance / spread), rel_tol=1e-9)
    error = math.sqrt(variance * (1 / 25 + INDEX.mean() ** 2 / spread))
    assert math.isclose(found.alpha_error, error, rel_tol=1e-9)
    assert math.isclose(found.r_squared, np.corrcoef(OWN, INDEX)[0, 1] ** 2, rel_tol=1e-9)
    assert (found.n, found.betas, found.periods_per_year) == (25, (found.beta,), 1)


def test_dimson_is_the_sum_of_lagged_betas():
    """As least squares on the whole design gives them, with the error of the sum."""
    found = dimson_beta(series_of(OWN, INDEX))
    design = np.column_stack([np.ones(21), *(INDEX[4 - lag : 25 - lag] for lag in range(5))])
    own = OWN[4:]
    fitted, *_ = np.linalg.lstsq(design, own)
    residuals = own - design @ fitted
    covariance = np.linalg.inv(design.T @ design) * (residuals @ residuals) / (21 - 6)
    pick = np.array([0, 1, 1, 1, 1, 1])
    assert np.allclose(found.betas, fitted[1:], rtol=1e-9)
    assert math.isclose(found.beta, fitted[1:].sum(), rel_tol=1e-9)
    assert math.isclose(found.beta_error, math.sqrt(pick @ covariance @ pick), rel_tol=1e-9)
    assert found.n == 21


def test_no_lags_is_the_ordinary_beta():
    """One regression, two names."""
    series = series_of(OWN, INDEX)
    assert dimson_beta(series, lags=0) == beta(series)


def test_excess_returns_are_explained():
    """A fund of half index, half bills has beta one half and no alpha, whatever the rate."""
    years = np.array([1 + (year % 4 == 0) / 365 for year in range(2011, 2036)])
    bills = 1.03**years - 1
    found = beta(series_of((INDEX + bills) / 2, INDEX), risk_free=0.03, periods_per_year=4)
    assert math.isclose(found.beta, 0.5, rel_tol=1e-9)
    assert abs(found.alpha) < 1e-12
    assert found.periods_per_year == 4


def test_the_opening_interval_is_no_observation():
    """It is shorter than the others; lags do not reach into it."""
    series = series_of(OWN, INDEX, opening=[("2010-06-30", 50, 0)])
    assert series.opening == 1
    assert beta(series).n == 25
    assert dimson_beta(series).n == 21


def test_a_fund_that_does_not_move_has_beta_zero():
    """And no share of variance to explain."""
    found = beta(series_of(np.zeros(25), INDEX))
    assert (found.beta, found.r_squared) == (0, None)


@pytest.mark.parametrize(
    ("series", "lags", "status"),
    [
        (series_of(OWN), 0, "no_index"),
        (series_of(OWN[:7], INDEX[:7]), 0, "too_few_observations"),
        (series_of(OWN[:11], INDEX[:11]), 4, "too_few_observations"),
        (series_of(OWN[:13], INDEX[:13]), 7, "too_few_observations"),
        (series_of(OWN, np.zeros(25)), 0, "too_few_observations"),
    ],
    ids=["no index", "short", "short for its lags", "few for its betas", "flat index"],
)
def test_what_cannot_be_estimated_is_said(series, lags, status):
    """By status."""
    with pytest.raises(NotDefinedError) as caught:
        dimson_beta(series, lags=lags)
    assert caught.value.status == status


@pytest.mark.parametrize(
    "options", [{"lags": -1}, {"risk_free": -1.0}], ids=["negative lags", "rate of -1"]
)
def test_options_out_of_range_are_refused(options):
    """Each by its name."""
    with pytest.raises(InputError) as caught:
        dimson_beta(series_of(OWN, INDEX), **options)
    assert caught.value.field in options
