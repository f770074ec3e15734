"""When a fund paid back, and how deep it went before, as measures of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.core.measure import DATE, NUMBER_OR_NONE, measure
from pmecalc.core.metric import Metric, undefined
from pmecalc.core.through_time import payback, trough
from pmecalc.core.valuation import once

if TYPE_CHECKING:
    from pmecalc.core.valuation import Valuation


@measure(opening=False, answer=NUMBER_OR_NONE)
def payback_dpi(at: Valuation) -> Metric:
    """Years from the first flow until distributions reach contributions; None if never.

    References
    ----------
    METHODS 9; docs/methods/through_time.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 130)])
    >>> evaluate(fund).payback_dpi
    1.0
    """
    return _payback(at, "dpi")


@measure(nav=True, answer=NUMBER_OR_NONE)
def payback_tvpi(at: Valuation) -> Metric:
    """Years from the first flow to the NAV date from which TVPI stays at or above 1; None if never.

    References
    ----------
    METHODS 9; docs/methods/through_time.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> navs = [("2022-01-01", 90), ("2023-01-01", 110)]
    >>> evaluate(Fund.of(flows=[("2021-01-01", 100, 0)], navs=navs)).payback_tvpi
    2.0
    """
    return _payback(at, "tvpi")


@measure(index=True, nav=True, answer=NUMBER_OR_NONE)
def payback_ks_pme(at: Valuation) -> Metric:
    """Years from the first flow to the NAV date from which KS-PME stays at or above 1, or None.

    References
    ----------
    METHODS 9; docs/methods/through_time.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund, evaluate
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[("2022-01-01", 130)])
    >>> evaluate(fund, Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])).payback_ks_pme
    1.0
    """
    return _payback(at, "ks_pme")


@measure()
def j_trough(at: Valuation) -> Metric:
    """The lowest cumulative net flow, in fund currency, `<= 0` unless money only came in.

    References
    ----------
    METHODS 5.3; docs/methods/through_time.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> evaluate(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 130)])).j_trough
    -100.0
    """
    lowest = trough(at)
    return undefined("no_flows") if lowest is None else Metric(lowest.value)


@measure(answer=DATE)
def j_trough_date(at: Valuation) -> Metric:
    """The first day of the lowest cumulative net flow, ISO text.

    References
    ----------
    METHODS 5.3; docs/methods/through_time.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> evaluate(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 130)])).j_trough_date
    '2020-01-01'
    """
    lowest = trough(at)
    return undefined("no_flows") if lowest is None else Metric(lowest.date)


@once
def _paybacks(at: Valuation) -> dict[str, float | None]:
    return payback(at)


def _payback(at: Valuation, name: str) -> Metric:
    if at.start is None:
        return undefined("no_flows")
    years = _paybacks(at)[name]
    reason = "not up to the as-of date" if years is None else None
    return Metric(years, reason=reason)
