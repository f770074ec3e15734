"""The numbers of public bug reports and of METHODS, case by case.

The data set's README describes the cases: how each kind is read, and how far figures may differ.
"""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from functools import partial

import pytest

import pmecalc as pme
from golden.cases import ABSOLUTE, HERE, RELATIVE
from pmecalc.core.methods import any_method

N_CASES = 59
CASES = json.loads((HERE / "field_numbers" / "cases.json").read_text(encoding="utf-8"))["cases"]
_FUND_OPTIONS = ("sign", "reversals")
_NOT_MEASURES = ("fund_warnings", "report_warnings")


def _close(got, expected, *, rate=False):
    """Whether two numbers, dates or absences agree to the tolerance of METHODS 13."""
    if not isinstance(expected, float) or not isinstance(got, int | float):
        return got == expected
    allowed = RELATIVE * (abs(expected) + (1.0 if rate else 0.0))
    return abs(got - expected) <= max(allowed, ABSOLUTE)


def _all_close(got, expected, *, rate=False):
    return len(got) == len(expected) and all(
        _close(a, b, rate=rate) for a, b in zip(got, expected, strict=True)
    )


def _difference(where, got, expected, *, rate=False):
    """A sentence where a number (or a list of them) is not as expected, in a list."""
    agrees = _all_close if isinstance(expected, list) else _close
    return [] if agrees(got, expected, rate=rate) else [f"{where}: {got!r}, not {expected!r}"]


def _differences_of_codes(where, carries, expected):
    """A sentence for each code that is due and absent, or present and not due."""
    return [
        f"{where}: {code} is {'missing' if due else 'not due'}"
        for code, due in expected.items()
        if carries(code) != due
    ]


def _carries(metric, code):
    """Whether an outcome has a warning, or the mark that its NAV is estimated."""
    return metric.estimated if code == "estimated" else code in metric.warnings


def _differences_of_outcome(name, metric, expected, *, rate):
    """What differs between a metric and an expected outcome."""
    found = _difference(f"{name} status", metric.status, expected["status"])
    found += _difference(name, metric.value, expected["value"], rate=rate)
    if "roots" in expected:
        roots = list(metric.roots or ())
        found += _difference(f"{name} roots", roots, expected["roots"], rate=True)
    if "log" in expected:
        found += _difference(f"{name} log", metric.log_rate, expected["log"])
    if "warnings" in expected:
        found += _differences_of_codes(name, partial(_carries, metric), expected["warnings"])
    if expected.get("reason_has", "") not in (metric.reason or ""):
        found.append(f"{name} reason: {metric.reason!r}, without {expected['reason_has']!r}")
    return found


def _differences_of_measures(report, expected):
    """What differs between a report and expected outcomes by measure."""
    return [
        difference
        for name, outcome in expected.items()
        if name not in _NOT_MEASURES
        for difference in _differences_of_outcome(
            name, report[name], outcome, rate=any_method(name).unit == "rate"
        )
    ]


def _fund(given, *, scale=1, until="9999-12-31"):
    """The fund of a case, or what was known of it on a day, or a class of it."""
    options = given.get("options", {})
    return pme.Fund.of(
        flows=[
            (row[0], *(amount * scale for amount in row[1:]))
            for row in given["flows"]
            if row[0] <= until
        ],
        navs=[(day, nav * scale) for day, nav in given["navs"] if day <= until],
        commitment=given.get("commitment"),
        **{name: options[name] for name in _FUND_OPTIONS if name in options},
    )


def _benchmark(given):
    return pme.Benchmark.of(given["index"]) if given.get("index") else None


def _report(given, fund):
    options = {
        name: option
        for name, option in given.get("options", {}).items()
        if name not in _FUND_OPTIONS
    }
    return pme.evaluate(fund, _benchmark(given), as_of=given.get("as_of"), **options)


def _value_or_status(call):
    """The value of a call, or the status of its refusal."""
    try:
        return call()
    except pme.NotDefinedError as error:
        return error.status


def _read_fund(given, expected):
    fund = _fund(given)
    report = _report(given, fund)
    return [
        *_differences_of_measures(report, expected),
        *_differences_of_codes(
            "fund", fund.warnings.__contains__, expected.get("fund_warnings", {})
        ),
        *_differences_of_codes(
            "report", report.warnings.__contains__, expected.get("report_warnings", {})
        ),
    ]


def _read_roots(given, expected):
    flows = given["flows"]
    found = _difference("irr_roots", pme.irr_roots(flows), expected["irr_roots"], rate=True)
    last = max(day for day, _ in flows)
    rates = {
        name: expected[name] for name in ("irr", "irr_gips", "fund_warnings") if name in expected
    }
    found += _read_fund({"flows": flows, "navs": [(last, 0)]}, rates)
    if "irr_without_nav" in expected:
        bare = pme.evaluate(pme.Fund.of(flows=flows))["irr"]
        found += _differences_of_outcome(
            "irr_without_nav", bare, expected["irr_without_nav"], rate=True
        )
    return found


