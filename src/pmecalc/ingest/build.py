"""A table of flows -> funds, and what only all rows together can show to be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.dates import iso
from pmecalc.core.errors import Problem
from pmecalc.core.fund import Fund, frozen, sign_suspect
from pmecalc.core.ragged import Ragged
from pmecalc.ingest.labels import NO_NAME, Labels
from pmecalc.ingest.ledger import begins_day, first_of_day, flows_of, ledger_of, valuations_of
from pmecalc.ingest.names import stem
from pmecalc.ingest.problems import Problems, error_of, in_file_order
from pmecalc.ingest.running_totals import as_flows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pmecalc.core.fund import FloatArray, IntArray
    from pmecalc.ingest.ledger import Ledger
    from pmecalc.ingest.options import Options
    from pmecalc.ingest.table import Table


_NEXT_TO_ZERO = 1e-9  # wide of the core's own rounding, which decides
_ROUNDING = 1e-12  # of a day's distributions, as in core/fund.py


@dataclass(frozen=True, slots=True)
class Books:
    """The checked rows of a table: flows, NAVs and recallable amounts, sorted by fund and day.

    `names` and `currencies` are those of each fund; a table that names no fund holds one.
    """

    flows: Ledger
    valuations: Ledger
    recallable: Ledger
    names: tuple[str | None, ...]
    currencies: tuple[str | None, ...]
    notes: tuple[str, ...]
    signed: bool


def books_of(table: Table, *, file: str, options: Options) -> Books:
    """The rows of a table once nothing is wrong with them and no question is open."""
    ledger = ledger_of(table, gp=options.sign == "gp")
    names = list(table.labels.get("fund", Labels()).names)
    options.check_for(len(names), file=file)
    signed = "amount" in table.numbers
    problems = _wrong_rows(ledger, table, names)
    if problems:
        raise error_of(problems, file=file)
    ledger, notes = as_flows(ledger, table, names, file=file, options=options)
    flows, valuations = flows_of(ledger), valuations_of(ledger)
    if problems := tuple(_without_flows(ledger, flows, names)):
        raise error_of(problems, file=file)
    currencies = _currencies(ledger, table, names, options)
    if isinstance(currencies, Problem):
        raise error_of([currencies], file=file)
    if options.sign is None:
        _ask_sign(flows, table, names, file)
    return Books(
        flows,
        valuations.where(begins_day(valuations)),
        ledger.where(ledger.recallable > 0),
        tuple(names) or (None,),
        currencies,
        (*table.notes, *notes),
        signed,
    )


def funds_of(table: Table, *, file: str, options: Options) -> tuple[Fund, ...]:
    """The funds of a table, in the order in which the file names them."""
    books = books_of(table, file=file, options=options)
    return tuple(_fund(books, place, file, options) for place in range(len(books.names)))


def ragged_of(table: Table, *, file: str, options: Options) -> tuple[Ragged, tuple[str, ...]]:
    """The same funds as flat columns, and what was understood."""
    books = books_of(table, file=file, options=options)
    days, amounts, owners = _recallable_days(books.recallable)
    count = len(books.names)
    flows, valuations = books.flows, books.valuations
    ragged = Ragged.of(
        _pointers(flows.funds, count),
        flows.days,
        flows.contributions,
        flows.distributions,
        nav_pointers=_pointers(valuations.funds, count),
        nav_days=valuations.days,
        navs=valuations.navs,
        labels=_names_of(books, table, file),
        recallable_pointers=_pointers(owners, count),
        recallable_days=days,
        recallable=amounts,
        reversals="net",
    )
    tagged = books.recallable
    return ragged, (
        *books.notes,
        *_notes(flows, valuations, tagged, signed=books.signed, options=options),
    )


def _names_of(books: Books, table: Table, file: str) -> list[str] | list[int]:
    """What the funds are called, whole numbers as such."""
    if "fund" in table.labels and table.labels["fund"].whole:
        return [int(name or 0) for name in books.names]
    return [name or stem(file) for name in books.names]


def _fund(books: Books, place: int, file: str, options: Options) -> Fund:
    flows, navs = books.flows.fund(place), books.valuations.fund(place)
    tags = books.recallable.fund(place)
    recallable_days, recallable, _ = _recallable_days(tags)
    return Fund(
        days=frozen(flows.days.copy()),
        contributions=frozen(flows.contributions.copy()),
        distributions=frozen(flows.distributions.copy()),
        rows=frozen(flows.rows.copy()),
        nav_days=frozen(navs.days.copy()),
        navs=frozen(navs.navs.copy()),
        nav_estimated=frozen(np.zeros(len(navs), np.bool_)),
        name=options.name or books.names[place] or stem(file),
        currency=books.currencies[place],
        commitment=None if options.commitment is None else float(options.commitment),
        vintage=options.vintage,
        strategy=options.strategy,
        warnings=("SIGN_SUSPECT",) if is_sign_suspect(flows, signed=books.signed) else (),
        notes=(*books.notes, *_notes(flows, navs, tags, signed=books.signed, options=options)),
        recallable_days=frozen(recallable_days),
        recallable=frozen(recallable),
    )


def _recallable_days(tags: Ledger) -> tuple[IntArray, FloatArray, IntArray]:
    """Recallable amounts added up by fund and day: the days, the sums, the funds."""
    new = begins_day(tags)
    starts = np.flatnonzero(new)
    sums = np.bincount(np.cumsum(new) - 1, tags.recallable, len(starts))
    return tags.days[starts], sums.astype(np.float64, copy=False), tags.funds[starts]


def _pointers(owners: IntArray, count: int) -> IntArray:
    """Where the rows of each fund begin, and the end."""
    pointers: IntArray = np.searchsorted(owners, np.arange(count + 1))
    return pointers


def _wrong_rows(ledger: Ledger, table: Table, names: list[str]) -> tuple[Problem, ...]:
    """What is wrong with cells and with rows beside each other, by row."""
    valuations = valuations_of(ledger)
    problems = Problems()
    for problem in (
        *_unnamed(table, names),
        *_two_navs(valuations, first_of_day(valuations), table, names),
        *_too_recallable(ledger, table, names),
    ):
        problems.add(problem)
    return in_file_order((*table.problems, *problems.listed()))


def _whose(names: list[str], place: int) -> str:
    """The beginning of a sentence about a row, where a table holds several funds."""
    return f"Fund {names[place]}: " if len(names) > 1 else ""


def _notes(
    flows: Ledger, navs: Ledger, tags: Ledger, *, signed: bool, options: Options
) -> Iterator[str]:
    contributions = int(np.count_nonzero(flows.contributions))
    distributions = int(np.count_nonzero(flows.distributions))
    yield (
        f"Contributions: {contributions:,}; distributions: {distributions:,}; "
        f"valuations: {len(navs):,}."
    )
    if len(tags):
        yield f"Distributions that may be called again: {len(tags):,}."
    if signed and options.sign == "gp":
        yield "Positive amounts are contributions, as was said."
    elif signed:
        yield "Negative amounts are contributions, positive ones distributions."


def _unnamed(table: Table, names: list[str]) -> Iterator[Problem]:
    """Rows without a fund, where others have one."""
    if not names:
        return
    labels = table.labels["fund"]
    for place in np.flatnonzero(np.frombuffer(labels.codes, np.int64) == NO_NAME):
        yield Problem(
            "AMBIGUOUS_MAPPING",
            "The row does not say whose it is, others do.",
            table.rows[int(place)],
            table.titles["fund"],
            "",
            "Name the fund of the row.",
        )


def _two_navs(
    valuations: Ledger, first: IntArray, table: Table, names: list[str]
) -> Iterator[Problem]:
    """Reports that differ from the first one of their day."""
    for place in np.flatnonzero(valuations.navs != valuations.navs[first]):
        other, this = valuations.navs[first[place]], valuations.navs[place]
        yield Problem(
            "NAV_DUPLICATE",
            f"{_whose(names, valuations.funds[place])}There are two NAVs on "
            f"{iso(valuations.days[place])}: {other:.15g} and {this:.15g}.",
            int(valuations.rows[place]),
            table.titles["nav"],
            f"{this:.15g}",
            "Find out which one is right, and keep that one.",
        )


def _too_recallable(ledger: Ledger, table: Table, names: list[str]) -> Iterator[Problem]:
    """Days on which more may be called again than was distributed."""
    tagged = np.flatnonzero(ledger.recallable)
    if not len(tagged):
        return
    first = first_of_day(ledger)
    distributed = np.bincount(first, ledger.distributions, len(ledger))
    recallable = np.bincount(first, ledger.recallable, len(ledger))
    for day in dict.fromkeys(first[tagged].tolist()):
        if recallable[day] <= distributed[day] * (1 + _ROUNDING):
            continue
        place = next(each for each in tagged.tolist() if first[each] == day)
        yield Problem(
            "NEGATIVE_AMOUNT",
            f"{_whose(names, ledger.funds[place])}{recallable[day]:.15g} is recallable on "
            f"{iso(ledger.days[place])}, of "
            f"{distributed[day]:.15g} distributed: the rest is negative.",
            int(ledger.rows[place]),
            table.titles["recallable"],
            f"{ledger.recallable[place]:.15g}",
            "A recallable amount is a part of the distributions of its date.",
        )


def _without_flows(ledger: Ledger, flows: Ledger, names: list[str]) -> Iterator[Problem]:
    counts = np.bincount(flows.funds, minlength=max(len(names), 1))
    for place in np.flatnonzero(counts == 0).tolist():
        rows = ledger.fund(place).rows
        yield Problem(
            "NO_FLOWS",
            f"The fund {names[place]} has no flows." if names else "The fund has no flows.",
            int(rows.min()) if len(rows) else None,
            hint="At least one dated contribution or distribution is needed.",
        )


def _currencies(
    ledger: Ledger, table: Table, names: list[str], options: Options
) -> tuple[str | None, ...] | Problem:
    """The currency of each fund, where it is said; two of them in one fund are one too many."""
    known = list(table.labels.get("currency", Labels()).names)
    said = ledger.currencies != NO_NAME
    funds, codes, rows = ledger.funds[said], ledger.currencies[said], ledger.rows[said]
    found, first = np.unique(funds, return_index=True)
    of_fund = np.full(max(len(names), 1), NO_NAME)
    of_fund[found] = codes[first]
    other = codes != of_fund[funds]
    if other.any():
        place = np.flatnonzero(other)[rows[other].argmin()]
        pair = known[of_fund[funds[place]]], known[codes[place]]
        return _mixed_currency(_whose(names, funds[place]), pair, int(rows[place]), table)
    return tuple(
        options.currency or (None if code == NO_NAME else known[code]) for code in of_fund.tolist()
    )


def _mixed_currency(whose: str, pair: tuple[str, str], row: int, table: Table) -> Problem:
    return Problem(
        "MIXED_CURRENCY",
        f"{whose}Amounts of one fund are in {' and '.join(pair)}.",
        row,
        table.titles["currency"],
        pair[1],
        "Write all amounts of a fund in one currency.",
        pair,
    )


def _ask_sign(flows: Ledger, table: Table, names: list[str], file: str) -> None:
    signed = "amount" in table.numbers
    for place in possibly_turned(flows):
        suspect = flows.fund(place)
        if is_sign_suspect(suspect, signed=signed):
            raise error_of(
                [_sign_question(suspect, table, _whose(names, place), signed=signed)], file=file
            )


def _sign_question(suspect: Ledger, table: Table, whose: str, *, signed: bool) -> Problem:
    """Two readings of one signed column; of two columns there is one, and the other is mended."""
    why = "as the amounts are read, money is received first, before any was paid in."
    hint = "gp: positive amounts are contributions; lp: they are distributions."
    if not signed:
        hint = (
            "If the columns are exchanged, exchange their headers; lp: they are as they are called."
        )
    return Problem(
        "SIGN_SUSPECT",
        f"{whose}{why}" if whose else why.capitalize(),
        int(suspect.rows[0]),
        table.titles["amount" if signed else "distribution"],
        f"{suspect.given[0]:.15g}",
        hint,
        ("lp", "gp") if signed else ("lp",),
        "sign",
    )


def is_sign_suspect(flows: Ledger, *, signed: bool) -> bool:
    """Whether the flows of one fund may have their signs the other way round (METHODS 1.2)."""
    columns = (flows.days, flows.contributions, flows.distributions)
    return sign_suspect(np.column_stack(columns).astype(np.float64), signed=signed)


def possibly_turned(flows: Ledger) -> list[int]:
    """The funds that do not pay in on their first day of money: no other can be suspect."""
    starts = np.flatnonzero(begins_day(flows))
    if not len(starts):
        return []
    net = np.add.reduceat(flows.distributions - flows.contributions, starts)
    size = np.add.reduceat(np.abs(flows.distributions) + np.abs(flows.contributions), starts)
    moved = size > 0
    funds, net, size = flows.funds[starts][moved], net[moved], size[moved]
    first = np.ones(len(funds), np.bool_)
    first[1:] = funds[1:] != funds[:-1]
    found: list[int] = funds[first & (net >= -_NEXT_TO_ZERO * size)].tolist()
    return found
