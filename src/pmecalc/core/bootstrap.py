"""How far a figure of many funds would move had other funds of the kind been picked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.content import ByContent
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.errors import InputError, NotDefinedError, counted
from pmecalc.core.fund import frozen
from pmecalc.core.metric import REASONS, undefined
from pmecalc.core.pooled import pool_members
from pmecalc.core.resampling import (
    Interval,
    Plan,
    acceleration_of,
    bca_shares,
    intervals,
    percentile_shares,
)
from pmecalc.core.residual_nav import residual_nav
from pmecalc.core.streams import Holdings, Streams
from pmecalc.core.valuation import value_on
from pmecalc.core.vintage import number_measure, vintage_years
from pmecalc.core.weighted_pools import RateTables, weighted_ratios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.dates import DateLike
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.fund import FloatArray, Fund
    from pmecalc.core.lookup import Lookup
    from pmecalc.core.resampling import Draws, Scheme
    from pmecalc.core.valuation import Valuation

Statistic: TypeAlias = Literal["pooled", "mean"]
POOLED = ("ks_pme", "tvpi", "dpi", "rvpi", "irr", "direct_alpha")
LEAST_SAMPLES = 2000  # METHODS 6.4
_NEED_INDEX = ("ks_pme", "direct_alpha")
_RATES = ("irr", "direct_alpha")


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap(ByContent):
    """A figure of many funds and its sampling distribution.

    Parameters
    ----------
    metric, statistic
        What was resampled.
    value
        The figure of the funds themselves, in the unit of the metric.
    standard_error
        The standard deviation of the resampled values.
    confidence
        The part of resamples that an interval holds.
    percentile
        The percentile interval.
    bca
        The bias-corrected and accelerated interval; None where it is not defined.
    bias
        Mean of the resampled values less the value.
    samples
        B, how many resamples were drawn.
    n
        How many funds were resampled.
    n_excluded
        Funds left out because the metric is null for them (of the mean only).
    n_undefined
        Resamples without a value, left out of the intervals.
    scheme, n_vintages, seed
        How the resamples were drawn.
    values
        The resampled values, shape (samples - n_undefined,), in the order drawn.
    """

    metric: str
    statistic: str
    value: float
    standard_error: float
    confidence: float
    percentile: Interval
    bca: Interval | None
    bias: float
    samples: int
    n: int
    n_excluded: int
    n_undefined: int
    scheme: str
    n_vintages: int
    seed: int
    values: FloatArray


@dataclass(frozen=True, slots=True)
class _Figure:
    """Values, NaN where there is none: of all and with each unit left out, and of resamples."""

    of_plan: Callable[[Plan], FloatArray]
    of_draws: Callable[[Draws], FloatArray]

    @classmethod
    def ratio(cls, tops: FloatArray, bottoms: FloatArray) -> _Figure:
        def of(weights: FloatArray) -> FloatArray:
            return weighted_ratios(tops, bottoms, weights)

        return cls(lambda plan: of(plan.leave_one_out()), lambda draws: of(draws.weights()))


def bootstrap(
    funds: Iterable[Fund],
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike,
    metric: str = "ks_pme",
    statistic: Statistic = "pooled",
    samples: int = LEAST_SAMPLES,
    confidence: float = 0.95,
    seed: int = 0,
    scheme: Scheme = "stratified",
    vintages: Sequence[int] | None = None,
    day_count: DayCount = "ACT/365F",
    lookup: Lookup = "previous",
    max_staleness_days: int | None = 100,
) -> Bootstrap:
    """Confidence intervals of a pooled or mean metric, by resampling funds with replacement.

    Parameters
    ----------
    funds
        At least two; of one currency.
    benchmark
        The index; needed for measures that compare with one.
    as_of
        The common valuation date.
    metric
        Pooled: `ks_pme`, `tvpi`, `dpi`, `rvpi`, `irr` or `direct_alpha`. Mean: any measure whose
        value is a number.
    statistic
        `pooled`: the metric of the resampled funds as one. `mean`: the mean of their metrics.
    samples
        B, at least 2000.
    confidence
        Between 0 and 1.
    seed
        Of the generator (PCG64): one seed, one answer.
    scheme
        `stratified` draws funds within their vintage, which keeps market conditions; `block` draws
        whole vintages, for funds whose lives overlap; `simple` draws funds at large.
    vintages
        One a fund; by default the years of first contribution.
    day_count, lookup, max_staleness_days
        As for `evaluate`. Flows are gross of each other, as pooling netted days is not a sum.

    Returns
    -------
    Bootstrap
        Each resampled value is that of `evaluate(pool(resample))`, to 1e-9.

    Raises
    ------
    NotDefinedError
        `too_few_observations`: one fund (see `sensitivity`), or nothing to vary: every vintage
        has one fund, or there is one vintage to draw; or most resamples have no value. Else the
        status of the metric itself.
    InputError
        `UNSUPPORTED_OPTION`, `MIXED_CURRENCY`, `BAD_DATE`, `NO_FLOWS`, `RAGGED_ROW`.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.

    References
    ----------
    METHODS 6.4; Efron and Tibshirani (1993), An Introduction to the Bootstrap;
    docs/methods/bootstrap.md.

    Examples
    --------
    Two funds that did the same leave nothing to chance:

    >>> from pmecalc import Fund
    >>> twin = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2021-12-31", 150)])
    >>> found = bootstrap([twin, twin], as_of="2021-12-31", metric="tvpi")
    >>> found.value, found.percentile, found.n, found.samples
    (1.5, Interval(low=1.5, high=1.5), 2, 2000)
    """
    _check(metric, statistic, samples, confidence)
    options = Options.of(day_count=day_count, lookup=lookup, max_staleness_days=max_staleness_days)
    last = day_number(as_of, field="as_of")
    members = pool_members(funds)
    years = _vintages(members, vintages)
    if benchmark is None and metric in _NEED_INDEX:
        raise NotDefinedError(metric, "no_index", REASONS["no_index"])
    if statistic == "mean":
        figure, kept = _mean(metric, [value_on(each, benchmark, last, options) for each in members])
    else:
        held = Holdings.of(members, benchmark, last, options)
        _check_navs(metric, members, held)
        figure, kept = _pooled(metric, held)
    plan = Plan.of([years[place] for place in kept], scheme)
    _check_variation(plan, len(kept))
    of_plan = figure.of_plan(plan)
    estimate, left_out = float(of_plan[0]), of_plan[1:]
    if math.isnan(estimate):
        raise _not_defined(metric, Holdings.of(members, benchmark, last, options))
    values = _resampled(metric, figure, plan, samples, seed)
    mean = float(values.sum()) / len(values)
    spread = values - mean
    percentile, *bca = _intervals(left_out, plan, values, estimate, confidence)
    return Bootstrap(
        metric=metric,
        statistic=statistic,
        value=estimate,
        standard_error=math.sqrt(spread @ spread / (len(values) - 1)),
        confidence=confidence,
        percentile=percentile,
        bca=bca[0] if bca else None,
        bias=mean - estimate,
        samples=samples,
        n=len(kept),
        n_excluded=len(members) - len(kept),
        n_undefined=samples - len(values),
        scheme=scheme,
        n_vintages=len({years[place] for place in kept}),
        seed=seed,
        values=frozen(values),
    )


def _check(metric: str, statistic: str, samples: int, confidence: float) -> None:
    if statistic not in {"pooled", "mean"}:
        raise _refused("statistic", statistic, "Offered: pooled, mean.")
    number_measure(metric)
    if statistic == "pooled" and metric not in POOLED:
        raise _refused("metric", metric, f"Offered for pools: {', '.join(POOLED)}.")
    if samples < LEAST_SAMPLES:
        raise _refused("samples", samples, f"At least {LEAST_SAMPLES}.")
    if not 0 < confidence < 1:
        raise _refused("confidence", confidence, "Between 0 and 1, such as 0.95.")


def _check_navs(metric: str, members: list[Fund], held: Holdings) -> None:
    """Refuse a pool in which a NAV that the metric needs is not known."""
    missing = np.flatnonzero(np.isnan(held.navs)).tolist()
    if missing and metric != "dpi":
        reasons = [
            f"{members[place].name or f'fund {place + 1}'}: "
            f"{residual_nav(members[place], held.as_of).missing}"
            for place in missing
        ]
        raise NotDefinedError(metric, "no_nav", "; ".join(reasons))


def _vintages(members: list[Fund], given: Sequence[int] | None) -> list[int]:
    if len(members) == 1:
        reason = "one fund has no sampling distribution; see sensitivity"
        raise NotDefinedError("bootstrap", "too_few_observations", reason)
    if given is None:
        return vintage_years(members)
    if len(given) != len(members):
        raise InputError(
            f"There are {counted(len(members), 'fund')} and {counted(len(given), 'vintage')}.",
            code="RAGGED_ROW",
            field="vintages",
            hint="Give one vintage a fund.",
        )
    return list(given)


def _check_variation(plan: Plan, n: int) -> None:
    if n < 2:  # noqa: PLR2004  (one fund does not vary)
        reason = f"{counted(n, 'fund')} with a value of the metric; two are needed"
        raise NotDefinedError("bootstrap", "too_few_observations", reason)
    if plan.sizes.max() < 2:  # noqa: PLR2004  (nor does a stratum of one)
        reason = "every vintage has one fund, or there is one vintage: choose another scheme"
        raise NotDefinedError("bootstrap", "too_few_observations", reason)


def _mean(metric: str, seen: list[Valuation]) -> tuple[_Figure, list[int]]:
    """The mean of the funds drawn, and the places of the funds that have a value."""
    metrics = [number_measure(metric).at(at) for at in seen]
    kept = [place for place, each in enumerate(metrics) if each.value is not None]
    values = np.array([metrics[place].number for place in kept])
    return _Figure.ratio(values, np.ones(len(kept))), kept


def _pooled(metric: str, held: Holdings) -> tuple[_Figure, list[int]]:
    """The metric of the funds drawn as one, and the places of all funds."""
    every = list(range(len(held.navs)))
    if metric in _RATES:
        tables = _tables(metric, held)
        return _Figure(tables.rates_left_out, tables.drawn_rates), every
    return _Figure.ratio(*_sums(metric, held)), every


def _tables(metric: str, held: Holdings) -> RateTables:
    return RateTables(Streams.of(held, carried=metric == "direct_alpha"))


def _sums(metric: str, held: Holdings) -> tuple[FloatArray, FloatArray]:
    """What is divided by what, by fund, in money of the as-of date."""
    growth = held.growth if metric == "ks_pme" else 1.0
    received = held.by_fund(held.distributions * growth)
    tops = {"dpi": received, "rvpi": held.navs}.get(metric, received + held.navs)
    return tops, held.by_fund(held.contributions * growth)


def _resampled(metric: str, figure: _Figure, plan: Plan, samples: int, seed: int) -> FloatArray:
    pieces = [figure.of_draws(draws) for draws in plan.draws(samples, seed)]
    values = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    undefined = np.isnan(values)
    if undefined.any():
        values = values[~undefined]
    if 2 * len(values) < samples:
        reason = f"{samples - len(values)} of {samples} resamples have no value"
        raise NotDefinedError(metric, "too_few_observations", reason)
    return values


def _intervals(
    left_out: FloatArray, plan: Plan, values: FloatArray, estimate: float, confidence: float
) -> list[Interval]:
    """The percentile interval, and that of BCa where it is defined."""
    shares = [percentile_shares(confidence)]
    if not np.isnan(left_out).any():
        acceleration = acceleration_of(left_out, plan.strata)
        corrected = bca_shares(values, estimate, acceleration, confidence)
        shares += [corrected] if corrected else []
    return intervals(values, *shares)


def _not_defined(metric: str, held: Holdings) -> NotDefinedError:
    """Why the funds as one have no value; a mean of values always has one."""
    if metric in _RATES:
        found = _tables(metric, held).exact(np.ones(len(held.navs)))
    else:
        found = undefined("no_contributions" if held.moving().any() else "no_flows")
    return NotDefinedError(metric, found.status, found.reason)


def _refused(field: str, given: object, hint: str) -> InputError:
    return InputError(
        f"{field}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=field,
        value=given,
        hint=hint,
    )
