"""Answers are cached under the engine's version: they may not change without it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cases import HERE, load_cases

from pmecalc import chart, evaluate
from pmecalc.charts.chart import CHARTS
from pmecalc.core.evaluate import ENGINE

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


def digest_of_answers() -> str:
    """All answers about all reference cases, as one digest."""
    answers = []
    for case in load_cases(HERE / "reference_cases.json"):
        report = evaluate(case.fund, case.benchmark, as_of=case.as_of, max_staleness_days=None)
        answers.append(report.to_dict())
        for name, kind in CHARTS.items():
            if case.benchmark is not None or not kind.index:
                drawn = chart(report, name)
                answers += [drawn.to_plotly(), drawn.spec.to_dict()]
    text = json.dumps(rounded(answers), sort_keys=True, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def test_answers_change_only_with_the_engine():
    """If this fails, an answer changed: raise ENGINE and add its digest to engine_digests.json."""
    known = json.loads(DIGESTS.read_text())
    assert known[str(ENGINE)] == digest_of_answers()
