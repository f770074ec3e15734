"""Percentiles, quartiles, percent ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import InputError, NotDefinedError
from pmecalc.core.ranks import Breakpoints, Rank, breakpoints, percentile, rank, ranking

VALUES = [0.31, -0.05, 0.12, 0.08, 0.22, 0.15, 0.03]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.25, 0.33, 0.5, 0.75, 0.9, 1.0])
def test_percentiles_are_those_of_type_7(share):
    """Linear interpolation at (n - 1) p, as numpy and spreadsheets do."""
    assert math.isclose(
        percentile(VALUES, share), np.percentile(VALUES, 100 * share), abs_tol=1e-15
    )


def test_null_values_are_left_out_and_counted():
    """None and NaN are no observations."""
    assert percentile([None, 1.0, math.nan, 3.0], 0.5) == 2.0
    assert breakpoints([None, 1.0, math.nan, 3.0]) == Breakpoints(None, 2.0, None, 2, 2)


def test_three_peers_have_a_median_and_no_quartiles():
    """A quarter of three funds is no fund."""
    assert breakpoints([1, 2, 3]) == Breakpoints(None, 2.0, None, 3, 0)
    assert ranking([1, 2, 3]).ranks == (Rank(None, 1 / 6), Rank(None, 0.5), Rank(None, 5 / 6))


def test_ties_share_the_better_quartile():
    """All equal: everyone is at the upper breakpoint, and at half of the peers."""
    assert ranking([5.0] * 6).ranks == (Rank(1, 0.5),) * 6


def test_eight_distinct_values_fill_quartiles_by_twos():
    """Higher is better."""
    found = ranking([8, 7, 6, 5, 4, 3, 2, 1])
    assert [each.quartile for each in found.ranks] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert [each.percent_rank for each in found.ranks] == [(7.5 - i) / 8 for i in range(8)]


def test_a_value_on_a_breakpoint_belongs_to_the_better_quartile():
    """Of five values the second, third and fourth are the breakpoints."""
    assert [rank(value, [1, 2, 3, 4, 5]).quartile for value in (1, 2, 3, 4, 5)] == [4, 3, 2, 1, 1]


def test_a_ranking_of_nulls_ranks_nothing():
    """No peers, no ranks, no error: each null stays null."""
    found = ranking([None, math.nan])
    assert (found.ranks, found.n, found.n_excluded) == ((None, None), 0, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: percentile([None], 0.5),
        lambda: breakpoints([]),
        lambda: rank(1.0, [math.nan]),
    ],
    ids=["percentile", "breakpoints", "rank"],
)
def test_nothing_to_compare_with_is_said(call):
    """The status is `too_few_observations`."""
    with pytest.raises(NotDefinedError) as caught:
        call()
    assert caught.value.status == "too_few_observations"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: percentile([1.0], 1.5), "UNSUPPORTED_OPTION"),
        (lambda: percentile([1.0], math.nan), "UNSUPPORTED_OPTION"),
        (lambda: percentile([math.inf], 0.5), "NON_FINITE"),
        (lambda: rank(math.nan, [1.0]), "NON_FINITE"),
        (lambda: ranking([1.0, -math.inf]), "NON_FINITE"),
    ],
    ids=["above one", "nan share", "infinite value", "nan rank", "infinite peer"],
)
def test_unusable_values_are_refused(call, code):
    """A share outside 0 to 1, and what is no number."""
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.code == code
