"""A public index: dated levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.content import ByContent
from pmecalc.core.dates import day_number, iso
from pmecalc.core.errors import BenchmarkError, counted
from pmecalc.core.fund import LEAST, MOST, FloatArray, IntArray, frozen, number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

IndexKind: TypeAlias = Literal["total_return", "net_total_return", "price"]
KINDS: tuple[IndexKind, ...] = ("total_return", "net_total_return", "price")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Benchmark(ByContent):
    """Index levels, sorted by date and checked; build one with `Benchmark.of`.

    Parameters
    ----------
    days
        Day numbers, shape (n_levels,), ascending and unique.
    levels
        Index levels, shape (n_levels,), finite and `> 0`.
    rows
        The row of the source that each level came from, shape (n_levels,), from 1.
    name, currency
        What is known of the index; None where it is not.
    kind
        `total_return`, `net_total_return` or `price`; None where nobody said it: such an index is
        used like one of total return, but not called one.
    notes
        What a reader understood of a file, a sentence each.
    """

    days: IntArray
    levels: FloatArray
    rows: IntArray
    name: str | None = None
    kind: IndexKind | None = "total_return"
    currency: str | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        levels: Iterable[Sequence[object]],
        *,
        name: str | None = None,
        kind: IndexKind | None = "total_return",
        currency: str | None = None,
        rows: Sequence[int] | None = None,
        notes: Sequence[str] = (),
    ) -> Benchmark:
        """Check index levels in any order and make a benchmark of them.

        Parameters
        ----------
        levels
            Rows `(date, level)`, levels `> 0`.
        name, currency
            What is known of the index.
        kind
            `total_return`, `net_total_return` or `price`; None where it is not known.
        rows
            The source row of each level, for messages; its position by default.
        notes
            What a reader understood, kept as it is.

        Returns
        -------
        Benchmark
            Frozen, sorted by date, identical duplicates merged.

        Raises
        ------
        BenchmarkError
            `INDEX_INVALID` (not finite, not positive, none at all), `INDEX_DUPLICATE`.
        InputError
            `BAD_DATE`.

        References
        ----------
        METHODS 1.6, 11.3.

        Examples
        --------
        >>> Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)], name="World")
        Benchmark('World', 2 levels 2020-01-01 to 2021-01-01, total_return)
        """
        if kind is not None and kind not in KINDS:
            raise BenchmarkError(
                f"kind={kind!r} is not offered.",
                code="UNSUPPORTED_OPTION",
                field="kind",
                value=kind,
                hint=f"Offered: {', '.join(KINDS)}.",
            )
        known: dict[int, tuple[float, int]] = {}
        table = [tuple(row) for row in levels]
        places = range(1, len(table) + 1) if rows is None else rows
        for place, row in zip(places, table, strict=True):
            day, level = _level(row, place)
            if known.setdefault(day, (level, place))[0] != level:
                raise BenchmarkError(
                    f"There are two levels on {iso(day)}: {known[day][0]:g} and {level:g}.",
                    code="INDEX_DUPLICATE",
                    row=place,
                    field="level",
                    value=row[1],
                    hint="Find out which one is right, and keep that one.",
                )
        if not known:
            raise BenchmarkError(
                "The index has no levels.",
                code="INDEX_INVALID",
                hint="At least one dated level is needed.",
            )
        days = sorted(known)
        return cls(
            days=frozen(np.array(days, np.int64)),
            levels=frozen(np.array([known[day][0] for day in days], np.float64)),
            rows=frozen(np.array([known[day][1] for day in days], np.int64)),
            name=name,
            kind=kind,
            currency=currency,
            notes=tuple(notes),
        )

    def __repr__(self) -> str:
        span = f"{iso(self.days[0])} to {iso(self.days[-1])}"
        levels, kind = counted(len(self.days), "level"), self.kind or "kind not stated"
        return f"Benchmark({self.name!r}, {levels} {span}, {kind})"


def _level(row: tuple[object, ...], place: int) -> tuple[int, float]:
    if len(row) != 2:  # noqa: PLR2004  (date and level)
        raise BenchmarkError(
            f"A level row has {counted(len(row), 'value')}.",
            code="INDEX_INVALID",
            row=place,
            hint="Expected (date, level).",
        )
    day = day_number(row[0], row=place)
    level = number_of(row[1])
    if not LEAST <= level <= MOST:
        raise BenchmarkError(
            f"The level {str(row[1])[:40]!r} is not a positive number"
            f"{f' from {LEAST:g} to {MOST:g}' if 0 < level < math.inf else ''}.",
            code="INDEX_INVALID",
            row=place,
            field="level",
            value=row[1],
            hint="Correct it.",
        )
    return day, level
