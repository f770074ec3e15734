"""The further measures of a report: computed when asked, each with its status."""

from __future__ import annotations

import math

import pytest

import pmecalc as pme
from pmecalc import Benchmark, Fund, NotDefinedError, evaluate
from pmecalc.core.evaluate import WARNINGS
from pmecalc.core.horizon import horizon
from pmecalc.core.methods import FURTHER, METHODS

YEARS = [f"20{year}-12-31" for year in range(10, 26)]
LEVELS = [100, 110, 104, 125, 125, 134, 121, 124, 143, 150, 140, 160, 150, 155, 163, 160]
WORLD = Benchmark.of(zip(YEARS, LEVELS, strict=True))
NAVS = [100, 110, 121, 133, 140, 140, 135, 130, 130, 137, 140, 150, 160, 170, 169, 176]
FUND = Fund.of(flows=[(YEARS[0], 100, 0)], navs=zip(YEARS, NAVS, strict=True), commitment=200)


def seen(fund=FUND, benchmark=WORLD, **options):
    return evaluate(fund, benchmark, max_staleness_days=None, **options)


def test_the_usual_dict_has_none_of_them():
    """INTERFACE 2 stays what it is; `further` adds keys behind, and changes none."""
    usual, more = seen().to_dict(), seen().to_dict(further=True)
    assert list(usual["metrics"]) == list(METHODS)
    assert list(more["metrics"]) == [*METHODS, *FURTHER]
    assert usual["metrics"] == {name: more["metrics"][name] for name in METHODS}
    assert {name: more[name] for name in more if name != "metrics"} == {
        name: usual[name] for name in usual if name != "metrics"
    }


def test_item_attribute_and_function_agree():
    """`report["twr"]`, `report.twr` and `pme.twr(fund)` are one computation."""
    report = seen()
    assert report["twr"].value == report.twr == pme.twr(FUND)
    assert report.gpme_log == pme.gpme_log(FUND, WORLD, max_staleness_days=None)


def test_every_one_has_a_value_here():
    """A fund of sixteen yearly NAVs and a call answers each of them but those of distributions."""
    metrics = seen().outcomes(further=True)
    missing = {name for name in FURTHER if metrics[name].value is None}
    assert missing == {"payback_dpi"}
    assert {metrics[name].status for name in FURTHER} == {"ok"}


def test_each_is_the_function_with_its_parameters():
    """The fixed parameters are those that the table states."""
    report, free = seen(), {"max_staleness_days": None}
    series = pme.return_series(FUND, WORLD, **free)
    chain = pme.time_weighted_return(FUND, WORLD, **free)
    expected = {
        "twr": chain.annualised,
        "twr_cumulative": chain.cumulative,
        "twr_index": math.expm1(math.log(160 / 100) / report.years),
        "volatility": pme.volatility(series).value,
        "max_drawdown": pme.max_drawdown(series).value,
        "sharpe": pme.sharpe(series).value,
        "beta": pme.beta(series).beta,
        "dimson_beta": pme.dimson_beta(series).beta,
        "gpme_log": pme.gpme(FUND, WORLD, a=0, b=1, **free),
        "break_even_nav": report.ln_nav,
        "scaled_pme_spread": report.irr - report.scaled_pme_irr,
    }
    for name, value in expected.items():
        assert getattr(report, name) == pytest.approx(value, rel=1e-12), name
    flows = [(YEARS[0], -100)]
    assert report.modified_dietz == pytest.approx(
        pme.modified_dietz(flows, start=YEARS[0], end=YEARS[-1], nav_start=100, nav_end=176)
    )


def test_what_earns_the_index_on_the_way_earns_it_in_all():
    """MIRR in the index of a fund that holds the index is the index return."""
    fund = Fund.of(
        flows=[(YEARS[0], 100, 0), (YEARS[3], 0, 125 / 2)],
        navs=[(YEARS[-1], 80)],
    )
    assert seen(fund).mirr_index == pytest.approx(seen(fund).index_cagr, rel=1e-12)


def test_mirr_in_a_flat_index_is_mirr_at_zero():
    """Both rates are 0 then."""
    flows = [(YEARS[0], -100), (YEARS[2], 30), (YEARS[3], -20), (YEARS[5], 150)]
    flat = Benchmark.of([(YEARS[0], 7.0)])
    assert seen(Fund.of(flows=flows), flat).mirr_index == pytest.approx(
        pme.mirr(flows, finance_rate=0, reinvest_rate=0), rel=1e-12
    )


@pytest.mark.parametrize(
    ("flows", "navs", "statuses"),
    [
        (
            [(YEARS[0], 0, 0)],
            [(YEARS[1], 0)],
            dict.fromkeys(
                (
                    "twr",
                    "twr_cumulative",
                    "twr_index",
                    "twr_excess",
                    "modified_dietz",
                    "mirr_index",
                    "gpme_log",
                    "payback_dpi",
                    "j_trough",
                    "j_trough_date",
                    "ipp",
                    "duration",
                    "irr_1y",
                ),
                "no_flows",
            ),
        ),
        (
            [(YEARS[0], 100, 0)],
            [(YEARS[0], 100)],
            {
                "modified_dietz": "zero_duration",
                "mirr_index": "no_flows",
                "twr": "too_few_observations",
                "twr_cumulative": "too_few_observations",
                "volatility": "too_few_observations",
            },
        ),
        ([(YEARS[0], 100, 0)], [(YEARS[1], 0)], {"mirr_index": "no_distributions"}),
        ([(YEARS[0], 0, 100)], [(YEARS[1], 10)], {"mirr_index": "no_investment"}),
        ([(YEARS[0], 0, 100)], [(YEARS[1], 10)], {"modified_dietz": "dietz_undefined"}),
        ([(YEARS[0], 100, 110)], [(YEARS[0], 5)], {"mirr_index": "zero_duration"}),
        ([(YEARS[0], 100, 0)], [(YEARS[0], 5)], {"mirr_index": "zero_duration"}),
    ],
    ids=["nothing", "one day", "lost", "only received", "no capital", "gain of a day", "a day"],
)
def test_without_a_value_there_is_a_status(flows, navs, statuses):
    """And a reason, for each that has none."""
    report = seen(Fund.of(flows=flows, navs=navs))
    for name, status in statuses.items():
        assert (name, report[name].value, report[name].status) == (name, None, status)
        assert report[name].reason


