"""Calls, distributions, their running total and the NAV."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pmecalc.charts.common_zero import with_common_zero
from pmecalc.charts.spec import Axis, ChartSpec, Mark, Series
from pmecalc.core.dates import iso
from pmecalc.core.through_time import valued_slice

if TYPE_CHECKING:
    from pmecalc.core.evaluate import Report
    from pmecalc.core.fund import FloatArray
    from pmecalc.core.through_time import JCurve

_ROOM = 1.15  # the label of a mark stands outside of its point


def cashflow_overview(report: Report) -> ChartSpec:
    """Calls below zero, distributions above, the J-curve with trough and break-even, the NAV."""
    at = report.valuation
    curve = report.j_curve()
    marks = _marks(curve)
    series = (
        _bars("Calls", "call", report, -at.contributions),
        _bars("Distributions", "dist", report, at.distributions),
        _line("Cumulative net", curve),
        _navs(report),
    )
    return ChartSpec(
        chart="cashflow_overview",
        title="Cash flows",
        subtitle=f"{at.fund.name or 'Fund'}, as of {report.as_of}",
        currency=at.fund.currency,
        axes=_axes(series, marks),
        series=series,
        marks=marks,
        notes=() if len(at.fund.nav_days) else ("No NAV was reported.",),
        summary=_summary(report, marks),
    )


def _axes(series: tuple[Series, ...], marks: tuple[Mark, ...]) -> tuple[Axis, ...]:
    """Flows on the left, totals on the right, with one line of zero and room for the marks."""
    shown = {
        side: [y for each in series if each.axis == side for y in each.y]
        for side in ("left", "right")
    }
    room = [_ROOM * mark.value for mark in marks]
    return with_common_zero(
        (Axis("left", "Flows", "money"), Axis("right", "Net and NAV", "money")),
        (shown["left"], [*shown["right"], *room]),
    )


def _bars(name: str, role: str, report: Report, amounts: FloatArray) -> Series:
    moving = amounts != 0
    return Series(
        name=name,
        role="call" if role == "call" else "dist",
        axis="left",
        kind="bar",
        x=tuple(iso(day) for day in report.valuation.days[moving]),
        y=tuple(amounts[moving].tolist()),
    )


def _line(name: str, curve: JCurve) -> Series:
    return Series(
        name=name,
        role="net",
        axis="right",
        kind="step",
        x=tuple(str(date) for date in curve["date"]),
        y=tuple(value if isinstance(value, float) else None for value in curve["net"]),
    )


def _navs(report: Report) -> Series:
    fund, valued = report.valuation.fund, valued_slice(report.valuation)
    navs = fund.navs[valued].tolist()
    return Series(
        name="NAV",
        role="nav",
        axis="right",
        kind="line",
        x=tuple(iso(day) for day in fund.nav_days[valued].tolist()),
        y=tuple(None if math.isnan(nav) else nav for nav in navs),
    )


def _marks(curve: JCurve) -> tuple[Mark, ...]:
    trough = curve.trough
    if trough is None:
        return ()
    low = Mark("point", "right", trough.value, "trough", "net", x=trough.date)
    after = [
        (str(date), value)
        for date, value in zip(curve["date"], curve["net"], strict=True)
        if str(date) > trough.date and isinstance(value, float) and value >= 0
    ]
    if not after or trough.value >= 0:
        return (low,)
    return low, Mark("point", "right", after[0][1], "break-even", "net", x=after[0][0])


def _summary(report: Report, marks: tuple[Mark, ...]) -> str:
    at = report.valuation
    nav = f"NAV {at.nav:,.2f}" if at.residual.missing is None else "the NAV is not known"
    text = (
        f"{at.paid_in:,.2f} paid in and {at.distributed:,.2f} distributed up to {report.as_of}; "
        f"{nav}."
    )
    return " ".join([text, *(f"{m.label.capitalize()} {m.value:,.2f} on {m.x}." for m in marks)])
