"""Appraised returns made as volatile as the values behind them, and the Sharpe ratio on those."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.content import ByContent
from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.fund import frozen
from pmecalc.core.nav_returns import LEAST_RETURNS, longest_run
from pmecalc.core.regression import risk_free_returns
from pmecalc.core.risk import frequency_of, standard_deviation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import FloatArray
    from pmecalc.core.nav_returns import ReturnSeries

_CONSTANT = 1e-12  # of the mean return: below it the returns do not vary but by rounding


@dataclass(frozen=True, slots=True, eq=False)
class Desmoothed(ByContent):
    """Returns without the echo of the appraisal before.

    Parameters
    ----------
    returns
        Shape (n - 1,): the first return has no forerunner.
    phi
        The share of each return that was an echo, `0 <= phi < 1`.
    estimated
        Whether phi is the lag-1 autocorrelation of the returns rather than given.
    """

    returns: FloatArray
    phi: float
    estimated: bool


@dataclass(frozen=True, slots=True)
class Sharpe:
    """Excess return over its standard deviation, per year.

    Parameters
    ----------
    value
        A ratio, no unit.
    phi
        What the returns were de-smoothed with.
    n
        How many de-smoothed returns were used.
    note
        What to say next to it.
    """

    value: float
    phi: float
    n: int
    note: str


def desmooth(returns: Sequence[float] | FloatArray, phi: float | None = None) -> Desmoothed:
    """Undo first-order smoothing, `(r_t - phi r_(t-1)) / (1 - phi)`.

    Parameters
    ----------
    returns
        Of equal periods, decimals, shape (n,).
    phi
        The smoothing; by default the lag-1 autocorrelation of the returns.

    Returns
    -------
    Desmoothed
        One return fewer.

    Raises
    ------
    InputError
        `UNSUPPORTED_OPTION`: phi, given or estimated, is not in `0 <= phi < 1`.
    NotDefinedError
        `too_few_observations`: fewer than two returns, or fewer than eight (or none that vary) to
        estimate phi from.

    References
    ----------
    METHODS 8; Geltner (1993), Journal of Real Estate Finance and Economics 6;
    docs/methods/desmoothing.md.

    Examples
    --------
    >>> [round(each, 9) for each in desmooth([0.02, 0.035, -0.01], phi=0.4).returns.tolist()]
    [0.045, -0.04]
    """
    values = np.asarray(returns, np.float64)
    if len(values) < 2:  # noqa: PLR2004  (a return and the one before)
        raise _too_few("two returns are needed")
    share = autocorrelation(values) if phi is None else phi
    if not 0 <= share < 1:
        raise InputError(
            f"The smoothing {share:g} is not in 0 <= phi < 1.",
            code="UNSUPPORTED_OPTION",
            field="phi",
            value=share,
            hint="Give phi; 0 leaves the returns as they are.",
        )
    undone = (values[1:] - share * values[:-1]) / (1.0 - share)
    return Desmoothed(frozen(undone), float(share), phi is None)


def autocorrelation(returns: FloatArray) -> float:
    """The lag-1 autocorrelation, from -1 to 1.

    Raises
    ------
    NotDefinedError
        `too_few_observations`: fewer than eight returns, or they do not vary.

    References
    ----------
    METHODS 8.

    Examples
    --------
    >>> autocorrelation(np.array([1.0, -1.0] * 4))
    -0.875
    """
    if len(returns) < LEAST_RETURNS:
        raise _too_few(f"{LEAST_RETURNS} returns are needed to estimate phi")
    mean = math.fsum(returns) / len(returns)
    centred = returns - mean
    if np.abs(centred).max() <= _CONSTANT * abs(mean):
        raise _too_few("the returns do not vary")
    return math.fsum(centred[1:] * centred[:-1]) / math.fsum(centred * centred)


def sharpe(
    series: ReturnSeries,
    *,
    risk_free: float | Benchmark = 0.0,
    phi: float | None = None,
    periods_per_year: float | None = None,
) -> Sharpe:
    """Mean excess return over its standard deviation, on de-smoothed returns only.

    Parameters
    ----------
    series
        Of `return_series`; the longest run of defined returns between NAVs is used.
    risk_free
        An annual effective rate, or an index of bills.
    phi
        As for `desmooth`.
    periods_per_year
        By default the frequency of the series.

    Returns
    -------
    Sharpe
        Annualised by the square root of time, with a note that belongs next to it.

    Raises
    ------
    NotDefinedError
        `too_few_observations`, `dietz_undefined`: see `longest_run`; `too_few_observations` too
        where the excess returns do not vary.
    InputError
        `UNSUPPORTED_OPTION`: see `desmooth`.
    BenchmarkError
        The bills do not cover the series.

    References
    ----------
    METHODS 8; docs/methods/desmoothing.md.

    Examples
    --------
    Nine quarters of 0 % and +4 % in turn, left as they are; the first has no forerunner, so four of
    each count: mean 0.02, deviation 0.02 times the root of 8/7, annual by the root of 4.

    >>> from pmecalc import Fund
    >>> from pmecalc.core.nav_returns import return_series
    >>> quarters = [f"202{i // 4}-{(3, 6, 9, 12)[i % 4]:02}-30" for i in range(10)]
    >>> levels = [100 * 1.04 ** (i // 2) for i in range(10)]
    >>> fund = Fund.of(flows=[(quarters[0], 100, 0)], navs=zip(quarters, levels))
    >>> round(sharpe(return_series(fund), phi=0).value, 9)
    1.870828693
    """
    run = longest_run(series, "sharpe")
    found = desmooth(series.returns[run], phi)
    excess = found.returns - risk_free_returns(series, risk_free)[run][1:]
    mean, spread = math.fsum(excess) / len(excess), standard_deviation(excess)
    if spread <= _CONSTANT * abs(mean):
        raise NotDefinedError("sharpe", "too_few_observations", "the returns do not vary")
    origin = "estimated from the returns" if found.estimated else "given"
    return Sharpe(
        value=mean / spread * math.sqrt(frequency_of(series, periods_per_year)),
        phi=found.phi,
        n=len(excess),
        note=f"Indicative: appraised returns, de-smoothed with phi = {found.phi:.3g} ({origin}).",
    )


def _too_few(reason: str) -> NotDefinedError:
    return NotDefinedError("desmooth", "too_few_observations", reason)