def test_without_an_index_only_those_that_need_one_are_missing():
    """Their status is `no_index`."""
    metrics = evaluate(FUND).outcomes(further=True)
    assert {name for name in FURTHER if metrics[name].status == "no_index"} == {
        *("twr_index", "twr_excess", "mirr_index", "scaled_pme_spread", "ipp", "gpme_log"),
        *("duration", "payback_ks_pme", "break_even_nav", "beta", "dimson_beta"),
    }


def test_returns_that_do_not_echo_are_not_desmoothed():
    """Ups and downs in turn have a negative autocorrelation; METHODS 8 refuses them."""
    navs = [100, 120] * 8
    fund = Fund.of(flows=[(YEARS[0], 100, 0)], navs=zip(YEARS, navs, strict=True))
    report = evaluate(fund)
    assert report["volatility_desmoothed"].status == report["sharpe"].status == "not_smoothed"
    assert report.volatility > 0
    with pytest.raises(NotDefinedError, match="echo"):
        _ = report.sharpe


def test_a_hole_of_the_index_at_a_nav_date_is_a_status():
    """No flow needs the level, so the report stands; the figures on returns say what is missing."""
    holed = Benchmark.of([(YEARS[0], 100), (YEARS[-1], 160)])
    report = evaluate(FUND, holed, max_staleness_days=100)
    assert report.ks_pme == pytest.approx(176 / 160)
    assert {report[name].status for name in ("beta", "dimson_beta", "twr_index")} == {"index_stale"}
    assert report.twr == pme.twr(FUND)


def test_the_spans_are_those_of_horizons():
    """The last 1, 3, 5 and 10 years; a younger fund says that it is one."""
    spans = pme.horizons(FUND, max_staleness_days=None)
    for years, report in spans.items():
        assert seen()[f"irr_{years}y"].value == report["irr"].value
    young = seen(as_of=YEARS[4])
    for name in ("irr_5y", "irr_10y"):
        assert (young[name].value, young[name].status) == (None, "too_young")
    assert young["irr_5y"].reason == "the fund is younger than 5 years"
    assert young.irr_3y != young.irr


def test_a_span_without_a_start_has_no_rate():
    """Nothing held then, and with NAVs that grow no index level then."""
    fund = Fund.of(
        flows=[(YEARS[0], 100, 0), (YEARS[3], 0, 120), (YEARS[5], 0, 3)],
        navs=[(YEARS[4], 0), (YEARS[6], 0)],
    )
    assert seen(fund, as_of=YEARS[5])["irr_1y"].status == "no_contributions"
    holed = Benchmark.of([(YEARS[0], 100), ("2020-11-30", 160), (YEARS[10], 165), (YEARS[12], 170)])
    flows = [(YEARS[0], 100, 0)]
    mid = Fund.of(flows=flows, navs=[("2020-11-30", 130), (YEARS[12], 150)])
    report = evaluate(mid, holed, as_of=YEARS[12], nav_growth="index", max_staleness_days=40)
    assert report["irr_1y"].status == "index_stale"


def test_they_can_be_asked_through_time():
    """At each NAV date as a report of that date has them; the last point is the report's."""
    report = seen()
    columns = report.through_time(["twr", "duration"])
    for name in ("twr", "duration"):
        assert columns[name][-1] == report[name].value
        for day, value, status in list(
            zip(columns["date"], columns[name], columns[f"{name}_status"], strict=True)
        )[:4]:
            metric = seen(as_of=day)[name]
            assert (value, status) == (metric.value, metric.status)


def test_a_horizon_with_nothing_at_its_start_has_none():
    """No measure, not even a further one, is made of nothing."""
    fund = Fund.of(
        flows=[(YEARS[0], 100, 0), (YEARS[3], 0, 120), (YEARS[5], 0, 3)],
        navs=[(YEARS[4], 0), (YEARS[6], 0)],
    )
    report = horizon(fund, start=YEARS[4])
    assert {report[name].status for name in FURTHER} == {"no_contributions"}


def test_a_warning_of_a_further_measure_is_a_warning_of_the_long_report():
    """Where one has one, `to_dict(further=True)` lists it."""
    shown = seen().to_dict(further=True)
    assert {each["code"] for each in shown["warnings"]} <= set(WARNINGS)


def test_a_later_fund_pays_back_later():
    """Payback is None, with a reason, until distributions reach contributions."""
    metric = seen()["payback_dpi"]
    assert (metric.value, metric.status) == (None, "ok")
    assert metric.reason
    paid = Fund.of(flows=[(YEARS[0], 100, 0), (YEARS[1], 0, 100)], navs=[(YEARS[2], 0)])
    assert seen(paid).payback_dpi == 1.0
