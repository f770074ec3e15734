"""The time-weighted return beside the index, both from 100."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.charts import through_time as over
from pmecalc.charts.spec import Axis, ChartSpec, Series
from pmecalc.core.time_weighted import chained_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.charts.spec import Role, Value
    from pmecalc.core.evaluate import Report
    from pmecalc.core.time_weighted import PeriodReturn

_BASE = 100.0
_METHOD = "Modified Dietz returns between NAVs, chained; supplemental for a drawdown fund."


def twr_vs_index(report: Report) -> ChartSpec:
    """Two lines at the valuation dates; after a period without a return the fund has none."""
    periods = chained_at(report.valuation).sub_periods
    fund = _line("Fund, time-weighted", "fund", periods, [each.value for each in periods])
    index = _line("Index", "benchmark", periods, [each.index for each in periods])
    notes = [_METHOD]
    if any(each.value is None for each in periods):
        notes.append("The chain stops where nothing was invested over a period between NAVs.")
    return ChartSpec(
        chart="twr_vs_index",
        title="Time-weighted return and index",
        subtitle=over.subtitle(report),
        currency=report.valuation.fund.currency,
        axes=(Axis("left", "Start = 100", "level"),),
        series=(fund, index),
        notes=tuple(notes),
        summary=f"{over.course(fund, '.1f')} {over.course(index, '.1f')}",
    )


def _line(
    name: str, role: Role, periods: Sequence[PeriodReturn], returns: Sequence[float | None]
) -> Series:
    level: Value = _BASE
    levels: list[Value] = [level] if periods else []
    for earned in returns:
        level = None if level is None or earned is None else level * (1 + earned)
        levels.append(level)
    dates = [periods[0].start, *(each.end for each in periods)] if periods else []
    return Series(name, role, "left", "line", tuple(dates), tuple(levels))
