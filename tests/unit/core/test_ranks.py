"""Percentiles, quartiles, percent ranks."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from pmecalc import InputError, NotDefinedError
from pmecalc.core import ranks
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


def test_values_within_rounding_are_one_tie():
    """They differ by at most 1e-12 of 1 + |value|; ten times that is a difference."""
    assert ranking([0.3, 0.3 + 1e-12, 0.3 - 1e-12, 0.3]).ranks == (Rank(1, 0.5),) * 4
    apart = ranking([0.3, 0.3 + 1e-11, 0.3 - 1e-11, 0.3]).ranks
    assert [each.quartile for each in apart] == [2, 1, 4, 2]
    assert [each.percent_rank for each in apart] == [0.5, 0.875, 0.125, 0.5]


def test_a_tie_is_as_wide_as_the_value_is_large():
    """1e-12 of 1 + |value|: rates of 1e15 tie at 1000, rates of 0 at 1e-12."""
    assert rank(1e15, [1e15 + 900.0, 1e15 - 900.0]).percent_rank == 0.5
    assert rank(1e15, [1e15 + 1100.0, 1e15 - 900.0]).percent_rank == 0.25
    assert rank(0.0, [9e-13, -9e-13]).percent_rank == 0.5
    assert rank(0.0, [1.1e-12, -9e-13]).percent_rank == 0.25


def test_near_ties_are_joined_end_to_end():
    """Nine values, each within a tie of the next: one tie, though the ends are far apart."""
    chain = [1 + 1.5e-12 * place for place in range(9)]
    assert ranking([*chain, 0.0]).ranks == (*(Rank(1, 0.55),) * 9, Rank(4, 0.05))
    assert rank(chain[0], [*chain, 0.0]) == rank(chain[8], [0.0, *chain]) == Rank(1, 0.55)


def test_a_value_that_is_no_peer_joins_the_ties_on_both_sides():
    """Between two peers that do not tie with each other, it ties with either."""
    assert rank(1.0, [1 - 1.9e-12, 1 + 1.9e-12, 0.0, 2.0]) == Rank(2, 0.5)
    assert ranking([1 - 1.9e-12, 1 + 1.9e-12, 0.0, 2.0]).ranks[:2] == (
        Rank(2, 0.375),
        Rank(2, 0.625),
    )


def test_a_value_below_a_breakpoint_by_rounding_is_at_it():
    """The upper breakpoint 0.1 + 0.75 * 0.2 of the peers is 0.25 within rounding."""
    peers = [0.1, 0.1, 0.1, 0.1, 0.3, 0.3]
    upper = breakpoints(peers).upper
    assert rank(upper * (1 - 1e-13), peers).quartile == 1
    assert rank(upper * (1 - 1e-11), peers).quartile == 2


def _lines_run(call):
    """How many lines of `ranks` a call runs through, comprehensions item by item."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if frame.f_code.co_filename != ranks.__file__:
            return None
        lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("spread", [1.0, 1e-14, 0.0], ids=["distinct", "one tie", "equal"])
def test_the_work_of_a_ranking_grows_as_its_length(spread):
    """Twice as many values are at most 2.2 times the steps: sorted once, then one sweep."""
    values = [0.1 + spread * (7 * place % 2000) / 2000 for place in range(2000)]
    half = _lines_run(lambda: ranking(values[:1000]))
    whole = _lines_run(lambda: ranking(values))
    assert half > 1000
    assert whole <= 2.2 * half


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
