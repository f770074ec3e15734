"""Answers about a fund: pin the revisions, name the answer, compute it at most once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import orjson

from pmecalc.cache.key import CacheKey, Scope, make_cache_key
from pmecalc.charts.chart import CHARTS, chart
from pmecalc.core.errors import InputError, NotFoundError
from pmecalc.core.evaluate import ENGINE, evaluate
from pmecalc.report.methods import methods_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from pmecalc.cache.cache import Cache, Result
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.evaluate import Report
    from pmecalc.core.fund import Fund
    from pmecalc.store.store import Store
    from pmecalc.store.values import DatasetRow

Need: TypeAlias = Literal["none", "optional", "required"]


@dataclass(frozen=True, slots=True)
class View:
    """One kind of answer: how it is made of a report, and whether it needs a benchmark."""

    make: Callable[[Report], Mapping[str, object]]
    benchmark: Need


def _plotly(name: str) -> Callable[[Report], Mapping[str, object]]:
    return lambda report: chart(report, name).to_plotly()


def _spec(name: str) -> Callable[[Report], Mapping[str, object]]:
    return lambda report: chart(report, name).spec.to_dict()


def _chart_views() -> dict[str, View]:
    views = {}
    for name, kind in CHARTS.items():
        need: Need = "required" if kind.index else "none"
        views[name] = View(_plotly(name), need)
        views[f"{name}.spec"] = View(_spec(name), need)
    return views


VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "summary": View(lambda report: report.to_dict(), "optional"),
        "summary.all": View(lambda report: report.to_dict(further=True), "optional"),
        "methods": View(methods_dict, "required"),
        **_chart_views(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a fund; a benchmark left out is found by `Analyses.pin`."""

    view: str
    fund: str
    benchmark: str | None = None
    as_of: date | None = None
    max_staleness_days: int | None = 100


@dataclass(frozen=True, slots=True)
class Pinned:
    """A question with the revisions that answer it; the key names all the answer depends on."""

    tenant: str
    question: Question
    fund_revision: str
    benchmark_revision: str | None
    key: CacheKey


class Analyses:
    """The answers about the funds of a store, through a cache."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache

    async def pin(self, tenant: str, question: Question) -> Pinned:
        """Read the pointers once; from here on a concurrent import cannot mix two revisions."""
        view = _view(question.view)
        benchmark = question.benchmark
        fund = self._store.pointer(tenant, "fund", question.fund)
        if view.benchmark == "none":
            benchmark = None
        elif benchmark is None:
            benchmark = await asyncio.to_thread(self._default_benchmark, tenant, question, view)
        settled = Question(
            view=question.view,
            fund=question.fund,
            benchmark=benchmark,
            as_of=question.as_of,
            max_staleness_days=question.max_staleness_days,
        )
        index = None
        if benchmark is not None:
            index = self._store.pointer(tenant, "benchmark", benchmark).revision
        return Pinned(
            tenant, settled, fund.revision, index, _key(tenant, settled, fund.revision, index)
        )

    async def answer(self, pinned: Pinned) -> Result:
        """The finished reply, from the nearest tier or computed in a worker thread."""
        return await self._cache.get_or_compute(pinned.key, lambda: self._compute(pinned))

    def _compute(self, pinned: Pinned) -> bytes:
        question = pinned.question
        fund = self._store.load(pinned.tenant, "fund", question.fund, pinned.fund_revision)
        index = None
        if question.benchmark is not None and pinned.benchmark_revision is not None:
            index = self._store.load(
                pinned.tenant, "benchmark", question.benchmark, pinned.benchmark_revision
            )
        report = evaluate(
            fund, index, as_of=question.as_of, max_staleness_days=question.max_staleness_days
        )
        return orjson.dumps(VIEWS[question.view].make(report))

    def _default_benchmark(self, tenant: str, question: Question, view: View) -> str | None:
        """The fund's own benchmark, else the only one."""
        own = self._store.dataset(tenant, "fund", question.fund).benchmark
        known = self._store.datasets(tenant, "benchmark", limit=20).items
        if own is not None and self._is_live(tenant, own):
            return own
        if len(known) == 1:
            return known[0].id
        if view.benchmark == "optional":
            return None
        raise _no_benchmark(known)

    def _is_live(self, tenant: str, benchmark: str) -> bool:
        try:
            self._store.pointer(tenant, "benchmark", benchmark)
        except NotFoundError:
            return False
        return True


def evaluate_once(
    fund: Fund,
    benchmark: Benchmark | None,
    *,
    as_of: str | None,
    day_count: str,
    netting: str,
    lookup: str,
    max_staleness_days: int | None,
    further: bool,
) -> bytes:
    """The summary of data that are not stored, as JSON."""
    report = evaluate(
        fund,
        benchmark,
        as_of=as_of,
        day_count=day_count,
        netting=netting,
        lookup=lookup,
        max_staleness_days=max_staleness_days,
    )
    return orjson.dumps(report.to_dict(further=further))


def _view(name: str) -> View:
    if name not in VIEWS:
        raise NotFoundError("chart", name, CHARTS)
    return VIEWS[name]


def _key(tenant: str, question: Question, fund_revision: str, index: str | None) -> CacheKey:
    revisions = (fund_revision,) if index is None else (fund_revision, index)
    params = {
        "benchmark": question.benchmark,
        "as_of": question.as_of,
        "max_staleness_days": question.max_staleness_days,
    }
    return make_cache_key(
        question.view, params, scope=Scope(tenant, (question.fund,), revisions, ENGINE)
    )


def _no_benchmark(known: tuple[DatasetRow, ...]) -> InputError:
    if not known:
        return InputError(
            "No benchmark is stored, and this view needs one.",
            code="NO_BENCHMARK",
            field="benchmark",
            hint="Upload an index file first.",
        )
    names = ", ".join(f"{row.id} ({row.name})" for row in known)
    return InputError(
        "There are several benchmarks, and the fund has no default one.",
        code="NO_BENCHMARK",
        field="benchmark",
        hint=f"Add benchmark= with one of: {names}.",
    )
