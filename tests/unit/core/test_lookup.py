"""Index levels on the dates a fund needs."""

from __future__ import annotations

import numpy as np
import pytest

from pmecalc import Benchmark, BenchmarkError, Fund, InputError, evaluate, ks_pme
from pmecalc.core.dates import day_number
from pmecalc.core.lookup import LOOKUPS, levels_on

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
    """A rule that is not offered is named in the error, with those that are."""
    with pytest.raises(InputError, match="last") as caught:
        _levels("2020-01-01", lookup="last")
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "lookup")
    assert "log_linear" in caught.value.hint


@pytest.mark.parametrize(
    ("lookup", "levels", "gap"),
    [
        ("previous", [100, 100, 100, 110], 17),
        ("next", [100, 110, 110, 110], 30),
        ("nearest", [100, 100, 110, 110], 14),
        ("linear", [100, 100 + 10 / 31, 100 + 170 / 31, 110], 30),
        ("log_linear", [100, 100 * 1.1 ** (1 / 31), 100 * 1.1 ** (17 / 31), 110], 30),
    ],
)
def test_a_rule_by_hand(lookup, levels, gap):
    """A day and seventeen days into a month of 31; days with a level use it as it is."""
    got, largest = _levels("2020-01-01", "2020-01-02", "2020-01-18", "2020-02-01", lookup=lookup)
    assert got.tolist() == pytest.approx(levels, rel=1e-14)
    assert got[[0, 3]].tolist() == [100, 110]
    assert largest == gap


def test_of_two_levels_as_near_the_earlier_counts():
    """The day in the middle does not look ahead."""
    world = Benchmark.of([("2020-01-01", 100), ("2020-01-03", 110)])
    day = np.array([day_number("2020-01-02")])
    assert levels_on(world, day, lookup="nearest", max_staleness_days=1)[0].tolist() == [100]


@pytest.mark.parametrize("lookup", LOOKUPS)
def test_no_rule_fills_backwards(lookup):
    """A day before the first level is not covered, whatever the rule."""
    with pytest.raises(BenchmarkError, match="starts on 2020-01-01") as caught:
        _levels("2019-12-31", lookup=lookup)
    assert caught.value.code == "INDEX_NOT_COVERED"


@pytest.mark.parametrize("lookup", ["next", "linear", "log_linear"])
def test_what_needs_a_later_level_ends_with_the_index(lookup):
    """No level is made up after the last one."""
    with pytest.raises(BenchmarkError, match="ends on 2020-02-01") as caught:
        _levels("2020-02-01", "2020-02-02", lookup=lookup)
    assert (caught.value.code, caught.value.value) == ("INDEX_NOT_COVERED", "2020-02-02")
    assert "as-of date" in caught.value.hint


def test_after_the_end_the_last_level_is_the_nearest():
    """As long as it is not too old."""
    assert _levels("2020-05-11", lookup="nearest")[0].tolist() == [110]
    with pytest.raises(BenchmarkError, match="by nearest is 101 days away"):
        _levels("2020-05-12", lookup="nearest")


def test_the_farther_of_two_levels_may_be_stale():
    """An interpolation stands on both, so a hole in the index is a hole."""
    with pytest.raises(BenchmarkError, match="2020-01-02 by linear is 30 days away") as caught:
        _levels("2020-01-02", lookup="linear", limit=29)
    assert caught.value.code == "INDEX_STALE"


def test_the_report_says_whether_later_levels_were_used():
    """`lookup_looks_ahead` stands with the inputs."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-01-18", 120)])
    for lookup, rule in LOOKUPS.items():
        inputs = evaluate(fund, WORLD, lookup=lookup).to_dict()["inputs"]
        assert (inputs["lookup"], inputs["lookup_looks_ahead"]) == (lookup, rule.looks_ahead)
    assert ks_pme(fund, WORLD, lookup="next") == pytest.approx(1.2 / 1.1)
