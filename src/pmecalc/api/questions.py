"""From an address to the question it asks; routes and fast lane read the same models."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from pmecalc.api.schemas import ChartQuery, FundQuery, Id, MetricQuery, SummaryQuery
from pmecalc.service.analyses import Question

_Reader: TypeAlias = tuple[str, re.Pattern[str], Callable[..., Question]]

_SUMMARY = "/v1/metrics/summary"
CHART_PATTERN = r"^[a-z_]{1,40}$"
MAX_QUERY_BYTES = 512

# What needs no decoding; a key in an address is the guard's to refuse.
_PLAIN_PAIR = re.compile(rb"(?!.*pme_)([a-z_]+)=([A-Za-z0-9_.:/-]*)")
_ids = TypeAdapter(Id)
_charts = TypeAdapter(Annotated[str, Field(pattern=CHART_PATTERN)])


def summary_question(query: SummaryQuery) -> Question:
    """The measures of a fund, with or without the further ones."""
    view = "summary.all" if query.all else "summary"
    return Question(view=view, **query.model_dump(exclude={"all"}))


def metric_question(chart: str, query: MetricQuery) -> Question:
    """A chart as Plotly-shaped JSON."""
    return Question(view=chart, **query.model_dump())


def chart_question(fund: str, chart: str, query: ChartQuery) -> Question:
    """A chart of the fund in the path, as its spec or as Plotly-shaped JSON."""
    view = f"{chart}.spec" if query.format == "spec" else chart
    return Question(view=view, fund=fund, **query.model_dump(exclude={"format"}))


def methods_question(fund: str, query: FundQuery) -> Question:
    """The methods side by side, of the fund in the path."""
    return Question(view="methods", fund=fund, **query.model_dump())


def question_of(path: str, query: bytes) -> Question | None:
    """What a plain address asks; None where it takes a route to read or to refuse it."""
    pairs = _plain_pairs(query)
    if pairs is None:
        return None
    for _, pattern, read in _READERS:
        if found := pattern.fullmatch(path):
            try:
                return read(pairs, *found.groups())
            except ValidationError:
                return None
    return None


def template_of(path: str) -> str:
    """The template of the route that answers a question's address; `none` where none does."""
    if path == _SUMMARY:
        return _SUMMARY
    return next((name for name, pattern, _ in _READERS if pattern.fullmatch(path)), "none")


def _metric(pairs: Mapping[str, str], chart: str) -> Question:
    if chart == "summary":
        return summary_question(SummaryQuery.model_validate(pairs))
    return metric_question(_charts.validate_python(chart), MetricQuery.model_validate(pairs))


def _chart(pairs: Mapping[str, str], fund: str, chart: str) -> Question:
    query = ChartQuery.model_validate(pairs)
    return chart_question(_ids.validate_python(fund), _charts.validate_python(chart), query)


def _methods(pairs: Mapping[str, str], fund: str) -> Question:
    return methods_question(_ids.validate_python(fund), FundQuery.model_validate(pairs))


def _reader(template: str, read: Callable[..., Question]) -> _Reader:
    return template, re.compile(re.sub(r"{\w+}", "([^/]+)", template)), read


_READERS: tuple[_Reader, ...] = (
    _reader("/v1/metrics/{chart}", _metric),
    _reader("/v1/funds/{fund}/charts/{chart}", _chart),
    _reader("/v1/funds/{fund}/methods", _methods),
)


def _plain_pairs(query: bytes) -> Mapping[str, str] | None:
    """Name and value where no name comes twice and nothing is escaped."""
    if len(query) > MAX_QUERY_BYTES:
        return None
    parts = [_PLAIN_PAIR.fullmatch(part) for part in query.split(b"&")] if query else []
    pairs = {found[1].decode(): found[2].decode() for found in parts if found is not None}
    return pairs if len(pairs) == len(parts) else None
