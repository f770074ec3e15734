"""ChartSpec to Plotly-shaped JSON, without Plotly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmecalc.charts.spec import Axis, ChartSpec, Mark, Role, Series, Unit

COLOURS: dict[Role, str] = {  # UX 9, light
    "fund": "#0b5cad",
    "benchmark": "#b86200",
    "call": "#a3152b",
    "dist": "#2f8f5b",
    "nav": "#6f7885",
    "net": "#14181f",
    "parity": "#6f7885",
}
_DASHES: dict[Role, str] = {"benchmark": "dash", "nav": "dot", "parity": "dot"}
_FORMATS: dict[Unit, str] = {
    "rate": ".1%",
    "multiple": ".2f",
    "money": ",.2f",
    "share": ".0%",
    "level": ",.1f",
}
_ACROSS = {
    "rate": {"type": "linear", "tickformat": ".0%"},
    "years": {"type": "linear"},
    "label": {"type": "category"},
}


def to_plotly(spec: ChartSpec) -> dict[str, object]:
    """`{chart_type, title, data, layout}`, values as in the spec."""
    return {
        "chart_type": spec.chart,
        "title": spec.title,
        "data": [_trace(series) for series in spec.series],
        "layout": _layout(spec),
        "notes": list(spec.notes),
        "summary": spec.summary,
    }


def _trace(series: Series) -> dict[str, object]:
    trace: dict[str, object] = {
        "name": series.name,
        "x": list(series.x),
        "y": list(series.y),
        "yaxis": _axis_name(series.axis),
    }
    if not series.shown:
        trace["visible"] = "legendonly"
    if series.statuses is not None:
        trace["customdata"] = list(series.statuses)
    colour = COLOURS[series.role]
    if series.kind == "bar":
        return {"type": "bar", **trace, "marker": {"color": colour}}
    if series.kind == "waterfall":
        return {"type": "waterfall", **trace, "measure": _measures(series)}
    line = {"color": colour, "dash": _DASHES.get(series.role, "solid"), "width": 2}
    if series.kind == "step":
        line["shape"] = "hv"
    if series.kind == "area":
        return {
            "type": "scatter",
            "mode": "lines",
            "stackgroup": series.axis,
            **trace,
            "line": line,
        }
    return {"type": "scatter", "mode": "lines+markers", **trace, "line": line}


def _measures(series: Series) -> list[str]:
    """How each step stands. Plotly adds a total up itself: an unknown last value must be none."""
    steps = ["relative"] * max(len(series.x) - 2, 0)
    return ["absolute", *steps, "total" if series.y[-1] is not None else "relative"]


def _layout(spec: ChartSpec) -> dict[str, object]:
    layout: dict[str, object] = {
        "title": {"text": spec.title, "subtitle": {"text": spec.subtitle}},
        "xaxis": _across(spec),
        "hovermode": "x unified",
        "barmode": "relative",
        "legend": {"orientation": "h"},
        "shapes": [_level(mark) for mark in spec.marks if mark.kind == "level"],
        "annotations": [_point(mark) for mark in spec.marks if mark.kind == "point"],
    }
    for axis in spec.axes:
        layout["yaxis" if axis.id == "left" else "yaxis2"] = _axis(axis)
    return layout


def _across(spec: ChartSpec) -> dict[str, object]:
    if spec.across is None:
        return {"type": "date"}
    return {**_ACROSS[spec.across.unit], "title": {"text": spec.across.title}}


def _axis(axis: Axis) -> dict[str, object]:
    shape: dict[str, object] = {"title": {"text": axis.title}, "tickformat": _FORMATS[axis.unit]}
    if axis.span is not None:
        shape["range"] = list(axis.span)
    if axis.step is not None:
        shape |= {"tick0": 0, "dtick": axis.step}
    if axis.unit == "multiple":
        shape["ticksuffix"] = "x"
    if axis.id == "right":
        shape |= {"overlaying": "y", "side": "right", "showgrid": False}
    return shape


def _level(mark: Mark) -> dict[str, object]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": _axis_name(mark.axis),
        "y0": mark.value,
        "y1": mark.value,
        "line": {"color": COLOURS[mark.role], "dash": "dot", "width": 1},
        "label": {"text": mark.label},
    }


def _point(mark: Mark) -> dict[str, object]:
    return {
        "x": mark.x,
        "y": mark.value,
        "yref": _axis_name(mark.axis),
        "text": mark.label,
        "showarrow": True,
    }


def _axis_name(axis: str) -> str:
    return "y" if axis == "left" else "y2"
