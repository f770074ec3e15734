"""Averages over funds."""

from __future__ import annotations

import math

import pytest

from pmecalc import InputError
from pmecalc.core.pooled import Summary, summary_of


def test_every_average_has_its_name():
    """Mean and median count each fund once, the weighted mean by its weight."""
    found = summary_of([1.0, 2.0, 6.0], weights=[1, 1, 2])
    assert (found.mean, found.median, found.weighted_mean) == (3.0, 2.0, 3.75)


def test_null_values_leave_with_their_weights():
    """And are counted; NaN is null too."""
    found = summary_of([1.0, None, math.nan, 3.0], weights=[1, 50, 50, 3])
    assert (found.weighted_mean, found.n, found.n_excluded) == (2.5, 2, 2)


def test_values_without_a_weight_are_counted():
    """They are in the mean and not in the weighted mean."""
    found = summary_of([1.0, 3.0, 5.0], weights=[1, None, math.nan])
    assert (found.mean, found.weighted_mean, found.n_unweighted) == (3.0, 1.0, 2)


def test_nothing_to_weigh_is_none():
    """No values; no weights; weights of nothing."""
    assert summary_of([None]) == Summary(None, None, None, 0, 1, 0)
    assert summary_of([1.0]).weighted_mean is None
    assert summary_of([1.0], weights=[0]).weighted_mean is None


@pytest.mark.parametrize(
    ("values", "weights", "code"),
    [
        ([1.0], [1, 2], "RAGGED_ROW"),
        ([1.0], [-1], "NEGATIVE_AMOUNT"),
        ([1.0], [math.inf], "NON_FINITE"),
        ([math.inf], None, "NON_FINITE"),
    ],
    ids=["too many weights", "negative", "infinite weight", "infinite value"],
)
def test_unusable_input_is_refused(values, weights, code):
    """By its code."""
    with pytest.raises(InputError) as caught:
        summary_of(values, weights)
    assert caught.value.code == code
