"""What a measure is: a function of a valuation that gives a value or says why there is none."""

from __future__ import annotations

import functools
import importlib
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from pmecalc.core import engine
from pmecalc.core.errors import NotDefinedError
from pmecalc.core.metric import undefined
from pmecalc.core.valuation import Options, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.metric import Metric
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
    ) -> float:
        """The value; NotDefinedError with the status where there is none."""

    def at(self, at: Valuation, /) -> Metric:
        """The outcome at a valuation, computed once."""


def measure(*, index: bool = False) -> Callable[[Callable[[Valuation], Metric]], Measure]:
    """Make a public measure of a function of a valuation.

    Parameters
    ----------
    index
        Whether the measure needs a benchmark; without one its status is `no_index`.
    """

    def make(compute: Callable[[Valuation], Metric]) -> Measure:
        name = compute.__name__

        def at(valuation: Valuation) -> Metric:
            if not valuation.known:
                valuation.known.update(_compiled(valuation))
            known = valuation.known.get(name)
            if known is None:
                missing = index and valuation.benchmark is None
                known = undefined("no_index") if missing else compute(valuation)
                valuation.known[name] = known
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


def _compiled(valuation: Valuation) -> dict[str, Metric]:
    """What the compiled loops know, so that a measure alone is what the report says, to the bit."""
    if engine.fund_kernels() is None:
        return {}
    compiled = importlib.import_module("pmecalc.core.compiled")  # it knows all measures
    outcomes: dict[str, Metric] = compiled.outcomes(valuation)
    return outcomes


def once(compute: Callable[[Valuation], _Shared]) -> Callable[[Valuation], _Shared]:
    """Make a function of a valuation, which several measures need, compute once for each."""
    name = compute.__qualname__

    @functools.wraps(compute)
    def kept(at: Valuation) -> _Shared:
        if name not in at.shared:
            at.shared[name] = compute(at)
        return cast("_Shared", at.shared[name])

    return kept
