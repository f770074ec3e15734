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
        return Ledger(*(getattr(self, field.name)[which] for field in fields(self)))

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
    return ledger.where(np.lexsort((days, funds)))


def flows_of(ledger: Ledger) -> Ledger:
    """The rows that are flows.

    A row without money that reports a NAV is a valuation, unless its fund would have no flow at all
    and the row says 0: a fund of zeros is a fund.
    """
    money = (ledger.contributions > 0) | (ledger.distributions > 0)
    flow = money | np.isnan(ledger.navs)
    some = np.bincount(ledger.funds, flow) > 0
    return ledger.where(flow | (~some[ledger.funds] & ~np.isnan(ledger.given)))


def valuations_of(ledger: Ledger) -> Ledger:
    """The rows that report a NAV, all of them."""
    return ledger.where(~np.isnan(ledger.navs))


def first_of_day(ledger: Ledger) -> IntArray:
    """For each row the place of the first row of its fund and day."""
    if not len(ledger):
        return np.empty(0, np.int64)
    new = np.ones(len(ledger), np.bool_)
    new[1:] = (np.diff(ledger.funds) != 0) | (np.diff(ledger.days) != 0)
    first: IntArray = np.flatnonzero(new)[np.cumsum(new) - 1]
    return first


def _codes(labels: Labels | None, count: int) -> IntArray:
    if labels is None:
        return np.full(count, NO_NAME, np.int64)
    return np.frombuffer(labels.codes, np.int64)
