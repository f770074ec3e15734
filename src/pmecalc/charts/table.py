"""ChartSpec to a table: one row a date, one column a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmecalc.charts.spec import ChartSpec, Value


def to_table(spec: ChartSpec) -> tuple[list[str], list[tuple[str | Value, ...]]]:
    """Header and rows, dates ascending; a series without a value on a date is None there."""
    columns = [dict(zip(series.x, series.y, strict=True)) for series in spec.series]
    dates = sorted({date for column in columns for date in column})
    header = ["date", *(series.name for series in spec.series)]
    return header, [(date, *(column.get(date) for column in columns)) for date in dates]
