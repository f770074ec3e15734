"""What docs/peers.md says of other libraries is what they answer."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
import re
from pathlib import Path

import pytest

from golden.cases import HERE, load_cases
from peers.lines import (
    GROWING,
    LINES,
    YEARS,
    dates,
    measured,
    module,
    our_outcome,
    outcome,
    yearly,
)
from pmecalc import evaluate, irr_roots
from pmecalc.core.dates import date_of
from requirements import require

PAGE = Path(__file__).parents[2] / "docs/peers.md"
ROW = re.compile(
    r"^\| `([a-z-]+)` \| (.+) \| `([\w.]+)` ([\d.]+) \| ([^|]+) \| ([^|]+) \| (.+) \|$",
    re.MULTILINE,
)
ROWS = {row[0]: row for row in ROW.findall(PAGE.read_text(encoding="utf-8"))}
CASES = load_cases(HERE / "reference_cases.json")
DISTRIBUTIONS = {"numpy_financial": "numpy-financial"}
HALF = 0.5000001  # of the last printed digit


def need(package: str, version: str | None = None) -> None:
    """Skip where the peer is not here, or is not the version that the page speaks of."""
    present = importlib.util.find_spec(package) is not None
    if present and version is not None:
        name = DISTRIBUTIONS.get(package, package)
        present = importlib.metadata.version(name) == version
    require("peers", present=present)


def same(printed: str, value: object) -> bool:
    """Whether a printed figure or word is this value, to the digits printed."""
    if re.fullmatch(r"[-−]?\d+\.\d+", printed):
        decimals = len(printed.partition(".")[2])
        got = float(value) if isinstance(value, (int, float)) else math.nan
        return abs(got - float(printed.replace("−", "-"))) <= HALF * 10.0**-decimals
    return printed == str(value)


def test_the_page_and_the_calculations_have_the_same_lines():
    """Every line of the table is calculated here, and no other."""
    assert ROWS.keys() == LINES.keys()


@pytest.mark.parametrize("name", LINES)
def test_peer(name):
    """The peer answers the figure or word that the table prints."""
    _, _, function, version, printed, _, _ = ROWS[name]
    need(function.partition(".")[0], version)
    got = outcome(LINES[name].peer)
    print(f"{name}: {function} {version} answers {got!r}")
    assert same(printed, got)


@pytest.mark.parametrize("name", LINES)
def test_ours(name):
    """We answer the figure and the status that the table prints."""
    printed = ROWS[name][5]
    value, status = our_outcome(LINES[name].ours)
    print(f"{name}: we answer {value!r}, {status}")
    shown, _, named = printed.partition(" ")
    assert named.strip("()") == ("" if status == "ok" else status)
    assert same(shown, value) or (value is None and shown in {"none", "refused"})


def test_pyxirr_agrees_on_the_published_examples():
    """Wikipedia's Long-Nickels, PME+ and mPME examples come out alike."""
    need("pyxirr")
    pe = module("pyxirr").pe
    levels = [100.0, 105.0, 115.0, 100.0, 120.0]
    flows = [-100.0, -50.0, 60.0, 100.0, 0.0]
    navs = [100.0, 165.0, 125.0, 15.0, 20.0]
    assert pe.pme_plus_lambda(flows, levels, 20.0) == pytest.approx(0.8605442177, abs=1e-10)
    assert ours_of("pme_plus_lambda", navs) == pytest.approx(0.8605442177, abs=1e-10)
    mistaken = [*levels[:3], 110.0, levels[4]]  # as the peer's own test has it
    assert pe.pme_plus_lambda(flows, mistaken, 20.0) == pytest.approx(0.9152196790, abs=1e-10)
    assert pe.pme_plus(flows, levels, 20.0) == pytest.approx(0.0204890886, abs=1e-9)
    assert pe.m_pme(flows, levels, navs) == pytest.approx(0.0201516589, abs=1e-9)


