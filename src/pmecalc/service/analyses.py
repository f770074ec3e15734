"""Answers about a fund: pin the revisions, name the answer, compute it at most once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, Unpack

import orjson

from pmecalc.cache.fair_queue import DEFAULT_COST_SECONDS, Workload
from pmecalc.cache.key import CacheKey, Scope, make_cache_key
from pmecalc.charts.chart import CHARTS, chart
from pmecalc.core.conventions import Conventions
from pmecalc.core.errors import InputError, NotFoundError
from pmecalc.core.evaluate import ENGINE, evaluate
from pmecalc.report.methods import methods_dict
from pmecalc.service.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmecalc.cache.cache import Cache, Result
    from pmecalc.cache.entry import Entry
    from pmecalc.charts.chart import ChartName
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import BeforeFirstNav, NavGrowth, Netting, Recallable
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.evaluate import Report
    from pmecalc.core.fund import Fund
    from pmecalc.core.lookup import Lookup
    from pmecalc.service.executors import Executors
    from pmecalc.store.store import Store
    from pmecalc.store.values import DatasetRow

# `preferred`: needed unless the question says that it is asked without one.
Need: TypeAlias = Literal["none", "optional", "preferred", "required"]

WITHOUT_BENCHMARK = "none"
_MAX_DEFAULTS = 4096
_MAX_ROW_COUNTS = 4096
# What a row costs in a report and its compression, measured without the compiled loops. Further
# measures and what is drawn through time look at the dates again for each of them.
_ROW_SECONDS, _FURTHER_ROW_SECONDS = 1e-5, 1e-4


@dataclass(frozen=True, slots=True)
class View:
    """One kind of answer: how it is made of a report, and whether it needs a benchmark."""

    make: Callable[[Report], Mapping[str, object]]
    benchmark: Need
    row_seconds: float = _ROW_SECONDS


def _plotly(name: ChartName) -> Callable[[Report], Mapping[str, object]]:
    return lambda report: chart(report, name).to_plotly()


def _spec(name: ChartName) -> Callable[[Report], Mapping[str, object]]:
    return lambda report: chart(report, name).spec.to_dict()


def _chart_views() -> dict[str, View]:
    views: dict[str, View] = {}
    for name, kind in CHARTS.items():
        views[name] = View(_plotly(name), kind.index)
        views[f"{name}.spec"] = View(_spec(name), kind.index)
    return views


VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "summary": View(lambda report: report.to_dict(), "optional"),
        "summary.all": View(
            lambda report: report.to_dict(further=True), "optional", _FURTHER_ROW_SECONDS
        ),
        "methods": View(methods_dict, "required"),
        **_chart_views(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a fund.

    `Analyses.pin` finds a benchmark that is left out; `none` asks without one.
    """

    view: str
    fund: str
    benchmark: str | None = None
    as_of: date | None = None
    day_count: DayCount = "ACT/365F"
    netting: Netting = "gross"
    lookup: Lookup = "previous"
    max_staleness_days: int | None = 100
    nav_growth: NavGrowth = "none"
    recallable: Recallable = "gross"
    before_first_nav: BeforeFirstNav = "none"

    @property
    def conventions(self) -> Conventions:
        """How the fund is to be looked at, as `evaluate` takes it."""
        return Conventions(
            day_count=self.day_count,
            netting=self.netting,
            lookup=self.lookup,
            max_staleness_days=self.max_staleness_days,
            nav_growth=self.nav_growth,
            recallable=self.recallable,
            before_first_nav=self.before_first_nav,
        )


@dataclass(frozen=True, slots=True)
class Pinned:
    """A question with the revisions that answer it; the key names all the answer depends on.

    It holds as long as the store's word of changes is still `word`.
    """

    tenant: str
    question: Question
    fund_revision: str
    benchmark_revision: str | None
    key: CacheKey
    word: int

    @property
    def order(self) -> Order:
        """What it takes to compute the answer."""
        return Order(self.tenant, self.question, self.fund_revision, self.benchmark_revision)


