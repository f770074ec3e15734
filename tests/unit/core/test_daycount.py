"""Year fractions."""

from __future__ import annotations

import calendar
import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pmecalc import Benchmark, Fund, InputError, evaluate, irr_roots
from pmecalc.core.dates import date_of, day_number
from pmecalc.core.daycount import DAY_COUNTS, SHARED_TIMES, year_fractions

ROUNDING = 1e-12  # each of some ten thousand days is off by 1e-19, so the oracle is exact
days = st.integers(-4000, 12_000)


def _between(first, last, day_count):
    return float(year_fractions(day_number(first), np.array([day_number(last)]), day_count)[0])


def _isda_day_by_day(first, last):
    dates = (first + timedelta(days=step) for step in range((last - first).days))
    return math.fsum(1 / (366 if calendar.isleap(day.year) else 365) for day in dates)


def test_a_leap_year_is_longer_than_a_year():
    """ACT/365F counts the leap day, as XIRR does."""
    start = day_number("2020-01-01")
    assert year_fractions(start, np.array([start + 366]), "ACT/365F").tolist() == [366 / 365]


@pytest.mark.parametrize(
    ("day_count", "first", "last", "expected"),
    [
        ("ACT/360", "2021-01-01", "2022-01-01", 365 / 360),
        ("ACT/365.25", "2021-01-01", "2025-01-01", 4),
        ("ACT/ACT ISDA", "2020-01-01", "2021-01-01", 1),
        ("ACT/ACT ISDA", "2003-11-01", "2004-05-01", 61 / 365 + 121 / 366),  # ISDA's own example
        ("30E/360", "2021-01-31", "2021-02-28", 28 / 360),
        ("30E/360", "2021-01-15", "2021-01-31", 15 / 360),
        ("30/360 US", "2021-01-15", "2021-01-31", 16 / 360),
        ("30/360 US", "2021-01-30", "2021-03-31", 60 / 360),
        ("30/360 US", "2021-01-31", "2021-02-28", 28 / 360),
        ("30/360 US", "2021-02-28", "2021-03-31", 30 / 360),
        ("30/360 US", "2021-02-28", "2022-02-28", 1),
        ("30/360 US", "2023-02-28", "2024-02-29", 1),
        ("30/360 US", "2023-02-28", "2024-02-28", 358 / 360),
        ("30/360 US", "2021-03-15", "2022-02-28", 343 / 360),
    ],
)
def test_a_fraction_by_hand(day_count, first, last, expected):
    """Each rule on dates that tell it from the others, forwards and backwards."""
    assert _between(first, last, day_count) == pytest.approx(expected, rel=1e-14)
    assert _between(last, first, day_count) == pytest.approx(-expected, rel=1e-14)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(days, days)
def test_isda_is_the_sum_of_its_days(one, other):
    """A day of a leap year is 1/366, any other 1/365."""
    first, last = sorted((one, other))
    expected = _isda_day_by_day(date_of(first), date_of(last))
    got = year_fractions(first, np.array([last]), "ACT/ACT ISDA")[0]
    assert got == pytest.approx(expected, abs=ROUNDING)


@pytest.mark.parametrize("day_count", DAY_COUNTS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(start=days, other=days)
def test_time_never_runs_backwards(day_count, start, other):
    """A later day is never earlier in years, and only months of 30 days let two days coincide."""
    span = np.arange(other, other + 800)
    steps = np.diff(year_fractions(start, span, day_count))
    assert (steps >= 0 if day_count in SHARED_TIMES else steps > 0).all()
    assert year_fractions(start, np.array([[start]]), day_count).tolist() == [[0.0]]


def test_another_convention_is_refused():
    """A day count that is not offered is named in the error, with those that are."""
    with pytest.raises(InputError, match="30/365") as caught:
        year_fractions(0, np.array([1]), "30/365")
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "day_count")
    assert "30/360 US" in caught.value.hint


def test_one_convention_holds_for_a_whole_calculation():
    """IRR, direct alpha, index return, years and payback all count 360 days a year."""
    fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    world = Benchmark.of([("2021-01-01", 100), ("2022-01-01", 120)])
    report = evaluate(fund, world, max_staleness_days=None, day_count="ACT/360")
    year = 365 / 360
    assert report.irr == pytest.approx(1.5 ** (1 / year) - 1)
    assert report.direct_alpha == pytest.approx(1.25 ** (1 / year) - 1)
    assert report.index_cagr == pytest.approx(1.2 ** (1 / year) - 1)
    assert report.ln_irr == pytest.approx(1.2 ** (1 / year) - 1)
    assert (report.years, report.payback()["dpi"]) == (year, year)
    assert report.j_curve().trough.years == 0


def test_days_of_one_moment_are_one_amount():
    """In months of 30 days the 31st joins the 30th, so the solver's times stay ascending."""
    stream = [("2021-01-30", -60), ("2021-01-31", -40), ("2022-01-30", 50), ("2022-01-31", 60)]
    assert irr_roots(stream, day_count="30E/360") == pytest.approx([0.1])
    assert len(irr_roots(stream)) == 1


def test_days_of_one_moment_can_cancel():
    """What comes back in the same moment was never invested."""
    fund = Fund.of(flows=[("2021-01-30", 100, 0), ("2021-01-31", 0, 100)], navs=[("2022-01-30", 0)])
    assert evaluate(fund, day_count="30E/360")["irr"].status == "no_flows"
    assert evaluate(fund)["irr"].value == 0


def test_no_time_has_no_rate():
    """From the 30th to the 31st no time passes in months of 30 days."""
    fund = Fund.of(flows=[("2021-01-30", 100, 0)], navs=[("2021-01-31", 110)])
    report = evaluate(fund, day_count="30E/360")
    assert (report["irr"].status, report.years) == ("zero_duration", 0)


def test_irr_roots_refuses_another_convention():
    """Also where there is no flow to count."""
    with pytest.raises(InputError, match="30/365"):
        irr_roots([], day_count="30/365")


def test_dates_beyond_the_epoch_are_dates_too():
    """Day numbers before 1970 are negative and count as well."""
    assert _between(date(1960, 1, 1), date(1961, 1, 1), "ACT/ACT ISDA") == 1
    assert _between(date(1960, 2, 29), date(1961, 2, 28), "30/360 US") == 1
