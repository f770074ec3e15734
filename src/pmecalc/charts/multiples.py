"""DPI and RVPI on each other: TVPI through time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.charts import through_time as over
from pmecalc.charts.spec import Axis, ChartSpec, Mark

if TYPE_CHECKING:
    from pmecalc.core.evaluate import Report


def multiples(report: Report) -> ChartSpec:
    """What came back and what is left, per unit paid in, at each valuation date."""
    columns = report.through_time(("dpi", "rvpi", "tvpi", "years"))
    paid = over.metric_series(columns, "dpi", title="DPI", role="dist", axis="left", kind="area")
    left = over.metric_series(columns, "rvpi", title="RVPI", role="nav", axis="left", kind="area")
    both = over.metric_series(columns, "tvpi", title="TVPI", role="fund", axis="left")
    return ChartSpec(
        chart="multiples",
        title="Multiples",
        subtitle=f"{report.valuation.fund.name or 'Fund'}, as of {report.as_of}",
        currency=report.valuation.fund.currency,
        axes=(Axis("left", "Per unit paid in", "multiple"),),
        series=(paid, left, both),
        marks=(Mark("level", "left", 1.0, "parity", "parity"),),
        notes=(*over.no_dates_note(columns), *over.undefined_note((both,))),
        summary=f"{over.course(both, '.2f')} {over.course(paid, '.2f')}",
    )
