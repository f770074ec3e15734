"""Axes with one line of zero: the spec, and what Plotly is told."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmecalc import Fund, chart, evaluate
from pmecalc.charts.common_zero import with_common_zero
from pmecalc.charts.spec import Axis

AXES = (Axis("left", "Flows", "money"), Axis("right", "Net and NAV", "money"))
MONEY = st.lists(st.floats(-1e15, 1e15) | st.none(), max_size=8)
FUNDS = {
    "both": Fund.of(
        flows=[("2020-01-31", 100, 0), ("2021-01-31", 0, 30)], navs=[("2021-12-31", 95)]
    ),
    "all negative": Fund.of(flows=[("2020-01-31", 100, 0), ("2021-01-31", 50, 0)]),
    "all positive": Fund.of(
        flows=[("2020-01-31", 0, 40), ("2021-01-31", 0, 7)], navs=[("2021-12-31", 95)]
    ),
    "nothing": Fund.of(flows=[("2020-01-31", 0, 0)]),
}


def zero_heights(spans):
    """Where zero stands on each axis, from 0 at its foot to 1 at its top."""
    return [-low / (high - low) for low, high in spans]


@given(left=MONEY, right=MONEY)
def test_zeros_coincide_and_nothing_is_cut_off(left, right):
    """As many steps below zero and as many above on both axes, whatever the signs."""
    axes = with_common_zero(AXES, (left, right))
    for axis, values in zip(axes, (left, right), strict=True):
        low, high = axis.span
        known = [value for value in values if value is not None]
        assert all(low <= value <= high for value in known)
        assert low <= 0 <= high
        assert low < high
        for end in axis.span:
            assert end / axis.step == pytest.approx(round(end / axis.step))
    first, second = zero_heights([axis.span for axis in axes])
    assert first == pytest.approx(second)


@pytest.mark.parametrize(
    ("values", "height"),
    [([-3.0, -1.0], 1.0), ([2.0, 5.0], 0.0), ([], 0.0)],
    ids=["all negative", "all positive", "none"],
)
def test_an_axis_of_one_sign_ends_at_zero(values, height):
    """No half of the chart is left empty."""
    axes = with_common_zero(AXES, (values, [10 * value for value in values]))
    assert zero_heights([axis.span for axis in axes]) == [height, height]


def test_values_beyond_all_ticks_leave_the_axes_as_they_were():
    """No span is infinite."""
    assert with_common_zero(AXES, ([1.7e308, -1.7e308], [1.0])) == AXES


@pytest.mark.parametrize("name", FUNDS)
def test_the_cash_flow_chart_has_one_line_of_zero_in_every_form(name):
    """In the spec and in Plotly's layout; all values are within, and all are finite."""
    made = chart(evaluate(FUNDS[name], as_of="2021-12-31"), "cashflow_overview")
    spans = {axis.id: axis.span for axis in made.spec.axes}
    left, right = zero_heights(spans.values())
    assert left == pytest.approx(right)
    for series in made.spec.series:
        low, high = spans[series.axis]
        assert all(low <= y <= high and math.isfinite(y) for y in series.y if y is not None)
    layout = made.to_plotly()["layout"]
    drawn = [layout["yaxis"], layout["yaxis2"]]
    assert zero_heights(axis["range"] for axis in drawn) == [left, right]
    assert [axis["dtick"] for axis in drawn] == [axis.step for axis in made.spec.axes]
