"""All roots, against streams whose roots are known and against an independent solver."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from pmecalc import irr_roots
from pmecalc.core.dates import iso
from pmecalc.core.irr import solve
from pmecalc.core.roots import (
    DiscountedSum,
    _certified_brackets,
    _isolate,
    _root,
    all_roots,
)

EPS = 2.0**-52
CLEAR = (
    1e-9  # simple roots a tenth apart: coefficients round by 1e-16, roots by some 1e4 times that
)
START = 10_957  # 2000-01-01


def coefficients(rates):
    """The stream with just these rates: the product of (x - (1 + rate)), exact, then rounded."""
    exact = [Fraction(1)]
    for rate in rates:
        growth = 1 + Fraction(rate)
        shifted = [Fraction(0), *(growth * each for each in exact)]
        exact = [a - b for a, b in zip([*exact, Fraction(0)], shifted, strict=True)]
    return [float(-100 * each) for each in exact]


def yearly(amounts):
    return [(iso(START + 365 * year), amount) for year, amount in enumerate(amounts)]


def solved(amounts):
    days = START + 365 * np.arange(len(amounts))
    return solve(days, np.array(amounts), last_day=int(days[-1]))


def exact_log_rates(amounts):
    """Logarithms of the positive roots of the polynomial, by mpmath with 50 digits."""
    with mpmath.workdps(50):
        found = mpmath.polyroots(
            [mpmath.mpf(float(amount)) for amount in reversed(amounts)],
            maxsteps=200,
            extraprec=200,
            asc=True,
        )
        tiny = mpmath.mpf(10) ** -40
        real = [root.real for root in found if abs(root.imag) < tiny * abs(root) and root.real > 0]
        return sorted(float(mpmath.log(root)) for root in real)


@pytest.mark.parametrize(
    "rates",
    [
        [0.1],
        [0.1, 0.2],
        [0.1, 0.2, 0.5],
        [-0.5, -0.2, 0.1, 0.4],
        [-0.5, 0.0, 0.5, 1.0, 2.0],
        [-0.999999],
        [-0.999999, 0.1],
        [-0.999999, -0.99, 0.1],
        [0.1, 1e6],
        [-0.999999, 0.1, 1e6],
        [-0.9999, -0.99, 0.0, 1e3, 1e6],
    ],
    ids=str,
)
def test_known_rates_are_listed_all_and_only(rates):
    """A stream built from its rates has these rates and no other."""
    got = irr_roots(yearly(coefficients(rates)))
    assert len(got) == len(rates)
    for one, other in zip(got, rates, strict=True):
        assert abs(one - other) <= CLEAR * (1 + other)
    assert not solved(coefficients(rates)).near_double


@pytest.mark.parametrize(
    ("rates", "multiplicity"),
    [
        ([0.1, 0.1], 2),
        ([0.1, 0.1, 0.1], 3),
        ([0.1, 0.1, 0.4], 2),
        ([0.1, 0.1, 0.1, 0.5], 3),
        ([0.1] * 4, 4),
        ([0.1] * 5, 5),
        ([-0.9, -0.9, 0.5, 0.5, 0.5], 3),
        ([0.1, 0.1, 1.0, 1.0], 2),
        ([1e6, 1e6], 2),
        ([-0.999999, -0.999999, 1e6], 2),
        ([0.0, 0.0, 0.0], 3),
    ],
    ids=str,
)
def test_a_double_or_triple_rate_is_listed_once_and_flagged(rates, multiplicity):
    """A stream that touches zero has that rate, with the warning NEAR_DOUBLE_ROOT."""
    amounts = coefficients(rates)
    got = irr_roots(yearly(amounts))
    distinct = sorted(set(rates))
    assert len(got) == len(distinct)
    # A root of multiplicity m moves by the m-th root of what rounding does to the sum.
    blur = (200 * EPS) ** (1 / multiplicity)
    for one, other in zip(got, distinct, strict=True):
        assert abs(one - other) <= 4 * blur * (1 + other)
    assert solved(amounts).near_double


@pytest.mark.parametrize("low", [-0.3, 0.1, 0.7])
def test_rates_a_millionth_apart_are_two(low):
    """Two rates are told apart while the sum between them stands out of the rounding."""
    got = irr_roots(yearly(coefficients([low, low + 1e-6])))
    assert len(got) == 2
    # The sum bends by 1 over that distance: 1e-16 moves each of the two by 1e-16 / 1e-6.
    assert all(abs(one - other) <= 1e-8 for one, other in zip(got, [low, low + 1e-6], strict=True))


@pytest.mark.parametrize("apart", [1e-10, 1e-8, 1e-7])
def test_rates_that_rounding_cannot_part_are_one(apart):
    """Nearer than that they are one rate, flagged, between the two."""
    found = solved(coefficients([0.1, 0.1 + apart]))
    assert found.near_double
    assert len(found.rates) == 1
    assert abs(found.rates[0] - 0.1) <= 2e-7


def test_a_stream_that_misses_zero_has_no_root():
    """A thousandth above touching, there is none."""
    assert irr_roots(yearly([-100, 220, -121 * 1.001])) == []


def _random_streams(seed, count):
    """Streams of four kinds: noise, alternating, alternating of wild sizes, known roots."""
    random = np.random.default_rng(seed)
    for place in range(count):
        size = int(random.integers(3, 19))
        alternating = np.abs(random.normal(size=size)) * (-1.0) ** np.arange(size)
        yield [
            random.normal(size=size),
            alternating,
            alternating * np.exp(6 * random.normal(size=size)),
            np.poly(1 + np.sort(random.uniform(-0.6, 1.0, size=min(size, 5)))),
        ][place % 4]


def test_random_streams_agree_with_mpmath():
    """Every root of 60 streams, up to 17 sign changes, is found by an independent solver too."""
    for amounts in _random_streams(seed=1, count=60):
        found = all_roots(np.arange(len(amounts), dtype=float), amounts)
        if any(root.double for root in found):
            continue
        expected = exact_log_rates(amounts)
        assert len(found) == len(expected)
        gaps = [math.inf, *(b - a for a, b in pairwise(expected)), math.inf]
        for place, (root, exact) in enumerate(zip(found, expected, strict=True)):
            # Near neighbours make a root sensitive: five of them to the fourth power of the gap.
            near = min(1.0, gaps[place], gaps[place + 1])
            assert abs(root.log_rate - exact) <= max(1e-9, 100 * EPS / near**4)


def test_both_ways_agree_on_streams_of_many_sign_changes():
    """Certified intervals and the general recursion find the same roots on irregular days."""
    random = np.random.default_rng(2)
    quick = 0
    for _ in range(120):
        size = int(random.integers(11, 26))
        times = np.sort(random.choice(6000, size, replace=False)) / 365.0
        amounts = np.exp(3 * random.normal(size=size)) * (-1.0) ** np.arange(size)
        total = DiscountedSum.of(times, amounts)
        assert total.sign_changes() >= 10
        if _certified_brackets(total) is None:
            continue
        quick += 1
        one = [root.log_rate for root in all_roots(times, amounts)]
        other = [root.log_rate for root in _isolate(total)]
        assert np.allclose(one, other, rtol=1e-9, atol=1e-9)
    assert quick > 60


def test_a_dense_scan_finds_no_further_root():
    """Between the listed roots, 20 000 points show no other change of sign."""
    random = np.random.default_rng(3)
    for _ in range(40):
        size = int(random.integers(11, 18))
        times = np.sort(random.choice(6000, size, replace=False)) / 365.0
        amounts = np.exp(2 * random.normal(size=size)) * (-1.0) ** np.arange(size)
        grid = np.linspace(-6, 6, 20_001)
        log_p, _, log_n, _ = DiscountedSum.of(times, amounts).at(grid)
        crossings = np.flatnonzero(np.sign(log_p - log_n)[1:] != np.sign(log_p - log_n)[:-1])
        roots = [root.log_rate for root in all_roots(times, amounts) if -6 < root.log_rate < 6]
        assert len(roots) >= len(crossings)
        assert all(
            any(grid[at] <= root <= grid[at + 1] for root in roots) for at in crossings.tolist()
        )


def _random_funds(count):
    """Rows of up to nine amounts: money in, then money out; unused places hold 0."""
    random = np.random.default_rng(4)
    times, amounts = np.zeros((count, 9)), np.zeros((count, 9))
    for row in range(count):
        size = int(random.integers(2, 10))
        days = np.append(0, np.sort(random.choice(5000, size - 1, replace=False) + 1))
        sizes = np.round(np.exp(2 * random.normal(size=size)) * 100 + 1, 2)
        times[row, :size] = days / 365.0
        amounts[row, :size] = np.where(np.arange(size) < random.integers(1, size), -1, 1) * sizes
    return times, amounts


def _bisected(times, amounts):
    """The only root of each row, by halving an interval on plain sums."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(amounts))

    def positive(log_rates):
        exponents = logs - log_rates[:, None] * times
        sizes = np.exp(exponents - exponents.max(axis=1)[:, None])
        return (np.sign(amounts) * sizes).sum(axis=1) > 0

    low, high = np.full(len(times), -1e5), np.full(len(times), 1e5)
    for _ in range(90):
        middle = (low + high) / 2
        above = positive(middle)
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2


