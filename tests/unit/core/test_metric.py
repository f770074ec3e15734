"""One measure's outcome."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import pytest

from pmecalc import Metric
from pmecalc.core.metric import REASONS, derived, derived_rate, first_status, rate_of, undefined
from pmecalc.core.rate_grid import DECIMALS


def test_a_derived_value_takes_the_first_status_that_is_not_ok():
    """A difference to a rate chosen among several is a value with that status."""
    several = Metric(0.2, "multiple", reason="2 rates")
    assert derived(lambda a, b: a - b, Metric(0.5), several) == Metric(
        0.3, "multiple", reason="2 rates"
    )
    assert derived(lambda a, b: a - b, undefined("no_root"), several).value is None
    assert first_status(Metric(1.0), Metric(2.0)) == ("ok", None)


def test_a_rate_beyond_the_doubles_overflows():
    """The logarithm is told instead."""
    metric = rate_of(710.0)
    assert (metric.value, metric.status) == (None, "overflow")
    assert "710.0" in metric.reason


def test_a_rate_derived_from_logarithms_does_not_round():
    """Two rates that both round to -1 still have a ratio."""
    one, other = rate_of(-100.0), rate_of(-100.1)
    assert one.value == other.value == -1.0
    ratio = derived_rate(lambda a, b: a - b, one, other)
    assert math.isclose(ratio.value, math.expm1(0.1), abs_tol=0.51 / DECIMALS)
    assert math.isclose(ratio.log_rate, 0.1, rel_tol=1e-12)
    assert derived_rate(lambda a: a, undefined("no_flows")).status == "no_flows"


def test_every_usual_status_has_a_reason():
    """`undefined` gives the reason of the status, or the one it is told."""
    assert all(undefined(status).reason == REASONS[status] for status in REASONS)
    assert undefined("no_root", "told").reason == "told"


def test_a_metric_cannot_be_changed():
    """It may be shared between reports."""
    with pytest.raises(FrozenInstanceError):
        Metric(1.0).value = 2.0
    assert Metric(2.5).number == 2.5