@dataclass(frozen=True, slots=True)
class _Default:
    """The benchmark of a fund for who names none, while `word` holds."""

    benchmark: str | None
    word: int


@dataclass(frozen=True, slots=True)
class Order:
    """What it takes to compute an answer, wherever that is done."""

    tenant: str
    question: Question
    fund_revision: str
    benchmark_revision: str | None

    def encoded(self) -> bytes:
        """As another process reads it."""
        return orjson.dumps(self)

    @classmethod
    def decoded(cls, data: bytes) -> Self:
        """The order that was encoded."""
        fields = orjson.loads(data)
        question = fields["question"]
        as_of = question["as_of"]
        question["as_of"] = None if as_of is None else date.fromisoformat(as_of)
        return cls(**{**fields, "question": Question(**question)})


class Answers:
    """The answers about the funds of a store, as they are computed; threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._funds = Recent(
            self._read_fund, rows_of=lambda fund: len(fund.days) + len(fund.nav_days)
        )
        self._benchmarks = Recent(self._read_benchmark, rows_of=lambda index: len(index.days))

    def compute(self, order: Order) -> bytes:
        """The JSON of an answer."""
        question = order.question
        fund = self._funds.get(order.tenant, question.fund, order.fund_revision)
        index = None
        if question.benchmark is not None and order.benchmark_revision is not None:
            index = self._benchmarks.get(order.tenant, question.benchmark, order.benchmark_revision)
        report = evaluate(fund, index, as_of=question.as_of, **question.conventions)
        return orjson.dumps(VIEWS[question.view].make(report), option=orjson.OPT_SERIALIZE_NUMPY)

    def _read_fund(self, tenant: str, dataset: str, revision: str) -> Fund:
        return self._store.load(tenant, "fund", dataset, revision)

    def _read_benchmark(self, tenant: str, dataset: str, revision: str) -> Benchmark:
        return self._store.load(tenant, "benchmark", dataset, revision)


class Analyses:
    """The answers about the funds of a store, through a cache."""

    def __init__(self, store: Store, cache: Cache, executors: Executors) -> None:
        self._store = store
        self._cache = cache
        self._reads = executors.reads
        self._answers = Answers(store)
        self._defaults: dict[tuple[str, str, Need], _Default] = {}
        self._row_counts: dict[tuple[str, str, str], int] = {}

    async def pin(self, tenant: str, question: Question) -> Pinned:
        """Read the pointers once; from here on a concurrent import cannot mix two revisions."""
        word = self._store.changes.now()
        default = self._known_default(tenant, question, word)
        if default is None:
            default = await self._reads.run(self._find_default, tenant, question, word)
            self._remember_default(tenant, question, default)
        return self._pinned(tenant, question, default)

    def pin_now(self, tenant: str, question: Question) -> Pinned | None:
        """The same without waiting; None where a default benchmark has to be looked up first."""
        default = self._known_default(tenant, question, self._store.changes.now())
        return None if default is None else self._pinned(tenant, question, default)

    def holds(self, pinned: Pinned) -> bool:
        """Whether nothing was committed since the pointers of `pinned` were read."""
        return pinned.word == self._store.changes.now()

    def at_hand(self, pinned: Pinned) -> Entry | None:
        """The finished reply if memory has it."""
        return self._cache.peek(pinned.key)

    async def answer(self, pinned: Pinned) -> Result:
        """The finished reply, from the nearest tier or computed by a worker."""
        order = pinned.order
        return await self._cache.get_or_compute(
            pinned.key,
            partial(self._answers.compute, order),
            order=order.encoded,
            workload=self._workload(pinned),
        )

    async def once(
        self, tenant: str, work: Callable[[], bytes], *, rows: int, further: bool
    ) -> bytes:
        """An answer about data that are not stored: computed beside all others, not kept."""
        row_seconds = _FURTHER_ROW_SECONDS if further else _ROW_SECONDS
        return await self._cache.compute(work, Workload(tenant, _cost_seconds(rows, row_seconds)))

    def _workload(self, pinned: Pinned) -> Workload:
        """What the answer may cost: by the rows of the fund, each of which may be a date."""
        fund = (pinned.tenant, pinned.question.fund, pinned.fund_revision)
        rows = self._row_counts.get(fund)
        if rows is None:
            if len(self._row_counts) >= _MAX_ROW_COUNTS:
                self._row_counts.clear()
            rows = self._row_counts[fund] = self._store.row_count(*fund)
        cost = _cost_seconds(rows, _view(pinned.question.view).row_seconds)
        return Workload(pinned.tenant, cost)

    def _pinned(self, tenant: str, question: Question, default: _Default) -> Pinned:
        settled = replace(question, benchmark=default.benchmark)
        fund = self._store.pointer(tenant, "fund", question.fund).revision
        index = None
        if settled.benchmark is not None:
            index = self._store.pointer(tenant, "benchmark", settled.benchmark).revision
        key = _key(tenant, settled, fund, index)
        return Pinned(tenant, settled, fund, index, key, default.word)

    def _known_default(self, tenant: str, question: Question, word: int) -> _Default | None:
        need = _need(question)
        if need == "none":
            return _Default(None, word)
        if question.benchmark == WITHOUT_BENCHMARK:
            return _without_benchmark(need, word)
        if question.benchmark is not None:
            return _Default(question.benchmark, word)
        known = self._defaults.get((tenant, question.fund, need))
        return known if known is not None and known.word == word else None

    def _remember_default(self, tenant: str, question: Question, default: _Default) -> None:
        if len(self._defaults) >= _MAX_DEFAULTS:
            self._defaults.clear()
        self._defaults[tenant, question.fund, _need(question)] = default

    def _find_default(self, tenant: str, question: Question, word: int) -> _Default:
        """The fund's own benchmark, else the only one."""
        own = self._store.dataset(tenant, "fund", question.fund).benchmark
        known = self._store.datasets(tenant, "benchmark", limit=20).items
        if own is not None and self._is_live(tenant, own):
            return _Default(own, word)
        if len(known) == 1:
            return _Default(known[0].id, word)
        if _need(question) == "optional":
            return _Default(None, word)
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
    further: bool,
    **conventions: Unpack[Conventions],
) -> bytes:
    """The summary of data that are not stored, as JSON."""
    report = evaluate(fund, benchmark, as_of=as_of, **conventions)
    return orjson.dumps(report.to_dict(further=further), option=orjson.OPT_SERIALIZE_NUMPY)