def test_ten_thousand_funds_agree_with_bisection():
    """A fund that calls money, then pays it back, has the IRR that halving intervals finds."""
    times, amounts = _random_funds(10_000)
    exact = _bisected(times, amounts)
    for row, expected in enumerate(exact.tolist()):
        used = amounts[row] != 0
        (root,) = all_roots(times[row, used], amounts[row, used])
        # Both round the sums by some 1e-15, in funds of a few days a hundred times more in x.
        assert abs(root.log_rate - expected) <= 1e-12 * max(
            1.0, abs(expected), 1 / times[row].max()
        )


def test_no_amounts_and_no_sign_change_have_no_roots():
    """There is nothing to bring to zero."""
    assert all_roots(np.zeros(0), np.zeros(0)) == []
    assert all_roots(np.array([0.0, 1.0]), np.array([1.0, 2.0])) == []


def test_the_scale_of_amounts_cannot_matter():
    """A factor of two to any power gives the same roots: METHODS 2.2."""
    amounts = np.array(coefficients([0.1, 0.2, 0.5]))
    times = np.arange(4.0)
    plain = [root.log_rate for root in all_roots(times, amounts)]
    for power in (-900, -60, 60, 900):
        scaled = [root.log_rate for root in all_roots(times, amounts * 2.0**power)]
        assert np.allclose(scaled, plain, rtol=1e-9)


