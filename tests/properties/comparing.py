"""When two reports say the same: tolerances, each with its reason."""

from __future__ import annotations

import math
from itertools import pairwise

from pmecalc.core.methods import METHODS

RATIO = 1e-11  # tens of roundings (1e-16 each), and a difference of terms up to 1e3 times its size
LOG_RATE = 1e-9  # METHODS 13: rates agree to 1e-9 of 1 + rate
BLURRED = 1e-3  # roots that nearly coincide move by the root of the rounding: eps^(1/4) and below
RATES = frozenset(name for name, row in METHODS.items() if row.unit == "rate")
MONEY = frozenset(name for name, row in METHODS.items() if row.unit == "money")


def blurred(*reports) -> bool:
    """Whether a stream has roots so near one another that rounding may join or part them."""
    return any(
        "NEAR_DOUBLE_ROOT" in report.warnings
        or any(_near(metric.roots) for metric in report.metrics.values() if metric.roots)
        for report in reports
    )


def _near(roots) -> bool:
    return any(b - a < BLURRED * (1 + b) for a, b in pairwise(roots))


def money_at_stake(report) -> float:
    """The size of the sums that differences in the report come from."""
    metrics = report.metrics
    sizes = [
        abs(metrics[name].value or 0.0)
        for name in ("paid_in", "distributed", "nav", "fv_contributions", "fv_distributions")
    ]
    return max(sizes)


def differences(one, other, names=tuple(METHODS), *, factor=1.0) -> list[str]:
    """What one report says otherwise than the other, money being `factor` times as large there."""
    stake = money_at_stake(other)
    return [
        f"{name}: {one[name]} and {other[name]}"
        for name in names
        if not same(name, one[name], other[name], factor=factor, stake=stake)
    ]


def same(name, one, other, *, factor=1.0, stake=0.0) -> bool:
    if one.status != other.status or type(one.value) is not type(other.value):
        return False
    if not isinstance(one.value, float):
        return one.value == other.value
    if name in MONEY:
        return math.isclose(
            one.value * factor, other.value, rel_tol=RATIO, abs_tol=RATIO * max(stake, 1e-300)
        )
    if name in RATES:
        return same_rate(one.value, other.value)
    return math.isclose(one.value, other.value, rel_tol=RATIO, abs_tol=RATIO)


def same_rate(one: float, other: float) -> bool:
    """Whether 1 + rate agrees, spreads (which may lie below -1) included."""
    return abs(one - other) <= LOG_RATE * max(1.0, abs(1 + one), abs(1 + other))


def all_same_rates(ones, others) -> bool:
    """Whether two lists hold the same rates in the same order."""
    return len(ones) == len(others) and all(map(same_rate, ones, others))
