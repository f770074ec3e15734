"""ChartSpec to a table: one row a date (or rate, age, label), one column a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmecalc.charts.spec import ChartSpec, Value, X


def to_table(spec: ChartSpec) -> tuple[list[str], list[tuple[X | Value, ...]]]:
    """Header and rows, ascending but for labels; a series without a value there is None."""
    columns = [dict(zip(series.x, series.y, strict=True)) for series in spec.series]
    found = dict.fromkeys(x for column in columns for x in column)
    labelled = spec.across is not None and spec.across.unit == "label"
    places = list(found) if labelled else sorted(found)
    first = "date" if spec.across is None else spec.across.title
    header = [first, *(series.name for series in spec.series)]
    return header, [(x, *(column.get(x) for column in columns)) for x in places]
