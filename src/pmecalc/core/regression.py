"""Beta and alpha of a fund's returns on an index: ordinary, and with lags (Dimson)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.conventions import Options
from pmecalc.core.errors import InputError, NotDefinedError, counted
from pmecalc.core.nav_returns import LEAST_RETURNS, growth_over, longest_run
from pmecalc.core.risk import frequency_of

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray
    from pmecalc.core.nav_returns import ReturnSeries

DIMSON_LAGS = 4
_DEPENDENT = 1e-10  # of a column's size: less of it left beside the other columns is rounding


@dataclass(frozen=True, slots=True)
class Regression:
    """Excess fund returns explained by excess index returns.

    Parameters
    ----------
    beta, beta_error
        The sum of the betas and its standard error; no unit.
    alpha, alpha_error
        The intercept times periods per year, and its standard error; per year, arithmetic.
    betas
        The contemporaneous beta, then one a lag.
    r_squared
        The share of variance explained; None where the fund's returns do not vary.
    n
        How many returns were explained.
    periods_per_year
        What alpha was annualised with.
    """

    beta: float
    beta_error: float
    alpha: float
    alpha_error: float
    betas: tuple[float, ...]
    r_squared: float | None
    n: int
    periods_per_year: float


def beta(
    series: ReturnSeries,
    *,
    risk_free: float | Benchmark = 0.0,
    periods_per_year: float | None = None,
) -> Regression:
    """Ordinary least squares of excess fund returns on excess index returns.

    Parameters
    ----------
    series
        Of `return_series` with a benchmark; the longest run of defined returns is used.
    risk_free
        An annual effective rate, or an index of bills.
    periods_per_year
        By default the frequency of the series.

    Returns
    -------
    Regression
        Appraisals smooth, so the figure is too low; see `dimson_beta`.

    Raises
    ------
    NotDefinedError
        `no_index`: the series has no benchmark. `too_few_observations`, `dietz_undefined`: see
        `longest_run`; `too_few_observations` too where the index returns do not vary.
    BenchmarkError
        The bills do not cover the series.
    InputError
        `UNSUPPORTED_OPTION`: an option is out of its range.

    References
    ----------
    METHODS 8; docs/methods/beta.md.

    Examples
    --------
    A fund that does twice what the index does:

    >>> from pmecalc import Benchmark, Fund
    >>> from pmecalc.core.nav_returns import return_series
    >>> dates = [f"20{year}-12-31" for year in range(10, 20)]
    >>> moves = [0.1, -0.05, 0.2, 0.0, 0.07, -0.1, 0.03, 0.15, 0.01]
    >>> world = Benchmark.of(zip(dates, 100 * np.cumprod([1, *(1 + np.array(moves))])))
    >>> navs = zip(dates, 100 * np.cumprod([1, *(1 + 2 * np.array(moves))]))
    >>> fund = Fund.of(flows=[(dates[0], 100, 0)], navs=navs)
    >>> round(beta(return_series(fund, world)).beta, 9)
    2.0
    """
    return _regression("beta", series, 0, risk_free, periods_per_year)


def dimson_beta(
    series: ReturnSeries,
    *,
    risk_free: float | Benchmark = 0.0,
    lags: int = DIMSON_LAGS,
    periods_per_year: float | None = None,
) -> Regression:
    """The sum of the contemporaneous and the lagged betas, for returns that follow with delay.

    Parameters
    ----------
    series
        Of `return_series` with a benchmark. A return is used where the index returns of the
        intervals before it are known.
    risk_free
        An annual effective rate, or an index of bills.
    lags
        How many intervals back, `>= 0`.
    periods_per_year
        By default the frequency of the series.

    Returns
    -------
    Regression
        `beta` is the sum, `beta_error` its standard error from the joint covariance.

    Raises
    ------
    NotDefinedError
        As for `beta`; `too_few_observations` where fewer than eight returns, or fewer than two
        more than coefficients, are left.
    BenchmarkError
        The bills do not cover the series.
    InputError
        `UNSUPPORTED_OPTION`: an option is out of its range.

    References
    ----------
    METHODS 8; Dimson (1979), Journal of Financial Economics 7; docs/methods/beta.md.

    Examples
    --------
    Half of each index move arrives a year late; the sum is 1:

    >>> from pmecalc import Benchmark, Fund
    >>> from pmecalc.core.nav_returns import return_series
    >>> dates = [f"20{year}-12-31" for year in range(10, 22)]
    >>> moves = np.array([0.1, -0.05, 0.2, 0.0, 0.07, -0.1, 0.03, 0.15, 0.01, -0.2, 0.12])
    >>> own = moves / 2 + np.concatenate([[0.0], moves[:-1]]) / 2
    >>> world = Benchmark.of(zip(dates, 100 * np.cumprod([1, *(1 + moves)])))
    >>> fund = Fund.of(flows=[(dates[0], 1, 0)], navs=zip(dates, np.cumprod([1, *(1 + own)])))
    >>> found = dimson_beta(return_series(fund, world), lags=1)
    >>> round(found.beta, 9), [round(each, 9) for each in found.betas]
    (1.0, [0.5, 0.5])
    """
    return _regression("dimson_beta", series, lags, risk_free, periods_per_year)


def risk_free_returns(series: ReturnSeries, risk_free: float | Benchmark) -> FloatArray:
    """The risk-free return of every interval, from an annual effective rate or an index of bills.

    Raises
    ------
    BenchmarkError
        The bills do not cover the series.
    InputError
        `UNSUPPORTED_OPTION`: the rate is not above -1.
    """
    if isinstance(risk_free, Benchmark):
        return growth_over(risk_free, series.days, Options())
    if not -1 < risk_free < math.inf:
        raise _refused("risk_free", risk_free, "An annual rate above -1, or an index of bills.")
    return np.expm1(math.log1p(risk_free) * series.years)


def _regression(
    measure: str,
    series: ReturnSeries,
    lags: int,
    risk_free: float | Benchmark,
    periods_per_year: float | None,
) -> Regression:
    if series.index_returns is None:
        raise NotDefinedError(measure, "no_index", "no benchmark was given")
    if lags < 0:
        raise _refused("lags", lags, "0 or more.")
    run = longest_run(series, measure)
    free = risk_free_returns(series, risk_free)
    first = max(run.start, series.opening + lags)
    if run.stop - first < max(LEAST_RETURNS, lags + 4):
        returns = counted(max(run.stop - first, 0), "return")
        reason = f"{returns} with {counted(lags, 'lag')}, which is too few"
        raise NotDefinedError(measure, "too_few_observations", reason)
    excess = series.index_returns - free
    columns = [excess[first - lag : run.stop - lag] for lag in range(lags + 1)]
    own = (series.returns - free)[first : run.stop]
    return _fitted(measure, own, columns, frequency_of(series, periods_per_year))


def _fitted(
    measure: str, own: FloatArray, columns: list[FloatArray], frequency: float
) -> Regression:
    design = np.column_stack([np.ones(len(own)), *columns])
    basis, triangle = np.linalg.qr(design)
    left = np.abs(np.diag(triangle))
    if (left <= _DEPENDENT * np.linalg.norm(design, axis=0)).any():
        reason = "the index returns do not vary enough"
        raise NotDefinedError(measure, "too_few_observations", reason)
    inverse = np.linalg.inv(triangle)
    coefficients = inverse @ (basis.T @ own)
    residuals = own - design @ coefficients
    unexplained = math.fsum(residuals * residuals)
    variance = unexplained / (len(own) - design.shape[1])
    errors = inverse @ inverse.T * variance
    centred = own - math.fsum(own) / len(own)
    total = math.fsum(centred * centred)
    return Regression(
        beta=math.fsum(coefficients[1:]),
        beta_error=math.sqrt(max(0.0, float(errors[1:, 1:].sum()))),
        alpha=float(coefficients[0]) * frequency,
        alpha_error=math.sqrt(float(errors[0, 0])) * frequency,
        betas=tuple(coefficients[1:].tolist()),
        r_squared=1.0 - unexplained / total if total > 0 else None,
        n=len(own),
        periods_per_year=frequency,
    )


def _refused(field: str, given: float, hint: str) -> InputError:
    return InputError(
        f"{field}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=field,
        value=given,
        hint=hint,
    )
