"""Many funds as flat columns: no object a fund."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from pmecalc.core.content import ByContent
from pmecalc.core.errors import CashFlowError, InputError
from pmecalc.core.fund import FloatArray, Fund, IntArray, Reversals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pmecalc.core.fund import BoolArray

DayArray: TypeAlias = npt.NDArray[np.int32]
_Number = TypeVar("_Number", np.int32, np.int64, np.float64, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Ragged(ByContent):
    """Flows and NAVs of many funds, sorted by fund and date; build one with `of`.

    Parameters
    ----------
    pointers
        Where the flow rows of each fund begin, and the end, shape (n_funds + 1,).
    days
        Day numbers of the rows, shape (n_rows,), ascending within a fund.
    contributions, distributions
        Money paid in and received, shape (n_rows,), `>= 0` but for reversals.
    nav_pointers, nav_days, navs
        The same for NAVs, days unique within a fund.
    nav_estimated
        Which NAVs a part was rolled forward in, as in a pool, shape of `navs`.
    commitments
        Money promised, shape (n_funds,); NaN where it is not known.
    labels
        What the funds are called, shape (n_funds,).
    recallable_pointers, recallable_days, recallable
        Distributions that may be called again, days unique within a fund.
    """

    pointers: IntArray
    days: DayArray
    contributions: FloatArray
    distributions: FloatArray
    nav_pointers: IntArray
    nav_days: DayArray
    navs: FloatArray
    nav_estimated: BoolArray
    commitments: FloatArray
    labels: npt.NDArray[np.generic]
    recallable_pointers: IntArray
    recallable_days: DayArray
    recallable: FloatArray

    def __len__(self) -> int:
        return len(self.pointers) - 1

    @classmethod
    def of(
        cls,
        pointers: npt.ArrayLike,
        days: npt.ArrayLike,
        contributions: npt.ArrayLike,
        distributions: npt.ArrayLike,
        *,
        nav_pointers: npt.ArrayLike | None = None,
        nav_days: npt.ArrayLike = (),
        navs: npt.ArrayLike = (),
        nav_estimated: npt.ArrayLike | None = None,
        commitments: npt.ArrayLike | None = None,
        labels: npt.ArrayLike | None = None,
        recallable_pointers: npt.ArrayLike | None = None,
        recallable_days: npt.ArrayLike = (),
        recallable: npt.ArrayLike = (),
        reversals: Reversals = "reject",
    ) -> Ragged:
        """Check sorted columns; arrays of the right type are used as they are, not copied.

        Parameters
        ----------
        pointers, days, contributions, distributions
            As above; so are the others.
        reversals
            `reject` refuses negative contributions and distributions; `net` takes them.

        Raises
        ------
        CashFlowError
            `NON_FINITE`, `NEGATIVE_AMOUNT`, `NAV_DUPLICATE`.
        InputError
            `MALFORMED`: the columns do not fit together, or days are not ascending.

        Examples
        --------
        >>> len(Ragged.of([0, 2], [0, 365], [100, 0], [0, 110]))
        1
        """
        starts = _contiguous(pointers, np.int64)
        count = max(len(starts) - 1, 0)
        made = cls(
            pointers=starts,
            days=_contiguous(days, np.int32),
            contributions=_contiguous(contributions, np.float64),
            distributions=_contiguous(distributions, np.float64),
            nav_pointers=_starts(nav_pointers, count),
            nav_days=_contiguous(nav_days, np.int32),
            navs=_contiguous(navs, np.float64),
            nav_estimated=np.zeros(np.size(navs), np.bool_)
            if nav_estimated is None
            else _contiguous(nav_estimated, np.bool_),
            commitments=np.full(count, np.nan)
            if commitments is None
            else _contiguous(commitments, np.float64),
            labels=np.arange(count) if labels is None else np.asarray(labels),
            recallable_pointers=_starts(recallable_pointers, count),
            recallable_days=_contiguous(recallable_days, np.int32),
            recallable=_contiguous(recallable, np.float64),
        )
        _check(made, reversals)
        return made

    @classmethod
    def of_funds(cls, funds: Iterable[Fund]) -> Ragged:
        """The funds' columns, one after the other.

        Examples
        --------
        >>> fund = Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150)])
        >>> len(Ragged.of_funds([fund, fund]).days)
        4
        """
        members = list(funds)
        unknown = [np.nan if fund.commitment is None else fund.commitment for fund in members]
        return cls.of(
            _pointers([len(fund.days) for fund in members]),
            _joined([fund.days for fund in members]),
            _joined([fund.contributions for fund in members]),
            _joined([fund.distributions for fund in members]),
            nav_pointers=_pointers([len(fund.nav_days) for fund in members]),
            nav_days=_joined([fund.nav_days for fund in members]),
            navs=_joined([fund.navs for fund in members]),
            nav_estimated=_joined([fund.nav_estimated for fund in members]),
            commitments=unknown,
            labels=[fund.name or str(place) for place, fund in enumerate(members)],
            recallable_pointers=_pointers([len(fund.recallable) for fund in members]),
            recallable_days=_joined([fund.recallable_days for fund in members]),
            recallable=_joined([fund.recallable for fund in members]),
            reversals="net",
        )

    def fund(self, place: int) -> Fund:
        """One fund of them, for the plain engine.

        Examples
        --------
        >>> Ragged.of([0, 2], [0, 365], [100, 0], [0, 110]).fund(0)
        Fund('0', 2 flows 1970-01-01 to 1971-01-01, 0 NAVs)
        """
        rows = slice(self.pointers[place], self.pointers[place + 1])
        own = slice(self.nav_pointers[place], self.nav_pointers[place + 1])
        again = slice(self.recallable_pointers[place], self.recallable_pointers[place + 1])
        commitment = float(self.commitments[place])
        return Fund(
            days=self.days[rows].astype(np.int64),
            contributions=self.contributions[rows],
            distributions=self.distributions[rows],
            rows=np.arange(rows.start, rows.stop),
            nav_days=self.nav_days[own].astype(np.int64),
            navs=self.navs[own],
            nav_estimated=self.nav_estimated[own],
            name=str(self.labels[place]),
            commitment=None if np.isnan(commitment) else commitment,
            recallable_days=self.recallable_days[again].astype(np.int64),
            recallable=self.recallable[again],
        )


def _contiguous(column: npt.ArrayLike, kind: type[_Number]) -> npt.NDArray[_Number]:
    """The column itself where it has the type and the layout that the compiled loops take."""
    return np.ascontiguousarray(column, kind)


def _starts(pointers: npt.ArrayLike | None, count: int) -> IntArray:
    return np.zeros(count + 1, np.int64) if pointers is None else _contiguous(pointers, np.int64)


def _check(made: Ragged, reversals: Reversals) -> None:
    _check_shape(made.pointers, made.days, made.contributions, made.distributions)
    _check_shape(made.nav_pointers, made.nav_days, made.navs, made.nav_estimated)
    _check_shape(made.recallable_pointers, made.recallable_days, made.recallable)
    by_fund = (made.nav_pointers[1:], made.recallable_pointers[1:], made.commitments, made.labels)
    if {len(column) for column in by_fund} != {len(made)}:
        raise _bad("the columns by fund differ in length")
    for name in ("contributions", "distributions", "navs"):
        _refuse(~np.isfinite(getattr(made, name)), name, "NON_FINITE", "not a finite number")
    for name in ("contributions", "distributions") if reversals == "reject" else ():
        _refuse(getattr(made, name) < 0, name, "NEGATIVE_AMOUNT", "negative")
    if _backward(made.pointers, made.days[1:] < made.days[:-1]).any():
        raise _bad("the days of a fund are not ascending")
    doubled = _backward(made.nav_pointers, made.nav_days[1:] <= made.nav_days[:-1])
    _refuse(doubled, "navs", "NAV_DUPLICATE", "a second one of its day, or out of order")


def _check_shape(pointers: IntArray, *columns: npt.NDArray[np.generic]) -> None:
    lengths = {len(column) for column in columns}
    if len(pointers) == 0 or pointers[0] != 0 or (np.diff(pointers) < 0).any():
        raise _bad("the pointers are not ascending from 0")
    if lengths != {int(pointers[-1])}:
        raise _bad("the columns do not have as many rows as the pointers say")


def _backward(pointers: IntArray, falls: BoolArray) -> BoolArray:
    """`falls[i]` (row i to i + 1) only within a fund."""
    inner = pointers[1:-1]
    inner = inner[(inner > 0) & (inner <= len(falls))]
    falls[inner - 1] = False
    return falls


def _refuse(wrong: BoolArray, column: str, code: str, what: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise CashFlowError(
            f"Row {row} of {column} is {what}.", code=code, row=row, field=column, hint="Mend it."
        )


def _bad(why: str) -> InputError:
    return InputError(f"The table cannot be used: {why}.", code="MALFORMED", hint="Mend it.")


def _pointers(counts: npt.ArrayLike) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64), dtype=np.int64)])


def _joined(parts: list[npt.NDArray[np.generic]]) -> npt.NDArray[np.generic]:
    return np.concatenate(parts) if parts else np.zeros(0)
