"""Many funds as one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, Unpack, cast, overload

import numpy as np
import numpy.typing as npt

from pmecalc.core.aligned import AlignedPool, aligned_pool
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.errors import CashFlowError, InputError, counted
from pmecalc.core.fund import Fund, NavRemark, frozen
from pmecalc.core.money import settled
from pmecalc.core.ranks import interpolated, known
from pmecalc.core.residual_nav import residual_nav, residual_navs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import BoolArray, FloatArray, IntArray

# What the NAV of a pool does not show of those of its members
_OF_MEMBERS = ("NAV_FLOORED", "NAV_STALE", "NAV_ASSUMED_ZERO")
_Value = TypeVar("_Value")
_Array = TypeVar("_Array", bound=npt.NDArray[np.generic])


@dataclass(frozen=True, slots=True)
class Summary:
    """Averages over funds, none of which is the pooled figure.

    Parameters
    ----------
    mean, median
        Arithmetic, each fund counting once; None where every value is null.
    weighted_mean
        By the weights given; None without weights, or where they add up to 0.
    n
        How many values were used.
    n_excluded
        How many were null.
    n_unweighted
        How many of the values used have no weight, and so are not in the weighted mean.
    """

    mean: float | None
    median: float | None
    weighted_mean: float | None
    n: int
    n_excluded: int
    n_unweighted: int


@overload
def pool(
    funds: Iterable[Fund], *, as_of: DateLike, align: Literal["calendar"] = "calendar"
) -> Fund: ...


@overload
def pool(
    funds: Iterable[Fund],
    *,
    as_of: DateLike,
    align: Literal["time_zero"],
    benchmark: Benchmark | None = None,
    **options: Unpack[Conventions],
) -> AlignedPool: ...


def pool(
    funds: Iterable[Fund],
    *,
    as_of: DateLike,
    align: str = "calendar",
    benchmark: Benchmark | None = None,
    **options: Unpack[Conventions],
) -> Fund | AlignedPool:
    """The union of dated flows, with NAVs added up on common dates.

    Parameters
    ----------
    funds
        At least one; of one currency.
    as_of
        The common valuation date; NAVs after it are left out, and every fund's NAV on it is
        rolled forward where it reported none.
    align
        `calendar` leaves every flow on its date. `time_zero` shifts every fund to a common start.
    benchmark, **options
        Of `time_zero` alone, as for `evaluate`: index growth belongs to calendar dates, so it is
        taken before the shift.

    Returns
    -------
    Fund
        A NAV on every date up to `as_of` on which any fund reported one, and on `as_of`; marked
        as estimated where a fund's part was rolled forward.
    AlignedPool
        With `time_zero`: a prepared value whose `metrics` are the measures; it has no calendar, so
        it is no fund that an index could be looked up for.

    Raises
    ------
    CashFlowError
        `NO_FLOWS`: no fund was given.
    InputError
        `MIXED_CURRENCY`, `BAD_DATE`, `UNSUPPORTED_OPTION`.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`, with `time_zero`.

    References
    ----------
    METHODS 6.1; docs/methods/pooled.md.

    Examples
    --------
    >>> a = Fund.of(flows=[("2020-01-01", 60, 0)], navs=[("2020-12-31", 70)])
    >>> b = Fund.of(flows=[("2020-03-01", 40, 0)], navs=[("2020-12-31", 50)])
    >>> pool([a, b], as_of="2020-12-31").navs.tolist()
    [120.0]
    """
    members = pool_members(funds)
    last = day_number(as_of, field="as_of")
    if align == "time_zero":
        return aligned_pool(members, benchmark, last, Options.of(**options))
    if align != "calendar" or benchmark is not None or options:
        raise _refused(align, benchmark, options)
    commitments = [fund.commitment for fund in members]
    nav_days, navs, estimated, remarks = _pooled_navs(members, last)
    again, recallable = _pooled_recallable(members)
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
        recallable_days=frozen(again),
        recallable=frozen(recallable),
        nav_remarks=(*remarks, *_cautions(members, last)),
    )


def summary_of(
    values: Sequence[float | None], weights: Sequence[float | None] | None = None
) -> Summary:
    """Mean, median and weighted mean of a metric over funds.

    Parameters
    ----------
    values
        One a fund; None and NaN are null: left out and counted.
    weights
        One a fund, `>= 0`, such as commitments or paid-in capital; None where it is not known.

    Returns
    -------
    Summary
        In the unit of the values.

    Raises
    ------
    InputError
        `RAGGED_ROW`: not as many weights as values. `NON_FINITE`: a value or weight is infinite.
        `NEGATIVE_AMOUNT`: a weight is negative.

    References
    ----------
    METHODS 6.1; docs/methods/pooled.md.

    Examples
    --------
    >>> found = summary_of([0.1, None, 0.4], weights=[100, 50, 200])
    >>> found.mean, round(found.weighted_mean, 9), found.n, found.n_excluded
    (0.25, 0.3, 2, 1)
    """
    given: Sequence[float | None] = [None] * len(values) if weights is None else weights
    if len(given) != len(values):
        raise InputError(
            f"There are {counted(len(values), 'value')} and {counted(len(given), 'weight')}.",
            code="RAGGED_ROW",
            field="weights",
            hint="Give one weight a fund.",
        )
    _check_weights(given)
    ordered = known(values)
    pairs = [
        (value, weight)
        for value, weight in zip(values, given, strict=True)
        if value is not None and weight is not None and known([value]) and known([weight])
    ]
    total = math.fsum(weight for _, weight in pairs)
    weighed = math.fsum(value * weight for value, weight in pairs)
    return Summary(
        mean=math.fsum(ordered) / len(ordered) if ordered else None,
        median=interpolated(ordered, 0.5) if ordered else None,
        weighted_mean=weighed / total if total > 0 else None,
        n=len(ordered),
        n_excluded=len(values) - len(ordered),
        n_unweighted=len(ordered) - len(pairs),
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


def _check_weights(weights: Sequence[float | None]) -> None:
    for weight in known(weights):
        if weight < 0:
            raise InputError(
                f"The weight {weight:g} is negative.",
                code="NEGATIVE_AMOUNT",
                field="weights",
                value=weight,
                hint="Use commitments or paid-in capital.",
            )


def _refused(align: str, benchmark: Benchmark | None, options: Mapping[str, object]) -> InputError:
    extra = sorted([*options, *(["benchmark"] if benchmark else [])])
    field, given = ("align", align) if align != "calendar" else (extra[0], "given")
    return InputError(
        f"{field}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=field,
        value=given,
        hint="Offered: align calendar, or time_zero with a benchmark and the options of evaluate.",
    )


def _common(values: list[_Value]) -> _Value | None:
    """What all members share, None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _joined(columns: list[_Array], order: IntArray) -> _Array:
    return frozen(cast("_Array", np.concatenate(columns)[order]))  # of the columns' own type


def _pooled_recallable(members: list[Fund]) -> tuple[IntArray, FloatArray]:
    """Recallable distributions of all members by day."""
    given = np.concatenate([fund.recallable_days for fund in members])
    days, places = np.unique(given, return_inverse=True)
    amounts = np.zeros(len(days))
    np.add.at(amounts, places, np.concatenate([fund.recallable for fund in members]))
    return days, amounts


def _pooled_navs(
    members: list[Fund], last: int
) -> tuple[IntArray, FloatArray, BoolArray, tuple[NavRemark, ...]]:
    """NAVs on common dates: days, sums (NaN where one is not known), estimates, and why."""
    reported = np.unique(np.concatenate([fund.nav_days for fund in members]))
    days = np.unique(np.append(reported[reported <= last], last))
    parts = [residual_navs(fund, days, until=last) for fund in members]
    begun = [_begun(fund, days) for fund in members]
    estimated = [
        ~part.reported & (after | part.known) for part, after in zip(parts, begun, strict=True)
    ]
    absent = [after & ~part.known for part, after in zip(parts, begun, strict=True)]
    values = [np.where(part.known, part.values, 0.0) for part in parts]
    missing = np.any(absent, axis=0)
    if len(reported) == 0 and not missing.any():
        return reported, np.zeros(0), np.zeros(0, np.bool_), ()
    held = np.any(begun, axis=0) | np.any([part.known for part in parts], axis=0)
    sums = settled(np.sum(values, axis=0), len(members), np.sum(np.abs(values), axis=0))
    totals = np.where(missing, np.nan, sums)
    remarks = tuple(
        NavRemark(day, _unknown(members, [each[place] for each in absent], day))
        for place, day in enumerate(days.tolist())
        if missing[place]
    )
    return days[held], totals[held], np.any(estimated, axis=0)[held], remarks


def _cautions(members: list[Fund], last: int) -> tuple[NavRemark, ...]:
    """What the pool's NAV on the last day owes to members whose own NAV is not of that day."""
    begun = [fund for fund in members if _begun(fund, np.array([last])).any()]
    found = {code for fund in begun for code in residual_nav(fund, last).warnings}
    codes = tuple(code for code in _OF_MEMBERS if code in found)
    return (NavRemark(last, warnings=codes),) if codes else ()


def _begun(fund: Fund, days: IntArray) -> BoolArray:
    """Whether any money of the fund has moved by the end of each day."""
    moving = np.flatnonzero((fund.contributions != 0) | (fund.distributions != 0))
    if len(moving) == 0:
        return np.zeros(len(days), np.bool_)
    begun: BoolArray = days >= fund.days[moving[0]]
    return begun


def _unknown(members: list[Fund], absent: list[bool], day: int) -> str:
    """The members without a NAV on a day, by name or position, and why."""
    if len(members) == 1:
        return str(residual_nav(members[0], day).missing)
    return "; ".join(
        f"{fund.name or f'fund {position}'}: {residual_nav(fund, day).missing}"
        for position, (fund, is_absent) in enumerate(zip(members, absent, strict=True), start=1)
        if is_absent
    )
