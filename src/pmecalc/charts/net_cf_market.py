"""Net flows by quarter beside the level of the index."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pmecalc.charts import through_time as over
from pmecalc.charts.spec import Axis, ChartSpec, Series
from pmecalc.core.dates import date_of, day_number, iso

if TYPE_CHECKING:
    from pmecalc.core.evaluate import Report

_LAST_DAYS = {1: (3, 31), 2: (6, 30), 3: (9, 30), 4: (12, 31)}


def net_cf_market(report: Report) -> ChartSpec:
    """Bars at quarter ends: did money go in when the market was low?"""
    flows, levels = _flows(report), _levels(report)
    return ChartSpec(
        chart="net_cf_market",
        title="Net flows and market",
        subtitle=over.subtitle(report),
        currency=report.valuation.fund.currency,
        axes=(Axis("left", "Net flow of the quarter", "money"), Axis("right", "Index", "level")),
        series=(flows, levels),
        notes=("Flows of a quarter stand at its end, those of the last at the as-of date.",),
        summary=f"{_extremes(flows)} {over.course(levels, '.1f')}",
    )


def _flows(report: Report) -> Series:
    at = report.valuation
    sums: dict[int, float] = {}
    for day, net in zip(at.days.tolist(), at.net.tolist(), strict=True):
        if net:
            end = min(_quarter_end(date_of(day)), at.as_of)
            sums[end] = sums.get(end, 0.0) + net
    days = tuple(iso(day) for day in sums)
    return Series("Net flow", "net", "left", "bar", days, tuple(sums.values()))


def _levels(report: Report) -> Series:
    """The published levels from the one in force at the first flow on: nothing is looked up."""
    at = report.valuation
    if at.benchmark is None or at.start is None:
        return Series("Index", "benchmark", "right", "line", (), ())
    days, levels = at.benchmark.days, at.benchmark.levels
    first = max(int(days.searchsorted(at.start, side="right")) - 1, 0)
    last = int(days.searchsorted(at.as_of, side="right"))
    dates = tuple(iso(day) for day in days[first:last])
    return Series("Index", "benchmark", "right", "line", dates, tuple(levels[first:last].tolist()))


def _quarter_end(day: date) -> int:
    month, last = _LAST_DAYS[(day.month + 2) // 3]
    return day_number(date(day.year, month, last), field="date")


def _extremes(flows: Series) -> str:
    known = [(value, day) for day, value in zip(flows.x, flows.y, strict=True) if value is not None]
    if not known:
        return "No money moved."
    (low, when), (high, then) = min(known), max(known)
    return (
        f"The lowest net flow was {low:,.2f} in the quarter to {when}, the highest {high:,.2f} "
        f"in that to {then}."
    )
