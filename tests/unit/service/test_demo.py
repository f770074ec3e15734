"""Synthetic funds: as many as asked for, each its own, the same in every run."""

from __future__ import annotations

from pmecalc.core.evaluate import evaluate
from pmecalc.service.demo import demo_benchmark, demo_funds, synthetic_funds


def test_synthetic_funds_are_distinct_and_the_same_each_time():
    """Thirty funds have thirty names and thirty rates of return, and come again alike."""
    funds, again = synthetic_funds(30), synthetic_funds(30)
    rates = [evaluate(fund, demo_benchmark()).irr for fund in funds]
    assert len({fund.name for fund in funds}) == len(set(rates)) == 30
    assert rates == [evaluate(fund, demo_benchmark()).irr for fund in again]


def test_the_first_synthetic_funds_are_those_of_the_demo():
    """The demo's own come first, and fewer of them where fewer are asked for."""
    names = [fund.name for fund in demo_funds()]
    assert [fund.name for fund in synthetic_funds(7)[:5]] == names
    assert [fund.name for fund in synthetic_funds(2)] == names[:2]
