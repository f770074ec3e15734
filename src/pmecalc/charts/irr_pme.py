"""Since-inception IRR and KS-PME at each valuation date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.charts import through_time as over
from pmecalc.charts.spec import Axis, ChartSpec, Mark, Series

if TYPE_CHECKING:
    from pmecalc.core.evaluate import Report


def irr_pme(report: Report) -> ChartSpec:
    """IRR on the left, KS-PME on the right, parity at 1; the IRR alone without a benchmark."""
    columns = report.through_time(("irr", "ks_pme", "years"))
    irr = over.metric_series(columns, "irr", title="Net IRR", role="fund", axis="left")
    axis, beyond = over.rate_axis("Net IRR", (irr,), columns)
    axes: tuple[Axis, ...] = (axis,)
    series: tuple[Series, ...] = (irr,)
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ("Without a benchmark there is no KS-PME.",)
    if report.valuation.benchmark is not None:
        pme = over.metric_series(columns, "ks_pme", title="KS-PME", role="benchmark", axis="right")
        axes, series = (axis, Axis("right", "KS-PME", "multiple")), (irr, pme)
        marks = (Mark("level", "right", 1.0, "parity", "parity"),)
        notes = ()
    return ChartSpec(
        chart="irr_pme",
        title="IRR and KS-PME",
        subtitle=over.subtitle(report),
        currency=report.valuation.fund.currency,
        axes=axes,
        series=series,
        marks=marks,
        notes=(*notes, *over.age_note(columns), *beyond, *over.undefined_note(series)),
        summary=" ".join(map(over.course, series, (".1%", ".2f"))),
    )
