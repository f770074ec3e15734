"""A private fund as its investor sees it: dated flows, reported NAVs, commitment."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from pmecalc.core.content import ByContent
from pmecalc.core.dates import day_number, iso
from pmecalc.core.errors import CashFlowError, InputError, counted
from pmecalc.core.money import negligible, settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

Reversals: TypeAlias = Literal["reject", "net"]

_Array = TypeVar("_Array", bound=npt.NDArray[np.generic])
_SIGNED = 2
_COLUMNS = 3
LEAST, MOST = 1e-30, 1e30  # beyond these products of amounts and growth could leave the doubles


class NavRemark(NamedTuple):
    """What the NAV of a pool on a day owes to those of its members.

    Parameters
    ----------
    day
        A day number.
    missing
        Why it is not known (NaN); None where it is.
    warnings
        Codes of METHODS 11.2.
    """

    day: int
    missing: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fund(ByContent):
    """Flows and NAVs, sorted by date and checked; build one with `Fund.of`.

    Parameters
    ----------
    days
        Day numbers of the flow rows, shape (n_flows,), ascending; rows of one day keep their order.
    contributions, distributions
        Money paid in and received, shape (n_flows,), in fund currency, `>= 0` but for reversals.
    rows
        The row of the source that each flow came from, shape (n_flows,), from 1.
    nav_days, navs
        Day numbers, ascending and unique, and end-of-day values, shape (n_navs,).
    nav_estimated
        True where a value was rolled forward rather than reported, shape (n_navs,).
    nav_remarks
        Of a pool, what its NAVs owe to those of its members.
    name, currency, commitment, vintage, strategy
        What is known of the fund; None where it is not.
    warnings
        Codes of METHODS 11.2 that belong to the data themselves.
    notes
        What a reader understood of a file, a sentence each.
    recallable_days, recallable
        Day numbers, ascending and unique, and the part of that day's distributions that may be
        called again, shape (n_recallable,), `> 0`.
    """

    days: IntArray
    contributions: FloatArray
    distributions: FloatArray
    rows: IntArray
    nav_days: IntArray
    navs: FloatArray
    nav_estimated: BoolArray
    name: str | None = None
    currency: str | None = None
    commitment: float | None = None
    vintage: int | None = None
    strategy: str | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    recallable_days: IntArray = field(default_factory=lambda: frozen(np.zeros(0, np.int64)))
    recallable: FloatArray = field(default_factory=lambda: frozen(np.zeros(0)))
    nav_remarks: tuple[NavRemark, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        flows: Iterable[Sequence[object]],
        navs: Iterable[Sequence[object]] = (),
        commitment: float | None = None,
        name: str | None = None,
        currency: str | None = None,
        vintage: int | None = None,
        strategy: str | None = None,
        sign: Literal["lp", "gp"] = "lp",
        reversals: Reversals = "reject",
        rows: Sequence[int] | None = None,
        nav_rows: Sequence[int] | None = None,
        notes: Sequence[str] = (),
        recallable: Iterable[Sequence[object]] = (),
    ) -> Fund:
        """Check flows and NAVs in any order and make a fund of them.

        Parameters
        ----------
        flows
            Rows `(date, contribution, distribution)`, both `>= 0`, or `(date, amount)` with
            LP sign (paid in `< 0`). Dates are `datetime.date` or ISO text.
        navs
            Rows `(date, nav)`, the value at the end of the day, after that day's flows.
        commitment
            Money promised, `> 0`.
        name, currency, vintage, strategy
            What is known of the fund.
        sign
            `gp` for signed rows whose contributions are positive.
        reversals
            `reject`: negative values in the column form are refused. `net`: a negative
            contribution (excess capital returned, a call cancelled) makes the sum of contributions
            smaller on its date, a negative distribution (clawback) that of distributions.
        rows, nav_rows
            The source row of each flow and NAV, for messages; their position by default.
        notes
            What a reader understood, kept as it is.
        recallable
            Rows `(date, amount)`: the part of that date's distributions that may be called again.

        Returns
        -------
        Fund
            Frozen, sorted by date.

        Raises
        ------
        CashFlowError
            `NO_FLOWS`, `NON_FINITE`, `NEGATIVE_AMOUNT`, `NAV_DUPLICATE`, `RAGGED_ROW`.
        InputError
            `BAD_DATE`, `UNSUPPORTED_OPTION`.

        References
        ----------
        METHODS 1.1-1.3, 1.5, 1.7, 11.3.

        Examples
        --------
        >>> Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150)], name="Alpha")
        Fund('Alpha', 2 flows 2020-01-01 to 2021-01-01, 0 NAVs)
        """
        if sign not in {"lp", "gp"}:
            raise _unsupported("sign", sign, "lp or gp")
        if reversals not in {"reject", "net"}:
            raise _unsupported("reversals", reversals, "reject or net")
        if hasattr(flows, "columns") or hasattr(flows, "keys"):
            raise TypeError(
                f"flows are rows, not a {type(flows).__name__}: pmecalc.read_table(table) makes a "
                "fund of a table of columns"
            )
        flow_rows = [tuple(row) for row in flows]
        if not flow_rows:
            raise CashFlowError(
                "The fund has no flows.",
                code="NO_FLOWS",
                hint="At least one dated contribution or distribution is needed.",
            )
        places = np.asarray(rows if rows is not None else range(1, len(flow_rows) + 1), np.int64)
        parsed = [
            _flow(row, place, sign, reversals)
            for row, place in zip(flow_rows, places.tolist(), strict=True)
        ]
        order = np.argsort([day for day, _, _ in parsed], kind="stable")
        table = np.array(parsed, dtype=np.float64)[order]
        signed = all(len(row) == _SIGNED for row in flow_rows)
        nav_days, nav_values = _navs(navs, nav_rows)
        recallable_days, recallable_amounts = _recallable(recallable, table)
        return cls(
            days=frozen(table[:, 0].astype(np.int64)),
            contributions=frozen(table[:, 1].copy()),
            distributions=frozen(table[:, 2].copy()),
            rows=frozen(places[order]),
            nav_days=frozen(nav_days),
            navs=frozen(nav_values),
            nav_estimated=frozen(np.zeros(len(nav_days), np.bool_)),
            name=name,
            currency=currency,
            commitment=_commitment(commitment),
            vintage=vintage,
            strategy=strategy,
            warnings=("SIGN_SUSPECT",) if sign_suspect(table, signed=signed) else (),
            notes=tuple(notes),
            recallable_days=frozen(recallable_days),
            recallable=frozen(recallable_amounts),
        )

    def __repr__(self) -> str:
        span = f"{iso(self.days[0])} to {iso(self.days[-1])}"
        flows, navs = counted(len(self.days), "flow"), counted(len(self.navs), "NAV")
        return f"Fund({self.name!r}, {flows} {span}, {navs})"


def summed(places: IntArray, amounts: FloatArray, count: int) -> FloatArray:
    """Amounts added up by the place each belongs to, in their order, shape (count,).

    >>> summed(np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0]), 2).tolist()
    [4.0, 2.0]
    """
    return np.bincount(places, amounts, count).astype(np.float64, copy=False)


def amount(value: object, *, row: int | None, field: str) -> float:
    """A number that can be computed with, or `NON_FINITE` with its place.

    >>> amount("12.5", row=1, field="contribution")
    12.5
    """
    number = number_of(value)
    if number != 0 and not LEAST <= abs(number) <= MOST:
        raise CashFlowError(
            f"{str(value)[:40]!r} is beyond {MOST:g} or below {LEAST:g}."
            if math.isfinite(number)
            else f"{str(value)[:40]!r} is not a finite number.",
            code="NON_FINITE",
            row=row,
            field=field,
            value=value,
            hint="Expected an amount in fund currency, or 0 where there was none.",
        )
    return number + 0.0  # -0.0 becomes 0.0


def number_of(value: object) -> float:
    """A float, NaN where the value is none.

    >>> number_of("12.5"), number_of(None)
    (12.5, nan)
    """
    try:
        return float(value)  # type: ignore[arg-type]  # what float refuses is NaN
    except (TypeError, ValueError):
        return math.nan
    except OverflowError:
        return math.inf


def _flow(
    row: tuple[object, ...], place: int, sign: str, reversals: str
) -> tuple[int, float, float]:
    if len(row) == _SIGNED:
        day = day_number(row[0], row=place)
        value = amount(row[1], row=place, field="amount")
        signed = -value if sign == "gp" else value
        return day, max(0.0, -signed), max(0.0, signed)
    if len(row) != _COLUMNS:
        raise CashFlowError(
            f"A flow has {counted(len(row), 'value')}.",
            code="RAGGED_ROW",
            row=place,
            hint="Expected (date, contribution, distribution) or (date, amount).",
        )
    day = day_number(row[0], row=place)
    number = _magnitude if reversals == "reject" else _number
    return day, number(row[1], place, "contribution"), number(row[2], place, "distribution")


def pair(row: Sequence[object], place: int, what: str, expected: str) -> tuple[object, object]:
    """A row of two values, or `RAGGED_ROW`.

    >>> pair(("2020-01-01", 5), 1, "A NAV", "(date, nav)")
    ('2020-01-01', 5)
    """
    if len(row) != _SIGNED:
        raise CashFlowError(
            f"{what} has {counted(len(row), 'value')}.",
            code="RAGGED_ROW",
            row=place,
            hint=f"Expected {expected}.",
        )
    return row[0], row[1]


def _number(value: object, place: int, field: str) -> float:
    return amount(value, row=place, field=field)


def _magnitude(value: object, place: int, field: str) -> float:
    number = amount(value, row=place, field=field)
    if number < 0:
        raise CashFlowError(
            f"The {field} {number:g} is negative.",
            code="NEGATIVE_AMOUNT",
            row=place,
            field=field,
            value=value,
            hint="Both columns are positive amounts; one signed column is (date, amount). "
            "Returned capital and clawbacks are taken with reversals='net'.",
        )
    return number


def _navs(
    navs: Iterable[Sequence[object]], nav_rows: Sequence[int] | None
) -> tuple[IntArray, FloatArray]:
    known: dict[int, float] = {}
    table = [tuple(row) for row in navs]
    places = range(1, len(table) + 1) if nav_rows is None else nav_rows
    for place, row in zip(places, table, strict=True):
        date, nav = pair(row, place, "A NAV", "(date, nav)")
        day = day_number(date, row=place)
        value = amount(nav, row=place, field="nav")
        if known.setdefault(day, value) != value:
            raise CashFlowError(
                f"There are two NAVs on {iso(day)}: {known[day]:g} and {value:g}.",
                code="NAV_DUPLICATE",
                row=place,
                field="nav",
                value=nav,
                hint="Find out which one is right, and keep that one.",
            )
    days = sorted(known)
    return np.array(days, np.int64), np.array([known[day] for day in days], np.float64)


def _recallable(rows: Iterable[Sequence[object]], table: FloatArray) -> tuple[IntArray, FloatArray]:
    """Recallable amounts by day; none may exceed what was distributed on its day."""
    known: dict[int, float] = {}
    for place, row in enumerate(rows, start=1):
        date, tagged = pair(tuple(row), place, "A recallable amount", "(date, amount)")
        day = day_number(date, row=place)
        known[day] = known.get(day, 0.0) + _magnitude(tagged, place, "recallable")
        own = table[table[:, 0] == day, 2]
        distributed = math.fsum(own)
        excess = known[day] - distributed
        if excess > 0 and not negligible(excess, len(own) + place, known[day] + distributed):
            raise CashFlowError(
                f"{known[day]:g} is recallable on {iso(day)}, of {distributed:g} distributed: the "
                "rest is negative.",
                code="NEGATIVE_AMOUNT",
                row=place,
                field="recallable",
                value=tagged,
                hint="A recallable amount is a part of the distributions of its date.",
            )
    days = [day for day in sorted(known) if known[day]]
    return np.array(days, np.int64), np.array([known[day] for day in days], np.float64)


def _commitment(value: float | None) -> float | None:
    if value is None:
        return None
    number = amount(value, row=None, field="commitment")
    if number <= 0:
        raise CashFlowError(
            f"The commitment {number:g} is not positive.",
            code="NEGATIVE_AMOUNT",
            field="commitment",
            value=value,
            hint="Leave it out where it is not known.",
        )
    return number


def sign_suspect(table: FloatArray, *, signed: bool) -> bool:
    """Whether amounts look as if their signs, or their columns, were swapped.

    Parameters
    ----------
    table
        Day numbers, contributions and distributions in the columns, shape (n, 3), by date.
    signed
        Whether the amounts came in one signed column.

    Returns
    -------
    bool
        True where the investor was never out of pocket, or where the first flow of a signed column
        was received and the last one paid.

    References
    ----------
    METHODS 1.2.

    Examples
    --------
    >>> sign_suspect(np.array([[0.0, 0.0, 100.0], [1.0, 30.0, 0.0]]), signed=True)
    True
    """
    ends = np.append(np.flatnonzero(np.diff(table[:, 0])), len(table) - 1)
    sums = np.cumsum(table[:, 2] - table[:, 1])[ends]
    sizes = np.cumsum(np.abs(table[:, 1:]).sum(axis=1))[ends]
    sums = settled(sums, 2 * (ends + 1), sizes)
    net = np.diff(sums, prepend=0.0)
    moving = net[net != 0]
    if len(moving) == 0:
        return False
    if signed and moving[0] > 0 > moving[-1]:
        return True
    return bool((sums >= 0).all())


def _unsupported(field: str, value: object, choices: str) -> InputError:
    return InputError(
        f"{field}={value!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=field,
        value=value,
        hint=f"Offered: {choices}.",
    )


def frozen(array: _Array) -> _Array:
    """The array itself, made read-only."""
    array.flags.writeable = False
    return array