def _read_periodic(given, expected):
    amounts, outcome = given["amounts"], expected["periodic"]
    due = outcome["status"] if outcome["value"] is None else outcome["value"]
    got = _value_or_status(lambda: pme.irr_periodic(amounts))
    first = date(2001, 1, 1)
    dated = [
        ((first + timedelta(days=365 * place)).isoformat(), amount)
        for place, amount in enumerate(amounts)
    ]
    return [
        *_difference("irr_periodic", got, due, rate=True),
        *_difference("irr_roots", pme.irr_roots(dated), outcome["roots"], rate=True),
    ]


def _read_horizon(given, expected):
    report = pme.horizon(
        _fund(given),
        _benchmark(given),
        start=given["start"],
        as_of=given["as_of"],
        max_staleness_days=None,
    )
    return _differences_of_measures(report, expected)


def _read_look_ahead(given, expected):
    known = _report(given, _fund(given, until=given["as_of"]))
    later = _report(given, _fund(given))
    return [
        *_differences_of_measures(known, expected["then"]),
        *_differences_of_measures(later, expected["later"]),
    ]


def _read_return_series(given, expected):
    fund = _fund(given)
    returns = [None if math.isnan(each) else each for each in pme.return_series(fund).returns]
    return [
        *_difference("returns", returns, expected["returns"]),
        *_differences_of_measures(_report(given, fund), {"twr": expected["twr"]}),
    ]


def _read_dietz(given, expected):
    terms = {name: given[name] for name in ("start", "end", "nav_start", "nav_end")}
    found = []
    for timing, outcome in expected.items():
        due = outcome["status"] if outcome["value"] is None else outcome["value"]
        got = _value_or_status(
            lambda timing=timing: pme.modified_dietz(given["flows"], **terms, flow_timing=timing)
        )
        found += _difference(timing, got, due)
    return found


def _read_mirr(given, expected):
    got = _value_or_status(lambda: pme.mirr(**given))
    return _difference("mirr", got, expected.get("value", expected.get("status")), rate=True)


def _read_facility(given, expected):
    view = pme.facility_view(_fund(given), pme.Facility.of(given["rows"]))
    found = []
    for name, due in expected.items():
        got, rate = getattr(view, name), name.startswith("irr_")
        if isinstance(due, dict):
            found += _differences_of_outcome(name, got, due, rate=rate)
        else:
            figure = got.value if isinstance(got, pme.Metric) else got
            found += _difference(name, figure, due, rate=rate)
    return found


def _read_percentile(given, expected):
    return _difference("percentile", pme.percentile(**given), expected["value"])


def _read_rank(given, expected):
    found = pme.rank(given["value"], given["peers"])
    return [
        *_difference("quartile", found.quartile, expected["quartile"]),
        *_difference("percent_rank", found.percent_rank, expected["percent_rank"]),
    ]


def _read_share_classes(given, expected):
    metrics = [
        _report(given, _fund(given, scale=scale))[given["metric"]] for scale in given["scales"]
    ]
    ranks = pme.ranking([metric.value for metric in metrics]).ranks
    return [
        *_difference("quartiles", [each.quartile for each in ranks], expected["quartiles"]),
        *_difference(
            "percent_ranks", [each.percent_rank for each in ranks], expected["percent_ranks"]
        ),
    ]


def _read_bootstrap_constant(given, expected):
    funds = [
        pme.Fund.of(flows=[("2020-01-01", 1, 0)], navs=[("2021-12-31", nav)])
        for nav in given["values"]
    ]
    found = pme.bootstrap(funds, as_of="2021-12-31", metric="tvpi", scheme="simple")
    ends = [found.percentile.low, found.percentile.high]
    return [
        *_difference("value", found.value, expected["value"]),
        *_difference("percentile", ends, expected["percentile"]),
    ]


_READERS = {
    "bootstrap_constant": _read_bootstrap_constant,
    "dietz": _read_dietz,
    "facility": _read_facility,
    "fund": _read_fund,
    "horizon": _read_horizon,
    "look_ahead": _read_look_ahead,
    "mirr": _read_mirr,
    "percentile": _read_percentile,
    "periodic": _read_periodic,
    "rank": _read_rank,
    "return_series": _read_return_series,
    "roots": _read_roots,
    "share_classes": _read_share_classes,
}


def test_every_case_is_read():
    """Every case of the data set is here under a name of its own, and every reader has one."""
    assert len({case["id"] for case in CASES}) == len(CASES) == N_CASES
    assert {case["kind"] for case in CASES} == set(_READERS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_field_number(case):
    """Every figure, status, root and code of the case comes out."""
    assert _READERS[case["kind"]](case["input"], case["expected"]) == []
