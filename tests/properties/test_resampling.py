"""METHODS 6.4, 13: resampled figures are those of the pools."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effort import examples
from pmecalc import Fund, NotDefinedError, evaluate, pool
from pmecalc.core.bootstrap import bootstrap
from pmecalc.core.conventions import Options
from pmecalc.core.streams import Holdings, Streams
from pmecalc.core.weighted_pools import RateTables
from properties.comparing import blurred, same_rate
from properties.strategies import benchmarks, fund_parts, funds

QUICK = settings(max_examples=examples(120), derandomize=True)
ANY_GAP = Options(max_staleness_days=None)


class TestWeightings:
    """'Recompute the pooled metric': a weighting is the pool that holds each fund so often."""

    @QUICK
    @given(
        st.lists(fund_parts(), min_size=1, max_size=3),
        benchmarks,
        st.lists(st.integers(0, 3), min_size=3, max_size=3),
    )
    def test_a_weighted_rate_is_the_rate_of_the_pool(self, parts, benchmark, times):
        """IRR and direct alpha of any funds, nasty kinds included."""
        members = [Fund.of(flows=flows, navs=navs) for flows, navs, _ in parts]
        counts = times[: len(members)]
        assume(any(counts))
        as_of = max(row[0] for flows, _, _ in parts for row in flows)
        drawn = [fund for fund, n in zip(members, counts, strict=True) for _ in range(n)]
        whole = evaluate(pool(drawn, as_of=as_of), benchmark, as_of=as_of, max_staleness_days=None)
        assume(not blurred(whole))
        held = Holdings.of(members, benchmark, whole.valuation.as_of, ANY_GAP)
        assume(not np.isnan(held.navs).any())  # `bootstrap` refuses what is not known
        for name in ("irr", "direct_alpha"):
            tables = RateTables(Streams.of(held, carried=name == "direct_alpha"))
            (rate,) = tables.rates(np.array([counts], np.float64))
            expected = whole[name].value
            assert math.isnan(rate) if expected is None else same_rate(rate, expected)


class TestTwins:
    """'A single fund has no sampling distribution': neither have its copies."""

    @settings(max_examples=examples(25), derandomize=True)
    @given(funds, st.integers(2, 4), st.sampled_from(["tvpi", "irr"]))
    def test_identical_funds_have_an_interval_of_no_width(self, seen, copies, name):
        """Whatever is drawn, it is the same pool."""
        fund, as_of = seen
        as_of = evaluate(fund, as_of=as_of).as_of
        try:
            found = bootstrap([fund] * copies, as_of=as_of, metric=name, vintages=[1] * copies)
        except NotDefinedError:
            assert evaluate(fund, as_of=as_of)[name].value is None
            return
        assert same_rate(found.value, evaluate(fund, as_of=as_of)[name].value)
        size = 1e-12 * (1 + abs(found.value))
        assert found.percentile.high - found.percentile.low <= size
        assert found.bca.high - found.bca.low <= size
