"""Many funds at once: tables in, arrays out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import pmecalc as pme
from pmecalc.core import engine
from pmecalc.core.batch import stream_irr
from pmecalc.core.methods import METHODS
from requirements import require

ROWS = {
    "fund": ["b", "a", "b", "a", "b"],
    "date": ["2020-01-01", "2020-01-01", "2021-06-30", "2021-01-01", "2022-01-01"],
    "contribution": [100.0, 50.0, 20.0, 0.0, 0.0],
    "distribution": [0.0, 0.0, 0.0, 60.0, 40.0],
    "nav": [np.nan, np.nan, np.nan, np.nan, 130.0],
}
WORLD = pme.Benchmark.of([("2020-01-01", 100), ("2021-01-01", 110), ("2022-01-01", 105)])


def _typed(kind):
    dates = np.array(ROWS["date"], "datetime64[D]")
    columns = {**ROWS, "date": dates}
    if kind == "arrow":
        return pa.table({**columns, "date": pa.array(dates)})
    return {"dict": dict, "polars": pl.DataFrame, "pandas": pd.DataFrame}[kind](columns)


@pytest.mark.parametrize("kind", ["dict", "pandas", "polars", "arrow"])
def test_a_long_table_in_any_form_gives_what_evaluate_gives(kind):
    """Rows in any order, from a dict, pandas, Polars or Arrow, are grouped and sorted by fund."""
    made = pme.batch(_typed(kind), WORLD, max_staleness_days=None)
    assert made.labels.tolist() == ["b", "a"]
    fund = pme.Fund.of(
        flows=[("2020-01-01", 100, 0), ("2021-06-30", 20, 0), ("2022-01-01", 0, 40)],
        navs=[("2022-01-01", 130)],
    )
    report = pme.evaluate(fund, WORLD, max_staleness_days=None)
    for name in set(METHODS) - {"ln_short_from"}:
        value = report.metrics[name].value
        expected = np.nan if value is None else value
        np.testing.assert_allclose(made[name][0], expected, rtol=1e-12, err_msg=name)
        assert made.statuses(name)[0] == report.metrics[name].status


def test_a_fund_that_the_index_does_not_reach_does_not_sink_the_others():
    """Its index measures say so; its own and the other fund's stand."""
    flows = [("2020-01-01", 100, 0), ("2021-01-01", 0, 120)]
    early = [("2019-01-01", 100, 0), ("2021-01-01", 0, 120)]
    made = pme.batch([pme.Fund.of(flows=flows), pme.Fund.of(flows=early)], WORLD)
    assert made.statuses("ks_pme").tolist() == ["ok", "index_not_covered"]
    assert made.statuses("irr").tolist() == ["ok", "ok"]


def test_only_what_is_asked_for_is_returned():
    """A batch of two measures has two columns, and spreads bring what they need."""
    flows = [("2020-01-01", 100, 0), ("2021-01-01", 0, 120)]
    made = pme.batch([pme.Fund.of(flows=flows)], WORLD, measures=["tvpi", "mpme_spread"])
    assert list(made.columns) == ["tvpi", "mpme_spread"]
    report = pme.evaluate(pme.Fund.of(flows=flows), WORLD)
    np.testing.assert_allclose(made["mpme_spread"], [report.mpme_spread], atol=1e-12)


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        (([0, 2], [0, 365], [-1, 0], [0, 1]), "NEGATIVE_AMOUNT"),
        (([0, 2], [0, 365], [np.inf, 0], [0, 1]), "NON_FINITE"),
        (([0, 2], [365, 0], [1, 0], [0, 1]), "MALFORMED"),
        (([0, 3], [0, 365], [1, 0], [0, 1]), "MALFORMED"),
        (([1, 2], [0, 365], [1, 0], [0, 1]), "MALFORMED"),
        (([0, 2, 1], [0, 365], [1, 0], [0, 1]), "MALFORMED"),
        (([], [], [], []), "MALFORMED"),
    ],
)
def test_columns_that_cannot_be_used_are_refused(columns, code):
    """Signs, gaps, order and lengths are checked once, when the columns are joined."""
    with pytest.raises(pme.InputError) as refused:
        pme.Ragged.of(*columns)
    assert refused.value.code == code


def test_columns_by_fund_are_as_many_as_funds():
    """A commitment too many is refused."""
    with pytest.raises(pme.InputError, match="by fund differ in length") as refused:
        pme.Ragged.of([0, 2], [0, 365], [1, 0], [0, 1], commitments=[5, 5])
    assert refused.value.code == "MALFORMED"


def test_importing_the_package_does_not_import_numba():
    """The compiler is loaded by the first batch, not before."""
    check = "import sys, pmecalc; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_measures_through_time_are_the_same_by_both_engines():
    """The compiled sweep over NAV dates gives the columns of `evaluate` at each of them."""
    engine.load()
    rng = np.random.default_rng(4)
    days = np.datetime64("2020-01-01") + np.sort(rng.choice(700, 20, replace=False))
    paid = rng.random(20) < 0.6
    paid[0] = True
    flows = [
        (day, 10.0 * p, 8.0 * (not p)) for day, p in zip(days.astype(object), paid, strict=True)
    ]
    navs = [(day, 60.0) for day in days.astype(object)[3::4]]
    fund = pme.Fund.of(flows=flows, navs=navs)
    columns = pme.evaluate(fund, WORLD, max_staleness_days=None).through_time()
    for place, (day, _) in enumerate(navs):
        report = pme.evaluate(fund, WORLD, as_of=day, max_staleness_days=None)
        for name, metric in report.metrics.items():
            assert columns[f"{name}_status"][place] == metric.status
            if isinstance(metric.value, float):
                assert columns[name][place] == pytest.approx(metric.value, rel=1e-12, abs=1e-12)
            else:
                assert columns[name][place] == metric.value


