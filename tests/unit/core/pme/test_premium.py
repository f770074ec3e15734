"""The implied private premium."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Benchmark, CashFlowError, Fund, InputError, NotDefinedError, evaluate
from pmecalc.core.conventions import Options
from pmecalc.core.pme.premium import ipp, ipp_periodic
from pmecalc.core.valuation import value

YEARS = [f"{year}-01-01" for year in (2021, 2022, 2023)]  # 365 days apart
STEADY = Benchmark.of([(day, 100 * 1.05**step) for step, day in enumerate(YEARS)])


def _fund(*amounts, nav=0):
    flows = list(zip(YEARS, amounts, strict=False))
    return Fund.of(flows=flows, navs=[(YEARS[len(amounts) - 1], nav)])


def _outcome(fund, benchmark=STEADY, **options):
    return ipp.at(value(fund, benchmark, options=Options(max_staleness_days=None, **options)))


def test_two_flows_by_hand():
    """10 % and 30 % of index return, 100 and 50 paid in, 200 at the end."""
    world = Benchmark.of([(YEARS[0], 100), (YEARS[1], 110), (YEARS[2], 143)])
    flows = [(YEARS[0], 100, 0), (YEARS[1], 50, 0)]
    fund = Fund.of(flows=flows, navs=[(YEARS[2], 200)])
    premium = ipp(fund, world, max_staleness_days=None)
    left = 100 * (math.sqrt(1.43) + premium) ** 2 + 50 * (1.3 + premium)
    assert left == pytest.approx(200, rel=1e-13)


def test_several_premiums_are_listed_and_the_nearest_to_zero_chosen():
    """On a steady index they are the IRRs of 10 % and 20 % less its 5 %."""
    found = _outcome(_fund(-100, 230, -132))
    assert found.status == "multiple"
    assert found.roots == pytest.approx([0.05, 0.15])
    assert found.value == found.roots[0]
    assert "2 premiums" in found.reason


@pytest.mark.parametrize("scale", [1, 0.01, 3, 1e9, 0.1, 7])
@pytest.mark.parametrize("sign", [1, -1], ids=["gained", "lost"])
def test_of_premiums_equally_near_to_zero_the_value_added_decides(scale, sign):
    """10 % and -10 %, on a flat index; in other units either is nearer in the last bit."""
    flat = Benchmark.of([(YEARS[0], 100), (YEARS[2], 100)])
    fund = _fund(*(sign * scale * each for each in (-100, 200, -99)))
    found = _outcome(fund, flat)
    assert found.roots == pytest.approx([-0.1, 0.1])
    assert found.value == found.roots[1 if sign > 0 else 0]


def test_a_double_premium_is_warned_of():
    """Both sides touch at 10 %, as far as rounding can tell."""
    found = _outcome(_fund(-100, 220, -121))
    assert (found.status, found.warnings) == ("ok", ("NEAR_DOUBLE_ROOT",))
    assert found.value == pytest.approx(0.05, abs=1e-6)


def test_two_premiums_nearer_than_can_be_told_apart_are_a_crossing_or_a_touch():
    """A tenth of a millionth apart: one premium or both, never none."""
    growth = 1.1 * (1.1 + 1e-7)
    found = _outcome(_fund(-100, 100 * (2.2 + 1e-7), -100 * growth))
    assert found.roots
    assert found.value == pytest.approx(0.05, abs=1e-5)


def test_three_premiums_in_one_place_are_a_crossing():
    """The sides cross at 10 %, flat as they are there."""
    days = [*YEARS, "2024-01-01"]
    steady = Benchmark.of([(day, 1.05**step) for step, day in enumerate(days)])
    flows = list(zip(days, (-1000, 3300, -3630, 1331), strict=True))
    found = _outcome(Fund.of(flows=flows, navs=[(days[-1], 0)]), steady)
    assert found.value == pytest.approx(0.05, abs=1e-4)


def test_sides_that_pass_each_other_closely_do_not_meet():
    """A billionth of the money is more than rounding."""
    assert _outcome(_fund(-100, 220, -121 * (1 + 1e-9))).status == "no_root"


def test_sides_that_never_meet_have_no_premium():
    """A stream without an IRR has none on a steady index either."""
    found = _outcome(_fund(-100, 150, -132))
    assert (found.value, found.status, found.roots) == (None, "no_root", ())


@pytest.mark.parametrize(
    ("fund", "status"),
    [
        (_fund(0, 0), "no_flows"),
        (Fund.of(flows=[(YEARS[0], 100, 100)], navs=[(YEARS[1], 0)]), "no_flows"),
        (Fund.of(flows=[(YEARS[0], 100, 90)], navs=[(YEARS[0], 0)]), "zero_duration"),
        (Fund.of(flows=[(YEARS[0], 100, 90)]), "no_nav"),
        (_fund(-100, 0), "total_loss"),
        (_fund(0, 100), "zero_duration"),
        (_fund(100, 100), "no_investment"),
    ],
)
def test_without_a_value_there_is_a_status(fund, status):
    """METHODS 2.5, read for the premium."""
    found = _outcome(fund)
    assert (found.value, found.status) == (None, status)
    assert found.reason


def test_a_premium_beyond_the_doubles_says_so():
    """1 becomes 1e6 within a day: no double holds the rate per year."""
    world = Benchmark.of([("2021-01-01", 100)])
    fund = Fund.of(flows=[("2021-01-01", 1, 0), ("2021-01-02", 0, 1e6)])
    assert _outcome(fund, world).status == "overflow"
    jump = Benchmark.of([("2021-01-01", 1), ("2021-01-02", 1e6)])
    assert _outcome(fund, jump).status == "overflow"


def test_days_of_one_moment_may_grow_differently():
    """In months of 30 days the index may move between the 30th and the 31st."""
    flows = [("2021-01-30", 100, 0), ("2021-01-31", 100, 0)]
    fund = Fund.of(flows=flows, navs=[("2022-01-30", 230)])
    world = Benchmark.of([("2021-01-30", 100), ("2021-01-31", 110), ("2022-01-30", 121)])
    found = _outcome(fund, world, day_count="30E/360")
    assert found.value == pytest.approx((2.3 - 1.21 - 1.1) / 2)


def test_a_flow_on_the_last_day_joins_the_nav():
    """Money received at the end need not grow."""
    fund = Fund.of(flows=[(YEARS[0], 100, 0), (YEARS[1], 0, 60)], navs=[(YEARS[1], 60)])
    assert _outcome(fund).value == pytest.approx(0.15)


class TestPeriodic:
    """METHODS 4.9, the periodic form."""

    def test_by_hand(self):
        """A quadratic in the premium."""
        premium = ipp_periodic([-100, 50], [0.1], nav=70)
        assert premium == pytest.approx(0.1)
        premium = ipp_periodic([-100, 50, 66], [0.02, 0.03])
        one, two = 1.02 + premium, 1.03 + premium
        assert -100 * one * two + 50 * two + 66 == pytest.approx(0, abs=1e-11)

    def test_the_premium_is_per_year(self):
        """Two per cent a quarter are eight a year."""
        assert ipp_periodic([-100, 104], [0.02], periods_per_year=4) == pytest.approx(0.08)

    def test_a_first_or_a_last_zero_changes_nothing_of_the_rest(self):
        """Periods before the first amount do not count."""
        assert ipp_periodic([0, -100, 110], [0.5, 0.02]) == pytest.approx(0.08)

    @pytest.mark.parametrize(
        ("amounts", "returns", "status"),
        [
            ([0.0, 0.0], [0.1], "no_flows"),
            ([0.0, 5.0], [0.1], "zero_duration"),
            ([5.0, 5.0], [0.1], "no_investment"),
            ([-5.0, 0.0], [0.1], "total_loss"),
            ([-100, 150, -132], [0.1, 0.1], "no_root"),
        ],
    )
    def test_without_a_value_there_is_a_status(self, amounts, returns, status):
        """METHODS 11.1."""
        with pytest.raises(NotDefinedError) as caught:
            ipp_periodic(amounts, returns)
        assert caught.value.status == status

    @pytest.mark.parametrize(
        ("amounts", "returns", "options", "field"),
        [
            ([-1, 2], [], {}, "returns"),
            ([-1, 2], [-1], {}, "returns"),
            ([-1, 2], [0], {"periods_per_year": 0}, "periods_per_year"),
        ],
    )
    def test_what_cannot_be_is_refused(self, amounts, returns, options, field):
        """A return above -1 between each two amounts, and a number of periods."""
        with pytest.raises(InputError) as caught:
            ipp_periodic(amounts, returns, **options)
        assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", field)

    def test_amounts_are_finite(self):
        """NaN is no amount."""
        with pytest.raises(CashFlowError):
            ipp_periodic([-1, math.nan], [0])

    def test_no_amounts_are_no_flows(self):
        """There is nothing to compare."""
        with pytest.raises(NotDefinedError) as caught:
            ipp_periodic([], [])
        assert caught.value.status == "no_flows"


def test_every_premium_of_a_wild_stream_is_found():
    """As many as a fine scan of the whole range finds, at the same places."""
    draw = np.random.default_rng(7)
    for _ in range(60):
        count = int(draw.integers(3, 9))
        days = np.sort(draw.choice(np.arange(0, 4000), count, replace=False))
        amounts = draw.normal(size=count) * 10.0 ** draw.integers(0, 4, count)
        growth = np.exp(draw.normal(size=count) * 0.4)
        dates = [str(np.datetime64("2010-01-01") + int(day)) for day in days]
        fund = Fund.of(flows=list(zip(dates, amounts.tolist(), strict=True)), navs=[(dates[-1], 0)])
        world = Benchmark.of(zip(dates, (1 / growth).tolist(), strict=True))
        times = (days[-1] - days[:-1]) / 365
        carried = growth[:-1] / growth[-1]
        yearly = carried ** (1 / times)
        scan = np.append(
            yearly.min() * (np.geomspace(1e-9, 1, 4000) - 1), np.geomspace(1e-7, 50, 6000)
        )
        values = ((yearly + scan[:, None]) ** times) @ amounts[:-1] + amounts[-1]
        places = np.flatnonzero(np.sign(values[1:]) != np.sign(values[:-1]))
        found = [root for root in _outcome(fund, world).roots if scan[0] < root < scan[-1]]
        assert len(found) == len(places)
        for root, place in zip(found, places.tolist(), strict=True):
            assert scan[place] - 1e-9 <= root <= scan[place + 1] + 1e-9


def test_a_premium_that_cannot_be_proved_in_time_says_so():
    """Thousands of sign changes cost about a second and give a status, not a guess."""
    days = (np.datetime64("1980-01-01") + np.arange(12_000)).astype(object)
    rows = [(day, 1.0, 0.0) if place % 2 else (day, 0.0, 1.5) for place, day in enumerate(days)]
    index = Benchmark.of([("1979-12-31", 100.0), ("1990-01-01", 80.0), ("2020-01-01", 400.0)])
    fund = Fund.of(flows=rows, navs=[(rows[-1][0], 0)])
    report = evaluate(fund, index, max_staleness_days=None)
    assert (report["ipp"].value, report["ipp"].status) == (None, "uncertified")
