"""The report: every measure with its status, and the JSON of it."""

from __future__ import annotations

import copy
import json
from dataclasses import FrozenInstanceError

import pytest

from pmecalc import (
    Benchmark,
    BenchmarkError,
    Fund,
    InputError,
    NotDefinedError,
    NotFoundError,
    Report,
    evaluate,
)
from pmecalc.core.evaluate import ENGINE, WARNINGS
from pmecalc.core.methods import METHODS

LEVELS = [("2020-01-01", 500), ("2020-12-31", 550), ("2021-12-31", 600)]
WORLD = Benchmark.of(LEVELS, name="World", currency="USD")
FUND = Fund.of(
    flows=[("2020-01-01", 100, 0), ("2020-12-31", 20, 60), ("2022-03-01", 5, 0)],
    navs=[("2020-12-31", 80), ("2021-12-31", 95)],
    commitment=150,
    name="Alpha",
    currency="USD",
)
INDEX_FREE = [
    *("paid_in", "distributed", "nav", "gain", "dpi", "rvpi", "tvpi", "moic"),
    *("pic", "unfunded", "years", "irr", "irr_gips"),
]


def test_the_json_has_the_shape_of_the_interface():
    """INTERFACE 2, key by key."""
    shown = evaluate(FUND, WORLD, max_staleness_days=400).to_dict()
    known = ["fund", "benchmark", "currency", "as_of"]
    assert list(shown) == [*known, "metrics", "warnings", "inputs", "notes"]
    assert shown["notes"] == {"fund": [], "benchmark": []}
    assert (shown["fund"], shown["benchmark"], shown["currency"]) == ("Alpha", "World", "USD")
    assert shown["as_of"] == "2021-12-31"
    assert list(shown["metrics"]) == list(METHODS)
    assert shown["warnings"] == [
        {"code": "FLOWS_AFTER_AS_OF", "message": WARNINGS["FLOWS_AFTER_AS_OF"]}
    ]
    assert shown["inputs"] == {
        "nav": 95.0,
        "nav_date": "2021-12-31",
        "nav_growth": "none",
        "before_first_nav": "none",
        "day_count": "ACT/365F",
        "netting": "gross",
        "recallable": "gross",
        "lookup": "previous",
        "lookup_looks_ahead": False,
        "max_index_gap_days": 0,
        "max_staleness_days": 400,
        "index_kind": "total_return",
        "n_flows": 2,
        "n_flows_excluded_after_as_of": 1,
        "mpme_estimated_share": 0.0,
        "engine": ENGINE,
    }
    json.dumps(shown, allow_nan=False)


def test_rates_carry_roots_and_others_do_not():
    """`reason` and `warnings` stand only where there are any."""
    metrics = evaluate(FUND, WORLD).to_dict()["metrics"]
    assert metrics["irr"].keys() == {"value", "status", "roots"}
    assert metrics["irr"]["roots"] == [metrics["irr"]["value"]]
    assert metrics["ks_pme"].keys() == {"value", "status"}
    solved = {name for name, metric in metrics.items() if "roots" in metric}
    assert solved == {
        *("irr", "ln_irr", "pme_plus_irr", "direct_alpha", "mpme_irr", "scaled_pme_irr")
    }
    assert metrics["ln_short_from"] == {"value": None, "status": "ok"}


def test_a_short_index_position_is_explained():
    """The Long-Nickels stream without a root says since when it is short."""
    fund = Fund.of(
        flows=[("2020-01-01", 100, 0), ("2020-12-31", 0, 235)], navs=[("2021-12-31", 100)]
    )
    late = Benchmark.of([("2020-01-01", 500), ("2020-12-31", 510), ("2021-12-31", 600)])
    shown = evaluate(fund, late, max_staleness_days=None).to_dict()
    assert shown["metrics"]["ln_irr"] == {
        "value": None,
        "status": "no_root",
        "roots": [],
        "reason": "the index position is short from 2020-12-31 and its stream has no IRR",
        "warnings": ["LN_SHORT"],
    }
    assert {"code": "LN_SHORT", "message": WARNINGS["LN_SHORT"]} in shown["warnings"]
    for name in ("ln_spread", "ln_spread_geometric"):
        assert shown["metrics"][name]["status"] == "no_root"
        assert shown["metrics"][name]["reason"] == shown["metrics"]["ln_irr"]["reason"]


