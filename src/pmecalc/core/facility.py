"""A fund with and without its subscription facility: the same deals, paid when they were made."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, Unpack

import numpy as np

from pmecalc.core.content import ByContent
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number, iso
from pmecalc.core.errors import CashFlowError, InputError, counted
from pmecalc.core.fund import FloatArray, IntArray, amount, frozen
from pmecalc.core.irr import irr
from pmecalc.core.metric import Metric, derived
from pmecalc.core.money import money_sum, negligible, settled
from pmecalc.core.multiples import tvpi
from pmecalc.core.valuation import default_as_of, value_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund

Basis: TypeAlias = Literal["gross", "net"]
Treatment: TypeAlias = Literal["with_facility", "without_facility"]
KINDS = ("facility_draw", "facility_repay")
_WIDTHS = (3, 4)


@dataclass(frozen=True, slots=True, eq=False)
class Facility(ByContent):
    """Draws and repayments of a subscription facility; build one with `Facility.of`.

    Parameters
    ----------
    days
        Day numbers, shape (n_rows,), ascending; draws of a day stand before repayments.
    draws
        Money borrowed, shape (n_rows,), in fund currency, `>= 0`.
    repayments
        Principal paid back, shape (n_rows,), `>= 0`.
    interest
        Interest and fees paid with it, shape (n_rows,), `>= 0`.
    """

    days: IntArray
    draws: FloatArray
    repayments: FloatArray
    interest: FloatArray

    @classmethod
    def of(cls, rows: Iterable[Sequence[object]]) -> Facility:
        """Check facility rows in any order.

        Parameters
        ----------
        rows
            `(date, "facility_draw", principal)` and `(date, "facility_repay", principal[,
            interest])`, all money `>= 0`; the repayment on the day of the call that pays it.

        Returns
        -------
        Facility
            Sorted by date.

        Raises
        ------
        CashFlowError
            `NON_FINITE`, `RAGGED_ROW`; `NEGATIVE_AMOUNT`, also where more is repaid than was
            drawn.
        InputError
            `BAD_DATE`; `UNSUPPORTED_OPTION` for any other kind of row.

        References
        ----------
        METHODS 10.

        Examples
        --------
        >>> rows = [("2020-01-01", "facility_draw", 100), ("2020-07-01", "facility_repay", 100, 2)]
        >>> Facility.of(rows).interest.tolist()
        [0.0, 2.0]
        """
        parsed = sorted(_parsed(tuple(row), place) for place, row in enumerate(rows, 1))
        table = np.array(parsed, np.float64).reshape(-1, 5)
        made = cls(
            days=frozen(table[:, 0].astype(np.int64)),
            draws=frozen(table[:, 2].copy()),
            repayments=frozen(table[:, 3].copy()),
            interest=frozen(table[:, 4].copy()),
        )
        below = np.flatnonzero(made.balances < 0)
        if len(below):
            raise CashFlowError(
                f"On {iso(made.days[below[0]])} more is repaid than was drawn.",
                code="NEGATIVE_AMOUNT",
                field="facility_repay",
                hint="Give every draw, and repayments without their interest.",
            )
        return made

    def outstanding(self, days: IntArray) -> FloatArray:
        """The balance at the end of each day, shape of `days`, `>= 0`."""
        found: FloatArray = np.append(0.0, self.balances)[
            np.searchsorted(self.days, days, side="right")
        ]
        return found

    @property
    def balances(self) -> FloatArray:
        """The balance after each row, shape (n_rows,)."""
        moved = np.cumsum(self.draws + self.repayments)
        counts = 2 * np.arange(1, 1 + len(self.days))
        return settled(np.cumsum(self.draws - self.repayments), counts, moved)


@dataclass(frozen=True, slots=True)
class FacilityView:
    """A fund's return with and without its facility.

    Parameters
    ----------
    irr_with, irr_without
        Since-inception IRRs of the flows as they were, and as they had been without the facility.
    irr_difference
        With less without, per year.
    tvpi_with, tvpi_without
        Multiples, which differ by interest, and by the balance while one is outstanding.
    drawn, interest, outstanding
        Money up to the as-of date, in fund currency.
    average_days, longest_days
        How long borrowed money was outstanding, by amount, and at most; None if none was drawn.
    """

    irr_with: Metric
    irr_without: Metric
    irr_difference: Metric
    tvpi_with: Metric
    tvpi_without: Metric
    drawn: float
    interest: float
    outstanding: float
    average_days: float | None
    longest_days: int | None


@dataclass(frozen=True, slots=True)
class ReturnFigure:
    """A return with what must be said of it.

    Parameters
    ----------
    irr
        The rate.
    basis
        `gross` or `net` of fees and carry.
    treatment
        Whether the facility is in it.
    """

    irr: Metric
    basis: Basis
    treatment: Treatment


def facility_view(
    fund: Fund, facility: Facility, *, as_of: DateLike | None = None, **options: Unpack[Conventions]
) -> FacilityView:
    """The fund's IRR and multiple with and without its subscription facility.

    Parameters
    ----------
    fund
        Flows and NAVs as the investor had them, net of the facility.
    facility
        Draws and repayments.
    as_of
        The valuation date; by default the latest NAV's.
    **options
        As for `evaluate`.

    Returns
    -------
    FacilityView
        Both figures, the difference and the days outstanding.

    Raises
    ------
    CashFlowError
        As `without_facility`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 10; ILPA (2020), Enhancing Transparency Around Subscription Lines of Credit;
    docs/methods/facility.md.

    Examples
    --------
    100 invested, called half a year later, and 110 back after a year:

    >>> from pmecalc import Fund
    >>> rows = [("2021-01-01", "facility_draw", 100), ("2021-07-02", "facility_repay", 100)]
    >>> fund = Fund.of(flows=[("2021-07-02", 100, 0), ("2022-01-01", 0, 110)])
    >>> view = facility_view(fund, Facility.of(rows))
    >>> round(view.irr_with.value, 6), round(view.irr_without.value, 6), view.average_days
    (0.20937, 0.1, 182.0)
    """
    made = Options.of(**options)
    last = default_as_of(fund) if as_of is None else day_number(as_of, field="as_of")
    own = value_on(fund, None, last, made)
    bare = value_on(without_facility(fund, facility), None, last, made)
    rates = irr.at(own), irr.at(bare)
    known = facility.days <= last
    average, longest = _days_outstanding(facility, last)
    return FacilityView(
        irr_with=rates[0],
        irr_without=rates[1],
        irr_difference=derived(lambda used, unused: used - unused, *rates),
        tvpi_with=tvpi.at(own),
        tvpi_without=tvpi.at(bare),
        drawn=float(facility.draws[known].sum()),
        interest=float(facility.interest[known].sum()),
        outstanding=float(facility.outstanding(np.array([last]))[0]),
        average_days=average,
        longest_days=longest,
    )


def without_facility(fund: Fund, facility: Facility) -> Fund:
    """The fund as if every deal had been paid by a call on its day.

    Parameters
    ----------
    fund
        Flows and NAVs as the investor had them.
    facility
        Draws and repayments.

    Returns
    -------
    Fund
        Draws are contributions; what a call repaid, with interest, is taken out of it; NAVs are
        higher by the balance outstanding, which the fund would not owe.

    Raises
    ------
    CashFlowError
        `NEGATIVE_AMOUNT`: the calls of a repayment's day do not cover it.

    References
    ----------
    METHODS 10; docs/methods/facility.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> rows = [("2021-01-01", "facility_draw", 100), ("2021-07-02", "facility_repay", 100, 3)]
    >>> fund = Fund.of(flows=[("2021-07-02", 123, 0)])
    >>> bare = without_facility(fund, Facility.of(rows))
    >>> bare.contributions.tolist()
    [100.0, 20.0]
    """
    contributions = fund.contributions.copy()
    paid = facility.repayments + facility.interest
    for day in np.unique(facility.days[paid > 0]):
        _take_out(fund, contributions, int(day), float(paid[facility.days == day].sum()))
    drawn = facility.draws > 0
    days = np.concatenate([fund.days, facility.days[drawn]])
    order = np.argsort(days, kind="stable")
    none = np.zeros(int(drawn.sum()))
    return replace(
        fund,
        days=frozen(days[order]),
        contributions=frozen(np.concatenate([contributions, facility.draws[drawn]])[order]),
        distributions=frozen(np.concatenate([fund.distributions, none])[order]),
        rows=frozen(np.concatenate([fund.rows, none.astype(np.int64)])[order]),
        navs=frozen(fund.navs + facility.outstanding(fund.nav_days)),
    )


def gross_and_net(gross: ReturnFigure, net: ReturnFigure) -> tuple[ReturnFigure, ReturnFigure]:
    """A gross and a net return that may stand together.

    Parameters
    ----------
    gross, net
        Both with the facility, or both without it.

    Returns
    -------
    tuple[ReturnFigure, ReturnFigure]
        The two, as given.

    Raises
    ------
    InputError
        `UNSUPPORTED_OPTION`: one includes the facility and the other does not, or they are not a
        gross and a net figure.

    References
    ----------
    METHODS 10; SEC, Marketing Compliance FAQ of 2024-02-06; docs/methods/facility.md.

    Examples
    --------
    >>> gross = ReturnFigure(Metric(0.2), "gross", "with_facility")
    >>> net = ReturnFigure(Metric(0.15), "net", "with_facility")
    >>> [figure.irr.value for figure in gross_and_net(gross, net)]
    [0.2, 0.15]
    """
    if (gross.basis, net.basis) != ("gross", "net"):
        raise InputError(
            f"The figures are {gross.basis} and {net.basis}.",
            code="UNSUPPORTED_OPTION",
            field="basis",
            value=net.basis,
            hint="Give a gross and a net figure.",
        )
    if gross.treatment != net.treatment:
        raise InputError(
            "One of gross and net includes the subscription facility, the other does not.",
            code="UNSUPPORTED_OPTION",
            field="treatment",
            value=net.treatment,
            hint="Show both with it or both without it.",
        )
    return gross, net


def _parsed(row: tuple[object, ...], place: int) -> tuple[int, bool, float, float, float]:
    if len(row) not in _WIDTHS:
        raise CashFlowError(
            f"A facility row has {counted(len(row), 'value')}.",
            code="RAGGED_ROW",
            row=place,
            hint="Expected (date, kind, principal) or (date, kind, principal, interest).",
        )
    day, kind = day_number(row[0], row=place), str(row[1])
    if kind not in KINDS or (kind == KINDS[0] and len(row) == _WIDTHS[1]):
        raise InputError(
            f"{kind[:40]!r} with {counted(len(row), 'value')} is no facility row.",
            code="UNSUPPORTED_OPTION",
            row=place,
            field="type",
            value=kind,
            hint=f"Offered: {', '.join(KINDS)}; interest belongs to a repayment.",
        )
    principal, *rest = (_money(each, place) for each in row[2:])
    if kind == KINDS[0]:
        return day, False, principal, 0.0, 0.0
    return day, True, 0.0, principal, rest[0] if rest else 0.0


def _money(given: object, place: int) -> float:
    number = amount(given, row=place, field="amount")
    if number < 0:
        raise CashFlowError(
            f"The amount {number:g} is negative.",
            code="NEGATIVE_AMOUNT",
            row=place,
            field="amount",
            value=given,
            hint="The kind of the row tells the direction.",
        )
    return number


def _take_out(fund: Fund, contributions: FloatArray, day: int, paid: float) -> None:
    """Lower the calls of a day by what they repaid."""
    places = np.flatnonzero(fund.days == day)
    called = float(contributions[places].sum())
    left = money_sum([*contributions[places].tolist(), -paid])
    if left < 0:
        raise CashFlowError(
            f"On {iso(day)} {paid:g} is repaid, but only {called:g} is called.",
            code="NEGATIVE_AMOUNT",
            field="facility_repay",
            value=paid,
            hint="Date the repayment on the day of the call that pays it.",
        )
    # In proportion: which of a day's calls repaid it makes no difference to any measure.
    contributions[places] *= left / called if called else 0.0


def _days_outstanding(facility: Facility, last: int) -> tuple[float | None, int | None]:
    """By amount and at most, first drawn first repaid, up to the as-of date."""
    held: deque[tuple[int, float]] = deque()
    parts: list[tuple[int, float]] = []
    known = facility.days <= last
    columns = (facility.days, facility.draws, facility.repayments)
    moved = float((facility.draws + facility.repayments)[known].sum())
    for day, drawn, repaid in zip(*(each[known].tolist() for each in columns), strict=True):
        if drawn > 0:
            held.append((day, drawn))
        left = repaid
        while held and not negligible(left, 2 * len(known), moved):
            since, balance = held.popleft()
            part = min(balance, left)
            parts.append((day - since, part))
            left -= part
            if not negligible(balance - part, 2 * len(known), moved):
                held.appendleft((since, balance - part))
    parts += [(last - since, balance) for since, balance in held]
    total = sum(part for _, part in parts)
    if total == 0:
        return None, None
    return sum(days * part for days, part in parts) / total, max(days for days, _ in parts)
