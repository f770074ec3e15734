"""METHODS 12.2, 12.8 and 12.9 for risk figures, facilities, profiles and shifted pools."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effort import examples
from pmecalc import Fund, NotDefinedError, evaluate, pool
from pmecalc.core.facility import Facility, facility_view
from pmecalc.core.nav_returns import return_series
from pmecalc.core.profile import npv_profile
from pmecalc.core.risk import max_drawdown, volatility
from properties.comparing import all_same_rates, blurred, same
from properties.strategies import benchmarks, fund_parts, funds, iso

QUICK = settings(max_examples=examples(100), derandomize=True)
moves = st.lists(st.floats(-0.9, 2.0, allow_subnormal=False), min_size=8, max_size=20)


def quarterly(moved, flows, scale=1.0):
    """A fund whose value moves so each quarter, with a contribution at the end of some of them."""
    nav, navs, rows = 100.0, [(iso(0), 100.0 * scale)], [(iso(0), 100.0 * scale, 0.0)]
    for place, (move, flow) in enumerate(zip(moved, flows, strict=False), 1):
        nav = nav * (1 + move) + flow
        navs.append((iso(91 * place), nav * scale))
        rows.append((iso(91 * place), flow * scale, 0.0))
    return Fund.of(flows=rows, navs=navs)


class TestRisk:
    """'Scaling all money by s > 0: every rate and ratio unchanged.'"""

    @QUICK
    @given(moves, st.lists(st.floats(1, 500), min_size=20, max_size=20), st.integers(-8, 8))
    def test_returns_are_the_moves_whatever_flows_in(self, moved, flows, power):
        """Flows at the end of a quarter and the unit of money leave returns as they are."""
        series = return_series(quarterly(moved, flows, 10.0**power))
        assert np.allclose(series.returns, moved, atol=1e-11)
        spread = volatility(series)
        assert math.isclose(spread.per_period, np.std(moved, ddof=1), rel_tol=1e-6, abs_tol=1e-10)
        index = np.cumprod([1.0, *(1 + np.array(moved))])
        deepest = min(
            index[late] / index[early] - 1
            for early in range(len(index))
            for late in range(early, len(index))
        )
        assert math.isclose(max_drawdown(series).value, deepest, abs_tol=1e-9)


class TestProfile:
    """'For each reported root, |NPV| <= 1e-9 of the discounted amounts.'"""

    @QUICK
    @given(funds)
    def test_the_roots_of_a_profile_are_those_of_the_irr(self, seen):
        """All of them, with the one chosen; and no NPV is infinite."""
        fund, as_of = seen
        metric = evaluate(fund, as_of=as_of)["irr"]
        if metric.status in {"no_flows", "zero_duration", "no_nav"}:
            with pytest.raises(NotDefinedError) as caught:
                npv_profile(fund, as_of=as_of)
            assert (caught.value.status, caught.value.reason) == (metric.status, metric.reason)
            return
        profile = npv_profile(fund, as_of=as_of)
        assert all_same_rates([root.rate for root in profile.roots], metric.roots)
        chosen = [root.rate for root in profile.roots if root.chosen]
        has_one = metric.roots and metric.value is not None
        assert all_same_rates(chosen, [metric.value] if has_one else [])
        assert all(npv is None or math.isfinite(npv) for npv in profile.npv)


class TestShiftedPool:
    """'Pool of one fund = the fund': shifted too."""

    @QUICK
    @given(funds, benchmarks)
    def test_a_shifted_pool_of_one_is_the_fund(self, seen, benchmark):
        """A start of its own changes nothing."""
        fund, as_of = seen
        report = evaluate(fund, benchmark, as_of=as_of, max_staleness_days=None)
        found = pool(
            [fund],
            as_of=report.as_of,
            align="time_zero",
            benchmark=benchmark,
            max_staleness_days=None,
        )
        if report.valuation.start is None:
            assert found.n_excluded == 1
            return
        if blurred(report):
            return
        nav = report["nav"].value or 0.0
        stake = report.fv_contributions + report.fv_distributions + abs(nav)
        for name, metric in found.metrics.items():
            assert same(name, report[name], metric, stake=stake), name
            assert metric.reason == report[name].reason or metric.value is not None

    @QUICK
    @given(st.lists(fund_parts(), min_size=2, max_size=3), benchmarks)
    def test_the_order_of_shifted_funds_does_not_matter(self, parts, benchmark):
        """A pool turned round is the same pool, to the last bit of its sums."""
        members = [Fund.of(flows=flows, navs=navs) for flows, navs, _ in parts]
        as_of = max(row[0] for flows, _, _ in parts for row in flows)
        one, other = (
            pool(
                funds_,
                as_of=as_of,
                align="time_zero",
                benchmark=benchmark,
                max_staleness_days=None,
            ).metrics
            for funds_ in (members, members[::-1])
        )
        for name in ("tvpi", "ks_pme", "nfv"):  # a reason names members by their place
            assert replace(one[name], reason=None) == replace(other[name], reason=None)


class TestFacility:
    """METHODS 10: 'TVPI changes only by interest.'"""

    @QUICK
    @given(
        st.floats(1, 100), st.floats(0, 10), st.integers(1, 360), st.floats(0.1, 5), st.floats(0, 9)
    )
    def test_contributions_differ_by_interest(self, drawn, interest, days, multiple, extra):
        """Whatever was borrowed and for how long."""
        called = drawn + interest + extra
        fund = Fund.of(flows=[(iso(days), called, 0), (iso(1000), 0, called * multiple)])
        rows = [
            (iso(0), "facility_draw", drawn),
            (iso(days), "facility_repay", drawn, interest if interest > 1e-9 else 0),
        ]
        view = facility_view(fund, Facility.of(rows))
        paid = called - view.interest
        assert math.isclose(view.tvpi_without.value, called * multiple / paid, rel_tol=1e-9)
        assert math.isclose(view.average_days, days)
