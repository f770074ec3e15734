"""The demo: synthetic funds and an index from a seeded generator, labelled as such."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.fund import Fund
from pmecalc.store.values import NewDataset

if TYPE_CHECKING:
    from pmecalc.store.store import Store

_SEED = 20260101
_FIRST_YEAR, _LAST_YEAR = 2010, 2025
_INDEX_NAME = "Demo World Index (synthetic)"
_YIELD, _VOLATILITY = 0.075, 0.15


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a synthetic fund is drawn from: rates are per year, money in millions."""

    name: str
    strategy: str
    vintage: int
    commitment: float
    growth: float
    volatility: float


_PLANS = (
    _Plan("Demo Buyout I (synthetic)", "Buyout", 2011, 120.0, 0.15, 0.10),
    _Plan("Demo Growth II (synthetic)", "Growth", 2014, 80.0, 0.19, 0.16),
    _Plan("Demo Venture III (synthetic)", "Venture", 2016, 60.0, 0.08, 0.25),
    _Plan("Demo Infrastructure I (synthetic)", "Infrastructure", 2013, 200.0, 0.09, 0.05),
    _Plan("Demo Secondaries I (synthetic)", "Secondaries", 2018, 50.0, 0.13, 0.08),
)


def demo_benchmark() -> Benchmark:
    """A monthly total-return index."""
    random = np.random.default_rng(_SEED)
    ends = [
        _month_end(year, month)
        for year in range(_FIRST_YEAR, _LAST_YEAR + 1)
        for month in range(1, 13)
    ]
    steps = random.normal(_YIELD / 12, _VOLATILITY / np.sqrt(12), len(ends) - 1)
    levels = 100 * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    return Benchmark.of(
        list(zip(ends, levels.round(4).tolist(), strict=True)),
        name=_INDEX_NAME,
        currency="USD",
    )


def demo_funds() -> list[Fund]:
    """A handful of funds, each with calls, distributions and quarterly NAVs."""
    return [_fund(plan, np.random.default_rng([_SEED, place])) for place, plan in enumerate(_PLANS)]


def synthetic_funds(count: int) -> list[Fund]:
    """So many funds: the demo's own, then further ones drawn like them."""
    further = [_further(place) for place in range(len(_PLANS), count)]
    return demo_funds()[:count] + [
        _fund(plan, np.random.default_rng([_SEED, place]))
        for place, plan in enumerate(further, len(_PLANS))
    ]


def load_synthetic(store: Store, tenant: str, count: int) -> None:
    """Put so many synthetic funds and the demo index into an empty store, in one import."""
    values: list[Fund | Benchmark] = [*synthetic_funds(count), demo_benchmark()]
    store.commit(
        tenant,
        [
            NewDataset(
                kind="fund" if isinstance(value, Fund) else "benchmark",
                name=value.name or "",
                value=value,
            )
            for value in values
        ],
        raw=None,
        raw_name="synthetic",
        actor="demo",
    )


def load_demo(store: Store, tenant: str) -> None:
    """Put the demo into a store; what is there already stays as it is."""
    known = {
        row.name
        for kind in ("fund", "benchmark")
        for row in store.datasets(tenant, kind, limit=1000).items
    }
    benchmark = demo_benchmark()
    missing = [
        NewDataset(kind="fund", name=fund.name or "", value=fund)
        for fund in demo_funds()
        if fund.name not in known
    ]
    if benchmark.name not in known:
        missing.append(NewDataset(kind="benchmark", name=benchmark.name or "", value=benchmark))
    if missing:
        store.commit(tenant, missing, raw=None, raw_name="demo", actor="demo")
        _set_default(store, tenant, {each.name for each in missing})


def _set_default(store: Store, tenant: str, names: set[str]) -> None:
    """The demo index is the default benchmark of the demo funds, whatever else is stored."""
    indices = store.datasets(tenant, "benchmark", limit=1000).items
    index = next(row.id for row in indices if row.name == _INDEX_NAME)
    for row in store.datasets(tenant, "fund", limit=1000).items:
        if row.name in names:
            store.edit(tenant, "fund", row.id, {"benchmark": index})


def _further(place: int) -> _Plan:
    """A plan of its own between the demo's: another vintage and size, other rates."""
    model = _PLANS[place % len(_PLANS)]
    random = np.random.default_rng([_SEED, place, 1])
    return _Plan(
        f"Synthetic {model.strategy} {place + 1}",
        model.strategy,
        vintage=_FIRST_YEAR + int(random.integers(0, 10)),
        commitment=round(model.commitment * float(random.uniform(0.5, 4.0)), 1),
        growth=model.growth + float(random.normal(0, 0.03)),
        volatility=model.volatility,
    )


def _fund(plan: _Plan, random: np.random.Generator) -> Fund:
    flows: list[tuple[date, float, float]] = []
    navs: list[tuple[date, float]] = []
    nav = called = 0.0
    for quarter in range((_LAST_YEAR - plan.vintage + 1) * 4):
        year, month = plan.vintage + quarter // 4, 3 * (quarter % 4) + 3
        age = quarter / 4
        nav *= float(np.exp(random.normal(plan.growth / 4, plan.volatility / 2)))
        call = _call(plan, age, called, random)
        paid = _payment(age, nav, random)
        day = date(year, month, int(random.integers(1, 27)))
        if call:
            flows.append((day, call, 0.0))
        if paid:
            flows.append((day, 0.0, paid))
        called += call
        nav = max(nav + call - paid, 0.0)
        navs.append((_month_end(year, month), round(nav, 2)))
    return Fund.of(
        flows=flows,
        navs=navs,
        commitment=plan.commitment,
        name=plan.name,
        currency="USD",
        vintage=plan.vintage,
        strategy=plan.strategy,
    )


def _call(plan: _Plan, age: float, called: float, random: np.random.Generator) -> float:
    """Money called in a quarter: about a sixteenth of the commitment during five years."""
    if age >= 5 or (age > 0 and random.random() < 0.2):  # noqa: PLR2004  (the shape of a drawdown fund)
        return 0.0
    drawn = plan.commitment / 16 * float(random.uniform(0.4, 1.4))
    return round(min(drawn, 0.97 * plan.commitment - called), 2)


def _payment(age: float, nav: float, random: np.random.Generator) -> float:
    """Money paid out in a quarter: none in the first three years, a growing share later."""
    if age < 3 or random.random() < 0.35:  # noqa: PLR2004  (the shape of a drawdown fund)
        return 0.0
    return round(nav * float(random.uniform(0.02, 0.05 + 0.02 * age)), 2)


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
