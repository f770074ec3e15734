"""What a measure is: a function of a valuation that gives a value or says why there is none."""

from __future__ import annotations

import functools
import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from pmecalc.core import engine
from pmecalc.core.conventions import Options
from pmecalc.core.errors import NotDefinedError
from pmecalc.core.metric import undefined
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.metric import Metric
    from pmecalc.core.residual_nav import ResidualNav
    from pmecalc.core.valuation import Valuation

_Shared = TypeVar("_Shared")


class Measure(Protocol):
    """A public measure: call it with a fund, or ask `at` for the whole outcome."""

    __name__: str
    __doc__: str | None

    def __call__(
        self,
        fund: Fund,
        benchmark: Benchmark | None = None,
        *,
        as_of: DateLike | None = None,
        day_count: str = "ACT/365F",
        netting: str = "gross",
        lookup: str = "previous",
        max_staleness_days: int | None = 100,
        nav_growth: str = "none",
        recallable: str = "gross",
        before_first_nav: str = "none",
    ) -> float:
        """The value; NotDefinedError with the status where there is none."""

    def at(self, at: Valuation, /) -> Metric:
        """The outcome at a valuation, computed once."""


def measure(
    *, index: bool = False, nav: bool = False, opening: bool = True
) -> Callable[[Callable[[Valuation], Metric]], Measure]:
    """Make a public measure of a function of a valuation.

    Parameters
    ----------
    index
        Whether the measure needs a benchmark; without one its status is `no_index`.
    nav
        Whether it needs the NAV of the as-of date; where that is not known its status is `no_nav`.
    opening
        Whether it depends on the NAV that a horizon starts from.

    References
    ----------
    METHODS 1.5: the order of `no_flows`, `no_index`, `no_nav`, then the others.
    """

    def make(compute: Callable[[Valuation], Metric]) -> Measure:
        name = compute.__name__

        def outcome(valuation: Valuation) -> Metric:
            if valuation.void is not None:
                return valuation.void
            if index and valuation.benchmark is None:
                return undefined("no_index")
            if nav and valuation.residual.missing is not None:
                return _without_nav(valuation)
            found = _compiled(valuation, name) or compute(valuation)
            estimated = nav and valuation.residual.estimated
            return _marked(found, valuation.opening if opening else None, estimated=estimated)

        def at(valuation: Valuation) -> Metric:
            known = valuation.known.get(name)
            if known is None:
                known = valuation.known[name] = outcome(valuation)
            return known

        @functools.wraps(compute)
        def call(
            fund: Fund,
            benchmark: Benchmark | None = None,
            *,
            as_of: DateLike | None = None,
            **options: object,
        ) -> float | str:
            metric = at(value(fund, benchmark, as_of=as_of, options=Options.of(**options)))
            if metric.value is None:
                raise NotDefinedError(name, metric.status, metric.reason)
            return metric.value

        call.at = at  # type: ignore[attr-defined]  # the second half of the protocol
        return cast("Measure", call)

    return make


def _without_nav(valuation: Valuation) -> Metric:
    if valuation.start is None:
        return undefined("no_flows")
    return undefined("no_nav", valuation.residual.missing)


def _marked(metric: Metric, opening: ResidualNav | None, *, estimated: bool) -> Metric:
    """The outcome with what it owes to estimated NAVs; one without a value stays as it is."""
    assumed = opening is not None and (opening.estimated or bool(opening.warnings))
    if metric.value is None or not (estimated or assumed):
        return metric
    if opening is None or not assumed:
        return replace(metric, estimated=True)
    codes = dict.fromkeys((*opening.warnings, *metric.warnings))
    return replace(
        metric,
        warnings=tuple(codes),
        estimated=metric.estimated or estimated or opening.estimated,
    )


def _compiled(valuation: Valuation, name: str) -> Metric | None:
    """The outcome by the compiled loops; None where the plain function must compute it."""
    if engine.fund_kernels() is None:
        return None
    compiled = importlib.import_module("pmecalc.core.compiled")  # it knows all measures
    outcome: Metric | None = compiled.outcome(valuation, name)
    return outcome


def once(compute: Callable[[Valuation], _Shared]) -> Callable[[Valuation], _Shared]:
    """Make a function of a valuation, which several measures need, compute once for each."""
    name = compute.__qualname__

    @functools.wraps(compute)
    def kept(at: Valuation) -> _Shared:
        if name not in at.shared:
            at.shared[name] = compute(at)
        return cast("_Shared", at.shared[name])

    return kept
