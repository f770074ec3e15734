"""The PME measures through time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.charts import through_time as over
from pmecalc.charts.spec import Axis, ChartSpec, Mark, Role

if TYPE_CHECKING:
    from pmecalc.core.evaluate import Report

_RATES: tuple[tuple[str, str, Role, bool], ...] = (
    ("direct_alpha", "Direct alpha", "fund", True),
    ("ln_irr", "LN-PME IRR", "net", True),
    ("pme_plus_irr", "PME+ IRR", "dist", False),
)


def pme_progression(report: Report) -> ChartSpec:
    """KS-PME on the right; direct alpha, LN-PME and PME+ on the left."""
    columns = report.through_time((*(row[0] for row in _RATES), "ks_pme", "years"))
    rates = tuple(
        over.metric_series(columns, name, title=title, role=role, axis="left", shown=shown)
        for name, title, role, shown in _RATES
    )
    ratio = over.metric_series(columns, "ks_pme", title="KS-PME", role="benchmark", axis="right")
    axis, beyond = over.rate_axis("Rate per year", rates, columns)
    return ChartSpec(
        chart="pme_progression",
        title="PME through time",
        subtitle=over.subtitle(report),
        currency=report.valuation.fund.currency,
        axes=(axis, Axis("right", "KS-PME", "multiple")),
        series=(ratio, *rates),
        marks=(Mark("level", "right", 1.0, "parity", "parity"),),
        notes=(*over.age_note(columns), *beyond, *over.undefined_note((ratio, *rates))),
        summary=f"{over.course(ratio, '.2f')} {over.course(rates[0], '+.1%')}",
    )
