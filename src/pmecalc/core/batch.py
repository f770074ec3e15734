"""Every measure of many funds at once."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from pmecalc.core import engine
from pmecalc.core.compiled import MODIFIED, conventions, knows
from pmecalc.core.content import ByContent
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.errors import BenchmarkError, NotDefinedError, NotFoundError
from pmecalc.core.irr import rate_metric, sign_consistent_choice, solve
from pmecalc.core.lookup import levels_by_day, rule_of
from pmecalc.core.methods import METHODS, any_method, measure_names
from pmecalc.core.metric import Metric, undefined
from pmecalc.core.pme.mpme import estimated_share
from pmecalc.core.ragged import Ragged
from pmecalc.core.valuation import value, value_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import BeforeFirstNav, NavGrowth, Netting, Recallable
    from pmecalc.core.dates import DateLike
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.fund import FloatArray, Fund, IntArray
    from pmecalc.core.lookup import Lookup
    from pmecalc.core.ragged import DayArray
    from pmecalc.core.valuation import Valuation

_CHUNK, _LEAST_CHUNK = 2048, 256
_WORTH_LOADING = 1000  # funds: a second or two of the plain engine
_EPOCH = np.datetime64("1970-01-01")
_LAST_DAY = np.iinfo(np.int32).max
# The rates that are solved for, in the order of `wanted` in the compiled loops, and what needs them
_SOLVED = (
    ("irr", ("irr", "irr_gips", "implied_index_irr")),
    ("ln", ("ln_irr",)),
    ("plus", ("pme_plus_lambda", "pme_plus_irr")),
    ("alpha", ("direct_alpha", "direct_alpha_log", "implied_index_irr")),
    ("mpme", ("mpme_nav", "mpme_irr")),
    ("scaled", ("scaled_pme_irr",)),
)
_NEED_NAV = np.array([row.measure.needs_nav for row in METHODS.values()])
_NEED_NAVS = np.array([name in MODIFIED for name in METHODS])
_SPREADS = {
    "ln_spread": (0, 1),
    "ln_spread_geometric": (0, 1),
    "pme_plus_spread": (0, 2),
    "mpme_spread": (0, 4),
}


@dataclass(frozen=True, slots=True, eq=False)
class Batch(ByContent):
    """Measures of many funds; build one with `batch`.

    Parameters
    ----------
    labels
        What the funds are called, shape (n_funds,).
    columns
        Values by measure, shape (n_funds,) each: NaN where there is none; dates (`ln_short_from`,
        `j_trough_date`), NaT where there is none.
    codes
        Status codes by measure, each of shape (n_funds,): places in `engine.STATUSES`.
    estimates
        By measure, each of shape (n_funds,): whether a value stands on a NAV that was rolled
        forward or taken at cost.
    notes
        What a reader understood of a table, a sentence each.
    """

    labels: npt.NDArray[np.generic]
    columns: Mapping[str, npt.NDArray[np.generic]]
    codes: Mapping[str, npt.NDArray[np.int8]]
    estimates: Mapping[str, npt.NDArray[np.bool_]]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:  # numbers or dates, by the measure
        """The values of a measure; NotFoundError where it was not asked for."""
        return self.columns[self._computed(name)]

    def __contains__(self, name: object) -> bool:
        """Whether a measure was computed."""
        return name in self.columns

    __iter__: ClassVar[None] = None  # of measures or of funds? `columns` and `labels` say

    def statuses(self, name: str) -> npt.NDArray[np.str_]:
        """The status of a measure for each fund, as text."""
        return np.array(engine.STATUSES)[self.codes[self._computed(name)]]

    def estimated(self, name: str) -> npt.NDArray[np.bool_]:
        """Whether a value of a measure stands on a NAV that was not reported, for each fund."""
        return self.estimates[self._computed(name)]

    def to_dict(self) -> dict[str, npt.NDArray[np.generic]]:
        """Columns `fund`, each measure, its status as `<name>_status`, and `<name>_estimated`.

        The last is there for the measures that may stand on a NAV that was not reported.
        """
        table: dict[str, npt.NDArray[np.generic]] = {"fund": self.labels}
        for name, column in self.columns.items():
            table[name] = column
            table[f"{name}_status"] = self.statuses(name)
            if may_be_estimated(name):
                table[f"{name}_estimated"] = self.estimates[name]
        return table

    def _computed(self, name: str) -> str:
        if any_method(name).name not in self.columns:
            raise NotFoundError(f"measure of this batch ({', '.join(self.columns)})", name)
        return name


def may_be_estimated(name: str) -> bool:
    """Whether a measure uses a NAV, which may have to be rolled forward.

    Examples
    --------
    >>> may_be_estimated("tvpi"), may_be_estimated("dpi")
    (True, False)
    """
    return any_method(name).measure.needs_nav or name in MODIFIED


def batch(
    funds: Ragged | Iterable[Fund],
    index: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    measures: str | Iterable[str] | None = None,
    day_count: DayCount = "ACT/365F",
    netting: Netting = "gross",
    lookup: Lookup = "previous",
    max_staleness_days: int | None = 100,
    nav_growth: NavGrowth = "none",
    recallable: Recallable = "gross",
    before_first_nav: BeforeFirstNav = "none",
    threads: int | None = None,
) -> Batch:
    """Measures of many funds, by default all those of a report.

    Parameters
    ----------
    funds
        Flat columns (`Ragged`), or funds; `pmecalc.batch` takes tables too.
    index
        The benchmark; without one the measures that need it have the status `no_index`.
    as_of
        A common valuation date; by default each fund's own.
    measures
        Names of measures, or one name; fewer cost less. The further ones (`FURTHER`, such as
        `twr`) have no compiled loops: they are computed as `evaluate` does, fund by fund.
    day_count, netting, lookup, max_staleness_days, nav_growth, recallable, before_first_nav
        As for `evaluate`. Compiled, but for 30/360 US, NAVs that grow with the index or are taken
        at cost, and funds with reversed or recallable flows: those are computed as `evaluate`
        does, one by one.
    threads
        How many to use; by default as many as there are processors, one for small batches.

    Returns
    -------
    Batch
        Values, status codes, and which values are estimated. A fund that the index does not reach
        has the status `index_not_covered` or `index_stale` in the measures that need one;
        `evaluate` raises.

    Raises
    ------
    NotFoundError
        There is no such measure.

    Examples
    --------
    >>> batch(Ragged.of([0, 2], [0, 365], [100, 0], [0, 110]))["irr"].round(12).tolist()
    [0.1]
    """
    ragged = funds if isinstance(funds, Ragged) else Ragged.of_funds(funds)
    names = measure_names(measures)
    options = Options.of(
        day_count=day_count,
        netting=netting,
        lookup=lookup,
        max_staleness_days=max_staleness_days,
        nav_growth=nav_growth,
        recallable=recallable,
        before_first_nav=before_first_nav,
    )
    usual = tuple(name for name in names if name in METHODS)
    task = Task(ragged, index, as_ofs(ragged, as_of), options, usual)
    further = replace(task, names=tuple(name for name in names if name not in METHODS))
    compute = rows_of(task)
    columns = {name: np.empty(len(ragged)) for name in names}
    codes = {name: np.empty(len(ragged), np.int8) for name in names}
    estimates = {name: np.zeros(len(ragged), np.bool_) for name in names}
    places = {name: place for place, name in enumerate(METHODS) if name in usual}

    def fill(span: tuple[int, int]) -> None:
        if usual:
            made = compute(*span)
            for name, place in places.items():
                columns[name][slice(*span)] = made.values[:, place]
                codes[name][slice(*span)] = made.codes[:, place]
                estimates[name][slice(*span)] = made.estimated[:, place]
        for fund in range(*span) if further.names else ():
            for name, metric in _outcomes(further, fund):
                columns[name][fund], codes[name][fund] = _coded(metric)
                estimates[name][fund] = metric.estimated

    _each(fill, len(ragged), threads)
    dated = {name: _dates(columns[name]) for name in names if any_method(name).unit == "date"}
    return Batch(ragged.labels, {**columns, **dated}, codes, estimates)


def cautions(
    made: Batch,
    funds: Iterable[Fund],
    index: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    options: Options | None = None,
) -> list[tuple[str, ...]]:
    """The warnings of each fund of a batch, codes of METHODS 11.2.

    Parameters
    ----------
    made
        What `batch` gave, with `ln_short_from`, `pme_plus_lambda`, `irr`, `gain`, `direct_alpha`
        and `nfv`.
    funds, index, as_of, options
        What it was given.

    Returns
    -------
    list[tuple[str, ...]]
        As `evaluate` warns, but for double roots.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 110)])
    >>> cautions(batch([fund]), [fund])
    [('NAV_ASSUMED_ZERO',)]
    """
    facts = {
        "LN_SHORT": ~np.isnat(made["ln_short_from"]),
        "LAMBDA_NEGATIVE": made["pme_plus_lambda"].astype(np.float64) < 0,
        "RATE_AGAINST_GAIN": _opposed(made, "irr", "gain") | _opposed(made, "direct_alpha", "nfv"),
    }
    found = []
    for place, fund in enumerate(funds):
        at = _reached(fund, index, as_of, options or Options())
        codes = [code for code, holds in facts.items() if holds[place]]
        if at.benchmark is not None and estimated_share(at) > 0:
            codes.append("MPME_NAV_ESTIMATED")
        found.append(tuple(dict.fromkeys([*at.warnings, *codes])))
    return found


def _opposed(made: Batch, rate: str, money: str) -> npt.NDArray[np.bool_]:
    """Where a rate has the sign that the money made has not."""
    return made[rate].astype(np.float64) * made[money].astype(np.float64) < 0


def irrs(
    pointers: IntArray, days: DayArray, amounts: FloatArray, *, threads: int | None = None
) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """IRRs of many streams of dated amounts, each until its own last day.

    Parameters
    ----------
    pointers
        Where each stream begins, and the end, shape (n_streams + 1,).
    days, amounts
        Day numbers (int32), ascending within a stream, and money, paid in `< 0`, shape (n_rows,).
    threads
        As for `batch`.

    Returns
    -------
    tuple[FloatArray, NDArray[int8]]
        Annual rates, NaN where there is none, and status codes, shape (n_streams,).

    References
    ----------
    METHODS 2.

    Examples
    --------
    >>> streams = np.array([0, 2]), np.array([0, 365], np.int32), np.array([-100.0, 110.0])
    >>> irrs(*streams)[0].round(12).tolist()
    [0.1]
    """
    pointers, days = np.ascontiguousarray(pointers, np.int64), np.ascontiguousarray(days, np.int32)
    amounts = np.ascontiguousarray(amounts, np.float64)
    count = len(pointers) - 1
    rates, codes = np.full(count, np.nan), np.full(count, -1, np.int8)
    _request("rates", count)

    def solve_span(span: tuple[int, int]) -> None:
        compiled = engine.lane_kernels()
        if compiled is not None:
            compiled.stream_rates(pointers, days, amounts, *span, rates, codes)
        for place in (span[0] + np.flatnonzero(codes[slice(*span)] < 0)).tolist():
            rows = slice(pointers[place], pointers[place + 1])
            rates[place], codes[place] = irr_outcome(days[rows], amounts[rows])

    _each(solve_span, count, threads)
    return rates, codes


def stream_irr(days: DayArray, amounts: FloatArray) -> float:
    """The IRR of one prepared stream until its last day.

    Parameters
    ----------
    days, amounts
        As for `irrs`, of one stream.

    Raises
    ------
    NotDefinedError
        With the status of METHODS 2.5.

    Examples
    --------
    >>> round(stream_irr(np.array([0, 365], np.int32), np.array([-100.0, 110.0])), 12)
    0.1
    """
    compiled = engine.kernels()
    if compiled is not None:
        found: float = engine.call(compiled.lone_rate, days, amounts)
        if not math.isnan(found):
            return found
    rate, code = irr_outcome(days, amounts)
    if math.isnan(rate):
        raise NotDefinedError("irr", engine.STATUSES[code])
    return rate


def irr_outcome(days: DayArray, amounts: FloatArray) -> tuple[float, int]:
    """The IRR of one stream until its last day by the plain engine, and its status code."""
    if len(days) == 0:
        return _coded(undefined("no_flows"))
    found = solve(days.astype(np.int64), amounts, last_day=int(days[-1]))
    return _coded(rate_metric(found, sign_consistent_choice))


def _reached(
    fund: Fund, index: Benchmark | None, as_of: DateLike | None, options: Options
) -> Valuation:
    """The fund against the index, or alone where that does not reach it."""
    try:
        return value(fund, index, as_of=as_of, options=options)
    except BenchmarkError:
        return value(fund, None, as_of=as_of, options=replace(options, nav_growth="none"))


def _request(family: str, count: int) -> None:
    """Ask for compiled loops, unless so few funds are done before Numba is imported."""
    if count >= _WORTH_LOADING:
        engine.request(family)


def as_ofs(ragged: Ragged, as_of: DateLike | None = None) -> DayArray:
    """The valuation day of each fund: the common one, else its latest NAV, else its last flow."""
    if as_of is not None:
        return np.full(len(ragged), day_number(as_of, field="as_of"), np.int32)
    days = _lasts(ragged.pointers, ragged.days)
    navs = np.diff(ragged.nav_pointers) > 0
    return np.where(navs, _lasts(ragged.nav_pointers, ragged.nav_days), days).astype(np.int32)


def _lasts(pointers: IntArray, days: DayArray) -> DayArray:
    if len(days) == 0:
        return np.zeros(len(pointers) - 1, np.int32)
    return days[np.maximum(pointers[1:] - 1, 0)]


def _each(work: Callable[[tuple[int, int]], None], count: int, threads: int | None) -> None:
    workers = threads or os.cpu_count() or 1
    chunk = max(_LEAST_CHUNK, min(_CHUNK, -(-count // (4 * workers))))
    spans = [(first, min(first + chunk, count)) for first in range(0, count, chunk)]
    workers, left = min(workers, len(spans)), iter(spans)

    def drain() -> None:
        for span in left:  # each span to whoever is free
            work(span)

    if workers <= 1:
        drain()
        return
    with ThreadPoolExecutor(workers - 1) as pool:
        others = [pool.submit(drain) for _ in range(workers - 1)]
        drain()
    for other in others:
        other.result()


class Rows(NamedTuple):
    """Outcomes of some funds, shape (n_funds, n_measures) each, in the order of `METHODS`.

    Parameters
    ----------
    values, codes
        As in a `Batch`; dates as day numbers.
    estimated
        Whether a value stands on a NAV that was not reported.
    """

    values: FloatArray
    codes: npt.NDArray[np.int8]
    estimated: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Task:
    """What a batch computes: funds, index, valuation days, conventions, measures."""

    funds: Ragged
    index: Benchmark | None
    as_ofs: DayArray
    options: Options
    names: tuple[str, ...]


def rows_of(task: Task) -> Callable[[int, int], Rows]:
    """All measures of the funds from one position to another, by the engine that is there then.

    The compiled loops may be loaded while a batch runs.
    """
    plain = plain_rows(task)
    if not knows(task.options):
        return plain
    _request("measures", len(task.funds))
    compiled = cache(partial(compiled_rows, task))

    def compute(first: int, last: int) -> Rows:
        return (plain if engine.fund_kernels() is None else compiled())(first, last)

    return compute


def compiled_rows(task: Task) -> Callable[[int, int], Rows]:
    """All measures of the funds from one place to another, a row each, by the compiled loops."""
    loops = engine.fund_kernels()
    funds = task.funds
    flows = (funds.days, funds.contributions, funds.distributions)
    residuals = (funds.nav_days, funds.navs, funds.nav_estimated)
    table = index_table(task.index, task.options)
    agreed = conventions(task.options, *_reach(task), wanted_streams(task.names))
    again = np.diff(funds.recallable_pointers) > 0
    plain = plain_rows(task)

    def compute(first: int, last: int) -> Rows:
        shape = (last - first, len(METHODS))
        values, codes = np.empty(shape), np.empty(shape, np.int8)
        guessed = np.empty((last - first, 2), np.bool_)  # the NAV of the day, and one of mPME's
        own = slice(first, last)
        loops.fund_rows(  # type: ignore[union-attr]  # the caller has loaded them
            (funds.pointers[first : last + 1], *flows),
            (funds.nav_pointers[first : last + 1], *residuals),
            task.as_ofs[own],
            funds.commitments[own],
            table,
            agreed,
            0,
            last - first,
            (values, codes, guessed),
        )
        estimated = ~np.isnan(values) & (guessed[:, :1] & _NEED_NAV | guessed[:, 1:] & _NEED_NAVS)
        for place in np.flatnonzero((codes < 0).any(axis=1) | again[own]).tolist():
            one = plain(first + place, first + place + 1)
            values[place], codes[place], estimated[place] = (column[0] for column in one)
        return Rows(values, codes, estimated)

    return compute


def plain_rows(task: Task) -> Callable[[int, int], Rows]:
    """The same by `evaluate`'s own functions, fund by fund."""
    places = {name: place for place, name in enumerate(METHODS)}

    def compute(first: int, last: int) -> Rows:
        values = np.full((last - first, len(METHODS)), np.nan)
        codes = np.zeros((last - first, len(METHODS)), np.int8)
        estimated = np.zeros((last - first, len(METHODS)), np.bool_)
        for row, place in enumerate(range(first, last)):
            for name, metric in _outcomes(task, place):
                values[row, places[name]], codes[row, places[name]] = _coded(metric)
                estimated[row, places[name]] = metric.estimated
        return Rows(values, codes, estimated)

    return compute