def test_several_rates_show_their_choice():
    """A badge needs the status, the roots, and whether the sign agrees."""
    flows = [("2010-01-01", 100, 0), ("2011-01-01", 0, 230), ("2012-01-01", 132, 0)]
    report = evaluate(Fund.of(flows=flows, navs=[("2012-01-01", 0)]))
    shown = report.to_dict()["metrics"]["irr"]
    assert shown.keys() == {"value", "status", "roots", "sign_consistent", "reason", "warnings"}
    assert shown["sign_consistent"] is False
    assert shown["warnings"] == ["RATE_AGAINST_GAIN"]  # 10 % beside a loss of 2
    assert report["irr_gips"].status == "multiple"


def test_without_an_index_the_pmes_are_null():
    """Multiples and IRR stand; the rest says `no_index`."""
    report = evaluate(FUND)
    for name, metric in report.metrics.items():
        assert (metric.status == "no_index") is (name not in INDEX_FREE)
    shown = report.to_dict()
    assert shown["benchmark"] is shown["inputs"]["index_kind"] is None
    assert shown["inputs"]["max_index_gap_days"] is None
    assert shown["inputs"]["mpme_estimated_share"] == 0.0


def test_before_the_first_flow_there_are_no_flows():
    """What was paid is 0, ratios, rates and all that needs a NAV null; no index level is needed."""
    report = evaluate(FUND, WORLD, as_of="2015-06-30")
    money = {"paid_in", "distributed", "unfunded", "pic"}
    money |= {"fv_contributions", "fv_distributions", "ln_nav", "mpme_nav"}
    for name, metric in report.metrics.items():
        if name in money - {"unfunded"}:
            assert metric.value == 0
        elif name not in {"unfunded", "ln_short_from"}:
            assert (metric.value, metric.status) == (None, "no_flows")
    assert report.unfunded == 150
    assert report.to_dict()["inputs"]["n_flows_excluded_after_as_of"] == 3
    assert report.through_time()["date"] == []
    assert report.j_curve()["date"] == []
    assert report.payback() == {"dpi": None, "tvpi": None, "ks_pme": None}


def test_all_zero_flows_are_no_error():
    """Multiples null, IRR `no_flows`: METHODS 11.3."""
    report = evaluate(Fund.of(flows=[("2020-01-01", 0, 0), ("2021-01-01", 0, 0)]), WORLD)
    for name in ("dpi", "tvpi", "ks_pme", "gain", "nfv", "irr", "direct_alpha"):
        assert (report[name].value, report[name].status) == (None, "no_flows")
    assert report.paid_in == report.fv_contributions == 0
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_report_answers_by_name():
    """Items are outcomes, attributes are numbers."""
    report = evaluate(FUND, WORLD)
    assert report["tvpi"].value == report.tvpi == (60 + 95) / 120
    assert report.ln_short_from is None
    with pytest.raises(NotFoundError):
        report["tvpy"]
    with pytest.raises(AttributeError):
        assert report.tvpy
    with pytest.raises(NotDefinedError) as caught:
        assert evaluate(FUND).ks_pme
    assert caught.value.status == "no_index"


def test_a_report_cannot_be_changed_and_can_be_copied():
    """Frozen; a copy is equal in all it says."""
    report = evaluate(FUND, WORLD)
    with pytest.raises(FrozenInstanceError):
        report.valuation = None
    assert copy.copy(report).to_dict() == report.to_dict()
    assert isinstance(report, Report)


def test_a_report_shows_its_headline():
    """The repr has fund, date and three figures, n/a where undefined."""
    assert repr(evaluate(FUND)) == (
        "Report('Alpha', as of 2021-12-31, irr=0.195, tvpi=1.292, ks_pme=n/a)"
    )


