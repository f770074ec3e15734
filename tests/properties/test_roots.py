"""METHODS 12.9 and 2.2: every reported root is one, and none is missing."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effort import examples
from pmecalc import Fund, irr_roots
from pmecalc.core.irr import by_date, solve
from pmecalc.core.roots import DiscountedSum, _certified_brackets, _isolate, all_roots
from properties.strategies import all_rows, alternating_rows

QUICK = settings(max_examples=examples(300), derandomize=True)
RESIDUAL = 1e-9  # METHODS 12.9
APART = 1e-6  # two ways to the same simple root; roots nearer than that blur


def _stream(rows):
    fund = Fund.of(flows=rows)
    days, sums = by_date(fund.days, fund.distributions - fund.contributions)
    assume(len(days) > 0)
    return (days - days[0]) / 365.0, sums


def _relative_npv(times, amounts, log_rate):
    exponents = np.log(np.abs(amounts)) - log_rate * times
    sizes = np.exp(exponents - exponents.max())
    return abs(math.fsum(sizes * np.sign(amounts))) / math.fsum(sizes)


class TestEveryRoot:
    """'|NPV| <= 1e-9 x sum |discounted amounts|; number of roots <= V and of the same parity.'"""

    @QUICK
    @given(all_rows)
    def test_reported_roots_bring_the_stream_to_zero(self, rows):
        """Residual, Laguerre's bound and parity hold, and roots ascend."""
        times, amounts = _stream(rows)
        roots = all_roots(times, amounts)
        changes = sum(a * b < 0 for a, b in pairwise(np.sign(amounts)))
        assert len(roots) <= changes
        assert all(_relative_npv(times, amounts, root.log_rate) <= RESIDUAL for root in roots)
        assert all(a.log_rate < b.log_rate for a, b in pairwise(roots))
        if not any(root.double for root in roots):
            assert len(roots) % 2 == changes % 2

    @QUICK
    @given(st.one_of(alternating_rows(), all_rows))
    def test_the_quick_way_finds_what_the_general_way_finds(self, rows):
        """Intervals certified by mean times hold the roots that the recursion isolates."""
        times, amounts = _stream(rows)
        total = DiscountedSum.of(times, amounts)
        assume(total.sign_changes() > 1)
        assume(_certified_brackets(total) is not None)
        general = [root.log_rate for root in _isolate(total)]
        quick = [root.log_rate for root in all_roots(times, amounts)]
        assert len(general) == len(quick)
        assert all(
            abs(a - b) <= APART * max(1.0, abs(a)) for a, b in zip(general, quick, strict=True)
        )

    @QUICK
    @given(all_rows)
    def test_the_public_list_is_the_solution(self, rows):
        """`irr_roots` lists what the report lists, as rates above -1 or rounded to it."""
        signed = [(day, got - paid) for day, paid, got in rows]
        days = np.array([Fund.of(flows=[row]).days[0] for row in rows])
        amounts = np.array([amount for _, amount in signed])
        rates = irr_roots(signed)
        assert rates == list(solve(days, amounts, last_day=int(days.max())).rates)
        assert all(rate >= -1 and math.isfinite(rate) for rate in rates)
