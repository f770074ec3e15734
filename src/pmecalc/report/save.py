"""A report as JSON or as a table of metrics."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from os import PathLike

    from pmecalc.core.evaluate import Report

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_json(reports: Report | list[Report], *, further: bool = False) -> str:
    """The body of INTERFACE 2: an object, or a list for several reports."""
    shown = (
        [each.to_dict(further=further) for each in reports]
        if isinstance(reports, list)
        else reports.to_dict(further=further)
    )
    return json_text(shown)


def json_text(shown: object) -> str:
    """JSON for people: indented, finite numbers or null."""
    return json.dumps(shown, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_csv(reports: Iterable[Report], *, further: bool = False) -> str:
    """Rows `fund,metric,value,status,estimated`; an undefined value is blank."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["fund", "metric", "value", "status", "estimated"])
    for report in reports:
        fund = text_cell(report.valuation.fund.name or "")
        for name, metric in report.outcomes(further=further).items():
            value = "" if metric.value is None else metric.value
            writer.writerow([fund, name, value, metric.status, mark_cell(metric.estimated)])
    return text.getvalue()


def mark_cell(is_estimated: object) -> str:
    """What a CSV file says of a value that stands on a NAV that was not reported."""
    return "estimated" if is_estimated else ""


def text_cell(text: str) -> str:
    """User text that no spreadsheet takes for a formula (SECURITY 7)."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


_WRITERS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {".json": to_json, ".csv": lambda report: to_csv([report])}
)


def save(report: Report, path: str | PathLike[str]) -> None:
    """Write a report to a file; the suffix says how: .json or .csv."""
    target = Path(path)
    writer = _WRITERS.get(target.suffix.lower())
    if writer is None:
        raise InputError(
            f"A report cannot be written as {target.suffix or 'a file without suffix'}.",
            code="UNSUPPORTED_FORMAT",
            field="path",
            value=target.name,
            hint=f"Use one of {', '.join(_WRITERS)}.",
        )
    target.write_text(writer(report), encoding="utf-8")
