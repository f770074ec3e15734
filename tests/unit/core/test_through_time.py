"""The measures seen from every valuation date, the J-curve, and break-even."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, BenchmarkError, Fund, NotFoundError, evaluate

FUND = Fund.of(
    flows=[("2020-01-01", 100, 0), ("2021-01-01", 50, 0), ("2022-01-01", 0, 160)],
    navs=[
        ("2019-12-31", 5),
        ("2020-01-01", 100),
        ("2020-12-31", 90),
        ("2021-12-31", 155),
        ("2022-12-31", 20),
    ],
    commitment=200,
)
LEVELS = [("2019-12-31", 100), ("2020-12-31", 100), ("2021-12-31", 100), ("2022-12-31", 100)]
FLAT = Benchmark.of(LEVELS)


def test_there_is_one_row_for_each_nav_date_since_the_first_flow():
    """NAVs before it, and after the as-of date, are not drawn."""
    report = evaluate(FUND, FLAT, as_of="2021-12-31", max_staleness_days=None)
    series = report.through_time(["tvpi", "irr"])
    assert list(series) == ["date", "tvpi", "tvpi_status", "irr", "irr_status"]
    assert series["date"] == ["2020-01-01", "2020-12-31", "2021-12-31"]
    assert series["tvpi"] == pytest.approx([1, 0.9, 155 / 150])


def test_on_the_first_day_there_is_no_rate_yet():
    """Amounts that cancel are no flows; others have no duration: METHODS 5.1."""
    report = evaluate(FUND, FLAT, max_staleness_days=None)
    series = report.through_time(["irr", "ln_irr", "index_cagr", "ks_pme"])
    assert [series[f"{name}_status"][0] for name in ("irr", "ln_irr", "index_cagr", "ks_pme")] == [
        "no_flows",
        "no_flows",
        "zero_duration",
        "ok",
    ]
    marked = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-01-01", 98)])
    assert evaluate(marked).through_time(["irr"])["irr_status"] == ["zero_duration"]


def test_all_measures_are_given_unless_named():
    """Two columns each, and the date; an unknown name is refused."""
    report = evaluate(FUND)
    assert len(report.through_time()) == 1 + 2 * len(report.metrics)
    assert set(report.through_time()["ks_pme_status"]) == {"no_index"}
    with pytest.raises(NotFoundError):
        report.through_time(["tvpy"])


def test_a_hole_in_the_index_is_an_error():
    """A NAV date without a fresh level is named, not skipped."""
    holed = Benchmark.of([LEVELS[0], ("2022-01-01", 100), LEVELS[3]])
    report = evaluate(Fund.of(flows=[("2020-01-01", 9, 0)], navs=FUND_NAVS), holed)
    with pytest.raises(BenchmarkError) as caught:
        report.through_time(["ks_pme"])
    assert (caught.value.code, caught.value.value) == ("INDEX_STALE", "2020-12-31")


FUND_NAVS = [("2020-12-31", 9), ("2022-12-31", 9)]


def test_the_j_curve_by_hand():
    """Down with the calls, up with the distributions, with the trough named."""
    curve = evaluate(FUND).j_curve()
    expected = [
        ("2020-01-01", -100, 0),
        ("2020-12-31", -100, -10),
        ("2021-01-01", -150, -10),
        ("2021-12-31", -150, 5),
        ("2022-01-01", 10, 10),
        ("2022-12-31", 10, 30),
    ]
    assert list(zip(curve["date"], curve["net"], curve["with_nav"], strict=True)) == expected
    trough = curve.trough
    assert (trough.value, trough.date, trough.years) == (-150, "2021-01-01", 366 / 365)
    assert trough.of_commitment == -0.75


def test_the_j_curve_knows_no_future():
    """Flows and NAVs after the as-of date are not in it; a commitment may be unknown."""
    bare = Fund.of(flows=[("2020-01-01", 100, 0), ("2022-01-01", 0, 150)])
    curve = evaluate(bare, as_of="2021-06-30").j_curve()
    assert (curve["date"], curve["net"]) == (["2020-01-01", "2021-06-30"], [-100, -100])
    assert curve.trough.of_commitment is None


def test_rows_of_zeros_before_the_first_flow_are_not_drawn():
    """The curve begins with money."""
    fund = Fund.of(flows=[("2010-01-01", 0, 0), ("2020-01-01", 5, 0)], navs=[("2020-06-30", 6)])
    assert evaluate(fund).j_curve()["date"][0] == "2020-01-01"


def test_payback_by_hand():
    """DPI by flow dates; TVPI and KS-PME from the NAV date on which they stay at or above 1."""
    report = evaluate(FUND, FLAT, max_staleness_days=None)
    assert report.payback() == {"dpi": 731 / 365, "tvpi": 2.0, "ks_pme": 2.0}
    assert evaluate(FUND).payback()["ks_pme"] is None


def test_what_never_pays_back_is_none():
    """Under water to the end, or fallen back in the end."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-12-31", 120), ("2021-12-31", 90)])
    assert evaluate(fund).payback() == {"dpi": None, "tvpi": None, "ks_pme": None}
    only = Fund.of(flows=[("2020-01-01", 0, 100)])
    assert evaluate(only).payback()["dpi"] is None


def test_the_as_of_date_counts_for_payback():
    """Without NAVs the multiple is known on the as-of date alone."""
    fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 130)])
    assert evaluate(fund).payback() == {"dpi": 1.0, "tvpi": 1.0, "ks_pme": None}


def test_rounding_does_not_hide_a_payback():
    """1.1 + 2.2 is 3.3 to an investor, if not to a computer."""
    flows = [("2020-01-01", 1.1, 0), ("2020-06-01", 2.2, 0), ("2020-12-31", 0, 3.3)]
    assert evaluate(Fund.of(flows=flows)).payback() == {"dpi": 1.0, "tvpi": 1.0, "ks_pme": None}
