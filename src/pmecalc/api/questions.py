"""From an address to the question it asks; routes and fast lane read the same models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from pmecalc.api.schemas import ChartQuery, Id, MetricQuery, SummaryQuery
from pmecalc.service.analyses import Question

CHART_PATTERN = r"^[a-z_]{1,40}$"
MAX_QUERY_BYTES = 512

_METRIC = re.compile(r"/v1/metrics/([^/]+)")
_CHART = re.compile(r"/v1/funds/([^/]+)/charts/([^/]+)")
# What needs no decoding; a key in an address is the guard's to refuse.
_PLAIN_PAIR = re.compile(rb"(?!.*pme_)([a-z_]+)=([A-Za-z0-9_.:/-]*)")
_ids = TypeAdapter(Id)
_charts = TypeAdapter(Annotated[str, Field(pattern=CHART_PATTERN)])


def metric_question(view: str, query: MetricQuery) -> Question:
    """A view as `/v1/metrics` names it."""
    return Question(view=view, **query.model_dump())


def summary_question(query: SummaryQuery) -> Question:
    """The measures of a fund, the further ones too where they are asked for."""
    view = "summary.all" if query.all else "summary"
    return Question(view=view, **query.model_dump(exclude={"all"}))


def chart_question(fund: str, chart: str, query: ChartQuery) -> Question:
    """A chart of the fund in the path, as its spec or as Plotly-shaped JSON."""
    view = f"{chart}.spec" if query.format == "spec" else chart
    return Question(view=view, fund=fund, **query.model_dump(exclude={"format"}))


def question_of(path: str, query: bytes) -> Question | None:
    """What a plain address asks; None where it takes a route to read or to refuse it."""
    pairs = _plain_pairs(query)
    if pairs is None:
        return None
    try:
        if found := _METRIC.fullmatch(path):
            chart = _charts.validate_python(found[1])
            if chart == "summary":
                return summary_question(SummaryQuery.model_validate(pairs))
            return metric_question(chart, MetricQuery.model_validate(pairs))
        if found := _CHART.fullmatch(path):
            fund, chart = _ids.validate_python(found[1]), _charts.validate_python(found[2])
            return chart_question(fund, chart, ChartQuery.model_validate(pairs))
    except ValidationError:
        return None
    return None


def _plain_pairs(query: bytes) -> Mapping[str, str] | None:
    """Name and value where no name comes twice and nothing is escaped."""
    if len(query) > MAX_QUERY_BYTES:
        return None
    parts = [_PLAIN_PAIR.fullmatch(part) for part in query.split(b"&")] if query else []
    pairs = {found[1].decode(): found[2].decode() for found in parts if found is not None}
    return pairs if len(pairs) == len(parts) else None
