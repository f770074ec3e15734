"""Draws, percentile and BCa intervals, against slow loops."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from pmecalc import InputError
from pmecalc.core.resampling import (
    Interval,
    Plan,
    acceleration_of,
    bca_shares,
    intervals,
    percentile_shares,
)

VINTAGES = [2003, 2001, 2001, 2003, 2003, 2010]
VALUES = np.random.default_rng(5).gamma(2.0, 1.0, 3000)


def weights_of(plan, samples, seed):
    """How often each resample holds each fund."""
    return np.concatenate([draws.weights() for draws in plan.draws(samples, seed)])


def test_stratified_draws_keep_each_vintage():
    """As many funds of each year in every resample."""
    weights = weights_of(Plan.of(VINTAGES, "stratified"), 3000, 1)
    assert weights.shape == (3000, 6)
    assert (weights[:, [1, 2]].sum(axis=1) == 2).all()
    assert (weights[:, [0, 3, 4]].sum(axis=1) == 3).all()
    assert (weights[:, 5] == 1).all()
    assert np.allclose(weights.mean(axis=0), 1, atol=0.1)


def test_block_draws_keep_vintages_whole():
    """Three years are drawn of three, each with all its funds."""
    weights = weights_of(Plan.of(VINTAGES, "block"), 2000, 1)
    assert (weights[:, 1] == weights[:, 2]).all()
    assert (weights[:, 0] == weights[:, 3]).all()
    assert (weights[:, [0, 1, 5]].sum(axis=1) == 3).all()


def test_simple_draws_do_not_look_at_vintages():
    """Six funds of six, each as likely."""
    weights = weights_of(Plan.of(VINTAGES, "simple"), 2000, 1)
    assert (weights.sum(axis=1) == 6).all()
    assert weights[:, 5].max() > 1


def test_a_seed_is_an_answer():
    """The same draws again; more samples begin with the same."""
    plan = Plan.of(VINTAGES, "simple")
    one, other = weights_of(plan, 2000, 1), weights_of(plan, 5000, 1)[:2000]
    assert (one == other[:2000]).all()
    assert (one != weights_of(plan, 2000, 2)).any()


@pytest.mark.parametrize("size", [3, 7, 50, 70_000])
def test_each_draw_follows_the_generator(size):
    """A slow loop over the digits of the same random words counts the same funds."""
    weights = weights_of(Plan.of([1] * size, "simple"), 3, 9)
    digits = max(n for n in range(1, min(size, 51) + 1) if size**n <= 2**51)
    width = math.ceil(size / digits)
    words = np.random.default_rng(9).integers(0, size**digits, (3, width), np.uint64)
    for row, own in zip(weights, words.tolist(), strict=True):
        picks = [word // size**place % size for place in range(digits) for word in own]
        assert (row == np.bincount(picks[:size], minlength=size)).all()


def test_every_fund_is_as_likely():
    """Also the last digits of a word: 40 000 draws of each of 50 funds, to five deviations."""
    weights = weights_of(Plan.of([1] * 50, "simple"), 40_000, 5)
    assert np.abs(weights.sum(axis=0) - 40_000).max() < 5 * math.sqrt(40_000)
    assert abs(weights.var() - 49 / 50) < 0.01


@pytest.mark.parametrize("scheme", ["stratified", "block"])
def test_a_fund_keeps_to_its_vintage_wherever_it_stands(scheme):
    """Vintages that do not stand together."""
    vintages = np.array([2003, 2001, 2003, 2002, 2001, 2003])
    weights = weights_of(Plan.of(vintages.tolist(), scheme), 500, 3)
    sums = np.array([weights[:, vintages == year].sum(axis=1) for year in (2001, 2002, 2003)])
    if scheme == "stratified":
        assert (sums == [[2], [1], [3]]).all()
    else:
        assert (weights[:, 0] == weights[:, 5]).all()
        assert (sums / [[2], [1], [3]] == np.round(sums / [[2], [1], [3]])).all()


def test_an_unknown_scheme_is_refused():
    """The offered ones are named."""
    with pytest.raises(InputError, match="stratified, block, simple"):
        Plan.of(VINTAGES, "jackknife")


def test_leaving_one_out_keeps_the_strata():
    """Its stratum weighs as much as before; one alone stays."""
    left = Plan.of([1, 1, 1, 2], "stratified").leave_one_out()
    assert left.tolist() == [
        [1, 1, 1, 1],
        [0, 1.5, 1.5, 1],
        [1.5, 0, 1.5, 1],
        [1.5, 1.5, 0, 1],
        [1, 1, 1, 1],
    ]
    blocks = Plan.of([1, 1, 2], "block").leave_one_out()
    assert blocks.tolist() == [[1, 1, 1], [0, 0, 2], [2, 2, 0]]


def test_the_percentile_interval_is_numpys():
    """Type 7."""
    (found,) = intervals(VALUES, percentile_shares(0.9))
    assert math.isclose(found.low, np.percentile(VALUES, 5), rel_tol=1e-12)
    assert math.isclose(found.high, np.percentile(VALUES, 95), rel_tol=1e-12)


def test_the_bca_interval_is_efrons():
    """A slow computation of z0 and the two shares, straight from the paper."""
    estimate, acceleration = 1.9, 0.03
    below = sum(1 for value in VALUES if value < estimate) / len(VALUES)
    normal = NormalDist()
    bias = normal.inv_cdf(below)
    ends = []
    for tail in (0.025, 0.975):
        z = bias + normal.inv_cdf(tail)
        ends.append(np.quantile(VALUES, normal.cdf(bias + z / (1 - acceleration * z))))
    (found,) = intervals(VALUES, bca_shares(VALUES, estimate, acceleration, 0.95))
    assert math.isclose(found.low, ends[0], rel_tol=1e-9)
    assert math.isclose(found.high, ends[1], rel_tol=1e-9)


def test_values_on_the_estimate_count_half():
    """All equal: no bias, and an interval of no width."""
    values = np.full(50, 2.0)
    assert intervals(values, bca_shares(values, 2.0, 0.0, 0.95)) == [Interval(2.0, 2.0)]


def test_an_estimate_outside_has_no_bca_interval():
    """All resamples on one side, or a correction off the scale."""
    assert bca_shares(VALUES, -1.0, 0.0, 0.95) is None
    assert bca_shares(VALUES, 1.9, 2.0, 0.95) is None


def test_acceleration_is_a_sixth_of_the_skewness_of_influences():
    """One stratum: the textbook formula of leave-one-out values."""
    left_out = np.array([1.0, 1.5, 1.2, 0.7, 3.0])
    spread = left_out.mean() - left_out
    expected = (spread**3).sum() / (6 * (spread**2).sum() ** 1.5)
    assert math.isclose(acceleration_of(left_out, np.zeros(5, np.int64)), expected)


def test_acceleration_of_strata_weighs_them_by_size():
    """Influences of each stratum over its own size, summed over strata."""
    left_out, strata = np.array([1.0, 1.5, 1.2, 0.7, 3.0]), np.array([0, 0, 0, 1, 1])
    influence = []
    for stratum in (0, 1):
        own = left_out[strata == stratum]
        influence += [(len(own) - 1) * (own.mean() - each) / len(own) for each in own]
    expected = sum(u**3 for u in influence) / (6 * sum(u**2 for u in influence) ** 1.5)
    assert math.isclose(acceleration_of(left_out, strata), expected)


def test_no_influence_is_no_acceleration():
    """Rounding is not skewness."""
    assert acceleration_of(np.array([1.0, 1.0 + 1e-15, 1.0]), np.zeros(3, np.int64)) == 0