@pytest.mark.parametrize(
    ("levels", "code", "day"),
    [
        ([("2020-01-02", 5)], "INDEX_NOT_COVERED", "2020-01-01"),
        ([("2020-01-01", 5)], "INDEX_STALE", "2021-12-31"),
        ([("2019-09-01", 5), ("2020-12-31", 5), ("2021-12-31", 6)], "INDEX_STALE", "2020-01-01"),
    ],
)
def test_an_index_that_cannot_answer_is_an_error(levels, code, day):
    """Not covered or stale: the error names the day, and nothing is back-filled."""
    with pytest.raises(BenchmarkError) as caught:
        evaluate(FUND, Benchmark.of(levels))
    assert (caught.value.code, caught.value.value) == (code, day)


@pytest.mark.parametrize(
    "option",
    [{"day_count": "ACT/364"}, {"netting": "x"}, {"lookup": "last"}, {"max_staleness_days": -5}],
)
def test_an_option_that_is_not_offered_is_refused(option):
    """With the code UNSUPPORTED_OPTION and the field."""
    with pytest.raises(InputError) as caught:
        evaluate(FUND, WORLD, **option)
    assert (caught.value.code, [caught.value.field]) == ("UNSUPPORTED_OPTION", list(option))


def test_a_bad_as_of_names_its_field():
    """The caller sees which argument was wrong."""
    with pytest.raises(InputError) as caught:
        evaluate(FUND, WORLD, as_of="2021-02-30")
    assert (caught.value.code, caught.value.field) == ("BAD_DATE", "as_of")


def test_an_index_that_multiplies_in_a_day_overflows_quietly():
    """Rates beyond the doubles are null with `overflow`, also where they are derived."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-01-02", 110)])
    up = evaluate(fund, Benchmark.of([("2020-01-01", 1), ("2020-01-02", 10)]))
    assert up["index_cagr"].status == up["ln_irr"].status == up["ln_spread"].status == "overflow"
    assert up["implied_index_irr"].status == "overflow"
    assert up.direct_alpha_log < -700
    down = evaluate(fund, Benchmark.of([("2020-01-01", 100), ("2020-01-02", 1)]))
    assert down["direct_alpha"].status == down["direct_alpha_log"].status == "overflow"
    assert down.index_cagr == -1.0
    for report in (up, down):
        json.dumps(report.to_dict(), allow_nan=False)


def test_amounts_of_any_usual_size_are_computed():
    """A thousand billion, or a thousandth of a cent, with an index that is no less extreme."""
    for size in (1e-25, 1e-5, 1e15, 1e25):
        fund = Fund.of(
            flows=[("2020-01-01", size, 0), ("2020-12-31", 0, size)], navs=[("2021-12-31", size)]
        )
        for level in (1e-29, 1, 1e29):
            world = Benchmark.of([("2020-01-01", level), ("2021-12-31", level * 1.1)])
            report = evaluate(fund, world, max_staleness_days=None)
            assert report.ks_pme == pytest.approx((1.1 + 1) / 1.1)


def test_every_warning_has_a_sentence():
    """The codes of METHODS 11.2, and no other."""
    assert set(WARNINGS) == {
        "SIGN_SUSPECT",
        "NAV_ASSUMED_ZERO",
        "NAV_ROLLED_FORWARD",
        "NAV_FLOORED",
        "NAV_NEGATIVE",
        "FLOWS_AFTER_AS_OF",
        "LN_SHORT",
        "LAMBDA_NEGATIVE",
        "MPME_NAV_ESTIMATED",
        "NEAR_DOUBLE_ROOT",
        "INDEX_PRICE_ONLY",
        "CURRENCY_MISMATCH",
        "UNDER_ONE_YEAR",
        "RATE_AGAINST_GAIN",
        "NAV_STALE",
        "NAV_AT_COST",
        "SINCE_INCEPTION",
    }
