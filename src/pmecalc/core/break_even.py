"""What the NAV must be, or become, to draw level."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.measure import measure
from pmecalc.core.metric import LARGEST_LOG_RATE, REASONS, Metric, rate_of
from pmecalc.core.money import money_sum
from pmecalc.core.pme.kaplan_schoar import icm_nav
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.valuation import Valuation


@measure(index=True)
def break_even_nav(at: Valuation) -> Metric:
    """The NAV at which KS-PME is 1, in fund currency; negative where it is above 1 without any.

    It is the Long-Nickels index position.

    References
    ----------
    METHODS 6.5; docs/methods/break_even.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> break_even_nav(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 50)]), world)
    70.0
    """
    return Metric(icm_nav(at))


def hurdle_nav(
    fund: Fund, *, hurdle: float, as_of: DateLike | None = None, **options: Unpack[Conventions]
) -> float:
    """The NAV at which a hurdle is a rate of the stream, in fund currency.

    Parameters
    ----------
    fund
        Flows; its NAV does not count.
    hurdle
        An annual rate, `> -1`.
    as_of, **options
        As for `evaluate`.

    Returns
    -------
    float
        Money; negative where the distributions alone earn more.

    Raises
    ------
    NotDefinedError
        `no_flows`, `overflow`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 6.5; docs/methods/break_even.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 0, 50)]
    >>> round(hurdle_nav(Fund.of(flows=flows, navs=[("2023-01-01", 0)]), hurdle=0.1), 12)
    66.0
    """
    log_rate = _log_of_rate("hurdle", hurdle)
    at = value(fund, as_of=as_of, options=Options.of(**options))
    return _hurdle_nav("hurdle_nav", at, log_rate)


def growth_to_parity(
    fund: Fund,
    benchmark: Benchmark,
    *,
    years: float,
    index_rate: float,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> float:
    """The annual growth of the NAV over more years that brings KS-PME to 1.

    Parameters
    ----------
    fund, benchmark, as_of, **options
        As for `evaluate`; no flows are assumed but the sale at the end.
    years
        How many more years, `> 0`.
    index_rate
        What the index is assumed to return, per year, `> -1`.

    Returns
    -------
    float
        An annual rate, `>= -1`: -1 where the distributions alone are exactly par.

    Raises
    ------
    NotDefinedError
        `no_flows`, `no_nav`; `no_investment` where no NAV is left to grow; `no_root` where KS-PME
        stays above 1 even if all of it is lost; `overflow`.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 9; docs/methods/break_even.md.

    Examples
    --------
    The index would be worth 120, the NAV is 100, and a year is left at 10 %:

    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2021-01-01", 100)])
    >>> round(growth_to_parity(fund, world, years=1, index_rate=0.1), 12)
    0.32
    """
    _check_years(years)
    log_rate = _log_of_rate("index_rate", index_rate)
    at = value(fund, benchmark, as_of=as_of, options=Options.of(**options))
    _check_growing("growth_to_parity", at)
    return _growth("growth_to_parity", at, icm_nav(at), log_rate, years)


def growth_to_hurdle(
    fund: Fund,
    *,
    years: float,
    hurdle: float,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> float:
    """The annual growth of the NAV over more years that brings the IRR to a hurdle.

    Parameters
    ----------
    fund, as_of, **options
        As for `evaluate`; no flows are assumed but the sale at the end.
    years
        How many more years, `> 0`.
    hurdle
        An annual rate, `> -1`.

    Returns
    -------
    float
        An annual rate, `>= -1`.

    Raises
    ------
    NotDefinedError
        `no_flows`, `no_nav`; `no_investment` where no NAV is left to grow; `no_root` where the
        distributions alone earn more than the hurdle; `overflow`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 9; docs/methods/break_even.md.

    Examples
    --------
    100 became 105, and should be 121 after another year:

    >>> from pmecalc import Fund
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[("2022-01-01", 105)])
    >>> round(growth_to_hurdle(fund, years=1, hurdle=0.1), 12) == round(121 / 105 - 1, 12)
    True
    """
    _check_years(years)
    log_rate = _log_of_rate("hurdle", hurdle)
    at = value(fund, as_of=as_of, options=Options.of(**options))
    _check_growing("growth_to_hurdle", at)
    needed = _hurdle_nav("growth_to_hurdle", at, log_rate)
    return _growth("growth_to_hurdle", at, needed, log_rate, years)


def _hurdle_nav(name: str, at: Valuation, log_rate: float) -> float:
    if at.start is None:
        raise NotDefinedError(name, "no_flows", REASONS["no_flows"])
    times = year_fractions(at.start, np.append(at.days, at.as_of), at.options.day_count)
    moving = at.net != 0
    logs = (times[-1] - times[:-1])[moving] * log_rate
    money = -at.net[moving]
    if (logs + np.log(np.abs(money))).max(initial=0.0) >= LARGEST_LOG_RATE:
        raise NotDefinedError(name, "overflow", "a carried amount exceeds the largest double")
    return money_sum(money * np.exp(logs))


def _check_growing(name: str, at: Valuation) -> None:
    if at.start is None:
        raise NotDefinedError(name, "no_flows", REASONS["no_flows"])
    if at.residual.missing is not None:
        raise NotDefinedError(name, "no_nav", at.residual.missing)
    if at.nav <= 0:
        raise NotDefinedError(name, "no_investment", "no NAV is left that could grow")


def _growth(name: str, at: Valuation, needed: float, log_rate: float, years: float) -> float:
    """The rate at which the NAV becomes what is needed today, itself carried at a rate."""
    if needed == 0:
        return -1.0
    if needed < 0:
        raise NotDefinedError(name, "no_root", "the distributions alone are more than enough")
    rate = rate_of(math.log(needed / at.nav) / years + log_rate)
    if rate.value is None:
        raise NotDefinedError(name, rate.status, rate.reason)
    return rate.number


def _log_of_rate(name: str, rate: float) -> float:
    if not -1 < rate < math.inf:
        raise _refused(name, rate, "a rate above -1, such as 0.08 for 8 % a year")
    return math.log1p(rate)


def _check_years(years: float) -> None:
    if not 0 < years < math.inf:
        raise _refused("years", years, "a number above 0")


def _refused(name: str, given: object, expected: str) -> InputError:
    return InputError(
        f"{name}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=name,
        value=given,
        hint=f"Expected: {expected}.",
    )
