"""Money in, money out, and their ratios."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, undefined
from pmecalc.core.money import money_sum
from pmecalc.core.valuation import once

if TYPE_CHECKING:
    from pmecalc.core.valuation import Valuation


@measure()
def paid_in(at: Valuation) -> Metric:
    """All contributions up to the as-of date, in fund currency, `>= 0` but for reversals.

    References
    ----------
    METHODS 1.1; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> paid_in(Fund.of(flows=[("2020-01-01", 60, 0), ("2021-01-01", 40, 0)]))
    100.0
    """
    return Metric(at.paid_in)


@measure(opening=False)
def distributed(at: Valuation) -> Metric:
    """All distributions up to the as-of date, in fund currency, `>= 0` but for reversals.

    References
    ----------
    METHODS 1.1; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> distributed(Fund.of(flows=[("2020-01-01", 60, 0), ("2021-01-01", 0, 40)]))
    40.0
    """
    return Metric(at.distributed)


@measure(nav=True, opening=False)
def nav(at: Valuation) -> Metric:
    """The residual value at the end of the as-of date, in fund currency.

    Reported, else the last one rolled forward with the flows since.

    References
    ----------
    METHODS 1.5; docs/methods/residual_nav.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> nav(Fund.of(flows=[("2020-01-01", 60, 0)], navs=[("2020-12-31", 70)]))
    70.0
    """
    return Metric(at.nav)


@measure(nav=True)
def gain(at: Valuation) -> Metric:
    """Distributions and NAV less contributions, in fund currency.

    References
    ----------
    METHODS 3.2; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> gain(Fund.of(flows=[("2020-01-01", 60, 0)], navs=[("2020-12-31", 70)]))
    10.0
    """
    return Metric(gained(at))


@measure()
def dpi(at: Valuation) -> Metric:
    """Distributions over paid-in, the realisation multiple: a ratio, `>= 0`.

    References
    ----------
    METHODS 3.2; GIPS glossary; ILPA; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> dpi(Fund.of(flows=[("2020-01-01", 60, 0), ("2021-01-01", 0, 45)]))
    0.75
    """
    return _over_paid_in(at, money_sum([at.distributed, -recalled(at)]))


@measure(nav=True)
def rvpi(at: Valuation) -> Metric:
    """NAV over paid-in, the unrealised multiple: a ratio.

    References
    ----------
    METHODS 3.2; GIPS glossary; ILPA; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> rvpi(Fund.of(flows=[("2020-01-01", 60, 0)], navs=[("2020-12-31", 75)]))
    1.25
    """
    return _over_paid_in(at, at.nav)


@measure(nav=True)
def tvpi(at: Valuation) -> Metric:
    """Distributions and NAV over paid-in, the investment multiple: a ratio.

    References
    ----------
    METHODS 3.2; GIPS glossary; ILPA; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> flows = [("2020-01-01", 60, 0), ("2020-07-01", 0, 15)]
    >>> tvpi(Fund.of(flows=flows, navs=[("2020-12-31", 75)]))
    1.5
    """
    return _over_paid_in(at, money_sum([at.distributed, -recalled(at), at.nav]))


@measure(nav=True)
def moic(at: Valuation) -> Metric:
    """The multiple on invested capital; on the flows of an LP it is the TVPI.

    References
    ----------
    METHODS 3.2; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> moic(Fund.of(flows=[("2020-01-01", 60, 0)], navs=[("2020-12-31", 75)]))
    1.25
    """
    return tvpi.at(at)


@measure()
def pic(at: Valuation) -> Metric:
    """Paid-in over commitment, the share called: a ratio, `>= 0`.

    References
    ----------
    METHODS 3.2; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> pic(Fund.of(flows=[("2020-01-01", 60, 0)], commitment=80))
    0.75
    """
    if at.fund.commitment is None:
        return undefined("no_commitment")
    return Metric(money_sum([at.paid_in, -recalled(at)]) / at.fund.commitment)


@measure()
def unfunded(at: Valuation) -> Metric:
    """Commitment less paid-in, in fund currency; negative where more than promised was called.

    Distributions that may be called again are added: they are due once more.

    References
    ----------
    METHODS 1.7; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> unfunded(Fund.of(flows=[("2020-01-01", 60, 0)], commitment=80))
    20.0
    """
    if at.fund.commitment is None:
        return undefined("no_commitment")
    again = at.fund.recallable[at.fund.recallable_days <= at.as_of]
    return Metric(money_sum([at.fund.commitment, *(-at.contributions).tolist(), *again.tolist()]))


@measure(opening=False)
def years(at: Valuation) -> Metric:
    """Years from the first flow to the as-of date, `>= 0`.

    References
    ----------
    METHODS 1.4; docs/methods/multiples.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> years(Fund.of(flows=[("2021-01-01", 60, 0)], navs=[("2022-01-01", 70)]))
    1.0
    """
    if at.start is None:
        return undefined("no_flows")
    return Metric(at.years)


def _over_paid_in(at: Valuation, money: float) -> Metric:
    total = money_sum([at.paid_in, -recalled(at)])
    return nothing_paid_in(at) if total <= 0 else Metric(money / total)


def recalled(at: Valuation) -> float:
    """What calls took back of earlier recallable distributions, in fund currency.

    First in, first out; 0 unless `recallable="net"` asks for it.

    References
    ----------
    METHODS 1.7.
    """
    if at.options.recallable == "gross" or len(at.fund.recallable) == 0:
        return 0.0
    calls = dict(zip(at.days.tolist(), at.contributions.tolist(), strict=True))
    tagged = zip(at.fund.recallable_days.tolist(), at.fund.recallable.tolist(), strict=True)
    received = {day: money for day, money in tagged if day <= at.as_of}
    balance, taken = 0.0, []
    for day in sorted(calls.keys() | received.keys()):
        taken.append(min(balance, max(calls.get(day, 0.0), 0.0)))
        balance += received.get(day, 0.0) - taken[-1]
    return math.fsum(taken)


@once
def gained(at: Valuation) -> float:
    """Distributions and NAV less contributions, in fund currency."""
    terms = [*at.distributions.tolist(), at.nav, *(-at.contributions).tolist()]
    return money_sum(terms, abs(at.nav) + float(at.moved.sum()))


def nothing_paid_in(at: Valuation) -> Metric:
    """No ratio: no money has moved (`no_flows`), or none was paid in."""
    return undefined("no_flows" if at.start is None else "no_contributions")
