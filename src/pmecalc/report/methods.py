"""The PME methods side by side, as JSON or as rows."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from pmecalc.core.agreement import agreement_at
from pmecalc.report.save import json_text, mark_cell, text_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pmecalc.core.evaluate import Report


def methods_dict(report: Report) -> dict[str, object]:
    """The sentence and a row a method, with what a report says of fund, date and inputs."""
    head = {name: part for name, part in report.to_dict().items() if name != "metrics"}
    return {**head, **agreement_at(report.valuation).to_dict()}


def methods_json(reports: Report | list[Report]) -> str:
    """An object, or a list for several reports."""
    if isinstance(reports, list):
        return json_text([methods_dict(report) for report in reports])
    return json_text(methods_dict(reports))


def methods_csv(reports: Iterable[Report]) -> str:
    """Rows `fund,method,value,status,verdict,marks,estimated`; an undefined value is blank."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["fund", "method", "value", "status", "verdict", "marks", "estimated"])
    for report in reports:
        fund = text_cell(report.valuation.fund.name or "")
        for view in agreement_at(report.valuation).views:
            value = "" if view.metric.value is None else view.metric.value
            marks = " ".join(view.marks)
            row = [fund, view.name, value, view.metric.status, view.verdict or "", marks]
            writer.writerow([*row, mark_cell(view.metric.estimated)])
    return text.getvalue()
