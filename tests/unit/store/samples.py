"""Small funds and benchmarks for the tests of the store."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.fund import Fund, frozen
from pmecalc.store import NewDataset

TENANT = "default"
FLOWS = [("2014-03-31", 100.0, 0.0), ("2016-06-30", 50.25, 10.0), ("2016-06-30", 0.0, 7.5)]
NAVS = [("2014-12-31", 101.0), ("2016-06-30", 160.0), ("2017-12-31", 0.0)]


def fund(scale: float = 1.0, **options) -> Fund:
    """A fund of six rows; another scale is other content."""
    known = {"currency": "USD", "commitment": 500.0, "vintage": 2014, "strategy": "buyout"}
    return Fund.of(
        flows=[(day, paid * scale, received) for day, paid, received in FLOWS],
        navs=NAVS,
        **known | options,
    )


def benchmark(scale: float = 1.0) -> Benchmark:
    """A benchmark of three levels."""
    rows = [("2013-12-31", 100.0 * scale), ("2015-12-31", 120.5), ("2017-12-31", 155.0)]
    return Benchmark.of(rows, kind="net_total_return", currency="EUR", notes=["Read as levels."])


def new_fund(name: str = "Alpha", scale: float = 1.0, **options) -> NewDataset:
    """A fund ready to be committed."""
    return NewDataset(kind="fund", name=name, value=fund(scale), **options)


def new_benchmark(name: str = "World", scale: float = 1.0, **options) -> NewDataset:
    """A benchmark ready to be committed."""
    return NewDataset(kind="benchmark", name=name, value=benchmark(scale), **options)


def large_fund(rows: int, seed: int) -> Fund:
    """A fund of many random flows, built without parsing."""
    random = np.random.default_rng(seed)
    return Fund(
        days=frozen(np.sort(random.integers(10_000, 20_000, rows))),
        contributions=frozen(random.random(rows)),
        distributions=frozen(random.random(rows)),
        rows=frozen(np.arange(1, rows + 1)),
        nav_days=frozen(np.zeros(0, np.int64)),
        navs=frozen(np.zeros(0)),
        nav_estimated=frozen(np.zeros(0, np.bool_)),
    )


def contents(value: Fund | Benchmark) -> dict[str, object]:
    """Every field of a value, arrays as their type and bytes."""
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {
        name: (item.dtype.str, item.tobytes()) if isinstance(item, np.ndarray) else item
        for name, item in found.items()
    }
