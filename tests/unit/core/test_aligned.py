"""Pools of funds shifted to a common start."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Benchmark, BenchmarkError, Fund, InputError, evaluate, irr_roots, pool

LAST = "2021-12-31"
WORLD = Benchmark.of([("2009-12-31", 100), ("2012-01-01", 130), ("2014-01-01", 90), (LAST, 250)])
A = Fund.of(flows=[("2010-01-01", 100, 0), ("2013-01-01", 0, 90)], navs=[(LAST, 60)])
B = Fund.of(flows=[("2013-06-01", 200, 0), ("2015-06-01", 0, 150)], navs=[("2021-06-30", 260)])
UNBORN = Fund.of(flows=[("2022-06-01", 200, 0)])
ANY = {"max_staleness_days": None}
SUMS = ("dpi", "rvpi", "tvpi", "ks_pme", "nfv")
RATES = ("irr", "direct_alpha", "direct_alpha_log")


def test_sums_are_those_of_the_unshifted_pool():
    """Multiples, KS-PME and value added do not know of dates."""
    found = pool([A, B], as_of=LAST, align="time_zero", benchmark=WORLD, **ANY).metrics
    report = evaluate(pool([A, B], as_of=LAST), WORLD, **ANY)
    for name in SUMS:
        assert math.isclose(found[name].value, report[name].value, rel_tol=1e-12)
    assert not math.isclose(found["irr"].value, report.irr, rel_tol=1e-3)


def test_rates_are_those_of_the_shifted_streams():
    """Each fund's flows and NAV at its own age; carried flows with calendar factors."""
    found = pool([A, B], as_of=LAST, align="time_zero", benchmark=WORLD, **ANY)
    late = np.datetime64("2013-06-01") - np.datetime64("2010-01-01")

    def shifted(fund, *, carried):
        begin = late if fund is B else np.timedelta64(0)
        at = evaluate(fund, WORLD, as_of=LAST, **ANY).valuation
        growth = at.growth if carried else np.ones(len(at.days))
        dates = [str(np.datetime64("1970-01-01") + int(day) - begin) for day in at.days]
        end = str(np.datetime64(LAST) - begin)
        return [*zip(dates, (at.net * growth).tolist(), strict=True), (end, at.nav)]

    for name, carried in (("irr", False), ("direct_alpha", True)):
        (root,) = irr_roots(shifted(A, carried=carried) + shifted(B, carried=carried))
        assert math.isclose(found.metrics[name].value, root, rel_tol=1e-12)


def test_a_pool_of_one_is_the_fund():
    """Shifted or not."""
    found = pool([B], as_of=LAST, align="time_zero", benchmark=WORLD, **ANY)
    report = evaluate(B, WORLD, as_of=LAST, **ANY)
    for name in (*SUMS, *RATES):
        assert math.isclose(found.metrics[name].value, report[name].value, rel_tol=1e-12)
        assert found.metrics[name].status == report[name].status
    assert found.warnings == ("NAV_ROLLED_FORWARD",)


def test_funds_that_have_not_begun_are_counted():
    """They have no first flow to shift to."""
    found = pool([A, UNBORN], as_of=LAST, align="time_zero")
    assert found.n_excluded == 1
    alone = evaluate(A, as_of=LAST)["irr"].value
    assert math.isclose(found.metrics["irr"].value, alone, rel_tol=1e-12)
    assert found.metrics["ks_pme"].status == "no_index"


def test_nothing_begun_has_no_rate():
    """Nor a ratio, nor money; with an index and without."""
    for benchmark in (WORLD, None):
        metrics = pool([UNBORN], as_of=LAST, align="time_zero", benchmark=benchmark).metrics
        assert {(each.value, each.status) for each in metrics.values()} == {(None, "no_flows")}
        assert metrics.keys() == {*SUMS, *RATES}


@pytest.mark.parametrize("benchmark", [WORLD, None], ids=["index", "none"])
def test_a_member_without_a_nav_leaves_open_what_needs_it(benchmark):
    """It is named, by position where it has no name; `no_index` comes before it."""
    bare = Fund.of(flows=[("2012-01-01", 50, 0)])
    named = Fund.of(flows=[("2012-01-01", 50, 0)], name="Bare")
    pooled = pool([A, bare, named], as_of=LAST, align="time_zero", benchmark=benchmark, **ANY)
    reason = "fund 2: no NAV was reported; Bare: no NAV was reported"
    for name, metric in pooled.metrics.items():
        if name == "dpi":
            assert metric.status == "ok"
        elif benchmark is None and name not in {"rvpi", "tvpi", "irr"}:
            assert metric.status == "no_index"
        else:
            assert (metric.value, metric.status, metric.reason) == (None, "no_nav", reason)


def test_a_shifted_pool_of_one_without_a_nav_gives_the_reason_of_the_fund():
    """There is no other member that it could be told from."""
    bare = Fund.of(flows=[("2012-01-01", 50, 0)], name="Bare")
    metrics = pool([bare], as_of=LAST, align="time_zero").metrics
    assert metrics["irr"].reason == evaluate(bare, as_of=LAST)["irr"].reason


def test_no_time_has_no_rate():
    """Each fund began on the as-of date."""
    day = Fund.of(flows=[(LAST, 5, 0)], navs=[(LAST, 6)])
    metrics = pool([day, day], as_of=LAST, align="time_zero").metrics
    assert metrics["irr"].status == "zero_duration"
    assert metrics["tvpi"].value == 1.2


def test_the_index_must_cover_the_calendar_dates():
    """Factors are taken before the shift."""
    late = Benchmark.of([("2013-01-01", 100), (LAST, 250)])
    with pytest.raises(BenchmarkError) as caught:
        pool([A, B], as_of=LAST, align="time_zero", benchmark=late, **ANY)
    assert caught.value.code == "INDEX_NOT_COVERED"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"align": "stars"}, "align"),
        ({"benchmark": WORLD}, "benchmark"),
        ({"lookup": "previous"}, "lookup"),
    ],
    ids=["align", "benchmark", "option"],
)
def test_what_a_calendar_pool_does_not_use_is_refused(options, field):
    """It is a fund, evaluated with a benchmark afterwards."""
    with pytest.raises(InputError) as caught:
        pool([A, B], as_of=LAST, **options)
    assert caught.value.field == field
