"""A table of flows -> funds, and what only all rows together can show to be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.dates import iso
from pmecalc.core.errors import NeedsInputError, Problem
from pmecalc.core.fund import Fund, frozen
from pmecalc.ingest.labels import NO_NAME, Labels
from pmecalc.ingest.ledger import first_of_day, flows_of, ledger_of, valuations_of
from pmecalc.ingest.names import stem
from pmecalc.ingest.problems import Problems, error_of, in_file_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pmecalc.core.fund import IntArray
    from pmecalc.ingest.ledger import Ledger
    from pmecalc.ingest.options import Options
    from pmecalc.ingest.table import Table


_ROUNDING = 1e-12  # of a day's distributions, as in core/fund.py


def funds_of(table: Table, *, file: str, options: Options) -> tuple[Fund, ...]:
    """The funds of a table, in the order in which the file names them."""
    ledger = ledger_of(table, gp=options.sign == "gp")
    names = list(table.labels.get("fund", Labels()).names)
    options.check_for(len(names), file=file)
    flows, valuations = flows_of(ledger), valuations_of(ledger)
    first = first_of_day(valuations)
    problems = Problems()
    for problem in (
        *_unnamed(table, names),
        *_two_navs(valuations, first, table),
        *_too_recallable(ledger, table),
    ):
        problems.add(problem)
    if not table.problems and not problems.listed():
        for problem in _without_flows(ledger, flows, names):
            problems.add(problem)
    if found := (*table.problems, *problems.listed()):
        raise error_of(in_file_order(found), file=file)
    navs = valuations.where(np.unique(first))
    places = range(max(len(names), 1))
    tags = ledger.where(ledger.recallable > 0)
    funds = [(flows.fund(place), navs.fund(place), tags.fund(place)) for place in places]
    currencies = [_currency(ledger.fund(place), table, options, file) for place in places]
    signed = "amount" in table.numbers
    if signed and options.sign is None:
        _ask_sign([of_fund for of_fund, _, _ in funds], table, file)
    called: list[str | None] = [*names] or [None]
    return tuple(
        _fund(*parts, table, file=file, name=name, currency=currency, options=options)
        for parts, currency, name in zip(funds, currencies, called, strict=True)
    )


def _fund(
    flows: Ledger,
    navs: Ledger,
    tags: Ledger,
    table: Table,
    *,
    file: str,
    name: str | None,
    currency: str | None,
    options: Options,
) -> Fund:
    signed = "amount" in table.numbers
    recallable_days, places = np.unique(tags.days, return_inverse=True)
    recallable = np.zeros(len(recallable_days))
    np.add.at(recallable, places, tags.recallable)
    return Fund(
        days=frozen(flows.days.copy()),
        contributions=frozen(flows.contributions.copy()),
        distributions=frozen(flows.distributions.copy()),
        rows=frozen(flows.rows.copy()),
        nav_days=frozen(navs.days.copy()),
        navs=frozen(navs.navs.copy()),
        nav_estimated=frozen(np.zeros(len(navs), np.bool_)),
        name=options.name or name or stem(file),
        currency=currency,
        commitment=None if options.commitment is None else float(options.commitment),
        vintage=options.vintage,
        strategy=options.strategy,
        warnings=("SIGN_SUSPECT",) if signed and _sign_suspect(flows) else (),
        notes=(*table.notes, *_notes(flows, navs, tags, signed=signed, options=options)),
        recallable_days=frozen(recallable_days),
        recallable=frozen(recallable),
    )


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


def _two_navs(valuations: Ledger, first: IntArray, table: Table) -> Iterator[Problem]:
    """Reports that differ from the first one of their day."""
    for place in np.flatnonzero(valuations.navs != valuations.navs[first]):
        other, this = valuations.navs[first[place]], valuations.navs[place]
        yield Problem(
            "NAV_DUPLICATE",
            f"There are two NAVs on {iso(valuations.days[place])}: {other:.15g} and {this:.15g}.",
            int(valuations.rows[place]),
            table.titles["nav"],
            f"{this:.15g}",
            "Keep one of them.",
        )


def _too_recallable(ledger: Ledger, table: Table) -> Iterator[Problem]:
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
            f"{recallable[day]:.15g} is recallable on {iso(ledger.days[place])}, of "
            f"{distributed[day]:.15g} distributed: the rest is negative.",
            int(ledger.rows[place]),
            table.titles["recallable"],
            f"{ledger.recallable[place]:.15g}",
            "A recallable amount is a part of the distributions of its date.",
        )


def _without_flows(ledger: Ledger, flows: Ledger, names: list[str]) -> Iterator[Problem]:
    places = range(max(len(names), 1))
    for place in sorted(set(places) - set(flows.funds.tolist())):
        rows = ledger.fund(place).rows
        yield Problem(
            "NO_FLOWS",
            f"The fund {names[place]} has no flows." if names else "The fund has no flows.",
            int(rows.min()) if len(rows) else None,
            hint="At least one dated contribution or distribution is needed.",
        )


def _currency(fund: Ledger, table: Table, options: Options, file: str) -> str | None:
    """The fund's currency, if it is said; two of them are one too many."""
    known = list(table.labels.get("currency", Labels()).names)
    codes = np.unique(fund.currencies[fund.currencies != NO_NAME])
    if len(codes) > 1:
        row = int(fund.rows[fund.currencies == codes[1]].min())
        choices = [known[code] for code in codes]
        raise NeedsInputError(
            f"Amounts of one fund are in {' and '.join(choices)}.",
            code="MIXED_CURRENCY",
            choices=choices,
            row=row,
            field=table.titles["currency"],
            value=choices[1],
            hint="Keep the rows of one currency, or convert the others.",
            file=file,
        )
    return options.currency or next((known[code] for code in codes), None)


def _ask_sign(funds: list[Ledger], table: Table, file: str) -> None:
    suspect = next((flows for flows in funds if _sign_suspect(flows)), None)
    if suspect is None:
        return
    raise NeedsInputError(
        "The amounts start positive and end negative; contributions, which come first, "
        "usually are the negative ones.",
        code="SIGN_SUSPECT",
        choices=("lp", "gp"),
        row=int(suspect.rows[0]),
        field=table.titles["amount"],
        value=f"{suspect.given[0]:.15g}",
        hint="Choose the sign gp if positive amounts are contributions, lp if they are not.",
        file=file,
    )


def _sign_suspect(flows: Ledger) -> bool:
    net = flows.distributions - flows.contributions
    net = net[net != 0]
    return len(net) > 1 and bool(net[0] > 0 > net[-1])
