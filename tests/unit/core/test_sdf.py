"""Prices of risk from an index and bills."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import InputError, NotDefinedError
from pmecalc.core.sdf import Sdf, sdf_lognormal, sdf_moments

RANDOM = np.random.default_rng(3)
INDEX = np.expm1(RANDOM.normal(0.006, 0.045, 240))
BILLS = np.expm1(RANDOM.uniform(0.0, 0.004, 240))


def test_the_lognormal_form_prices_both():
    """E[M R] = 1 by the moments of the lognormal law."""
    mean, spread, free = 0.07, 0.16, 0.02
    found = sdf_lognormal(mean, spread, free)
    bills = found.a - found.b * mean + (found.b * spread) ** 2 / 2 + free
    index = found.a + (1 - found.b) * mean + ((1 - found.b) * spread) ** 2 / 2
    assert abs(bills) < 1e-15
    assert abs(index) < 1e-15


@pytest.mark.parametrize("periods", [1, 4, 12])
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_the_sample_moments_are_one(periods, scale):
    """Both means, to rounding."""
    index = np.expm1(scale * np.log1p(INDEX))
    found = sdf_moments(index, BILLS, periods_per_year=periods)
    discount = np.exp(found.a / periods - found.b * np.log1p(index))
    assert math.isclose(np.mean(discount * (1 + BILLS)), 1, rel_tol=1e-12)
    assert math.isclose(np.mean(discount * (1 + index)), 1, rel_tol=1e-12)


def test_large_lognormal_samples_give_the_closed_form():
    """Quantiles of the normal law instead of draws."""
    logs = np.log1p(INDEX)
    found = sdf_moments(INDEX, np.full(240, 0.002), periods_per_year=12)
    free = 12 * math.log(1.002)
    closed = sdf_lognormal(12 * logs.mean(), math.sqrt(12) * logs.std(ddof=1), free)
    assert math.isclose(found.b, closed.b, rel_tol=0.05)


@pytest.mark.parametrize(("usual", "bill"), [(0.2, 0.0), (0.0101, 0.01)])
def test_a_rare_crash_is_priced(usual, bill):
    """Newton alone would leave the bracket in the second case."""
    index = [usual] * 30 + [-0.9]
    found = sdf_moments(index, [bill] * 31, periods_per_year=1)
    discount = np.exp(found.a - found.b * np.log1p(index))
    assert math.isclose(np.mean(discount) * (1 + bill), 1, rel_tol=1e-12)
    assert math.isclose(np.mean(discount * (1 + np.array(index))), 1, rel_tol=1e-12)


def test_log_utility_is_a_fixed_point():
    """An index whose inverse prices the bills has a = 0, b = 1."""
    index = np.array([0.5, 0.1, -0.2, 0.05, 0.3, -0.1, 0.2, 0.0])
    free = 1 / np.mean(1 / (1 + index)) - 1
    found = sdf_moments(index, np.full(8, free), periods_per_year=1)
    assert math.isclose(found.b, 1, rel_tol=1e-10)
    assert abs(found.a) < 1e-10


@pytest.mark.parametrize(
    ("index", "bills", "status"),
    [
        ([0.1, 0.2] * 4, [0.0] * 8, "no_root"),
        ([-0.1, -0.2] * 4, [0.0] * 8, "no_root"),
        ([0.1] * 8, [0.0] * 8, "too_few_observations"),
        ([0.1, -0.1] * 3, [0.0] * 6, "too_few_observations"),
    ],
    ids=["always ahead", "always behind", "constant", "short"],
)
def test_what_cannot_be_priced_is_said(index, bills, status):
    """By status."""
    with pytest.raises(NotDefinedError) as caught:
        sdf_moments(index, bills, periods_per_year=4)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: sdf_lognormal(math.nan, 0.1, 0), "mean"),
        (lambda: sdf_lognormal(0.1, 0, 0), "volatility"),
        (lambda: sdf_moments(INDEX, BILLS, periods_per_year=0), "periods_per_year"),
        (lambda: sdf_moments(INDEX, BILLS[:5], periods_per_year=1), "bill_returns"),
        (lambda: sdf_moments([-1.0] * 9, [0.0] * 9, periods_per_year=1), "index_returns"),
    ],
    ids=["mean", "volatility", "periods", "lengths", "total loss"],
)
def test_unusable_input_is_refused(call, field):
    """By its name."""
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field


def test_log_utility_in_closed_form():
    """Excess log return of half the variance."""
    assert sdf_lognormal(0.03125, 0.25, 0.0) == Sdf(0.0, 1.0)
