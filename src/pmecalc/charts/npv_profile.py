"""The value of the fund's stream at every discount rate, with all IRRs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pmecalc.charts.spec import Across, Axis, ChartSpec, Mark, Series
from pmecalc.core.errors import NotDefinedError
from pmecalc.core.profile import profile_at

if TYPE_CHECKING:
    from pmecalc.charts.spec import Role
    from pmecalc.core.evaluate import Report
    from pmecalc.core.profile import NpvProfile, ProfileRoot

# How far the axis goes beyond 0 and the outermost roots, in ln(1 + rate): below, values explode.
_BELOW, _ABOVE = math.log(1.1), math.log(1.25)


def npv_profile(report: Report) -> ChartSpec:
    """NPV on the left over discount rates; each root is a point, the chosen one named IRR."""
    try:
        profile = profile_at(report.valuation)
    except NotDefinedError as error:
        return _spec(report, (), (), (f"There is no stream to discount: {error.reason}.",), "")
    low, high = _window(profile)
    points = [
        (rate, value)
        for rate, value in zip(profile.rates, profile.npv, strict=True)
        if low <= rate <= high
    ]
    series = Series(
        name="Net present value",
        role="fund",
        axis="left",
        kind="line",
        x=tuple(rate for rate, _ in points),
        y=tuple(value for _, value in points),
    )
    shown = [root for root in profile.roots if low <= root.rate <= high]
    beyond = len(profile.roots) - len(shown)
    notes = [f"Rates beyond the axis: {beyond} of {len(profile.roots)}."] if beyond else []
    marks = (
        Mark("level", "left", 0.0, "zero", "parity"),
        *(Mark("point", "left", 0.0, _label(root), _role(root), x=root.rate) for root in shown),
    )
    return _spec(report, (series,), marks, tuple(notes), _summary(profile))


def _spec(
    report: Report,
    series: tuple[Series, ...],
    marks: tuple[Mark, ...],
    notes: tuple[str, ...],
    summary: str,
) -> ChartSpec:
    fund = report.valuation.fund
    return ChartSpec(
        chart="npv_profile",
        title="NPV by discount rate",
        subtitle=f"{fund.name or 'Fund'}, as of {report.as_of}",
        currency=fund.currency,
        axes=(Axis("left", "Net present value", "money"),),
        series=series,
        marks=marks,
        notes=notes,
        summary=summary,
        across=Across("Discount rate", "rate"),
    )


def _window(profile: NpvProfile) -> tuple[float, float]:
    """Around 0 and all the roots that the profile draws; far from them the value only grows."""
    logs = [0.0, *(math.log1p(root.rate) for root in profile.roots if root.shown)]
    return math.expm1(min(logs) - _BELOW), math.expm1(max(logs) + _ABOVE)


def _label(root: ProfileRoot) -> str:
    return f"{'IRR ' if root.chosen else ''}{root.rate:.1%}"


def _role(root: ProfileRoot) -> Role:
    return "fund" if root.chosen else "net"


def _summary(profile: NpvProfile) -> str:
    if not profile.roots:
        return "The value is zero at no discount rate."
    rates = ", ".join(f"{root.rate:.2%}" for root in profile.roots)
    return f"The value is zero at {rates}."
