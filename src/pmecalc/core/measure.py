"""What a measure is: a function of a valuation that gives a value or says why there is none."""

from __future__ import annotations

import functools
import importlib
import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar, cast, overload

from pmecalc.core import engine
from pmecalc.core.conventions import Options
from pmecalc.core.errors import NotDefinedError
from pmecalc.core.metric import undefined
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import BeforeFirstNav, NavGrowth, Netting, Recallable
    from pmecalc.core.dates import DateLike
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.fund import Fund
    from pmecalc.core.lookup import Lookup
    from pmecalc.core.metric import Metric
    from pmecalc.core.residual_nav import ResidualNav
    from pmecalc.core.valuation import Valuation

_Value = TypeVar("_Value", bound=float | str)
_Value_co = TypeVar("_Value_co", bound=float | str, covariant=True)


@dataclass(frozen=True, slots=True)
class Answer(Generic[_Value_co]):
    """Type of the values of a measure.

    Parameters
    ----------
    annotation
        As it is written in a signature.
    may_be_none
        Whether the status can be `ok` without a value: what has not happened yet.
    """

    annotation: str
    may_be_none: bool = False


NUMBER: Answer[float] = Answer("float")
NUMBER_OR_NONE: Answer[float] = Answer("float", may_be_none=True)
DATE: Answer[str] = Answer("str")
DATE_OR_NONE: Answer[str] = Answer("str", may_be_none=True)


class Measure(Protocol[_Value_co]):
    """A public measure: call it with a fund, or ask `at` for the whole outcome."""

    __name__: str
    __doc__: str | None

    def __call__(
        self,
        fund: Fund,
        benchmark: Benchmark | None = None,
        *,
        as_of: DateLike | None = None,
        day_count: DayCount = "ACT/365F",
        netting: Netting = "gross",
        lookup: Lookup = "previous",
        max_staleness_days: int | None = 100,
        nav_growth: NavGrowth = "none",
        recallable: Recallable = "gross",
        before_first_nav: BeforeFirstNav = "none",
    ) -> _Value_co:
        """The value; NotDefinedError with the status where there is none."""

    def at(self, at: Valuation, /) -> Metric:
        """The outcome at a valuation, computed once."""

    @property
    def answer(self) -> Answer[_Value_co]:
        """The type of the value."""

    @property
    def needs_nav(self) -> bool:
        """Whether it depends on the NAV of the as-of date."""


AnyMeasure: TypeAlias = Measure[float | str]
Compute: TypeAlias = "Callable[[Valuation], Metric]"


@overload
def measure(
    *, index: bool = ..., nav: bool = ..., opening: bool = ...
) -> Callable[[Compute], Measure[float]]: ...


@overload
def measure(
    *, index: bool = ..., nav: bool = ..., opening: bool = ..., answer: Answer[_Value]
) -> Callable[[Compute], Measure[_Value]]: ...


def measure(
    *,
    index: bool = False,
    nav: bool = False,
    opening: bool = True,
    answer: Answer[float] | Answer[_Value] = NUMBER,
) -> Callable[[Compute], Measure[float] | Measure[_Value]]:
    """Make a public measure of a function of a valuation.

    Parameters
    ----------
    index
        Whether the measure needs a benchmark; without one its status is `no_index`.
    nav
        Whether it needs the NAV of the as-of date; where that is not known its status is `no_nav`.
    opening
        Whether it depends on the NAV that a horizon starts from.
    answer
        The type of its values.

    References
    ----------
    METHODS 1.5: the order of `no_flows`, `no_index`, `no_nav`, then the others.
    """

    def make(compute: Compute) -> Measure[_Value]:
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
            return value_of(answer, name, metric)

        call.at = at  # type: ignore[attr-defined]  # the second half of the protocol
        call.answer = answer  # type: ignore[attr-defined]  # the third
        call.needs_nav = nav  # type: ignore[attr-defined]  # the fourth
        call.__signature__ = _signature(answer)  # type: ignore[attr-defined]
        return cast("Measure[_Value]", call)

    return make


def value_of(answer: Answer[_Value], name: str, metric: Metric) -> _Value:
    """The value of an outcome of a measure with such values; NotDefinedError where it has none.

    Examples
    --------
    >>> from pmecalc.core.metric import Metric
    >>> value_of(NUMBER, "dpi", Metric(1.5))
    1.5
    """
    found = value_or_none(answer, name, metric)
    if found is None:
        raise NotDefinedError(name, metric.status, metric.reason)
    return found


def value_or_none(_answer: Answer[_Value], name: str, metric: Metric) -> _Value | None:
    """The same, but None where the status is `ok` without a value.

    Examples
    --------
    >>> from pmecalc.core.metric import Metric
    >>> value_or_none(DATE_OR_NONE, "ln_short_from", Metric(None)) is None
    True
    """
    if metric.value is None and metric.status != "ok":
        raise NotDefinedError(name, metric.status, metric.reason)
    return cast("_Value | None", metric.value)


@functools.cache
def _signature(answer: Answer[_Value]) -> inspect.Signature:
    """The signature of every measure with such values: that of the protocol."""
    declared = inspect.signature(Measure.__call__)
    _itself, *parameters = declared.parameters.values()
    return declared.replace(parameters=parameters, return_annotation=answer.annotation)


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
    outcome: Metric | None = _compiled_measures().outcome(valuation, name)
    return outcome


@functools.cache
def _compiled_measures() -> ModuleType:
    """The module of the compiled measures, which imports all measures and so this one."""
    return importlib.import_module("pmecalc.core.compiled")