def _view(name: str) -> View:
    if name not in VIEWS:
        raise NotFoundError("chart", name, CHARTS)
    return VIEWS[name]


def _cost_seconds(rows: int, row_seconds: float) -> float:
    return DEFAULT_COST_SECONDS + rows * row_seconds


def _need(question: Question) -> Need:
    """Whether a benchmark is needed: by the view, or since a NAV is to grow with it."""
    need = _view(question.view).benchmark
    return "required" if question.nav_growth == "index" else need


def _key(tenant: str, question: Question, fund_revision: str, index: str | None) -> CacheKey:
    revisions = (fund_revision,) if index is None else (fund_revision, index)
    params = {
        "benchmark": question.benchmark,
        "as_of": question.as_of,
        **question.conventions,
    }
    return make_cache_key(
        question.view, params, scope=Scope(tenant, (question.fund,), revisions, ENGINE)
    )


def _without_benchmark(need: Need, word: int) -> _Default:
    """No benchmark, as the question says, or a refusal by a view that needs one."""
    if need == "required":
        raise InputError(
            "This view needs a benchmark, and the question says benchmark=none.",
            code="NO_BENCHMARK",
            field="benchmark",
            hint="Name a benchmark, or leave benchmark= out.",
        )
    return _Default(None, word)


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
