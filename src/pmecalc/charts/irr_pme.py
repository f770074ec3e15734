"""Since-inception IRR and KS-PME at each valuation date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.charts import through_time as over
from pmecalc.charts.spec import Axis, ChartSpec, Mark

if TYPE_CHECKING:
    from pmecalc.core.evaluate import Report


def irr_pme(report: Report) -> ChartSpec:
    """IRR on the left, KS-PME on the right, parity at 1."""
    columns = report.through_time(("irr", "ks_pme", "years"))
    irr = over.metric_series(columns, "irr", title="Net IRR", role="fund", axis="left")
    pme = over.metric_series(columns, "ks_pme", title="KS-PME", role="benchmark", axis="right")
    axis, beyond = over.rate_axis("Net IRR", (irr,), columns)
    return ChartSpec(
        chart="irr_pme",
        title="IRR and KS-PME",
        subtitle=over.subtitle(report),
        currency=report.valuation.fund.currency,
        axes=(axis, Axis("right", "KS-PME", "multiple")),
        series=(irr, pme),
        marks=(Mark("level", "right", 1.0, "parity", "parity"),),
        notes=(*over.age_note(columns), *beyond, *over.undefined_note((irr, pme))),
        summary=f"{over.course(irr, '.1%')} {over.course(pme, '.2f')}",
    )
