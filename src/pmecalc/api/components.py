"""Schemas of answers that no model makes, under the names that OpenAPI and its clients use."""

from __future__ import annotations

from typing import Any

from pmecalc.api.schemas import Problem
from pmecalc.core.methods import FURTHER, METHODS, AnyMethod, FurtherMethod

Schema = dict[str, Any]  # Any: JSON
REFERENCE = "#/components/schemas/{model}"
_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
_OPEN: Schema = {"type": "object", "additionalProperties": True}


def reference(name: str) -> Schema:
    """A schema of `components`, by its name."""
    return {"$ref": REFERENCE.format(model=name)}


def answer(name: str, description: str = "Successful Response") -> Schema:
    """What `responses` of a route says of an answer in JSON."""
    return {
        "description": description,
        "content": {"application/json": {"schema": reference(name)}},
    }


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(title: str, description: str, properties: Schema, *, optional: str = "") -> Schema:
    """An object all of whose properties are required, but for the ones named as optional."""
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional.split()],
    }


def _outcome(title: str, description: str, value: Schema) -> Schema:
    properties = {"value": value, "status": _TEXT, **_REMARKS}
    return _object(title, description, properties, optional=" ".join(_REMARKS))


def _metric(row: AnyMethod) -> Schema:
    fixed = row.defaults if isinstance(row, FurtherMethod) else ""
    said = "; ".join(filter(None, (row.title, row.unit, fixed, row.source)))
    return {**reference("DateOutcome" if row.unit == "date" else "Outcome"), "description": said}


_REMARKS: Schema = {
    "roots": _array({"type": "number"}),
    "reason": _TEXT,
    "warnings": _array(_TEXT),
    "estimated": {"type": "boolean"},
}
_HEAD: Schema = {
    "fund": _TEXT_OR_NULL,
    "benchmark": _TEXT_OR_NULL,
    "currency": _TEXT_OR_NULL,
    "as_of": {"type": "string", "format": "date"},
    "warnings": _array(reference("Remark")),
    "inputs": reference("ReportInputs"),
}
_METHOD_ROW: Schema = {
    **dict.fromkeys(("name", "title", "unit", "source"), _TEXT),
    "value": _NUMBER_OR_NULL,
    "status": _TEXT,
    **_REMARKS,
    "verdict": {"enum": ["ahead", "behind", "level", None]},
    "marks": _array(reference("Remark")),
    "rate": reference("MethodRate"),
}


def _models() -> dict[str, Schema]:
    rows: list[AnyMethod] = [*METHODS.values(), *FURTHER.values()]
    return {
        "Outcome": _outcome(
            "Outcome", "A figure, or null and the status that says why.", _NUMBER_OR_NULL
        ),
        "DateOutcome": _outcome(
            "DateOutcome",
            "A date, or null and the status that says why.",
            {"type": ["string", "null"], "format": "date"},
        ),
        "Remark": _object("Remark", "A warning.", {"code": _TEXT, "message": _TEXT}),
        "ReportInputs": {
            **_OPEN,
            "title": "ReportInputs",
            "description": "The data and conventions that the figures stand on.",
        },
        "ReportMetrics": _object(
            "ReportMetrics",
            "An outcome for each measure; the further ones on request.",
            {row.name: _metric(row) for row in rows},
            optional=" ".join(FURTHER),
        ),
        "Report": _object(
            "Report",
            "The measures of a fund.",
            {**_HEAD, "metrics": reference("ReportMetrics"), "notes": reference("ReportNotes")},
        ),
        "ReportNotes": _object(
            "ReportNotes",
            "What was understood of the files that fund and benchmark were read from.",
            {"fund": _array(_TEXT), "benchmark": _array(_TEXT)},
        ),
        "MethodRate": _object(
            "MethodRate",
            "The rate that goes with a ratio.",
            {"name": _TEXT, "value": _NUMBER_OR_NULL, "status": _TEXT, **_REMARKS},
            optional=" ".join(_REMARKS),
        ),
        "MethodRow": _object(
            "MethodRow",
            "What one method says.",
            _METHOD_ROW,
            optional=" ".join((*_REMARKS, "rate")),
        ),
        "MethodComparison": _object(
            "MethodComparison",
            "Every PME method side by side.",
            {
                **_HEAD,
                "sentence": _TEXT,
                "unanimous": {"type": "boolean"},
                "estimated_share": {"type": "number"},
                "methods": _array(reference("MethodRow")),
            },
        ),
        "PlotlyChart": _object(
            "PlotlyChart",
            "A chart as Plotly takes it.",
            {"chart_type": _TEXT, "title": _TEXT, "data": _array(_OPEN), "layout": _OPEN},
        ),
        "ChartSpec": _object(
            "ChartSpec",
            "A chart as the page draws it: roles and units, no colours.",
            {
                **dict.fromkeys(("chart", "title", "subtitle", "summary"), _TEXT),
                "currency": _TEXT_OR_NULL,
                **dict.fromkeys(("axes", "series", "marks"), _array(_OPEN)),
                "notes": _array(_TEXT),
                "across": _OPEN,
            },
            optional="across",
        ),
        "JobTable": _object(
            "JobTable",
            "The result of a job: a row for each fund.",
            {
                "columns": _array(_TEXT),
                "rows": _array(_array({"type": ["string", "number", "null"]})),
            },
        ),
        "CacheStatistics": {
            **_OPEN,
            "title": "CacheStatistics",
            "description": "Counters by tier, and the versions of what computes.",
        },
    }


def _problems() -> dict[str, Schema]:
    made = Problem.model_json_schema(ref_template=REFERENCE)
    parts: dict[str, Schema] = made.pop("$defs")
    return {"Problem": made, **parts}


COMPONENTS: dict[str, Schema] = {**_models(), **_problems()}
