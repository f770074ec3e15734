"""How the published reference cases are read and compared."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

from pmecalc import Benchmark, Fund, evaluate

RELATIVE = 1e-9  # METHODS 13; for rates of 1 + value
ABSOLUTE = 1e-12
RATES = {"irr", "irr_gips", "index_cagr", "direct_alpha", "direct_alpha_log", "implied_index_irr"}
GROUPS = {
    "ln": "ln_irr",
    "pme_plus": "pme_plus_irr",
    "mpme": "mpme_irr",
    "scaled_pme": "scaled_pme_irr",
}
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One reference case: a fund, an index, and what must come out."""

    id: str
    fund: Fund
    benchmark: Benchmark | None
    as_of: str | None
    expected: dict


def load_cases(path: Path, *, root: Path = HERE) -> list[Case]:
    return [_case(case, root) for case in json.loads(path.read_text())["cases"]]


def _case(case: dict, root: Path) -> Case:
    fund = case["fund"]
    index = case.get("index")
    if isinstance(index, str):
        with (root / index).open(encoding="utf-8") as lines:
            index = [(row["date"], float(row["level"])) for row in csv.DictReader(lines)]
    return Case(
        case["id"],
        Fund.of(flows=fund["flows"], navs=fund["navs"], commitment=fund["commitment"]),
        Benchmark.of(index) if index else None,
        fund["as_of"],
        case["expected"],
    )


def close(name: str, got: float | None, expected: float | None) -> bool:
    if got is None or expected is None:
        return got is expected
    shift = 1.0 if name in RATES or name.endswith(("_irr", "_spread")) else 0.0
    return math.isclose(got + shift, expected + shift, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def differences(case: Case) -> list[str]:
    """Every expected figure that the report does not show."""
    report = evaluate(case.fund, case.benchmark, as_of=case.as_of, max_staleness_days=None)
    netted = evaluate(
        case.fund, case.benchmark, as_of=case.as_of, max_staleness_days=None, netting="same_day"
    )
    wrong = []
    for name, expected in case.expected.items():
        if name in {"published", "published_abs_tol"}:
            continue
        if name == "through_time":
            wrong += _series_differences(report.through_time(), expected)
            continue
        got = _figure(report, netted, name)
        same = (
            got == expected
            if isinstance(expected, str | int) and not isinstance(expected, bool)
            else len(got) == len(expected)
            and all(close("irr", a, b) for a, b in zip(got, expected, strict=True))
            if isinstance(expected, list)
            else close(name, got, expected)
        )
        if not same:
            wrong.append(f"{name}: got {got}, expected {expected}")
    return wrong


def _figure(report, netted, name: str):
    if name == "as_of":
        return report.as_of
    if name == "n_flows_excluded_after_as_of":
        return report.to_dict()["inputs"][name]
    if name.endswith("_netted"):
        return netted[name.removesuffix("_netted")].value
    if name == "irr_roots":
        return list(report["irr"].roots)
    for suffix in ("_status", "_n_roots"):
        if name.endswith(suffix):
            group = name.removesuffix(suffix)
            metric = report[GROUPS.get(group, group)]
            return metric.status if suffix == "_status" else len(metric.roots)
    return report[name].value


def _series_differences(columns: dict, expected: list[dict]) -> list[str]:
    wrong = []
    if columns["date"] != [row["date"] for row in expected]:
        wrong.append(f"dates: {columns['date']}")
    for place, row in enumerate(expected):
        for name, value in row.items():
            got = columns[name][place]
            same = got == value if isinstance(value, str) else close(name, got, value)
            if not same:
                wrong.append(f"{row['date']} {name}: got {got}, expected {value}")
    return wrong
