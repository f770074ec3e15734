"""METHODS 12.8: the series ends where the point stands, and a pool of one is its fund."""

from __future__ import annotations

import json

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effort import examples
from pmecalc import Fund, evaluate, horizon, pool
from pmecalc.core.methods import METHODS
from pmecalc.core.metric import Metric
from properties.comparing import blurred, differences, money_at_stake, same
from properties.strategies import benchmarks, fund_parts, funds

NEVER = {"ln_short_from", "payback_dpi", "payback_tvpi", "payback_ks_pme"}  # null: it never came
QUICK = settings(max_examples=examples(80), derandomize=True)


def _report(fund, benchmark, as_of):
    return evaluate(fund, benchmark, as_of=as_of, max_staleness_days=None)


def _unlike(series, place, report):
    """The measures that a row of the series says otherwise; its sums run, a report's are exact."""
    stake = money_at_stake(report)
    row = {name: Metric(series[name][place], series[f"{name}_status"][place]) for name in METHODS}
    return [name for name in METHODS if not same(name, row[name], report[name], stake=stake)]


class TestThroughTime:
    """'Through-time last point = the point estimate at T.'"""

    @QUICK
    @given(funds, benchmarks)
    def test_each_point_is_the_report_of_its_date(self, seen, benchmark):
        """Every row of the series is what `evaluate` says with that as-of date."""
        fund, as_of = seen
        whole = _report(fund, benchmark, as_of)
        series = whole.through_time()
        assert {len(column) for column in series.values()} == {len(series["date"])}
        for place, day in enumerate(series["date"]):
            point = _report(fund, benchmark, day)
            assert _unlike(series, place, point) == []
        if series["date"] and series["date"][-1] == whole.as_of:
            assert _unlike(series, -1, whole) == []

    @QUICK
    @given(funds, benchmarks)
    def test_the_j_curve_ends_at_the_gain(self, seen, benchmark):
        """Cumulative net flow with the NAV is the gain at the as-of date."""
        fund, as_of = seen
        report = _report(fund, benchmark, as_of)
        curve = report.j_curve()
        if report["irr"].status == "no_flows" and not curve["date"]:
            assert curve.trough is None
            return
        assert curve["date"][-1] == report.as_of
        assert curve.trough.value == min(curve["net"])
        if report["gain"].value is None:
            assert curve["with_nav"][-1] is None
            return
        size = report.paid_in + report.distributed + abs(report.nav)
        assert abs(curve["with_nav"][-1] - report.gain) <= 1e-12 * size

    @QUICK
    @given(funds, benchmarks)
    def test_a_horizon_from_before_the_start_is_since_inception(self, seen, benchmark):
        """A start on or before the first flow changes nothing and says so (METHODS 5.2)."""
        fund, as_of = seen
        whole = _report(fund, benchmark, as_of)
        same = horizon(fund, benchmark, start="1990-01-01", as_of=as_of, max_staleness_days=None)
        assert same.outcomes(further=True) == whole.outcomes(further=True)
        assert same.warnings == ("SINCE_INCEPTION", *whole.warnings)


class TestPool:
    """'Pool of one fund = the fund. Pool is independent of order.'"""

    @QUICK
    @given(funds, benchmarks)
    def test_a_pool_of_one_is_the_fund(self, seen, benchmark):
        """Every measure at the pool's date is the fund's own."""
        fund, as_of = seen
        own = _report(fund, benchmark, as_of)
        pooled = _report(pool([fund], as_of=own.as_of), benchmark, own.as_of)
        assert pooled.metrics == own.metrics

    @QUICK
    @given(st.lists(fund_parts(), min_size=2, max_size=3), benchmarks, st.integers(1, 2))
    def test_the_order_of_funds_does_not_matter(self, parts, benchmark, turn):
        """A pool turned round is the same pool."""
        funds_ = [Fund.of(flows=flows, navs=navs) for flows, navs, _ in parts]
        as_of = max(row[0] for flows, _, _ in parts for row in flows)
        one = _report(pool(funds_, as_of=as_of), benchmark, as_of)
        other = _report(pool(funds_[turn:] + funds_[:turn], as_of=as_of), benchmark, as_of)
        assume(not blurred(one, other))
        assert differences(one, other) == []
        assert one.warnings == other.warnings
        assert [each.day for each in one.valuation.fund.nav_remarks] == [
            each.day for each in other.valuation.fund.nav_remarks
        ]


class TestJson:
    """METHODS 13: 'JSON: finite numbers or null'; 1.8: undefined is null, never a stand-in."""

    @settings(max_examples=examples(200), derandomize=True)
    @given(funds, st.none() | benchmarks)
    def test_every_report_is_json(self, seen, benchmark):
        """Whatever the fund, nothing but finite numbers, text and null comes out."""
        report = _report(seen[0], benchmark, seen[1])
        shown = report.to_dict(further=True)
        assert json.loads(json.dumps(shown, allow_nan=False)) == shown
        json.dumps([report.j_curve(), report.payback(), report.through_time()], allow_nan=False)
        for name, metric in report.outcomes(further=True).items():
            undefined = metric.value is None and name not in NEVER
            assert not (undefined and metric.status == "ok")
            if metric.value is None and metric.status != "ok":
                assert metric.reason

    @settings(max_examples=examples(100), derandomize=True)
    @given(st.lists(fund_parts(), min_size=2, max_size=3), st.none() | benchmarks)
    def test_every_report_of_a_pool_is_json(self, parts, benchmark):
        """A NAV that a member lacks is null, and no sum becomes NaN through it."""
        members = [Fund.of(flows=flows, navs=navs) for flows, navs, _ in parts]
        as_of = max(row[0] for flows, _, _ in parts for row in flows)
        report = _report(pool(members, as_of=as_of), benchmark, as_of)
        json.dumps(report.to_dict(further=True), allow_nan=False)
        json.dumps([report.j_curve(), report.payback(), report.through_time()], allow_nan=False)
        shifted = pool(members, as_of=as_of, align="time_zero")
        values = [metric.value for metric in shifted.metrics.values()]
        json.dumps(values, allow_nan=False)
