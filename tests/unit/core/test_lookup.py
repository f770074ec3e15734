"""Index levels on the dates a fund needs."""

from __future__ import annotations

import numpy as np
import pytest

from pmecalc import Benchmark, BenchmarkError, InputError
from pmecalc.core.dates import day_number
from pmecalc.core.lookup import levels_on

WORLD = Benchmark.of([("2020-01-01", 100), ("2020-02-01", 110)], name="World")


def _levels(*dates, lookup="previous", limit=100):
    days = np.array([day_number(date) for date in dates], np.int64)
    return levels_on(WORLD, days, lookup=lookup, max_staleness_days=limit)


def test_the_level_on_or_before_a_day_is_used():
    """On the day its own level, between two the earlier one, with the largest gap."""
    levels, gap = _levels("2020-01-01", "2020-01-31", "2020-02-01", "2020-02-03")
    assert levels.tolist() == [100, 100, 110, 110]
    assert gap == 30


def test_no_days_need_no_levels():
    """An empty question has an empty answer."""
    levels, gap = _levels()
    assert (levels.tolist(), gap) == ([], 0)


def test_a_day_before_the_index_is_not_covered():
    """The level is never back-filled; the error names both dates."""
    with pytest.raises(BenchmarkError, match="World starts on 2020-01-01") as caught:
        _levels("2020-02-01", "2019-12-31")
    error = caught.value
    assert (error.code, error.field, error.value) == ("INDEX_NOT_COVERED", "date", "2019-12-31")


@pytest.mark.parametrize("limit", [None, 100])
def test_a_gap_within_the_limit_is_reported(limit):
    """A hundred days are the default limit; None is no limit."""
    assert _levels("2020-05-11", limit=limit)[1] == 100


def test_a_gap_beyond_the_limit_is_stale():
    """The error names the day, the level's date and the limit."""
    with pytest.raises(BenchmarkError, match="2020-02-01, 101 days old") as caught:
        _levels("2020-05-12")
    assert (caught.value.code, caught.value.value) == ("INDEX_STALE", "2020-05-12")


def test_other_lookups_are_refused():
    """Only the previous level is offered."""
    with pytest.raises(InputError) as caught:
        _levels("2020-01-01", lookup="linear")
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "lookup")
