"""What stands in INTERFACE 1 and 2, literally."""

from __future__ import annotations

import inspect

import pytest

import pmecalc as pme
from pmecalc.core.evaluate import Report
from pmecalc.core.methods import METHODS

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
