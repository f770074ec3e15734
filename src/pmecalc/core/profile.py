"""The value of a stream at every discount rate, with all the rates at which it is nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.irr import by_date, irr, solve_at
from pmecalc.core.pme.direct_alpha import direct_alpha
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import FloatArray, Fund
    from pmecalc.core.metric import Metric
    from pmecalc.core.valuation import Valuation

_POINTS = 201
_LOW, _HIGH = math.log(0.5), math.log(2.0)  # rates from -50 % to 100 %, wider where roots are
_BEYOND = 0.2
_REACH = math.log(1e4)  # METHODS 2.3: a root beyond it is listed, and not drawn


@dataclass(frozen=True, slots=True)
class ProfileRoot:
    """A rate at which the stream is worth nothing.

    Parameters
    ----------
    rate
        Per year, `> -1`.
    chosen
        Whether it is the one that METHODS 2.3 calls the IRR.
    shown
        Whether it lies within the grid.
    """

    rate: float
    chosen: bool
    shown: bool


@dataclass(frozen=True, slots=True)
class NpvProfile:
    """Net present value by discount rate.

    Parameters
    ----------
    rates
        Per year, ascending, the shown roots among them unless the grid was given.
    npv
        Value at the first amount's date, in fund currency (as-of money for direct alpha); 0 at a
        root, None where it exceeds a double.
    roots
        All of them, ascending.
    metric
        The rate itself, with its status.
    """

    rates: tuple[float, ...]
    npv: tuple[float | None, ...]
    roots: tuple[ProfileRoot, ...]
    metric: Metric


def npv_profile(
    fund: Fund,
    *,
    rates: Sequence[float] | None = None,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> NpvProfile:
    """The fund's flows and NAV discounted at every rate of a grid, all IRRs marked.

    Parameters
    ----------
    fund
        Flows and NAVs.
    rates
        Annual rates `> -1`; by default from -50 % to 100 %, or farther if roots are.
    as_of
        The valuation date; by default the latest NAV's.
    **options
        As for `evaluate`.

    Returns
    -------
    NpvProfile
        Where the curve crosses zero more than once the IRR is not unique.

    Raises
    ------
    NotDefinedError
        `no_flows`, `zero_duration`, `no_nav`: there is no stream to discount.
    InputError
        `UNSUPPORTED_OPTION`: a rate is not above -1. `BAD_DATE`.

    References
    ----------
    METHODS 2.2, 2.3; docs/methods/npv_profile.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> fund = Fund.of(flows=[("2010-01-01", -100), ("2011-01-01", 230), ("2012-01-01", -132)])
    >>> profile = npv_profile(fund, rates=[0.0, 0.15])
    >>> [each and round(each, 6) for each in profile.npv]
    [-2.0, 0.189036]
    >>> [(round(root.rate, 9), root.chosen) for root in profile.roots]
    [(0.1, True), (0.2, False)]
    """
    return profile_at(value(fund, None, as_of=as_of, options=Options.of(**options)), rates)


def profile_at(at: Valuation, rates: Sequence[float] | None = None) -> NpvProfile:
    """The profile of a prepared valuation; see `npv_profile`."""
    return _profile(at, at.distributions, at.contributions, irr.at(at), rates)


def alpha_profile(
    fund: Fund,
    benchmark: Benchmark,
    *,
    rates: Sequence[float] | None = None,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> NpvProfile:
    """The index-carried flows and the NAV discounted at every rate, all direct alphas marked.

    Parameters
    ----------
    fund, benchmark
        As for `evaluate`.
    rates, as_of, **options
        As for `npv_profile`.

    Returns
    -------
    NpvProfile
        In money of the as-of date; at a rate of 0 the value added over the index, `nfv`.

    Raises
    ------
    NotDefinedError, InputError
        As `npv_profile`.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.

    References
    ----------
    METHODS 2.2, 2.3, 4.6; docs/methods/npv_profile.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> profile = alpha_profile(fund, world, rates=[0.0])
    >>> profile.npv, round(profile.roots[0].rate, 9)
    ((30.0,), 0.25)
    """
    at = value(fund, benchmark, as_of=as_of, options=Options.of(**options))
    received, paid = at.distributions * at.growth, at.contributions * at.growth
    return _profile(at, received, paid, direct_alpha.at(at), rates)


def _profile(
    at: Valuation,
    received: FloatArray,
    paid: FloatArray,
    metric: Metric,
    given: Iterable[float] | None,
) -> NpvProfile:
    if metric.status in {"no_flows", "zero_duration", "no_nav"}:
        raise NotDefinedError("npv_profile", metric.status, metric.reason)
    solution = solve_at(at, received, paid)
    days, amounts = by_date(*at.stream(received, paid))
    times = year_fractions(int(days[0]), days, at.options.day_count)
    logs = _grid(solution.log_rates) if given is None else _checked(given)
    exact = dict(zip(solution.log_rates, solution.rates, strict=False))
    values = [0.0 if x in exact else _discounted(amounts, times, x) for x in logs]
    ends = (min(logs), max(logs)) if logs else (0.0, 0.0)
    chosen, own = None, metric.log_rate
    if own is not None:  # the other engine may have found it a rounding apart
        chosen = min(solution.log_rates, key=lambda x: abs(x - own))
    roots = tuple(
        ProfileRoot(rate, x == chosen, ends[0] <= x <= ends[1]) for x, rate in exact.items()
    )
    rates = tuple(exact[x] if x in exact else math.expm1(x) for x in logs)
    return NpvProfile(rates, tuple(values), roots, metric)


def _grid(log_rates: Sequence[float]) -> list[float]:
    """Evenly spaced log rates over all roots that can be drawn, and the roots themselves."""
    drawn = [x for x in log_rates if abs(x) <= _REACH]
    low = min([_LOW, *(x - _BEYOND for x in drawn)])
    high = max([_HIGH, *(x + _BEYOND for x in drawn)])
    return sorted({*np.linspace(low, high, _POINTS).tolist(), *drawn})


def _checked(rates: Iterable[float]) -> list[float]:
    given = list(rates)
    for rate in given:
        if not -1 < rate < math.inf:
            raise InputError(
                f"The rate {rate!r} is not above -1.",
                code="UNSUPPORTED_OPTION",
                field="rates",
                value=rate,
                hint="A decimal per year, such as 0.12.",
            )
    return [math.log1p(rate) for rate in given]


def _discounted(amounts: FloatArray, times: FloatArray, log_rate: float) -> float | None:
    with np.errstate(over="ignore"):
        terms = amounts * np.exp(-log_rate * times)
    return math.fsum(terms) if np.isfinite(terms).all() else None
