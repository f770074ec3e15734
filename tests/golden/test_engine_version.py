"""Answers are cached under the engine's version: they may not change without it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from cases import HERE, load_cases

from pmecalc import chart, evaluate
from pmecalc.charts.chart import CHARTS
from pmecalc.core.evaluate import ENGINE
from pmecalc.report.methods import methods_dict

if TYPE_CHECKING:
    from collections.abc import Iterator

DIGESTS = Path(__file__).with_name("engine_digests.json")
DIGITS = 9  # METHODS 13: what machines agree on


def rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if abs(value) > 1e-12 else 0.0
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value


def answers() -> Iterator[tuple[str, object]]:
    """All answers about all reference cases, each with the name of its view."""
    for case in load_cases(HERE / "reference_cases.json"):
        report = evaluate(case.fund, case.benchmark, as_of=case.as_of, max_staleness_days=None)
        yield "summary", report.to_dict()
        yield "summary.all", report.to_dict(further=True)
        if case.benchmark is not None:
            yield "methods", methods_dict(report)
        for name, kind in CHARTS.items():
            if case.benchmark is not None or not kind.index:
                drawn = chart(report, name)
                yield name, [drawn.to_plotly(), drawn.spec.to_dict()]


def digests() -> dict[str, str]:
    """One digest a view."""
    found: dict[str, list[object]] = {}
    for view, answer in answers():
        found.setdefault(view, []).append(rounded(answer))
    return {
        view: hashlib.blake2b(
            json.dumps(each, sort_keys=True, allow_nan=False).encode(), digest_size=16
        ).hexdigest()
        for view, each in found.items()
    }


def test_answers_change_only_with_the_engine():
    """If this fails for a view that is known, its answers changed: raise ENGINE.

    The digests of the new version, and of a new view, go to engine_digests.json.
    """
    known = json.loads(DIGESTS.read_text())
    assert known[str(ENGINE)] == digests()
