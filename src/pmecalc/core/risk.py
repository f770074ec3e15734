"""Volatility and drawdown of a fund's appraised returns: indicative figures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from pmecalc.core.dates import iso
from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.nav_returns import longest_run
from pmecalc.core.ranks import MAX_TIE_GAP

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray
    from pmecalc.core.nav_returns import ReturnSeries

_PARITY = 1 - 1e-12  # a chain that is back at its peak may miss it by rounding


@dataclass(frozen=True, slots=True)
class Volatility:
    """How much returns vary.

    Parameters
    ----------
    value
        Standard deviation per year, `>= 0`.
    per_period
        Standard deviation of the returns as they are, `>= 0`.
    periods_per_year
        What the value was annualised with.
    n
        How many returns were used.
    regular
        False where the intervals differ so much that the annual value is doubtful.
    """

    value: float
    per_period: float
    periods_per_year: float
    n: int
    regular: bool


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a peak.

    Parameters
    ----------
    value
        Trough over peak, less 1; from -1 to 0.
    peak, trough
        Their dates, ISO text; equal where there was no fall. Of falls equally deep, and of peaks
        equally high, within rounding, the first counts.
    recovery
        The first date at or above the peak again, ISO text; None if not yet.
    n
        How many returns were chained.
    """

    value: float
    peak: str
    trough: str
    recovery: str | None
    n: int


def volatility(series: ReturnSeries, *, periods_per_year: float | None = None) -> Volatility:
    """Sample standard deviation of the returns between NAVs, annualised by the square root of time.

    Parameters
    ----------
    series
        Of `return_series`; the interval before the first NAV is not used, being shorter.
    periods_per_year
        By default the frequency of the series.

    Returns
    -------
    Volatility
        Of the longest run of defined returns. Appraisals smooth: the true figure is higher.

    Raises
    ------
    NotDefinedError
        `too_few_observations`, `dietz_undefined`: see `longest_run`.

    References
    ----------
    METHODS 8; docs/methods/risk.md.

    Examples
    --------
    Returns of +10 % and 0 % in turn, eight quarters: n - 1 gives 0.05 times the root of 8/7.

    >>> from pmecalc import Fund
    >>> from pmecalc.core.nav_returns import return_series
    >>> quarters = [f"202{i // 4}-{(3, 6, 9, 12)[i % 4]:02}-30" for i in range(9)]
    >>> levels = [100 * 1.1 ** (i // 2) for i in range(9)]
    >>> fund = Fund.of(flows=[(quarters[0], 100, 0)], navs=zip(quarters, levels))
    >>> round(volatility(return_series(fund)).value, 9)
    0.106904497
    """
    run = longest_run(series, "volatility")
    returns = series.returns[run]
    spread = standard_deviation(returns)
    frequency = frequency_of(series, periods_per_year)
    return Volatility(
        spread * math.sqrt(frequency), spread, frequency, len(returns), series.regular
    )


def max_drawdown(series: ReturnSeries) -> Drawdown:
    """The deepest fall of the chain-linked index of returns, never of the NAV itself.

    Parameters
    ----------
    series
        Of `return_series`; the longest run of defined returns is chained, with the interval from
        the first flow where the run reaches back to it.

    Returns
    -------
    Drawdown
        The earliest of equally deep falls.

    Raises
    ------
    NotDefinedError
        `too_few_observations`, `dietz_undefined`: see `longest_run`; `dietz_undefined` too where a
        return is below -100 %, which cannot be chained.

    References
    ----------
    METHODS 3.5, 8; docs/methods/risk.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> from pmecalc.core.nav_returns import return_series
    >>> dates = [f"20{year}-12-31" for year in range(10, 19)]
    >>> fund = Fund.of(
    ...     flows=[(dates[0], 100, 0)],
    ...     navs=zip(dates, [100, 120, 90, 110, 120, 130, 120, 125, 131]),
    ... )
    >>> max_drawdown(return_series(fund))
    Drawdown(value=-0.25, peak='2011-12-31', trough='2012-12-31', recovery='2014-12-31', n=8)
    """
    run = _whole_run(series, longest_run(series, "max_drawdown"))
    returns, days = series.returns[run], series.days[run.start : run.stop + 1]
    if returns.min() < -1:
        reason = "a return is below -100 %, which cannot be chained"
        raise NotDefinedError("max_drawdown", "dietz_undefined", reason)
    index = np.concatenate([[1.0], np.cumprod(1.0 + returns)])
    peaks = np.maximum.accumulate(index)
    kept = index / peaks
    trough = _first_near(kept, kept.min())
    peak = _first_near(index[: trough + 1], peaks[trough])
    later = np.flatnonzero(index[trough:] >= _PARITY * index[peak])
    return Drawdown(
        value=float(kept[trough] - 1.0),
        peak=iso(days[peak]),
        trough=iso(days[trough]),
        recovery=iso(days[trough + later[0]]) if len(later) else None,
        n=len(returns),
    )


def standard_deviation(values: FloatArray) -> float:
    """Of a sample, with `n - 1`; exact sums.

    >>> standard_deviation(np.array([1.0, 2.0, 3.0]))
    1.0
    """
    centred = values - math.fsum(values) / len(values)
    return math.sqrt(math.fsum(centred * centred) / (len(values) - 1))


def frequency_of(series: ReturnSeries, given: float | None) -> float:
    """Periods per year, those of the series unless given.

    Raises
    ------
    InputError
        `UNSUPPORTED_OPTION`: it is not a positive number.
    """
    if given is None:
        return cast("float", series.periods_per_year)  # a run of eight returns has one
    if not 0 < given < math.inf:
        raise InputError(
            f"periods_per_year={given!r} is not a positive number.",
            code="UNSUPPORTED_OPTION",
            field="periods_per_year",
            value=given,
            hint="4 for quarters, 12 for months.",
        )
    return given


def _first_near(values: FloatArray, extreme: float) -> int:
    """The place of the first value that ties with the smallest or largest of them."""
    return int((np.abs(values - extreme) <= MAX_TIE_GAP * (1.0 + abs(extreme))).argmax())


def _whole_run(series: ReturnSeries, run: slice) -> slice:
    """The run with the opening interval where it follows on it."""
    opened = series.opening and run.start == 1 and not math.isnan(series.returns[0])
    return slice(0, run.stop) if opened else run