def test_without_numba_everything_works_and_is_equal(request):
    """Batch, single stream and series answer the same to 1e-12 where the compiler is missing."""
    script = request.config.rootpath / "tests" / "plain_batch.py"
    answer = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True)
    rates, ratios = (
        [float.fromhex(word) for word in line.split()] for line in answer.stdout.splitlines()
    )
    stream = np.array([0, 200, 365], np.int32), np.array([-100.0, 30.0, 85.0])
    engine.load()
    np.testing.assert_allclose(rates, stream_irr(*stream), rtol=1e-12)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-12)


@pytest.mark.parametrize(
    "conventions",
    [
        {"lookup": "linear", "day_count": "30E/360"},
        {"recallable": "net", "netting": "same_day"},
        {"nav_growth": "index", "day_count": "30/360 US"},
    ],
    ids=lambda given: "-".join(given.values()),
)
def test_funds_with_reversed_and_recallable_flows_are_what_evaluate_gives(conventions):
    """A batch of funds keeps their tags, and leaves them to the functions that know them."""
    flows = [("2020-01-01", 100, 0), ("2020-07-01", 0, 30), ("2021-03-01", 20, 0)]
    funds = [
        pme.Fund.of(flows=flows, recallable=[("2020-07-01", 30)], commitment=200, name="again"),
        pme.Fund.of(flows=[*flows, ("2021-06-30", -5, 0)], reversals="net", name="back"),
        pme.Fund.of(flows=flows, navs=[("2021-01-01", 80)], name="plain"),
    ]
    made = pme.batch(funds, WORLD, as_of="2021-07-31", max_staleness_days=None, **conventions)
    for place, fund in enumerate(funds):
        report = pme.evaluate(
            fund, WORLD, as_of="2021-07-31", max_staleness_days=None, **conventions
        )
        for name in set(METHODS) - {"ln_short_from"}:
            value = report.metrics[name].value
            expected = np.nan if value is None else value
            np.testing.assert_allclose(made[name][place], expected, rtol=1e-12, err_msg=name)
            assert made.statuses(name)[place] == report.metrics[name].status


def test_reversed_rows_of_a_table_are_refused_unless_asked_for():
    """A negative contribution is an error, or money that came back."""
    table = {**ROWS, "contribution": [100.0, 50.0, -20.0, 0.0, 0.0]}
    with pytest.raises(pme.CashFlowError):
        pme.batch(table)
    assert pme.batch(table, reversals="net")["paid_in"].tolist() == [80.0, 50.0]


def test_a_nav_that_cannot_grow_with_the_index_leaves_no_measure():
    """Where the index has a hole, the NAV that it carries is not known either."""
    fund = pme.Fund.of(
        flows=[("2020-01-01", 100, 0), ("2020-02-01", 5, 0)], navs=[("2020-01-01", 99)]
    )
    holed = pme.Benchmark.of([("2020-01-01", 100)])
    made = pme.batch([fund], holed, as_of="2020-12-31", nav_growth="index")
    assert {made.statuses(name)[0] for name in METHODS} == {"index_stale"}


def test_further_measures_are_computed_when_named():
    """Beside those of a report, with statuses of their own; dates as dates."""
    names = ("irr", "twr", "volatility", "j_trough_date")
    made = pme.batch(_typed("dict"), WORLD, max_staleness_days=None, measures=names)
    assert tuple(made.columns) == names
    assert made["twr"].dtype == float
    assert made["j_trough_date"].dtype == np.dtype("datetime64[D]")
    assert made.statuses("volatility").tolist() == ["too_few_observations"] * 2
    fund = made.labels.tolist().index("b")
    assert made["j_trough_date"][fund] == np.datetime64("2021-06-30")


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
def test_each_outcome_says_whether_it_is_estimated(compiled, monkeypatch):
    """Its own NAV is rolled forward, or one that mPME weighs a distribution by; in files too."""
    if compiled:
        require("numba", present=engine.importable())
        assert engine.load()
    else:
        monkeypatch.setattr(engine, "fund_kernels", lambda: None)
    flows = [("2020-01-01", 100, 0), ("2021-03-01", 0, 30)]
    funds = [
        pme.Fund.of(flows=flows, navs=[("2021-03-01", 80), ("2021-12-31", 90)]),  # all reported
        pme.Fund.of(flows=flows, navs=[("2020-12-31", 100), ("2021-12-31", 90)]),  # not in March
        pme.Fund.of(flows=flows, navs=[("2021-03-01", 80)]),  # not on the as-of date
        pme.pool([pme.Fund.of(flows=flows, navs=[("2021-03-01", 80)])], as_of="2021-12-31"),
    ]
    world = pme.Benchmark.of([("2020-01-01", 500), ("2022-01-01", 600)])
    asked = {"as_of": "2021-12-31", "max_staleness_days": None}
    made = pme.batch(funds, world, measures=[*METHODS, "twr"], **asked)
    assert made.estimated("irr").tolist() == [False, False, True, True]
    assert made.estimated("mpme_spread").tolist() == [False, True, True, True]
    assert made.estimated("dpi").tolist() == [False] * 4
    for place, fund in enumerate(funds):
        report = pme.evaluate(fund, world, **asked)
        for name in made.columns:
            assert made.estimated(name)[place] == report[name].estimated, name
    table = made.to_dict()
    assert table["irr_estimated"].tolist() == [False, False, True, True]
    assert "dpi_estimated" not in table
