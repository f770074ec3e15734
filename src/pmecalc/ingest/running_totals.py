"""Contribution and distribution columns that are totals since inception rather than flows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.dates import iso
from pmecalc.core.errors import InputError, NeedsInputError, Problem
from pmecalc.ingest.problems import Problems, error_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pmecalc.core.fund import BoolArray, FloatArray, IntArray
    from pmecalc.ingest.ledger import Ledger
    from pmecalc.ingest.options import Options
    from pmecalc.ingest.table import Table

# Rows from which columns that never fall are asked about. Flows that are no totals fall somewhere:
# of n random amounts in each of two columns all rise by a chance of one in n! squared.
MIN_ROWS = 5
MIN_ROWS_OF_ONE = 8  # where only contributions stand so far
_MAX_DECIMALS = 9


def as_flows(
    ledger: Ledger, table: Table, names: Sequence[str], *, file: str, options: Options
) -> tuple[Ledger, tuple[str, ...]]:
    """The ledger with flows in it, and what was done; a question where they look like totals."""
    signed = "amount" in table.numbers
    if options.amounts == "cumulative":
        if signed:
            raise _no_totals(table.titles["amount"], file)
        note = "The amounts are running totals, as was said: their differences are the flows."
        return _differences(ledger, table, names, file), (note,)
    if options.amounts is None and not signed:
        _ask(ledger, table, names, file)
    return ledger, ()


def never_falling(ledger: Ledger) -> IntArray:
    """The funds whose contribution and distribution columns both look like running totals."""
    stated = ledger.where(~np.isnan(ledger.given))
    if not len(stated):
        return np.zeros(0, np.int64)
    funds = stated.funds
    count = int(funds.max()) + 1
    inner = funds[1:] == funds[:-1]
    steps = [np.diff(side) for side in stated.sides().values()]
    falls = inner & ((steps[0] < 0) | (steps[1] < 0))
    rises = inner & ((steps[0] > 0) | (steps[1] > 0))
    most = [np.bincount(funds, side, count) > 0 for side in stated.sides().values()]
    rows = np.bincount(funds, minlength=count)
    same_day = _any(funds[1:], inner & (stated.days[1:] == stated.days[:-1]), count)
    enough = np.where(most[1], rows >= MIN_ROWS, rows >= MIN_ROWS_OF_ONE)
    fell, rose = _any(funds[1:], falls, count), _any(funds[1:], rises, count)
    found: IntArray = np.flatnonzero(enough & most[0] & rose & ~fell & ~same_day)
    return found


def _any(funds: IntArray, which: BoolArray, count: int) -> BoolArray:
    found: BoolArray = np.bincount(funds[which], minlength=count) > 0
    return found


def _ask(ledger: Ledger, table: Table, names: Sequence[str], file: str) -> None:
    found = never_falling(ledger)
    if not len(found):
        return
    place = int(found[0])
    fund = ledger.fund(place)
    fund = fund.where(~np.isnan(fund.given))
    whose = f"Fund {names[place]}: " if len(names) > 1 else ""
    others = f" So do those of {len(found) - 1:,} more funds." if len(found) > 1 else ""
    raise NeedsInputError(
        f"{whose}contributions and distributions never fall over {len(fund):,} rows, from "
        f"{iso(fund.days[0])} to {iso(fund.days[-1])}, as running totals do.{others}",
        code="CUMULATIVE_AMOUNTS",
        choices=("flows", "cumulative"),
        option="amounts",
        row=int(fund.rows[-1]),
        field=table.titles["contribution"],
        value=f"{fund.contributions[-1]:.15g}",
        hint="cumulative: each amount is the total since inception, flows are the differences; "
        "flows: each amount was paid on its date.",
        file=file,
    )


def _differences(ledger: Ledger, table: Table, names: Sequence[str], file: str) -> Ledger:
    """The ledger with each total's difference to the one before it."""
    problems = Problems()
    sides = ledger.sides()
    if "recallable" in table.titles:
        sides["recallable"] = ledger.recallable
    totals = {side: _carried(column, ledger) for side, column in sides.items()}
    for side, column in totals.items():
        for problem in _falls(column, ledger, table.titles[side], names):
            problems.add(problem)
    if listed := problems.listed():
        raise error_of(listed, file=file)
    steps = {side: _steps(column, ledger.funds) for side, column in totals.items()}
    contributions, distributions = steps["contribution"], steps["distribution"]
    return replace(
        ledger,
        contributions=contributions,
        distributions=distributions,
        recallable=steps.get("recallable", ledger.recallable),
        given=np.where(np.isnan(ledger.given), np.nan, np.fmax(contributions, distributions)),
    )


def _carried(totals: FloatArray, ledger: Ledger) -> FloatArray:
    """The totals, the last one of the fund on rows that state none."""
    stated = ~np.isnan(ledger.given)
    starts = np.r_[True, ledger.funds[1:] != ledger.funds[:-1]]
    places = np.where(stated | starts, np.arange(len(totals)), 0)
    carried: FloatArray = np.where(stated, totals, 0.0)[np.maximum.accumulate(places)]
    return carried


def _steps(totals: FloatArray, funds: IntArray) -> FloatArray:
    steps: FloatArray = np.diff(totals, prepend=0.0)
    starts = np.flatnonzero(np.r_[True, funds[1:] != funds[:-1]])
    steps[starts] = totals[starts]
    # Totals of cents differ by cents: what the doubles leave beyond the decimals is no money.
    for decimals in range(_MAX_DECIMALS):
        if (np.round(totals, decimals) == totals).all():
            return np.round(steps, decimals)
    return steps


def _falls(
    totals: FloatArray, ledger: Ledger, title: str, names: Sequence[str]
) -> Iterator[Problem]:
    inner = ledger.funds[1:] == ledger.funds[:-1]
    for place in (1 + np.flatnonzero(inner & (np.diff(totals) < 0))).tolist():
        whose = f"Fund {names[ledger.funds[place]]}: " if len(names) > 1 else ""
        yield Problem(
            "NEGATIVE_AMOUNT",
            f"{whose}the running total falls from {totals[place - 1]:.15g} to "
            f"{totals[place]:.15g}.",
            int(ledger.rows[place]),
            title,
            f"{totals[place]:.15g}",
            "A total since inception does not fall: correct it.",
        )


def _no_totals(title: str, file: str) -> InputError:
    return InputError(
        "A signed column cannot hold the totals of contributions and of distributions.",
        code="UNSUPPORTED_OPTION",
        field="amounts",
        value="cumulative",
        hint=f"Give two columns, contribution and distribution, instead of {title}.",
        file=file,
    )
