"""Index levels on the dates a fund needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.dates import iso
from pmecalc.core.errors import BenchmarkError, InputError

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import FloatArray, IntArray

Lookup: TypeAlias = Literal["previous"]


def levels_on(
    benchmark: Benchmark, days: IntArray, *, lookup: str, max_staleness_days: int | None
) -> tuple[FloatArray, int]:
    """The index level used on each day, and the largest gap to its date.

    Parameters
    ----------
    benchmark
        The index.
    days
        Day numbers, shape (n_days,).
    lookup
        `previous`: the level of the latest index date on or before the day.
    max_staleness_days
        The largest gap allowed between a day and the date of its level; None for no limit.

    Returns
    -------
    tuple[FloatArray, int]
        Levels of shape (n_days,), `> 0`, and the largest gap in days, `>= 0`.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`: no level on or before a day. `INDEX_STALE`: a gap beyond the limit.
    InputError
        `UNSUPPORTED_OPTION` for any other look-up.

    References
    ----------
    METHODS 1.6.

    Examples
    --------
    >>> import numpy as np
    >>> from pmecalc.core.benchmark import Benchmark
    >>> world = Benchmark.of([("1970-01-01", 500), ("1970-02-01", 510)])
    >>> levels, gap = levels_on(
    ...     world, np.array([0, 33]), lookup="previous", max_staleness_days=100
    ... )
    >>> levels.tolist(), gap
    ([500.0, 510.0], 2)
    """
    if lookup != "previous":
        raise InputError(
            f"lookup={lookup!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="lookup",
            value=lookup,
            hint="Offered: previous.",
        )
    places = np.searchsorted(benchmark.days, days, side="right") - 1
    if len(days) and places.min() < 0:
        _refuse_uncovered(benchmark, int(days[int(places.argmin())]))
    gaps = days - benchmark.days[places]
    largest = int(gaps.max(initial=0))
    if max_staleness_days is not None and largest > max_staleness_days:
        _refuse_stale(benchmark, int(days[int(gaps.argmax())]), largest, max_staleness_days)
    return benchmark.levels[places], largest


def _refuse_uncovered(benchmark: Benchmark, day: int) -> None:
    raise BenchmarkError(
        f"The index {benchmark.name or ''} starts on {iso(benchmark.days[0])}, but a level is "
        f"needed on {iso(day)}.".replace("  ", " "),
        code="INDEX_NOT_COVERED",
        field="date",
        value=iso(day),
        hint="Use an index that starts on or before the first flow.",
    )


def _refuse_stale(benchmark: Benchmark, day: int, gap: int, limit: int) -> None:
    used = iso(benchmark.days[np.searchsorted(benchmark.days, day, side="right") - 1])
    raise BenchmarkError(
        f"The latest level of the index on or before {iso(day)} is of {used}, {gap} days old; "
        f"the limit is {limit} days.",
        code="INDEX_STALE",
        field="date",
        value=iso(day),
        hint="Extend the index, choose an earlier as-of date, or raise max_staleness_days.",
    )
