"""A process that never loads the compiled loops evaluates the funds of one file into another."""

from __future__ import annotations

import sys

import numpy as np

from pmecalc.core.batch import Task, as_ofs, plain_rows
from pmecalc.core.benchmark import Benchmark
from pmecalc.core.conventions import Options
from pmecalc.core.dates import iso
from pmecalc.core.methods import METHODS
from pmecalc.core.ragged import Ragged


def world(levels) -> Benchmark:
    """A daily index from its array of (day, level)."""
    return Benchmark.of([(iso(day), level) for day, level in levels.tolist()])


def ragged(table) -> Ragged:
    """The funds of a file."""
    return Ragged.of(
        table["pointers"],
        table["days"],
        table["contributions"],
        table["distributions"],
        nav_pointers=table["nav_pointers"],
        nav_days=table["nav_days"],
        navs=table["navs"],
        commitments=table["commitments"],
    )


if __name__ == "__main__":
    source, target, *given = sys.argv[1:]
    table = np.load(source)
    funds, options = ragged(table), Options.of(**dict(pair.split("=") for pair in given))
    task = Task(funds, world(table["levels"]), as_ofs(funds), options, tuple(METHODS))
    made = plain_rows(task)(0, len(funds))
    assert "numba" not in sys.modules
    np.savez(target, **made._asdict())
