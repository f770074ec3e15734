"""A table of levels -> a benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.dates import iso
from pmecalc.core.errors import NeedsInputError, Problem
from pmecalc.core.fund import frozen
from pmecalc.ingest.labels import Labels
from pmecalc.ingest.names import stem
from pmecalc.ingest.problems import Problems, error_of, in_file_order
from pmecalc.ingest.returns import day_before_first, factors_of, other_readings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pmecalc.core.fund import FloatArray, IntArray
    from pmecalc.ingest.options import Levels, Options
    from pmecalc.ingest.table import Table

_MEANINGS: Mapping[Levels, str] = MappingProxyType(
    {
        "levels": "the index itself",
        "growth_factors": "growth since the value before, such as 1.013",
        "returns": "returns since the value before, such as 0.013",
        "percent_returns": "returns in percent, such as 1.3",
    }
)


@dataclass(frozen=True, slots=True)
class _Column:
    """The values by day, with their rows."""

    days: IntArray
    values: FloatArray
    rows: IntArray


def benchmark_of(table: Table, *, file: str, options: Options) -> Benchmark:
    """The benchmark of a table; identical rows of one day are merged."""
    column = _by_day(table, file)
    if options.levels is None:
        _ask(column, table, file)
    column, notes = _as_levels(column, options.levels or "levels", table, file)
    kind = options.index_kind
    said = (
        f"taken as {kind}, as was said" if kind else "their kind (total return or price) not stated"
    )
    return Benchmark(
        days=frozen(column.days),
        levels=frozen(column.values),
        rows=frozen(column.rows),
        name=options.name or stem(file),
        kind=kind,
        currency=options.currency or _currency(table, file),
        notes=(*table.notes, f"Levels: {len(column.days):,}, {said}.", *notes),
    )


def _by_day(table: Table, file: str) -> _Column:
    order = np.argsort(np.frombuffer(table.days, np.int64), kind="stable")
    days = np.frombuffer(table.days, np.int64)[order]
    values = np.frombuffer(table.numbers["level"])[order]
    rows = np.frombuffer(table.rows, np.int64)[order]
    _, first, of_day = np.unique(days, return_index=True, return_inverse=True)
    problems = Problems()
    for place in np.flatnonzero(values != values[first][of_day]):
        other, this = values[first][of_day[place]], values[place]
        problems.add(
            Problem(
                "INDEX_DUPLICATE",
                f"There are two levels on {iso(days[place])}: {other:.15g} and {this:.15g}.",
                int(rows[place]),
                table.titles["level"],
                f"{this:.15g}",
                "Find out which one is right, and keep that one.",
            )
        )
    if found := (*table.problems, *problems.listed()):
        raise error_of(in_file_order(found), file=file)
    return _Column(days[first], values[first], rows[first])


def _ask(column: _Column, table: Table, file: str) -> None:
    choices = other_readings(column.values)
    if not choices:
        return
    least, most = column.values.min(), column.values.max()
    raise NeedsInputError(
        f"The values of the column are {least:.6g} to {most:.6g}: they may be no levels.",
        code="RETURNS_OR_LEVELS",
        choices=choices,
        option="levels",
        row=int(column.rows[0]),
        field=table.titles["level"],
        value=f"{column.values[0]:.15g}",
        hint="; ".join(f"{choice}: {_MEANINGS[choice]}" for choice in choices) + ".",
        file=file,
    )


def _as_levels(
    column: _Column, reading: Levels, table: Table, file: str
) -> tuple[_Column, tuple[str, ...]]:
    """The levels of the column, and what was done to get them."""
    growth = column.values if reading == "levels" else factors_of(column.values, reading)
    problems = Problems()
    for problem in _not_positive(growth, column, reading, table):
        problems.add(problem)
    if found := problems.listed():
        raise error_of(found, file=file)
    if reading == "levels":
        return column, ()
    before = day_before_first(column.days)
    days = np.r_[before, column.days]
    levels: FloatArray = np.cumprod(np.concatenate([[1.0], growth]))
    made = _Column(days, levels, np.r_[column.rows[0], column.rows])
    note = f"Compounded from {_MEANINGS[reading]}, as was said; {iso(before)} stands at 1."
    return made, (note,)


def _not_positive(
    growth: FloatArray, column: _Column, reading: Levels, table: Table
) -> Iterator[Problem]:
    for place in np.flatnonzero(growth <= 0).tolist():
        value = column.values[place]
        why = f"The level {value:g} is not above zero."
        if reading != "levels":
            why = f"{value:g}, one of {_MEANINGS[reading]}, loses everything or more."
        yield Problem(
            "INDEX_INVALID",
            why,
            int(column.rows[place]),
            table.titles["level"],
            f"{value:.15g}",
            "Correct it.",
        )


def _currency(table: Table, file: str) -> str | None:
    choices = list(table.labels.get("currency", Labels()).names)
    if len(choices) > 1:
        labels = table.labels["currency"]
        raise NeedsInputError(
            f"Levels of one index are in {' and '.join(choices)}.",
            code="MIXED_CURRENCY",
            choices=choices,
            row=table.rows[labels.codes.index(1)],
            field=table.titles["currency"],
            value=choices[1],
            hint="A file holds one index in one currency.",
            file=file,
        )
    return choices[0] if choices else None
