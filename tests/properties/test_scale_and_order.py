"""METHODS 12.2 and 12.10: what cannot change an answer."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effort import examples
from pmecalc import Benchmark, Fund, evaluate
from pmecalc.core.methods import METHODS
from properties.comparing import blurred, differences
from properties.strategies import (
    LAST_OFFSET,
    benchmarks,
    fund_parts,
    iso,
    level_rows,
    money,
    scales,
)

QUICK = settings(max_examples=examples(120), derandomize=True)


def _report(flows, navs, as_of, benchmark, **options):
    fund = Fund.of(flows=flows, navs=navs)
    return evaluate(fund, benchmark, as_of=as_of, max_staleness_days=None, **options)


class TestScale:
    """'Scaling all money by s > 0: every rate and ratio unchanged, money figures times s.'"""

    @QUICK
    @given(fund_parts(), benchmarks, scales)
    def test_scaling_money_scales_money_alone(self, parts, benchmark, scale):
        """Rates, ratios, dates and statuses stay; money is multiplied."""
        flows, navs, as_of = parts
        assume(all(1e-15 < abs(x) * scale < 1e25 for row in flows for x in row[1:] if x))
        assume(all(1e-15 < abs(nav) * scale < 1e25 for _, nav in navs if nav))
        one = _report(flows, navs, as_of, benchmark)
        larger = [(day, paid * scale, got * scale) for day, paid, got in flows]
        other = _report(larger, [(day, nav * scale) for day, nav in navs], as_of, benchmark)
        assume(not blurred(one, other))
        assert differences(one, other, factor=scale) == []
        assert one.warnings == other.warnings

    @QUICK
    @given(fund_parts(), level_rows(), scales)
    def test_scaling_the_index_changes_nothing(self, parts, levels, scale):
        """'Scaling the index by s: nothing changes.'"""
        one = _report(*parts, Benchmark.of(levels))
        other = _report(*parts, Benchmark.of([(day, level * scale) for day, level in levels]))
        assume(not blurred(one, other))
        assert differences(one, other) == []


class TestOrder:
    """'Row order: nothing changes.'"""

    @QUICK
    @given(fund_parts(), level_rows(), st.randoms(use_true_random=False))
    def test_rows_in_any_order_say_the_same(self, parts, levels, random):
        """Flows, NAVs and levels may come in any order."""
        flows, navs, as_of = parts
        one = _report(flows, navs, as_of, Benchmark.of(levels))
        shuffled = [random.sample(rows, len(rows)) for rows in (flows, navs, levels)]
        other = _report(*shuffled[:2], as_of, Benchmark.of(shuffled[2]))
        assume(not blurred(one, other))
        assert differences(one, other) == []

    @QUICK
    @given(fund_parts(), benchmarks)
    def test_splitting_a_flow_on_its_day_changes_nothing(self, parts, benchmark):
        """Two halves of every flow are the flow (METHODS 1.3)."""
        flows, navs, as_of = parts
        one = _report(flows, navs, as_of, benchmark)
        halves = [(day, paid / 2, got / 2) for day, paid, got in flows for _ in range(2)]
        other = _report(halves, navs, as_of, benchmark)
        assume(not blurred(one, other))
        assert differences(one, other) == []

    @QUICK
    @given(fund_parts(), benchmarks)
    def test_netting_a_day_leaves_rates_of_net_flows(self, parts, benchmark):
        """IRR, LN-PME, Direct Alpha and NFV do not depend on netting (METHODS 1.3)."""
        one = _report(*parts, benchmark)
        other = _report(*parts, benchmark, netting="same_day")
        assume(not blurred(one, other))
        assume(one["years"].value == other["years"].value)
        names = ("gain", "irr", "irr_gips", "ln_irr", "ln_nav", "ln_short_from", "ln_spread")
        assert differences(one, other, (*names, "direct_alpha", "nfv")) == []


class TestNoFuture:
    """'No metric depends on data after T.'"""

    @QUICK
    @given(
        fund_parts(),
        level_rows(),
        st.integers(0, LAST_OFFSET),
        st.lists(st.tuples(st.integers(1, 3000), money, money), max_size=4),
    )
    def test_later_rows_change_nothing(self, parts, levels, at, later):
        """Flows, NAVs and levels after the as-of date may be anything."""
        flows, navs, _ = parts
        early = [row for row in flows if row[0] <= iso(at)]
        known = [row for row in navs if row[0] <= iso(at)]
        # Without any NAV a fund is worth 0 (METHODS 1.5), so one NAV at T must be known.
        assume(early and known)
        past = [row for row in levels if row[0] <= iso(at)]
        one = _report(early, known, iso(at), Benchmark.of(past))
        new_days = {iso(at + gap): (paid, got) for gap, paid, got in later}
        other = _report(
            early + [(day, *pair) for day, pair in new_days.items()],
            known + [(day, paid) for day, (paid, _) in new_days.items()],
            iso(at),
            Benchmark.of(past + [(day, paid) for day, (paid, _) in new_days.items()]),
        )
        assert {name: other[name] for name in METHODS} == one.metrics
