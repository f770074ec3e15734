"""Risk figures of a fund's appraised returns, as measures of a report: indicative."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pmecalc.core import regression, risk
from pmecalc.core.desmoothing import autocorrelation, desmooth
from pmecalc.core.desmoothing import sharpe as sharpe_of
from pmecalc.core.errors import BenchmarkError, NotDefinedError
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, undefined
from pmecalc.core.nav_returns import longest_run, own_series, series_at
from pmecalc.core.valuation import once

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.core.nav_returns import ReturnSeries
    from pmecalc.core.valuation import Valuation


@measure()
def volatility(at: Valuation) -> Metric:
    """Standard deviation per year of the returns between NAVs, `>= 0`; too low, as NAVs smooth.

    `pmecalc.volatility` takes a series of returns and says more.

    References
    ----------
    METHODS 8; docs/methods/risk.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> days = [f"20{year}-12-31" for year in range(10, 19)]
    >>> navs = [100 * 1.1 ** (place // 2) for place in range(9)]
    >>> report = evaluate(Fund.of(flows=[(days[0], 100, 0)], navs=zip(days, navs)))
    >>> round(report.volatility, 9)
    0.053452248
    """
    return _outcome(at, lambda series: risk.volatility(series).value)


@measure()
def volatility_desmoothed(at: Valuation) -> Metric:
    """Volatility of the returns without the echo of the appraisal before, per year, `>= 0`.

    Null with `not_smoothed` where the returns do not echo.

    References
    ----------
    METHODS 8; Geltner (1993), Journal of Real Estate Finance and Economics 6;
    docs/methods/desmoothing.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> days = [f"20{year}-12-31" for year in range(10, 20)]
    >>> navs = [100, 110, 121, 133, 140, 140, 135, 130, 130, 137]
    >>> report = evaluate(Fund.of(flows=[(days[0], 100, 0)], navs=zip(days, navs)))
    >>> report.volatility < report.volatility_desmoothed
    True
    """
    return _outcome(at, _desmoothed_volatility)


@measure()
def max_drawdown(at: Valuation) -> Metric:
    """The deepest fall of the chained returns from a peak, from -1 to 0.

    `pmecalc.max_drawdown` takes a series of returns and names the dates.

    References
    ----------
    METHODS 8; docs/methods/risk.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> days = [f"20{year}-12-31" for year in range(10, 19)]
    >>> navs = zip(days, [100, 120, 90, 110, 120, 130, 120, 125, 131])
    >>> evaluate(Fund.of(flows=[(days[0], 100, 0)], navs=navs)).max_drawdown
    -0.25
    """
    return _outcome(at, lambda series: risk.max_drawdown(series).value)


@measure()
def sharpe(at: Valuation) -> Metric:
    """Mean over standard deviation of the de-smoothed returns, per year; risk-free rate 0.

    `pmecalc.sharpe` takes a series of returns, a risk-free rate and the smoothing.

    References
    ----------
    METHODS 8; Geltner (1993), Journal of Real Estate Finance and Economics 6;
    docs/methods/desmoothing.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> days = [f"20{year}-12-31" for year in range(10, 20)]
    >>> navs = [100, 110, 121, 133, 140, 140, 135, 130, 130, 137]
    >>> evaluate(Fund.of(flows=[(days[0], 100, 0)], navs=zip(days, navs)))["sharpe"].status
    'ok'
    """
    return _outcome(at, _sharpe)


@measure(index=True)
def beta(at: Valuation) -> Metric:
    """The slope of the returns between NAVs on those of the index; risk-free rate 0.

    `pmecalc.beta` takes a series of returns and says more.

    References
    ----------
    METHODS 8; docs/methods/beta.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund, evaluate
    >>> days = [f"20{year}-12-31" for year in range(10, 19)]
    >>> levels = [100, 110, 104.5, 125.4, 125.4, 134, 121, 124, 143]
    >>> world = Benchmark.of(zip(days, levels))
    >>> fund = Fund.of(flows=[(days[0], 100, 0)], navs=zip(days, levels))
    >>> round(evaluate(fund, world, max_staleness_days=None).beta, 12)
    1.0
    """
    return _outcome(at, lambda series: regression.beta(series).beta, _beside_index)


@measure(index=True)
def dimson_beta(at: Valuation) -> Metric:
    """The sum of the slope on the index and those on its four returns before; risk-free rate 0.

    `pmecalc.dimson_beta` takes a series of returns and gives the standard error.

    References
    ----------
    METHODS 8; Dimson (1979), Journal of Financial Economics 7; docs/methods/beta.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund, evaluate
    >>> days = [f"20{year}-12-31" for year in range(10, 19)]
    >>> world = Benchmark.of(zip(days, [100, 110, 104.5, 125.4, 125.4, 134, 121, 124, 143]))
    >>> fund = Fund.of(flows=[(days[0], 100, 0)], navs=zip(days, range(100, 109)))
    >>> evaluate(fund, world, max_staleness_days=None)["dimson_beta"].status
    'too_few_observations'
    """
    return _outcome(at, lambda series: regression.dimson_beta(series).beta, _beside_index)


@once
def _beside_index(at: Valuation) -> ReturnSeries:
    return series_at(at, at.benchmark)


def _outcome(
    at: Valuation,
    compute: Callable[[ReturnSeries], float],
    series_of: Callable[[Valuation], ReturnSeries] = own_series,
) -> Metric:
    try:
        return Metric(compute(series_of(at)))
    except NotDefinedError as error:
        return undefined(error.status, error.reason)
    except BenchmarkError as error:  # the index has a hole at a NAV date, where no flow was
        return undefined(error.code.lower(), str(error))


def _desmoothed_volatility(series: ReturnSeries) -> float:
    returns = series.returns[longest_run(series, "volatility_desmoothed")]
    _check_smoothed("volatility_desmoothed", autocorrelation(returns))
    spread = risk.standard_deviation(desmooth(returns).returns)
    return spread * math.sqrt(risk.frequency_of(series, None))


def _sharpe(series: ReturnSeries) -> float:
    _check_smoothed("sharpe", autocorrelation(series.returns[longest_run(series, "sharpe")]))
    return sharpe_of(series).value


def _check_smoothed(name: str, share: float) -> None:
    if share < 0:
        reason = f"the returns do not echo those before (autocorrelation {share:.2f})"
        raise NotDefinedError(name, "not_smoothed", reason)
