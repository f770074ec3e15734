"""What stands in INTERFACE 1 and 2, literally."""

from __future__ import annotations

import dataclasses
import inspect
import pydoc
import runpy
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from hatchling.builders.wheel import WheelBuilder

import pmecalc as pme
from pmecalc.charts.chart import CHARTS, ChartName
from pmecalc.core.benchmark import KINDS, IndexKind
from pmecalc.core.conventions import (
    BEFORE_FIRST_NAVS,
    NAV_GROWTHS,
    NETTINGS,
    RECALLABLES,
    BeforeFirstNav,
    Conventions,
    NavGrowth,
    Netting,
    Options,
    Recallable,
)
from pmecalc.core.daycount import DAY_COUNTS, DayCount
from pmecalc.core.evaluate import Report
from pmecalc.core.lookup import LOOKUPS, Lookup
from pmecalc.core.measure import NUMBER, Measure, value_of
from pmecalc.core.methods import FURTHER, METHODS, any_method
from pmecalc.core.named_outcomes import NamedOutcomes

ROOT = Path(__file__).parents[1]

CONVENTIONS = {
    "day_count": "ACT/365F",
    "netting": "gross",
    "lookup": "previous",
    "max_staleness_days": 100,
}
REQUIRED = inspect.Parameter.empty
# name: positional parameters, keyword-only parameters; each with its default
SIGNATURES = {
    "Fund.of": (
        {},
        {
            "flows": REQUIRED,
            "navs": (),
            "commitment": None,
            "name": None,
            "currency": None,
            "vintage": None,
            "strategy": None,
            "sign": "lp",
            "reversals": "reject",
        },
    ),
    "Benchmark.of": (
        {"levels": REQUIRED},
        {"name": None, "kind": "total_return", "currency": None},
    ),
    "evaluate": ({"fund": REQUIRED, "benchmark": None}, {"as_of": None, **CONVENTIONS}),
    "horizon": ({"fund": REQUIRED, "benchmark": None}, {"start": REQUIRED, "as_of": None}),
    "pool": ({"funds": REQUIRED}, {"as_of": REQUIRED}),
    "irr_roots": ({"flows": REQUIRED}, {}),
    "Metric": ({"value": REQUIRED, "status": "ok", "warnings": (), "roots": None}, {}),
    "Report.through_time": ({"self": REQUIRED}, {}),
    "Report.j_curve": ({"self": REQUIRED}, {}),
    "Report.payback": ({"self": REQUIRED}, {}),
    "Report.to_dict": ({"self": REQUIRED}, {}),
    "read_fund": ({"path": REQUIRED}, {}),
    "read_funds": ({"path": REQUIRED}, {}),
    "read_benchmark": ({"path": REQUIRED}, {}),
    "read_table": ({"frame": REQUIRED, "columns": None}, {}),
    "chart": ({"report": REQUIRED, "name": REQUIRED}, {}),
    "save": ({"report": REQUIRED, "path": REQUIRED}, {}),
}
METRICS = [
    *("paid_in", "distributed", "nav", "gain", "dpi", "rvpi"),
    *("tvpi", "moic", "pic", "unfunded", "years", "irr"),
    *("irr_gips", "fv_contributions", "fv_distributions", "ks_pme", "nfv", "npv"),
    *("index_cagr", "ln_nav", "ln_irr", "ln_spread", "ln_spread_geometric", "ln_short_from"),
    *(
        "ln_min",
        "pme_plus_lambda",
        "pme_plus_irr",
        "pme_plus_spread",
        "direct_alpha",
        "direct_alpha_log",
    ),
    *("implied_index_irr", "mpme_nav", "mpme_irr", "mpme_spread", "scaled_pme_irr"),
]


def _found(dotted):
    owner = pme
    for part in dotted.split("."):
        owner = getattr(owner, part)
    return owner