def ours_of(name: str, navs: list[float]) -> float:
    """Our measure of Wikipedia's fund."""
    days = ["2001-01-01", "2002-01-01", "2003-01-01", "2004-01-01", "2004-12-31"]
    flows = zip(days, [100, 50, 0, 0, 0], [0, 0, 60, 100, 0], strict=True)
    levels = zip(days, [100, 105, 115, 100, 120], strict=True)
    navs_by_day = list(zip(days, navs, strict=True))
    return measured(name, list(flows), navs_by_day, list(levels)).number


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_pyxirr_agrees_on_ordinary_funds(case):
    """Its dated IRR is within 1e-9 of ours on each reference case with one root."""
    need("pyxirr")
    report = evaluate(case.fund, as_of=case.as_of)
    if report["irr"].status != "ok":
        pytest.skip("not one root")
    at = report.valuation
    days, amounts = at.stream(at.distributions, at.contributions)
    theirs = module("pyxirr").xirr([date_of(int(day)) for day in days], amounts.tolist())
    assert theirs == pytest.approx(report.irr, rel=0, abs=1e-9)


def test_pyxirr_agrees_on_two_columns():
    """Given contributions and distributions apart, pyxirr keeps a day's flows gross as we do."""
    need("pyxirr")
    pe = module("pyxirr").pe
    paid, received = [100.0, 50.0, 0.0], [0.0, 60.0, 0.0]
    ours = yearly("ks_pme", paid, received, [110, 120, 154], GROWING[:3])
    assert pe.ks_pme_2(paid, received, list(GROWING[:3]), 154.0) == pytest.approx(ours.value)
    assert ours.value == 1.25


def test_pyxirr_reaches_the_long_nickels_irr_in_two_steps():
    """Its index position put into its dated IRR by hand is our Long-Nickels IRR."""
    need("pyxirr")
    pyxirr = module("pyxirr")
    flows = [-100.0, 0.0, 60.0]
    end = pyxirr.pe.ln_pme_nav(flows, list(GROWING[:3]))
    rate = pyxirr.xirr(dates((*YEARS[:3], YEARS[2])), [*flows, end])
    assert rate == pytest.approx(0.1, abs=1e-9)


def test_pyxirr_follows_a_guess():
    """Where the money gained, a guess of 10 % leads pyxirr to the positive root."""
    need("pyxirr")
    days = dates(("2010-01-01", "2013-01-01", "2015-01-01", "2020-01-01"))
    rate = module("pyxirr").xirr(days, [-100, 5, 250, -150], guess=0.1)
    assert rate == pytest.approx(0.1058929176, abs=1e-9)


def test_pyxirr_can_be_silent():
    """Where it would raise on a total loss, `silent=True` gives None."""
    need("pyxirr")
    assert module("pyxirr").xirr(dates(YEARS[:2]), [-100, 0], silent=True) is None


def test_pypme_is_right_on_a_loss_of_eight_years():
    """The loss that pypme misses over nine years comes out over eight."""
    need("pypme")
    days = dates(("2011-01-01", "2019-01-01"))
    rate = outcome(lambda: module("pypme").xpme(days, [-50], [100, 10], [100, 10]))
    assert rate == pytest.approx(0.1 ** (365 / 2922) - 1, abs=1e-9)


def test_pyxirr_solves_the_large_fund_in_millions():
    """The fund that pyxirr does not solve in units it solves in millions."""
    need("pyxirr")
    days = dates(("2010-01-01", "2015-01-01", "2020-01-01"))
    rate = module("pyxirr").xirr(days, [-1e7, 3e6, 4e6])
    assert rate == pytest.approx(-0.0436241260, abs=1e-9)


def test_the_documented_spreadsheet_example():
    """The XIRR example of Excel's help, 0.373362535, is our IRR to the accuracy it promises."""
    flows = [
        ("2008-01-01", -10000),
        ("2008-03-01", 2750),
        ("2008-10-30", 4250),
        ("2009-02-15", 3250),
        ("2009-04-01", 2750),
    ]
    assert irr_roots(flows) == [pytest.approx(0.373362535, abs=1e-8)]
