"""Generalised PME: flows discounted with a given stochastic discount factor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, Unpack

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.measure import measure
from pmecalc.core.metric import LARGEST_LOG_RATE, REASONS, Metric, undefined
from pmecalc.core.money import money_sum
from pmecalc.core.pme.kaplan_schoar import start_level
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import FloatArray, Fund
    from pmecalc.core.valuation import Valuation


Scale: TypeAlias = Literal["commitment", "contributions"]


class Sdf(NamedTuple):
    """The parameters of `M_t = exp(a t - b ln(I_t / I_0))`.

    Parameters
    ----------
    a
        Per year; 0 for a log-utility investor.
    b
        Risk aversion, no unit; 1 for a log-utility investor.
    """

    a: float
    b: float


def crra(*, risk_aversion: float, time_preference: float = 0.0) -> Sdf:
    """The discount factor of an investor of constant relative risk aversion who holds the index.

    Parameters
    ----------
    risk_aversion
        1 is the log investor of KS-PME.
    time_preference
        Per year, continuous.

    Returns
    -------
    Sdf
        For `gpme(fund, benchmark, **crra(...)._asdict())`.

    References
    ----------
    METHODS 7.1; docs/methods/gpme.md.

    Examples
    --------
    >>> crra(risk_aversion=2.0, time_preference=0.01)
    Sdf(a=-0.01, b=2.0)
    """
    return Sdf(a=-time_preference, b=risk_aversion)


def gpme(
    fund: Fund,
    benchmark: Benchmark,
    *,
    a: float,
    b: float,
    scale: Scale | float | None = None,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> float:
    """Value added at inception per unit of scale, flows discounted with `exp(a t - b ln growth)`.

    A difference, not a ratio: above 0 the fund added value. With `a = 0` and `b = 1` it is the NPV
    of METHODS 4.2 over the scale.

    Parameters
    ----------
    fund
        Flows and NAVs.
    benchmark
        The index.
    a, b
        Parameters of the discount factor: per year, and per unit of log index growth.
    scale
        `commitment`, `contributions` (their discounted sum), or money in fund currency, `> 0`. By
        default the commitment, or the contributions where none is known.
    as_of
        The valuation date; by default the latest NAV's.
    **options
        As for `evaluate`.

    Returns
    -------
    float
        A ratio of money of the first flow's date.

    Raises
    ------
    NotDefinedError
        `no_flows`, `no_commitment`, `no_contributions`, `overflow`.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 7.1; Korteweg and Nagel (2016), Journal of Finance 71(3); docs/methods/gpme.md.

    Examples
    --------
    150 after the index doubled are worth 75 to a log investor, 37.5 to one twice as averse:

    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 100), ("2022-01-01", 200)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)], commitment=100)
    >>> gpme(fund, world, a=0, b=1), gpme(fund, world, a=0, b=2)
    (-0.25, -0.625)
    """
    for name, given in (("a", a), ("b", b)):
        if not math.isfinite(given):
            raise _refused(name, given, "a finite number")
    return _gpme(value(fund, benchmark, as_of=as_of, options=Options.of(**options)), a, b, scale)


@measure(index=True, nav=True)
def gpme_log(at: Valuation) -> Metric:
    """GPME of a log-utility investor (`a = 0`, `b = 1`): the NPV per unit of commitment.

    Per unit of contributions where no commitment is known: KS-PME less 1 then.

    References
    ----------
    METHODS 7.1, 4.2; docs/methods/gpme.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 100), ("2022-01-01", 200)])
    >>> gpme_log(Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)]), world)
    -0.25
    """
    try:
        return Metric(_gpme(at, 0.0, 1.0, None))
    except NotDefinedError as error:
        return undefined(error.status, error.reason)


def _gpme(at: Valuation, a: float, b: float, scale: str | float | None) -> float:
    if at.start is None:
        raise NotDefinedError("gpme", "no_flows", REASONS["no_flows"])
    if at.residual.missing is not None:
        raise NotDefinedError("gpme", "no_nav", at.residual.missing)
    log_factors = _log_factors(at, at.start, a, b)
    money = np.append(at.net, at.nav)
    added = _discounted(money, log_factors)
    return added / _scale(at, scale, log_factors[:-1])


def _log_factors(at: Valuation, start: int, a: float, b: float) -> FloatArray:
    """`ln M` on each day and on the as-of date, shape (n_days + 1,)."""
    years = year_fractions(start, np.append(at.days, at.as_of), at.options.day_count)
    factors: FloatArray = a * years - b * np.log(
        np.append(at.levels, at.end_level) / start_level(at)
    )
    return factors


def _discounted(money: FloatArray, log_factors: FloatArray) -> float:
    moving = money != 0
    logs = log_factors[moving]
    if (logs + np.log(np.abs(money[moving]))).max(initial=0.0) >= LARGEST_LOG_RATE:
        raise NotDefinedError("gpme", "overflow", "a discounted amount exceeds the largest double")
    return money_sum(money[moving] * np.exp(logs))


def _scale(at: Valuation, scale: str | float | None, log_factors: FloatArray) -> float:
    commitment = at.fund.commitment
    if scale == "contributions" or (scale is None and commitment is None):
        paid = _discounted(at.contributions, log_factors)
        if paid <= 0:
            raise NotDefinedError("gpme", "no_contributions", REASONS["no_contributions"])
        return paid
    if scale == "commitment" or scale is None:
        if commitment is None:
            raise NotDefinedError("gpme", "no_commitment", REASONS["no_commitment"])
        return commitment
    if isinstance(scale, str) or not 0 < scale < math.inf:
        raise _refused("scale", scale, "commitment, contributions, or money above 0")
    return scale


def _refused(name: str, given: object, offered: str) -> InputError:
    return InputError(
        f"{name}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=name,
        value=given,
        hint=f"Offered: {offered}.",
    )
