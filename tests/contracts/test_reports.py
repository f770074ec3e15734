"""Whole reports, and reports through time, are the same by both engines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import plain_reports
from nasty import funds
from pmecalc.core import engine
from pmecalc.core.irr import solve_times
from requirements import require

TESTS = Path(__file__).parents[1]
EQUAL = 1e-12  # of 1 + value: rounding of some hundred terms, with room for short spans
ILL_EQUAL = 1e-8  # several roots: a flat sum loses half its digits to rounding
LEAST = 1e-12  # of 1 + a rate that rounds to -1
COUNT = 60
PARTS = {
    "ln_spread": ("irr", "ln_irr"),
    "pme_plus_spread": ("irr", "pme_plus_irr"),
    "mpme_spread": ("irr", "mpme_irr"),
}
DIVISORS = {"implied_index_irr": "direct_alpha", "ln_spread_geometric": "ln_irr"}


@pytest.fixture(scope="module")
def table():
    """Funds of many kinds and an index."""
    return funds(np.random.default_rng(21), COUNT)


@pytest.fixture(scope="module")
def plain(table, tmp_path_factory):
    """What a process without the compiled loops says of them."""
    folder = tmp_path_factory.mktemp("plain")
    np.savez(folder / "in.npz", **table)
    subprocess.run(
        [sys.executable, TESTS / "plain_reports.py", folder / "in.npz", folder / "out.json"],
        check=True,
    )
    return json.loads((folder / "out.json").read_text(encoding="utf-8"))


def test_a_report_is_the_same_by_either_engine(table, plain):
    """The JSON of reports, of series and of paybacks has equal bytes."""
    require("numba", present=engine.load())
    for ours, theirs in zip(plain_reports.reports(table), plain["reports"], strict=True):
        assert json.dumps(ours) == json.dumps(theirs)


def test_a_report_through_time_is_the_reports_of_its_dates(plain):
    """Each NAV date has the values and statuses of `evaluate` on it."""
    for (_, series, _), dates in zip(plain["reports"], plain["dates"], strict=True):
        assert len(series["date"]) == len(dates)
        for own, other in zip(_by_date(series), dates, strict=True):
            _same_metrics(own, other)


def _by_date(series):
    """Value and status of each measure, date by date."""
    names = [name for name in series if f"{name}_status" in series]
    return [
        {
            name: {"value": series[name][place], "status": series[f"{name}_status"][place]}
            for name in names
        }
        for place in range(len(series["date"]))
    ]


def _same_metrics(ours, theirs):
    """Each is measured against the size of the rates that it is made of."""
    assert ours.keys() == theirs.keys()
    for name, metric in ours.items():
        parts = (name, *PARTS.get(name, ()))
        values = [theirs[part]["value"] for part in parts if theirs[part]["value"] is not None]
        size = 1 + sum(abs(value) for value in values if not isinstance(value, str))
        if metric["value"] is not None and name in DIVISORS:
            size += size / max(1 + theirs[DIVISORS[name]]["value"], LEAST)
        several = metric["status"] == "multiple"
        _same(metric, theirs[name], (ILL_EQUAL if several else EQUAL) * size)


def _same(ours, theirs, apart=EQUAL):
    assert type(ours) is type(theirs)
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys()
        for key in ours:
            _same(ours[key], theirs[key], apart)
    elif isinstance(ours, list):
        assert len(ours) == len(theirs)
        for own, other in zip(ours, theirs, strict=True):
            _same(own, other, apart)
    elif isinstance(ours, float):
        assert abs(ours - theirs) <= apart
    else:
        assert ours == theirs


def test_what_the_compiled_loops_leave_open_is_solved_plainly():
    """A double root at 10 % is found and told, loaded or not."""
    require("numba", present=engine.load())
    found = solve_times(np.array([0.0, 1.0, 2.0]), np.array([-100.0, 220.0, -121.0]))
    assert found.near_double
    assert [round(rate, 6) for rate in found.rates] == [0.1]
