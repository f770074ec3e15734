"""A report as lines for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from pmecalc.core.agreement import agreement_at
from pmecalc.core.evaluate import notes_of, warning_text
from pmecalc.core.methods import METHODS, any_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.core.evaluate import Report

_ROWS = (
    ("irr", "tvpi", "dpi", "rvpi"),
    ("ks_pme", "direct_alpha", "ln_irr", "pme_plus_irr"),
    ("paid_in", "distributed", "nav", "gain"),
)
_SIGNED = {  # differences: what is above 0 says so
    "gain",
    "nfv",
    "npv",
    "direct_alpha",
    "direct_alpha_log",
    "ln_spread",
    "ln_spread_geometric",
    "pme_plus_spread",
    "mpme_spread",
    "scaled_pme_spread",
    "ipp",
    "twr_excess",
}
_ESTIMATED = "~"
_WIDTH = 25


def headline(report: Report) -> str:
    """Who, when, the main measures, why some are missing, and the warnings."""
    lines = [_title(report)]
    lines += ["  " + "".join(_cell(report, name) for name in row).rstrip() for row in _ROWS]
    lines += _reasons(report)
    if any(report[name].estimated for row in _ROWS for name in row):
        lines.append(f"  {_ESTIMATED} stands on a NAV that was not reported for the date")
    return "\n".join([*lines, *_told(report)]) + "\n"


def everything(report: Report) -> str:
    """Every measure on a line, the further ones too: title, value, and why there is none."""
    lines = [_title(report)]
    for name, metric in report.outcomes(further=True).items():
        why = "" if metric.status == "ok" else f"  {metric.status}: {metric.reason}"
        why += "  estimated" if metric.estimated else ""
        lines.append(f"  {any_method(name).title:<32}{_text(report, name):>18}{why}".rstrip())
    return "\n".join([*lines, *_told(report)]) + "\n"


def side_by_side(report: Report) -> str:
    """Every PME method on a line: value, verdict, what makes it doubtful; and the sentence."""
    found = agreement_at(report.valuation)
    lines = [_title(report)]
    for view in found.views:
        doubts = ", ".join(view.marks)
        why = (
            doubts
            if view.metric.value is not None
            else f"{view.metric.status}: {view.metric.reason}"
        )
        text = _text(report, view.name)
        lines.append(f"  {view.title:<32}{text:>18}  {view.verdict or '-':<8}{why}".rstrip())
    return (
        "\n".join(
            [
                *lines,
                *textwrap.wrap(found.sentence, 98, initial_indent="  ", subsequent_indent="  "),
            ]
        )
        + "\n"
    )


def _title(report: Report) -> str:
    at = report.valuation
    parts = [at.fund.name or "Fund", at.fund.currency, f"as of {report.as_of}"]
    if at.benchmark:
        kind = f" ({at.benchmark.kind.replace('_', ' ')})" if at.benchmark.kind else ""
        parts.append(f"vs {at.benchmark.name or 'index'}{kind}")
    return " · ".join(part for part in parts if part)


def _told(report: Report) -> list[str]:
    """The warnings, then what was understood of the files."""
    at = report.valuation
    notes = notes_of(at)
    return [
        *(f"  ! {warning_text(code, at)}  {code}" for code in report.warnings),
        *(f"  fund file: {note}" for note in notes["fund"]),
        *(f"  index file: {note}" for note in notes["benchmark"]),
    ]


def _cell(report: Report, name: str) -> str:
    return f"{METHODS[name].title:<13}{_text(report, name):>10}  ".ljust(_WIDTH)


def _text(report: Report, name: str) -> str:
    value = report[name].value
    if not isinstance(value, float):
        return value or ("none" if report[name].status == "ok" else "n/a")
    text = _FORMS[any_method(name).unit](value).replace("-", "−")
    signed = f"+{text}" if name in _SIGNED and value > 0 else text
    return f"{_ESTIMATED}{signed}" if report[name].estimated else signed


def _reasons(report: Report) -> list[str]:
    shown = [(name, report[name]) for row in _ROWS for name in row]
    return [
        f"  {METHODS[name].title}: "
        + ("n/a; " if metric.value is None else "")
        + f"{metric.reason}  {metric.status}"
        for name, metric in shown
        if metric.status not in {"ok", "no_index"}
    ]


_FORMS: dict[str, Callable[[float], str]] = {
    "rate": "{:.1%}".format,
    "return": "{:.1%}".format,
    "multiple": "{:.2f}x".format,
    "ratio": "{:.2f}".format,
    "money": "{:,.2f}".format,
    "years": "{:.1f}".format,
}
