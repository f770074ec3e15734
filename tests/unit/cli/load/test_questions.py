"""What the users of a load test ask."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date

import pytest

from pmecalc.cli.load.questions import Target, latest, quarterly, script, unasked

TARGET = Target("127.0.0.1", 8000, ("a", "b", "c"), "index", date(2025, 12, 31))


def test_new_questions_are_new():
    """Ten thousand questions of the endless kind have ten thousand addresses."""
    paths = [question.path for question in itertools.islice(unasked(TARGET), 10_000)]
    assert len(set(paths)) == 10_000


def test_closed_sets_hold_each_question_once():
    """Four views a fund now, and at each of the quarter ends of seven calendar years."""
    assert len({question.path for question in latest(TARGET)}) == 12
    assert len({question.path for question in quarterly(TARGET)}) == 12 * 28


def test_mixed_has_one_new_in_ten():
    """Of a thousand questions nine hundred were asked before."""
    known = latest(TARGET)
    asked = list(itertools.islice(script("mixed", known, unasked(TARGET)), 1000))
    assert sum(question in known for question in asked) == 900


def test_zipf_asks_a_few_often_and_all_sometimes():
    """The most asked question of 336 has its share by 1/k^1.1, the rest are asked as well."""
    known = quarterly(TARGET)
    asked = Counter(itertools.islice(script("zipf", known, iter(())), 100_000))
    expected = 100_000 / sum(k**-1.1 for k in range(1, len(known) + 1))
    assert asked.most_common(1)[0][1] == pytest.approx(expected, rel=0.05)
    assert len(asked) == len(known)


def test_hits_ask_in_turn_and_misses_never_twice():
    """`hit` goes round its set; `miss` is the endless kind."""
    known = latest(TARGET)
    assert list(itertools.islice(script("hit", known, iter(())), 24)) == known * 2
    new = unasked(TARGET)
    assert script("miss", known, new) is new