@pytest.mark.parametrize("ends", [(-1.0, 1.0), (-0.5, 0.3), (-math.inf, math.inf)], ids=str)
@pytest.mark.parametrize("multiplicity", [3, 5, 7])
def test_a_flat_root_ends_the_search(ends, multiplicity):
    """Where rounding decides the signs, the bracket closes within the blur of the root."""
    amounts = np.array(coefficients([0.3] * multiplicity))
    total = DiscountedSum.of(np.arange(len(amounts), dtype=float), amounts)
    blur = (2**multiplicity * 200 * EPS) ** (1 / multiplicity)
    assert abs(_root(total, *ends) - math.log(1.3)) <= 4 * blur


def test_a_bracket_that_has_closed_is_the_root():
    """Between neighbouring doubles there is nothing left to halve."""
    total = DiscountedSum.of(np.array([0.0, 1.0]), np.array([-100.0, 110.0]))
    low = math.log(1.1)
    high = math.nextafter(low, math.inf)
    assert low <= _root(total, low, high) <= high


def test_a_thousand_sign_changes_are_no_trouble():
    """The general way is no recursion of Python's: 1199 changes, two rates nearly equal."""
    amounts = 1e-9 * (-1.0) ** np.arange(1200)
    amounts[[0, 365, 730]] = -100.0, 220.0 + 1e-7, -121.0
    times = np.arange(1200) / 365.0
    assert _certified_brackets(DiscountedSum.of(times, amounts)) is None
    roots = all_roots(times, amounts)
    assert len(roots) == 2
    assert all(abs(root.log_rate - math.log(1.1)) < 1e-3 for root in roots)


def test_extreme_rates_are_found():
    """A cent of a million after a day, and a million for a cent."""
    for ratio in (1e-8, 1e8):
        (root,) = all_roots(np.array([0.0, 1 / 365]), np.array([-1.0, ratio]))
        assert math.isclose(root.log_rate, 365 * math.log(ratio), rel_tol=1e-12)
