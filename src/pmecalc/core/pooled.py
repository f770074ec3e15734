"""Many funds as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import numpy.typing as npt

from pmecalc.core.dates import day_number
from pmecalc.core.errors import CashFlowError, InputError
from pmecalc.core.fund import Fund, frozen
from pmecalc.core.valuation import residual_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import BoolArray, FloatArray, IntArray

_Value = TypeVar("_Value")
_Array = TypeVar("_Array", bound=npt.NDArray[np.generic])


def pool(funds: Iterable[Fund], *, as_of: DateLike) -> Fund:
    """The union of dated flows, with NAVs added up on common dates.

    Parameters
    ----------
    funds
        At least one; of one currency.
    as_of
        The common valuation date; NAVs after it are left out, and every fund's NAV on it is
        rolled forward where it reported none.

    Returns
    -------
    Fund
        A NAV on every date up to `as_of` on which any fund reported one, and on `as_of`; marked
        as estimated where a fund's part was rolled forward.

    Raises
    ------
    CashFlowError
        `NO_FLOWS`: no fund was given.
    InputError
        `MIXED_CURRENCY`, `BAD_DATE`.

    References
    ----------
    METHODS 6.1.

    Examples
    --------
    >>> a = Fund.of(flows=[("2020-01-01", 60, 0)], navs=[("2020-12-31", 70)])
    >>> b = Fund.of(flows=[("2020-03-01", 40, 0)], navs=[("2020-12-31", 50)])
    >>> pool([a, b], as_of="2020-12-31").navs.tolist()
    [120.0]
    """
    members = pool_members(funds)
    commitments = [fund.commitment for fund in members]
    nav_days, navs, estimated = _pooled_navs(members, day_number(as_of, field="as_of"))
    order = np.argsort(np.concatenate([fund.days for fund in members]), kind="stable")
    return Fund(
        days=_joined([fund.days for fund in members], order),
        contributions=_joined([fund.contributions for fund in members], order),
        distributions=_joined([fund.distributions for fund in members], order),
        rows=_joined([fund.rows for fund in members], order),
        nav_days=frozen(nav_days),
        navs=frozen(navs),
        nav_estimated=frozen(estimated),
        name=members[0].name if len(members) == 1 else f"Pool of {len(members)} funds",
        currency=next((fund.currency for fund in members if fund.currency), None),
        commitment=None if None in commitments else sum(c for c in commitments if c),
        vintage=_common([fund.vintage for fund in members]),
        strategy=_common([fund.strategy for fund in members]),
        warnings=tuple(sorted({code for fund in members for code in fund.warnings})),
    )


def pool_members(funds: Iterable[Fund]) -> list[Fund]:
    """The funds, at least one, of one currency; `NO_FLOWS` or `MIXED_CURRENCY` otherwise."""
    members = list(funds)
    if not members:
        raise CashFlowError("There is no fund to pool.", code="NO_FLOWS", hint="Give at least one.")
    currencies = sorted({fund.currency for fund in members if fund.currency})
    if len(currencies) > 1:
        raise InputError(
            f"The funds are in {', '.join(currencies)}.",
            code="MIXED_CURRENCY",
            field="currency",
            value=currencies[1],
            hint="Pool funds of one currency, or convert them first.",
        )
    return members


def _common(values: list[_Value]) -> _Value | None:
    """What all members share, None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _joined(columns: list[_Array], order: IntArray) -> _Array:
    return frozen(cast("_Array", np.concatenate(columns)[order]))  # of the columns' own type


def _pooled_navs(members: list[Fund], last: int) -> tuple[IntArray, FloatArray, BoolArray]:
    reported = np.unique(np.concatenate([fund.nav_days for fund in members]))
    if len(reported) == 0:
        return reported, np.zeros(0), np.zeros(0, np.bool_)
    days = np.unique(np.append(reported[reported <= last], last))
    parts = [residual_values(fund, days) for fund in members]
    begun = [days >= fund.days[0] for fund in members]
    estimated = [~part.reported & after for part, after in zip(parts, begun, strict=True)]
    return days, np.sum([part.values for part in parts], axis=0), np.any(estimated, axis=0)
