"""A table of levels -> a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.dates import iso
from pmecalc.core.errors import NeedsInputError, Problem
from pmecalc.core.fund import frozen
from pmecalc.ingest.labels import Labels
from pmecalc.ingest.names import stem
from pmecalc.ingest.problems import Problems, error_of, in_file_order

if TYPE_CHECKING:
    from pmecalc.ingest.options import Options
    from pmecalc.ingest.table import Table


def benchmark_of(table: Table, *, file: str, options: Options) -> Benchmark:
    """The benchmark of a table; identical rows of one day are merged."""
    order = np.argsort(np.frombuffer(table.days, np.int64), kind="stable")
    days = np.frombuffer(table.days, np.int64)[order]
    levels = np.frombuffer(table.numbers["level"])[order]
    rows = np.frombuffer(table.rows, np.int64)[order]
    _, first, of_day = np.unique(days, return_index=True, return_inverse=True)
    problems = Problems()
    for place in np.flatnonzero(levels != levels[first][of_day]):
        other, this = levels[first][of_day[place]], levels[place]
        problems.add(
            Problem(
                "INDEX_DUPLICATE",
                f"There are two levels on {iso(days[place])}: {other:.15g} and {this:.15g}.",
                int(rows[place]),
                table.titles["level"],
                f"{this:.15g}",
                "Keep one of them.",
            )
        )
    if found := (*table.problems, *problems.listed()):
        raise error_of(in_file_order(found), file=file)
    kind = options.index_kind or "total_return"
    said = "as was said" if options.index_kind else "unless something else is said"
    return Benchmark(
        days=frozen(days[first]),
        levels=frozen(levels[first]),
        rows=frozen(rows[first]),
        name=options.name or stem(file),
        kind=kind,
        currency=options.currency or _currency(table, file),
        notes=(*table.notes, f"Levels: {len(first):,}, taken as {kind}, {said}."),
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
            hint="Keep the rows of one currency.",
            file=file,
        )
    return choices[0] if choices else None
