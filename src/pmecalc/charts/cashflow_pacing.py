"""How fast money was called and came back, by the age of the fund."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pmecalc.charts.spec import Across, Axis, ChartSpec, Series
from pmecalc.core.daycount import year_fractions

if TYPE_CHECKING:
    from pmecalc.charts.spec import Role
    from pmecalc.core.evaluate import Report
    from pmecalc.core.fund import FloatArray, IntArray


def cashflow_pacing(report: Report) -> ChartSpec:
    """Paid in and distributed so far as shares of the commitment, else of all paid in."""
    at = report.valuation
    commitment = at.fund.commitment
    whole = commitment or at.paid_in
    of = "commitment" if commitment else "paid-in capital"
    paid = _shares("Paid in", "call", report, at.contributions, whole)
    received = _shares("Distributed", "dist", report, at.distributions, whole)
    notes = [] if commitment else ["The commitment is not known: shares are of paid-in capital."]
    if not whole > 0:
        notes.append("Nothing was paid in, so there is nothing to take a share of.")
    return ChartSpec(
        chart="cashflow_pacing",
        title="Pacing",
        subtitle=f"{at.fund.name or 'Fund'}, as of {report.as_of}",
        currency=at.fund.currency,
        axes=(Axis("left", f"Share of {of}", "share"),),
        series=(paid, received),
        notes=tuple(notes),
        summary=" ".join(_sentence(each, of) for each in (paid, received)),
        across=Across("Years since the first flow", "years"),
    )


def _days(report: Report) -> IntArray:
    """Days on which money may have moved, from the first flow to the as-of date."""
    at = report.valuation
    if at.start is None:
        return at.days[:0]
    return np.unique(np.append(at.days[at.days >= at.start], at.as_of))


def _shares(name: str, role: Role, report: Report, amounts: FloatArray, whole: float) -> Series:
    """The running total on each of the days."""
    at, days = report.valuation, _days(report)
    if at.start is None or not whole > 0:
        return Series(name, role, "left", "step", (), ())
    ages = year_fractions(at.start, days, at.options.day_count)
    totals = np.cumsum(amounts)[np.searchsorted(at.days, days, side="right") - 1] / whole
    return Series(name, role, "left", "step", tuple(ages.tolist()), tuple(totals.tolist()))


def _sentence(series: Series, of: str) -> str:
    if not series.y:
        return f"{series.name}: nothing."
    return f"{series.name}: {series.y[-1]:.0%} of {of} after {series.x[-1]:.1f} years."