def _outcomes(task: Task, place: int) -> Iterator[tuple[str, Metric]]:
    if task.funds.pointers[place] == task.funds.pointers[place + 1]:
        yield from ((name, Metric(None, "no_flows")) for name in task.names)
        return
    fund, as_of = task.funds.fund(place), int(task.as_ofs[place])
    failure = None
    try:
        at = value_on(fund, task.index, as_of, task.options)
    except BenchmarkError as error:
        failure = error.code.lower()
        if task.options.nav_growth == "index":  # no NAV either
            yield from ((name, Metric(None, failure)) for name in task.names)
            return
        at = value_on(fund, None, as_of, task.options)
    for name in task.names:
        metric = any_method(name).measure.at(at)
        if failure is not None and metric.status == "no_index":
            metric = Metric(None, failure)
        yield name, metric


def _coded(metric: Metric) -> tuple[float, int]:
    code = engine.STATUSES.index(metric.status)
    if isinstance(metric.value, str):
        return float(day_number(metric.value)), code
    return (np.nan if metric.value is None else metric.value), code


def _dates(days: FloatArray) -> npt.NDArray[np.datetime64]:
    known = ~np.isnan(days)
    dates = np.full(len(days), np.datetime64("NaT", "D"))
    dates[known] = _EPOCH + days[known].astype(np.int64)
    return dates


def wanted_streams(names: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Which streams the compiled loops must solve for the measures, shape (6,)."""
    asked = set(names)
    wanted = np.array([bool(asked & set(needs)) for _, needs in _SOLVED])
    for name, streams in _SPREADS.items():
        if name in asked:
            wanted[list(streams)] = True
    return wanted


def index_table(
    index: Benchmark | None, options: Options
) -> tuple[int, FloatArray, DayArray, bool, int]:
    """The first day, the level and its gap by day, whether the last goes on, the largest gap."""
    most_gap = -1 if options.max_staleness_days is None else options.max_staleness_days
    if index is None:
        return 0, np.zeros(0), np.zeros(0, np.int32), True, most_gap
    levels, gaps = levels_by_day(index, options.lookup)
    goes_on = not rule_of(options.lookup).needs_later
    return int(index.days[0]), levels, gaps.astype(np.int32), goes_on, most_gap


def _reach(task: Task) -> tuple[int, int]:
    """The first and the last day of all funds."""
    days, ends = task.funds.days, task.as_ofs
    first = min(days.min(initial=_LAST_DAY), ends.min(initial=_LAST_DAY))
    return int(first), int(max(days.max(initial=first), ends.max(initial=first)))
