"""The order in which values go."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmecalc.cache.sieve import Sieve

NEVER = float("inf")


@dataclass(eq=False)
class Value:
    """A named value."""

    name: int
    asked_for: bool = False
    until: float = NEVER


def test_an_empty_queue_has_nothing_to_give():
    """Asking for the next to go without any is a LookupError."""
    with pytest.raises(LookupError):
        Sieve().next_to_go(0.0)


@given(st.lists(st.integers(0, 2), max_size=200))
def test_it_is_the_sieve_of_the_paper(steps):
    """New, hit and evict in any order take the same values as the algorithm over a plain list."""
    sieve, places = Sieve(), {}
    plain, hand = [], 0
    for number, step in enumerate(steps):
        if step == 0:
            value = Value(number)
            places[number] = sieve.push(value)
            plain.append(value)
        elif step == 1 and plain:
            plain[number % len(plain)].asked_for = True
        elif step == 2 and plain:
            marks = [value.asked_for for value in plain]
            hand %= len(plain)
            while marks[hand]:
                marks[hand] = False
                hand = (hand + 1) % len(plain)
            expected = plain[hand]
            gone = sieve.next_to_go(0.0)
            sieve.remove(places.pop(gone.name))
            assert gone is expected
            assert [value.asked_for for value in plain] == marks
            del plain[hand]
            hand = hand if hand < len(plain) else 0
    assert bool(sieve) == bool(plain)


def test_a_value_past_its_time_goes_first():
    """Near the hand an expired value goes before a living one."""
    sieve = Sieve()
    values = [Value(0), Value(1, until=5.0), Value(2)]
    for value in values:
        sieve.push(value)
    assert sieve.next_to_go(10.0) is values[1]
    assert sieve.next_to_go(1.0) is values[0]
