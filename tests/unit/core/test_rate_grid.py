"""The grid on which rates stand: exact points, its ends, ties, and roots that stay as they are."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from inner_loops import inner_loop
from pmecalc import Benchmark, Fund, evaluate, irr_periodic, irr_roots
from pmecalc.core.irr import solve_times
from pmecalc.core.rate_grid import (
    BINARY_DIGITS,
    DECIMALS,
    HIGHEST,
    LOWEST,
    MAX_SHARE,
    annual_rate,
    on_grid,
    uncertainty,
)

SCALES = (1, 0.01, 3, 1e9)
COMMON = (-0.9, -0.5, -0.1, -0.01, 0.0, 0.01, 0.05, 0.08, 0.1, 0.125, 0.2, 0.25, 0.5, 1.0, 1.5, 9.0)


def two(rate, years=1.0, scale=1.0):
    """Times and amounts of money that earns a rate."""
    return np.array([0.0, years]), np.array([-100.0, 100.0 * (1 + rate) ** years]) * scale


@pytest.fixture(params=["plain", "compiled"])
def placed(request):
    """`on_grid` of either engine; the compiled one says NaN for a root that stays as it is."""
    if request.param == "plain":
        return on_grid
    loop = inner_loop("on_grid")

    def compiled(log_rate, times, amounts):
        found = loop(log_rate, times, amounts)
        return log_rate if math.isnan(found) else found

    return compiled


@pytest.mark.parametrize("rate", COMMON)
@pytest.mark.parametrize("off", [-4e-16, 0.0, 4e-16])
def test_a_rate_that_people_use_is_that_rate(placed, rate, off):
    """10 % is 0.1 to the last bit, however the solver rounded."""
    found = placed(math.log1p(rate) + off, *two(rate))
    assert found == math.log1p(rate)
    assert annual_rate(found) == rate


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("rate", COMMON)
def test_the_unit_of_money_is_nothing(placed, rate, scale):
    """The same point in cents, in millions, and times three."""
    times, amounts = two(rate, scale=scale)
    assert placed(math.log1p(rate) + 2e-16, times, amounts) == math.log1p(rate)
    stream = [("2021-01-01", -100 * scale), ("2022-01-01", 100 * scale * (1 + rate))]
    assert irr_roots(stream) == [rate]


def test_a_root_between_two_points_goes_to_the_nearer():
    """A third above a point goes down, two thirds up."""
    for third, expected in ((1, 0.1), (2, 0.1 + 1e-12)):
        rate = 0.1 + third / 3 * 1e-12
        assert annual_rate(on_grid(math.log1p(rate), *two(rate))) == round(expected, 12)


@pytest.mark.parametrize("nudge", [-40, -4, -1, 0, 1, 4, 40])
def test_close_to_the_middle_the_sum_decides(placed, nudge):
    """Whatever side the solver rounded to, the point is one, and that of the amounts."""
    end = 100.0 * (1 + 0.1 + 0.5e-12)
    end += nudge * math.ulp(end)
    times, amounts = np.array([0.0, 1.0]), np.array([-100.0, end])
    above = Fraction(end) / 100 - 1 > Fraction(1, 10) + Fraction(1, 2 * 10**12)
    roots = [math.log(end / 100) + off for off in (-2e-16, -1e-16, 0.0, 1e-16, 2e-16)]
    found = {annual_rate(placed(root, times, amounts)) for root in roots}
    assert len(found) == 1
    if abs(nudge) >= 4:  # nearer than that the discounts themselves are rounded across
        assert found == {0.100000000001 if above else 0.1}


def test_an_exact_tie_is_one_point_whatever_the_solver_found(placed):
    """Half of 2**-43 in the binary part: one side for every rounding of the root."""
    log_rate = -3.0 - 2.0 ** -(BINARY_DIGITS - 2) / 2
    times, amounts = np.array([0.0, 1.0]), np.array([-1.0, math.exp(log_rate)])
    found = {placed(log_rate + off, times, amounts) for off in (-4e-16, 0.0, 4e-16)}
    assert len(found) == 1
    (point,) = found
    assert abs(point - log_rate) <= 2.0 ** -(BINARY_DIGITS - 2)
    assert math.ldexp(point, BINARY_DIGITS - 2) == round(math.ldexp(point, BINARY_DIGITS - 2))


@pytest.mark.parametrize(
    ("rate", "decimal"),
    [
        (-0.93, False),
        (-0.92371, False),
        (-0.92369, True),
        (9.3699, True),
        (9.3701, False),
        (50, False),
    ],
)
def test_the_decimals_end_at_minus_92_and_at_937_percent(placed, rate, decimal):
    """Beyond, the points are binary fractions of the logarithm; no common rate is at an end."""
    assert (math.expm1(LOWEST), math.expm1(HIGHEST)) == pytest.approx((-0.9237, 9.37))
    log_rate = math.log1p(rate)
    assert (LOWEST < log_rate < HIGHEST) is decimal
    found = placed(log_rate, *two(rate))
    if decimal:
        assert annual_rate(found) == rate
    else:
        digits = BINARY_DIGITS - math.frexp(log_rate)[1]
        assert math.ldexp(found, digits) == round(math.ldexp(found, digits))
        assert annual_rate(found) == math.expm1(found)
        assert annual_rate(found) == pytest.approx(rate, rel=1e-11)


@pytest.mark.parametrize("rate", [1e6, 1e15, -1 + 1e-9, -1 + 1e-14])
def test_extreme_rates_keep_their_digits(placed, rate):
    """METHODS 2.5: a one-day fund is not cut off; the logarithm stays to 43 digits."""
    log_rate = math.log1p(rate)
    found = placed(log_rate, *two(rate))
    assert abs(found - log_rate) <= abs(log_rate) * 2.0**-BINARY_DIGITS
    assert found != 0


def test_an_ill_conditioned_root_stays_as_it_is(placed):
    """Money for an hour: rounding moves the root by more than the grid would."""
    times = np.array([0.0, 1e-4])
    amounts = np.array([-100.0, 100.00001])
    root = math.log(1.0000001) / 1e-4
    assert not uncertainty(root, times, amounts) < MAX_SHARE / DECIMALS
    assert placed(root, times, amounts) == root


def test_a_double_root_has_no_slope_to_place_it_by(placed):
    """It touches zero: infinitely uncertain, or nearly so, and left alone."""
    times, amounts = np.array([0.0, 1.0, 2.0]), np.array([-1.0, 2.0, -1.0])
    assert uncertainty(0.0, times, amounts) == math.inf
    assert placed(1e-9, times, amounts) == 1e-9
    assert placed(0.0, times, amounts) == 0.0


@pytest.mark.parametrize("scale", SCALES)
def test_near_double_roots_do_not_depend_on_the_unit(scale):
    """Status and roots of a stream that nearly touches zero."""
    amounts = np.array([-100.0, 220.00001, -121.0]) * scale
    found = solve_times(np.array([0.0, 1.0, 2.0]), amounts)
    own = solve_times(np.array([0.0, 1.0, 2.0]), amounts / scale)
    assert (found.status, len(found.log_rates)) == (own.status, len(own.log_rates))
    assert found.log_rates == pytest.approx(own.log_rates, abs=1e-9)


def test_the_undiscounted_sum_of_zero_is_a_rate_of_zero():
    """The root is at 0 in cents, wherever rounding puts it in doubles."""
    times = np.array([0.0, 1.2, 2.4])
    for scale in SCALES:
        found = solve_times(times, np.array([-481.16, -721.74, 1202.90]) * scale)
        assert (found.status, found.log_rates, found.total) == ("ok", (0.0,), 0.0)
        assert math.copysign(1.0, found.log_rates[0]) == 1.0


@pytest.mark.parametrize("rate", [0.1, -0.25, 0.0, 2.0])
def test_annual_rates_round_to_twelve_decimals(rate):
    """The rate and not its logarithm: 0.1 and not 0.10000000000000009."""
    assert annual_rate(math.log1p(rate)) == rate
    assert annual_rate(math.log1p(rate) + 1e-13) == rate
    assert annual_rate(math.log1p(rate) + 1e-12) != rate


def test_both_engines_annualise_alike():
    """To the bit, inside the decimals and outside."""
    loop = inner_loop("annual_rate")
    rng = np.random.default_rng(5)
    for log_rate in [*rng.normal(0, 2, 2000).tolist(), LOWEST, HIGHEST, 0.0, -40.0, 700.0]:
        assert loop(log_rate) == annual_rate(log_rate)


def test_both_engines_place_a_root_alike():
    """From roots that differ in their last digits, whatever the stream."""
    loop = inner_loop("on_grid")
    rng = np.random.default_rng(6)
    moved = 0
    for _ in range(500):
        n = int(rng.integers(2, 12))
        times = np.append(0.0, np.cumsum(rng.integers(1, 900, n))) / 365
        amounts = np.append(-rng.lognormal(5, 1, 1), rng.lognormal(3, 1, n)).round(2)
        (root,) = solve_times(times, amounts).log_rates
        for off in (-3e-16, 0.0, 3e-16):
            own, other = (
                on_grid(root + off, times, amounts),
                loop(root + off, times, amounts),
            )
            assert own == root or own == root + off
            assert own == other or (math.isnan(other) and own == root + off)
            moved += own == root and off != 0.0
    assert moved > 900


def test_rates_of_reports_and_periods_stand_on_the_grid():
    """IRR, direct alpha, index return, implied return and the periodic IRR."""
    flows = [("2021-01-01", 100, 0), ("2022-01-01", 20, 0)]
    fund = Fund.of(flows=flows, navs=[("2023-01-01", 151.8)])
    world = Benchmark.of([("2021-01-01", 100), ("2022-01-01", 105), ("2023-01-01", 115.5)])
    report = evaluate(fund, world, max_staleness_days=None)
    for name in ("irr", "direct_alpha", "implied_index_irr", "index_cagr", "ln_irr"):
        assert report[name].value == round(report[name].value, 12)
    assert irr_periodic([-100, 110]) == 0.1
    assert irr_periodic([-100, 0, 0, 0, 125], periods_per_year=4) == 0.25
