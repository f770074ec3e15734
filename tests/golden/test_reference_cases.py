"""The published and hand-checked reference cases, figure by figure."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import pmecalc as pme
from golden.cases import HERE, close, differences, load_cases
from pmecalc.core.attribution import log_attribution
from pmecalc.core.pme.gpme import gpme
from pmecalc.core.pme.premium import ipp
from pmecalc.core.returns import mirr, modified_dietz
from pmecalc.core.time_weighted import time_weighted_return, twr
from requirements import require

REFERENCE = HERE / "reference_cases.json"
MATHWORKS_DIGITS = 1e-11  # its own solver stops there
SHARED = Path(os.environ.get("PME_SHARED", HERE.parents[2] / "shared"))
MARKET = SHARED / "spec" / "reference_cases_market.json"
MARKET_CASES = (
    "R31_pedata_fund1_sp500",
    "R32_pedata_fund2_sp500",
    "R33_pooled_fund1_fund2",
    "R34_demo_fund_daily_sp500",
)

_reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
_cases = {case.id: case for case in load_cases(REFERENCE)}
_functions = {row["id"]: row for row in _reference["functions"]}
_horizons = [row for row in _reference["functions"] if row["metric"] == "horizon_irr"]


def _market_case(name):
    require("shared", MARKET.is_file())
    return next(case for case in load_cases(MARKET, root=SHARED.parent) if case.id == name)


@pytest.mark.parametrize("name", sorted(_cases))
def test_reference_case(name):
    """Every figure, status and root of the case comes out, by `evaluate` and through time."""
    assert differences(_cases[name]) == []


@pytest.mark.parametrize("name", MARKET_CASES)
def test_market_case(name):
    """Every figure of a case on a market index comes out."""
    assert differences(_market_case(name)) == []


def test_every_market_case_is_listed_here():
    """No case of the shared file is left untested."""
    require("shared", MARKET.is_file())
    assert [case.id for case in load_cases(MARKET, root=SHARED.parent)] == list(MARKET_CASES)


def _far_from_published(case):
    report = pme.evaluate(case.fund, case.benchmark, as_of=case.as_of, max_staleness_days=None)
    allowed = case.expected["published_abs_tol"]
    return {
        name: (report[name].value, figure)
        for name, figure in case.expected["published"].items()
        if abs(report[name].value - figure) > allowed
    }


@pytest.mark.parametrize(
    "name", [name for name, case in _cases.items() if "published" in case.expected]
)
def test_published_figure(name):
    """The figure its author printed comes out, to the digits that were printed."""
    assert _far_from_published(_cases[name]) == {}


@pytest.mark.parametrize("name", MARKET_CASES)
def test_published_market_figure(name):
    """The figure its author printed on a market index comes out, where one was printed."""
    case = _market_case(name)
    if "published" in case.expected:
        assert _far_from_published(case) == {}


@pytest.mark.parametrize("row", _horizons, ids=lambda row: row["id"])
def test_horizon_irr(row):
    """The IRR from a later start comes out, annual and in GIPS form."""
    case = _cases["R26_quarterly_synthetic"]
    report = pme.horizon(case.fund, case.benchmark, start=row["inputs"]["start"])
    expected = row["expected"]
    assert close("irr", report.irr, expected["value"])
    assert close("irr", report.irr_gips, expected["gips"])
    assert report["irr"].status == expected["status"]


@pytest.mark.parametrize("day_count", _functions["X_day_counts"]["expected"])
def test_day_count(day_count):
    """The IRR of the published stream comes out in each convention."""
    row = _functions["X_day_counts"]
    if day_count == "published_mathworks":
        for name, figure in row["expected"][day_count].items():
            roots = pme.irr_roots(row["inputs"]["flows"], day_count=name)
            assert roots == pytest.approx([figure], abs=MATHWORKS_DIGITS)
        return
    (root,) = pme.irr_roots(row["inputs"]["flows"], day_count=day_count)
    assert close("irr", root, row["expected"][day_count])


@pytest.mark.parametrize("row", _reference["errors"], ids=lambda row: row["id"])
def test_error_case(row):
    """Unusable input is refused with the code of the case; usable input is warned of."""
    limit = row.get("max_staleness_days", 100)
    if row["error"] is None:
        assert row["warning"] in _evaluated(row, limit=None).warnings
        return
    with pytest.raises(pme.InputError) as caught:
        _evaluated(row, limit)
    assert caught.value.code == row["error"]
    assert caught.value.hint


def _evaluated(row, limit):
    fund = pme.Fund.of(flows=row["flows"], navs=row["navs"])
    return pme.evaluate(fund, pme.Benchmark.of(row["index"]), max_staleness_days=limit)


def test_time_weighted_return():
    """The chain of the quarterly case comes out, sub-period by sub-period."""
    expected = _functions["X_twr_modified_dietz_chain"]["expected"]
    case = _cases["R26_quarterly_synthetic"]
    chain = time_weighted_return(case.fund, as_of=case.as_of)
    assert close("irr", chain.cumulative, expected["cumulative"])
    assert close("irr", chain.annualised, expected["annualised"])
    assert twr(case.fund, as_of=case.as_of) == chain.annualised
    assert [each.end for each in chain.sub_periods] == [end for end, _ in expected["sub_periods"]]
    for each, (_, figure) in zip(chain.sub_periods, expected["sub_periods"], strict=True):
        assert close("irr", each.value, figure)


def test_modified_dietz():
    """The hand example comes out; its flows are positive where money is paid in."""
    row = _functions["X_modified_dietz"]
    given = row["inputs"]
    got = modified_dietz(
        [(day, -paid) for day, paid in given["flows"]],
        start=given["start"],
        end=given["end"],
        nav_start=given["v0"],
        nav_end=given["v1"],
    )
    assert close("irr", got, row["expected"]["value"])


def test_modified_irr():
    """The INSEAD example comes out, and to the digits that were printed."""
    row = _functions["X_xmirr"]
    got = mirr(**row["inputs"])
    assert close("irr", got, row["expected"]["value"])
    assert abs(got - row["expected"]["published"]) <= row["expected"]["published_abs_tol"]


@pytest.mark.parametrize("name", [name for name in _functions if name.startswith("X_gpme")])
def test_generalised_pme(name):
    """The discounted sum comes out for each discount factor."""
    case, row = _cases["R26_quarterly_synthetic"], _functions[name]
    got = gpme(case.fund, case.benchmark, **row["inputs"])
    assert close("gpme", got, row["expected"]["value"])


def test_implied_private_premium():
    """The per-flow annualised premium comes out."""
    case = _cases["R26_quarterly_synthetic"]
    expected = _functions["X_ipp"]["expected"]["value"]
    assert close("irr", ipp(case.fund, case.benchmark), expected)


def test_log_attribution():
    """Both parts of the continuous return come out."""
    case, expected = _cases["R26_quarterly_synthetic"], _functions["X_attribution_log"]["expected"]
    split = log_attribution(case.fund, case.benchmark)
    assert close("irr", split.total, expected["ln_1p_irr"])
    assert close("irr", split.alpha, expected["direct_alpha_log"])
    assert close("irr", split.index, expected["index_part"])
