"""The table of charts, and a chart for Python users."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from pmecalc.charts.cashflow_overview import cashflow_overview
from pmecalc.charts.cashflow_pacing import cashflow_pacing
from pmecalc.charts.irr_pme import irr_pme
from pmecalc.charts.multiples import multiples
from pmecalc.charts.net_cf_market import net_cf_market
from pmecalc.charts.npv_profile import npv_profile
from pmecalc.charts.plotly import to_plotly
from pmecalc.charts.pme_progression import pme_progression
from pmecalc.charts.table import to_table
from pmecalc.charts.twr_vs_index import twr_vs_index
from pmecalc.charts.value_bridge import value_bridge
from pmecalc.core.errors import NotDefinedError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmecalc.charts.spec import ChartSpec, Value, X
    from pmecalc.core.evaluate import Report

ChartName: TypeAlias = Literal[
    "irr_pme",
    "cashflow_overview",
    "pme_progression",
    "npv_profile",
    "twr_vs_index",
    "multiples",
    "cashflow_pacing",
    "value_bridge",
    "net_cf_market",
]


@dataclass(frozen=True, slots=True)
class ChartKind:
    """One row of the table: its function, and its use of a benchmark.

    With `preferred`, the chart has a part that needs none.
    """

    make: Callable[[Report], ChartSpec]
    index: Literal["none", "preferred", "required"]


CHARTS: Mapping[ChartName, ChartKind] = MappingProxyType(
    {
        "irr_pme": ChartKind(irr_pme, index="preferred"),
        "cashflow_overview": ChartKind(cashflow_overview, index="none"),
        "pme_progression": ChartKind(pme_progression, index="required"),
        "npv_profile": ChartKind(npv_profile, index="none"),
        "twr_vs_index": ChartKind(twr_vs_index, index="required"),
        "multiples": ChartKind(multiples, index="none"),
        "cashflow_pacing": ChartKind(cashflow_pacing, index="none"),
        "value_bridge": ChartKind(value_bridge, index="none"),
        "net_cf_market": ChartKind(net_cf_market, index="required"),
    }
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of a report, in several forms of the same values."""

    spec: ChartSpec

    def to_plotly(self) -> dict[str, object]:
        """Plotly-shaped JSON: `plotly.graph_objects.Figure(chart.to_plotly()["data"], …)`."""
        return to_plotly(self.spec)

    def to_table(self) -> tuple[list[str], list[tuple[X | Value, ...]]]:
        """Header and rows, one row a date (or rate, age, label)."""
        return to_table(self.spec)

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """What a notebook draws, where it can draw Plotly; the summary elsewhere."""
        shown = self.to_plotly()
        return {
            "application/vnd.plotly.v1+json": {"data": shown["data"], "layout": shown["layout"]},
            "text/plain": f"{self.spec.title}: {self.spec.summary}",
        }


def chart(report: Report, name: ChartName) -> Chart:
    """A chart of a report; NotFoundError lists near names, NotDefinedError asks for an index."""
    if name not in CHARTS:
        raise NotFoundError("chart", name, CHARTS)
    kind = CHARTS[name]
    if kind.index == "required" and report.valuation.benchmark is None:
        raise NotDefinedError(name, "no_index", "the chart needs a benchmark")
    return Chart(kind.make(report))
