"""A table of flows as arrays, sorted by fund and day: the form in which rows are compared."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.ingest.labels import NO_NAME, Labels

if TYPE_CHECKING:
    from pmecalc.core.fund import BoolArray, FloatArray, IntArray
    from pmecalc.ingest.table import Table


@dataclass(frozen=True, slots=True)
class Ledger:
    """Columns of equal length; rows of one fund and day stand as the file has them.

    `given` are the amounts as written, NaN where both are blank; `navs` NaN where none is reported,
    `recallable` the part of the row's distribution that may be called again.
    """

    funds: IntArray
    days: IntArray
    rows: IntArray
    contributions: FloatArray
    distributions: FloatArray
    given: FloatArray
    navs: FloatArray
    recallable: FloatArray
    currencies: IntArray

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, which: BoolArray | IntArray | slice) -> Ledger:
        """The rows that a mask, an order or a slice picks."""
        if isinstance(which, np.ndarray) and which.dtype == np.bool_ and which.all():
            return self
        return Ledger(*(getattr(self, field.name)[which] for field in fields(self)))

    def sides(self) -> dict[str, FloatArray]:
        """Contributions and distributions by the names of their columns."""
        return {"contribution": self.contributions, "distribution": self.distributions}

    def fund(self, place: int) -> Ledger:
        """The rows of one fund."""
        first, last = np.searchsorted(self.funds, (place, place + 1))
        return self.where(slice(int(first), int(last)))


def ledger_of(table: Table, *, gp: bool) -> Ledger:
    """The table's rows, sorted; `gp` if a positive amount is money paid in."""
    rows = np.frombuffer(table.rows, np.int64)
    blank = np.full(len(rows), np.nan)
    columns = {name: np.frombuffer(values) for name, values in table.numbers.items()}
    if "amount" in columns:
        given = -columns["amount"] if gp else columns["amount"]
        contributions, distributions = np.maximum(-given, 0.0), np.maximum(given, 0.0)
    else:
        contributions, distributions = columns["contribution"], columns["distribution"]
        given = np.fmax(contributions, distributions)
    days = np.frombuffer(table.days, np.int64)
    funds = np.maximum(_codes(table.labels.get("fund"), len(rows)), 0)
    ledger = Ledger(
        funds=funds,
        days=days,
        rows=rows,
        contributions=np.nan_to_num(contributions) + 0.0,  # -0.0 becomes 0.0
        distributions=np.nan_to_num(distributions) + 0.0,
        given=given,
        navs=columns.get("nav", blank) + 0.0,
        recallable=np.nan_to_num(columns.get("recallable", blank)) + 0.0,
        currencies=_codes(table.labels.get("currency"), len(rows)),
    )
    order = _order(funds, days)
    return ledger if order is None else ledger.where(order)


def flows_of(ledger: Ledger) -> Ledger:
    """The rows that are flows.

    A row without money that reports a NAV is a valuation, unless its fund would have no flow at all
    and the row says 0: a fund of zeros is a fund.
    """
    money = (ledger.contributions != 0) | (ledger.distributions != 0)
    flow = money | np.isnan(ledger.navs)
    some = np.bincount(ledger.funds, flow) > 0
    return ledger.where(flow | (~some[ledger.funds] & ~np.isnan(ledger.given)))


def valuations_of(ledger: Ledger) -> Ledger:
    """The rows that report a NAV, all of them."""
    return ledger.where(~np.isnan(ledger.navs))


def first_of_day(ledger: Ledger) -> IntArray:
    """For each row the place of the first row of its fund and day."""
    new = begins_day(ledger)
    first: IntArray = np.flatnonzero(new)[np.cumsum(new) - 1]
    return first


def begins_day(ledger: Ledger) -> BoolArray:
    """Whether a row is the first one of its fund and day."""
    new = np.ones(len(ledger), np.bool_)
    new[1:] = (ledger.funds[1:] != ledger.funds[:-1]) | (ledger.days[1:] != ledger.days[:-1])
    return new


def _order(funds: IntArray, days: IntArray) -> IntArray | None:
    """The order by fund and day, rows of one day as they stand; None where they all stand so."""
    same = funds[1:] == funds[:-1]
    if ((funds[1:] > funds[:-1]) | (same & (days[1:] >= days[:-1]))).all():
        return None
    first, span = int(days.min()), int(days.max() - days.min()) + 1
    bits = len(days).bit_length()
    if (int(funds.max()) + 1) * span >= 1 << (63 - bits):
        return np.lexsort((days, funds))
    # One number says fund, day and place: to sort numbers is ten times faster than to sort places.
    keys = ((funds * span + (days - first)) << bits) | np.arange(len(days))
    keys.sort()
    return keys & ((1 << bits) - 1)


def _codes(labels: Labels | None, count: int) -> IntArray:
    if labels is None:
        return np.full(count, NO_NAME, np.int64)
    return np.frombuffer(labels.codes, np.int64)
