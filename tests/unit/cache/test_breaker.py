"""The breaker: opens on what proves Redis ill, closes on three good probes."""

from __future__ import annotations

import pytest

from fakes import FakeClock
from pmecalc.cache.breaker import Breaker


@pytest.fixture
def clock():
    return FakeClock(0.0)


@pytest.fixture
def breaker(clock):
    return Breaker(clock=clock)


def opened(breaker):
    breaker.trip()
    return breaker


def test_three_failures_in_a_row_open(breaker):
    """The third failure in a row opens, and only it reports the change."""
    assert [breaker.fail() for _ in range(4)] == [False, False, True, False]
    assert breaker.is_open
    assert breaker.opened == 1


def test_a_good_answer_breaks_the_row(breaker):
    """Two failures, an answer and two more failures do not open."""
    for good in (False, False, True, False, False):
        breaker.succeed() if good else breaker.fail()
    assert not breaker.is_open


def test_half_of_the_last_twenty_open(breaker):
    """Every second answer bad: the tenth failure of twenty opens."""
    changes = []
    for _ in range(10):
        breaker.succeed()
        changes.append(breaker.fail())
    assert changes == [False] * 9 + [True]


def test_failures_older_than_ten_seconds_do_not_count(breaker, clock):
    """Nine failures long ago and one now are not half of twenty."""
    for _ in range(9):
        breaker.succeed()
        breaker.fail()
    clock.advance(10.1)
    breaker.succeed()
    assert not breaker.fail()


def test_only_the_last_twenty_count(breaker):
    """Nine failures followed by eighteen good answers are forgotten."""
    for _ in range(9):
        breaker.succeed()
        breaker.fail()
    for _ in range(18):
        breaker.succeed()
    assert not breaker.fail()


def test_probes_come_after_one_second_doubling_to_four(breaker, clock):
    """Pauses between bad probes are 1, 2, 4, 4 seconds."""
    opened(breaker)
    pauses = []
    for _ in range(4):
        pauses.append(breaker.probe_in())
        clock.advance(breaker.probe_in())
        assert breaker.probe_in() == 0
        breaker.probe_fail(began=clock())
    assert pauses == [1.0, 2.0, 4.0, 4.0]


def test_a_probe_that_hangs_does_not_lengthen_the_pause(breaker, clock):
    """Pauses count from the beginning of a probe."""
    opened(breaker)
    clock.advance(1.0)
    began = clock()
    clock.advance(0.3)
    breaker.probe_fail(began=began)
    assert breaker.probe_in() == 1.7


def test_three_good_probes_close(breaker, clock):
    """The third good probe closes, and no failure before it is remembered."""
    opened(breaker)
    assert [breaker.probe_succeed() for _ in range(3)] == [False, False, True]
    assert not breaker.is_open
    assert breaker.probe_in() is None
    assert [breaker.fail(), breaker.fail()] == [False, False]


def test_a_bad_probe_starts_the_count_again(breaker, clock):
    """Two good probes, a bad one and two good ones leave it open."""
    opened(breaker)
    for good in (True, True, False, True, True):
        breaker.probe_succeed() if good else breaker.probe_fail(began=clock())
    assert breaker.is_open
    assert breaker.probe_succeed()


def test_well_again_means_used_again_within_five_seconds(breaker, clock):
    """R5: from the longest pause on, three good probes end in less than five seconds."""
    opened(breaker)
    for _ in range(4):
        breaker.probe_fail(began=clock())
    well_at = clock()
    while breaker.is_open:
        clock.advance(breaker.probe_in())
        breaker.probe_succeed()
    assert clock() - well_at < 5


def test_opening_again_starts_with_the_short_pause(breaker, clock):
    """The pause does not carry over from the last illness."""
    opened(breaker)
    for _ in range(4):
        breaker.probe_fail(began=clock())
    for _ in range(3):
        breaker.probe_succeed()
    opened(breaker)
    assert breaker.probe_in() == 1.0


def test_a_late_probe_of_a_closed_breaker_changes_nothing(breaker):
    """A good probe while closed reports no change."""
    assert not breaker.probe_succeed()


def test_an_illness_that_is_over_is_forgotten(breaker):
    """Ten failures of the last twenty open; closed again, one more failure does not."""
    for _ in range(10):
        breaker.succeed()
        breaker.fail()
    for _ in range(3):
        breaker.probe_succeed()
    assert not breaker.fail()