@pytest.mark.parametrize("dotted", SIGNATURES)
def test_a_public_name_has_its_signature(dotted):
    """The parameters of INTERFACE 1, in order, with their defaults; what was added is optional."""
    positional, keywords = SIGNATURES[dotted]
    found = inspect.signature(_found(dotted)).parameters
    in_place = [
        each for each in found.values() if each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    named = {each.name: each.default for each in in_place[: len(positional)]}
    # A path or a frame may be called otherwise: callers give it by place.
    given_by_place = dotted.startswith(("read_", "chart", "save"))
    assert len(named) == len(positional)
    assert list(named.values()) == list(positional.values())
    assert given_by_place or list(named) == list(positional)
    for name, default in keywords.items():
        assert found[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert found[name].default == default
    for each in found.values():
        known = each.name in named or each.name in keywords
        assert known or each.default is not REQUIRED or each.kind is inspect.Parameter.VAR_KEYWORD


@pytest.mark.parametrize("name", METRICS)
def test_a_measure_is_a_function_and_an_item(name):
    """`pme.ks_pme(fund, benchmark, as_of=...)` and `report["ks_pme"]`."""
    fund = pme.Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2021-01-01", 120)])
    assert callable(getattr(pme, name))
    assert isinstance(pme.evaluate(fund)[name], pme.Metric)


def test_the_keys_of_metrics_are_those_of_the_interface_in_order():
    """INTERFACE 2."""
    assert list(METHODS) == METRICS
    fund = pme.Fund.of(flows=[("2020-01-01", 100, 0)])
    assert list(pme.evaluate(fund).to_dict()["metrics"]) == METRICS


def test_all_names_exist():
    """`__all__` is the list, and nothing stands in it twice."""
    assert len(set(pme.__all__)) == len(pme.__all__)
    assert all(hasattr(pme, name) for name in pme.__all__)


@pytest.mark.parametrize("dotted", SIGNATURES)
def test_what_the_interface_names_is_exported(dotted):
    """Every first name of INTERFACE 1 stands in `__all__`."""
    assert dotted.split(".")[0] in pme.__all__


def test_a_report_is_made_by_functions_alone():
    """Charts and files live above the core, so they are functions, not methods."""
    assert not hasattr(Report, "chart")
    assert not hasattr(Report, "save")


def _written(name):
    """The text that `make names` would write."""
    scope = runpy.run_path(str(ROOT / "tools/write_names.py"))
    return scope[name]()


@pytest.mark.parametrize(
    ("file", "text"), [("__init__.pyi", "stub"), ("core/named_outcomes.py", "named_outcomes")]
)
def test_the_lists_for_type_checkers_are_current(file, text):
    """`make names` would change nothing."""
    assert (ROOT / "src/pmecalc" / file).read_text() == _written(text)


def test_a_typed_package_goes_into_the_wheel():
    """`py.typed` and the stub of the public names."""
    builder = WheelBuilder(str(ROOT))
    files = {each.distribution_path for each in builder.recurse_included_files()}
    assert {"pmecalc/py.typed", "pmecalc/__init__.pyi", "pmecalc/core/named_outcomes.py"} <= files


@pytest.mark.parametrize("name", [*METHODS, *FURTHER])
def test_a_measure_shows_its_signature(name):
    """`help` and `inspect` show a fund, a benchmark and the conventions, as the stub does."""
    measure = any_method(name).measure
    shown = inspect.signature(measure)
    declared = list(inspect.signature(Measure.__call__).parameters.values())[1:]
    assert list(shown.parameters.values()) == declared
    assert shown.return_annotation == measure.answer.annotation
    assert f"{name}(fund: 'Fund', benchmark" in pydoc.render_doc(measure, renderer=pydoc.plaintext)


@pytest.mark.parametrize("name", [*METHODS, *FURTHER])
def test_a_report_has_a_property_of_each_measure(name):
    """With the type of the measure's values, and None where the measure allows it."""
    answer = any_method(name).measure.answer
    returned = inspect.signature(getattr(Report, name).fget).return_annotation
    assert returned == f"{answer.annotation} | None" if answer.may_be_none else answer.annotation
    assert answer.annotation == ("str" if any_method(name).unit == "date" else "float")


@pytest.mark.parametrize("name", [*METHODS, *FURTHER])
def test_a_property_is_the_value_of_its_outcome(name):
    """Or NotDefinedError with the status; None only where the measure allows it."""
    fund = pme.Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2021-01-01", 120)])
    world = pme.Benchmark.of([("2020-01-01", 5), ("2021-01-01", 6)])
    for report in (pme.evaluate(fund, world), pme.evaluate(fund)):
        outcome = report[name]
        if outcome.status == "ok" or outcome.value is not None:
            assert getattr(report, name) == outcome.value
            assert outcome.value is not None or any_method(name).measure.answer.may_be_none
        else:
            with pytest.raises(pme.NotDefinedError) as caught:
                getattr(report, name)
            assert (caught.value.measure, caught.value.status) == (name, outcome.status)


def test_a_value_that_must_be_there_is_never_none():
    """The type of the property is kept even if a measure broke its word."""
    with pytest.raises(pme.NotDefinedError, match="irr has no value"):
        value_of(NUMBER, "irr", pme.Metric(None))


def test_named_outcomes_stand_on_the_report():
    """The base knows names and types alone."""
    with pytest.raises(NotImplementedError):
        _ = NamedOutcomes().irr


def test_the_conventions_stand_once():
    """The keywords that functions pass on are those of `evaluate`, `batch` and every measure."""
    options = {each.name: each.default for each in dataclasses.fields(Options)}
    assert set(Conventions.__annotations__) == set(options)
    for function in (pme.evaluate, pme.batch, pme.ks_pme):
        found = inspect.signature(function).parameters
        assert {name: found[name].default for name in options} == options


@pytest.mark.parametrize(
    ("literal", "choices"),
    [
        (DayCount, DAY_COUNTS),
        (Lookup, LOOKUPS),
        (Netting, NETTINGS),
        (NavGrowth, NAV_GROWTHS),
        (Recallable, RECALLABLES),
        (BeforeFirstNav, BEFORE_FIRST_NAVS),
        (IndexKind, KINDS),
        (ChartName, CHARTS),
    ],
)
def test_types_list_what_is_offered(literal, choices):
    """A `Literal` names the choices that are accepted when the program runs, in their order."""
    assert list(get_args(literal)) == list(choices)


def test_an_unknown_convention_is_named():
    """With the option that was meant; no function that the caller does not know is mentioned."""
    fund = pme.Fund.of(flows=[("2020-01-01", 100, 0)])
    for call in (partial(pme.horizon, start="2020-01-01"), pme.irr, pme.npv_profile):
        with pytest.raises(TypeError, match="no option 'daycount'; did you mean 'day_count'"):
            call(fund, daycount="ACT/360")


def test_a_slip_in_a_name_is_an_attribute_error():
    """Of the package and of a report."""
    report = pme.evaluate(pme.Fund.of(flows=[("2020-01-01", 100, 0)]))
    for owner in (pme, report):
        with pytest.raises(AttributeError, match="no attribute 'kspme'"):
            _ = owner.kspme


def test_a_report_reads_as_a_mapping():
    """Names in the order of the table; the further measures are in it, and computed when asked."""
    report = pme.evaluate(pme.Fund.of(flows=[("2020-01-01", 100, 0)]))
    assert list(report) == list(report.keys()) == METRICS
    assert len(report) == len(METRICS)
    assert dict(report) == report.outcomes()
    assert "irr" in report
    assert "twr" in report
    assert "kspme" not in report
    assert 5 not in report
