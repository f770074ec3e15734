"""PME against a levered benchmark."""

from __future__ import annotations

import math

import pytest

from pmecalc import Benchmark, BenchmarkError, Fund, InputError, direct_alpha, ks_pme
from pmecalc.core.levered import BETAS, beta_sensitivity, levered

WORLD = Benchmark.of(
    [("2020-01-01", 100), ("2020-12-31", 120), ("2021-12-31", 90), ("2022-12-31", 130)],
    name="World",
)
FUND = Fund.of(
    flows=[("2020-01-01", 100, 0), ("2020-12-31", 50, 0), ("2021-12-31", 0, 60)],
    navs=[("2022-12-31", 140)],
)


def test_beta_one_is_the_benchmark():
    """Nothing is recomputed."""
    assert levered(WORLD, 1.0, risk_free=0.05) is WORLD


def test_beta_zero_is_cash():
    """It grows at the risk-free rate, ACT/365."""
    cash = levered(WORLD, 0, risk_free=0.05)
    assert math.isclose(cash.levels[1], 100 * 1.05)
    assert cash.name == "World at beta 0"


def test_log_returns_follow_the_formula():
    """d ln I = r_f + beta (d ln I - r_f)."""
    free = math.log(1.02)
    levels = levered(Benchmark.of([("2020-01-01", 10), ("2020-12-31", 8)]), 1.5, risk_free=0.02)
    step = math.log(levels.levels[1] / levels.levels[0])
    assert math.isclose(step, free + 1.5 * (math.log(0.8) - free))
    assert levels.name == "Index at beta 1.5"


def test_each_point_is_the_measure_against_the_levered_index():
    """The grid by default, in its order."""
    points = beta_sensitivity(FUND, WORLD, risk_free=0.01, max_staleness_days=None)
    assert tuple(point.beta for point in points) == BETAS
    for point in points:
        held = levered(WORLD, point.beta, risk_free=0.01)
        assert point.ks_pme.value == ks_pme(FUND, held, max_staleness_days=None)
        assert point.direct_alpha.value == direct_alpha(FUND, held, max_staleness_days=None)


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("beta", lambda: levered(WORLD, math.inf)),
        ("risk_free", lambda: levered(WORLD, 2, risk_free=-1)),
    ],
    ids=["beta", "risk_free"],
)
def test_what_is_no_number_is_refused(field, call):
    """By its name."""
    with pytest.raises(InputError) as caught:
        call()
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", field)


@pytest.mark.parametrize("beta", [1000, 1e5, -1e5])
def test_absurd_leverage_is_refused(beta):
    """Levels would leave the range of numbers."""
    with pytest.raises(BenchmarkError) as caught:
        levered(WORLD, beta)
    assert caught.value.code == "INDEX_INVALID"
