"""How what was paid in became what is left: opening NAV to closing NAV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.charts.spec import Across, Axis, ChartSpec, Series
from pmecalc.core.bridge import value_bridge as bridge_of
from pmecalc.core.dates import date_of

if TYPE_CHECKING:
    from pmecalc.core.bridge import ValueBridge
    from pmecalc.core.evaluate import Report


def value_bridge(report: Report) -> ChartSpec:
    """A waterfall since inception: calls up, distributions down, the gain, the closing NAV."""
    at = report.valuation
    bridge = bridge_of(at.fund, as_of=date_of(at.as_of))
    steps = {
        "Opening NAV": bridge.opening,
        "Calls": bridge.contributions,
        "Distributions": 0.0 - bridge.distributions,
        "Value change": bridge.gain,
        "Closing NAV": bridge.closing,
    }
    notes = ("The closing NAV is rolled forward.",) if bridge.estimated else ()
    if bridge.closing is None:
        notes = (f"The closing NAV is not known: {at.residual.missing}.",)
    return ChartSpec(
        chart="value_bridge",
        title="Value bridge",
        subtitle=f"{at.fund.name or 'Fund'}, since inception, as of {report.as_of}",
        currency=at.fund.currency,
        axes=(Axis("left", "Value", "money"),),
        series=(Series("Value", "fund", "left", "waterfall", tuple(steps), tuple(steps.values())),),
        notes=notes,
        summary=_summary(bridge, report.as_of),
        across=Across("Step", "label"),
    )


def _summary(bridge: ValueBridge, as_of: str) -> str:
    moved = f"{bridge.contributions:,.2f} called and {bridge.distributions:,.2f} distributed"
    if bridge.closing is None or bridge.gain is None:
        return f"{moved} up to {as_of}; what is left is not known."
    change = f"with a value change of {bridge.gain:,.2f}"
    return f"{moved}, {change}, leave {bridge.closing:,.2f} on {as_of}."
