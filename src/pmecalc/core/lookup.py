"""Index levels on the dates a fund needs: one row a rule."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.dates import iso
from pmecalc.core.errors import BenchmarkError, InputError, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import FloatArray, IntArray

Lookup: TypeAlias = Literal["previous", "next", "nearest", "linear", "log_linear"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a level is found on a day that has none of its own.

    Parameters
    ----------
    weigh
        From the days gone since the earlier level and those left to the later one, the weight of
        the later level, from 0 to 1; None where only the earlier level counts.
    needs_later
        Whether a day after the last level has none.
    logarithmic
        Whether logarithms of levels are weighed rather than levels.
    """

    weigh: Callable[[IntArray, IntArray], FloatArray] | None
    needs_later: bool = True
    logarithmic: bool = False

    @property
    def looks_ahead(self) -> bool:
        """Whether a level of a later day may be used."""
        return self.weigh is not None


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
        What counts on a day without a level of its own. `previous`: the latest level before it.
        `next`: the first after it. `nearest`: whichever is nearer, the earlier of two as near; the
        last level after the end. `linear`, `log_linear`: between the two, by days gone, on levels
        or on their logarithms. All but `previous` look ahead.
    max_staleness_days
        The largest gap allowed between a day and the date of its level (of the farther of the two
        levels an interpolation stands on); None for no limit.

    Returns
    -------
    tuple[FloatArray, int]
        Levels of shape (n_days,), `> 0`, and the largest gap in days, `>= 0`.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`: a day before the first level, whatever the rule, or after the last
        for `next`, `linear` and `log_linear`. `INDEX_STALE`: a gap beyond the limit.
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
    rule = rule_of(lookup)
    places = np.searchsorted(benchmark.days, days, side="right") - 1
    if len(days) and places.min() < 0:
        _refuse_uncovered(benchmark, int(days[int(places.argmin())]))
    levels, gaps = _found(benchmark, days, places, rule)
    largest = int(gaps.max(initial=0))
    if max_staleness_days is not None and largest > max_staleness_days:
        _refuse_stale(benchmark, int(days[int(gaps.argmax())]), largest, max_staleness_days, lookup)
    return levels, largest


def levels_by_day(benchmark: Benchmark, lookup: str) -> tuple[FloatArray, IntArray]:
    """The level used on each day from the first level to the last, and its distance in days.

    Examples
    --------
    >>> from pmecalc.core.benchmark import Benchmark
    >>> world = Benchmark.of([("1970-01-01", 500), ("1970-01-04", 530)])
    >>> levels, gaps = levels_by_day(world, "linear")
    >>> levels.tolist(), gaps.tolist()
    ([500.0, 510.0, 520.0, 530.0], [0, 2, 2, 0])
    """
    days = np.arange(benchmark.days[0], benchmark.days[-1] + 1)
    places = np.searchsorted(benchmark.days, days, side="right") - 1
    return _found(benchmark, days, places, rule_of(lookup))


def rule_of(lookup: str) -> Rule:
    """The rule of a name, or `UNSUPPORTED_OPTION`.

    >>> rule_of("previous").looks_ahead, rule_of("linear").looks_ahead
    (False, True)
    """
    rule = LOOKUPS.get(lookup)
    if rule is None:
        raise InputError(
            f"lookup={lookup!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="lookup",
            value=lookup,
            hint=f"Offered: {', '.join(LOOKUPS)}.",
        )
    return rule


def _found(
    benchmark: Benchmark, days: IntArray, places: IntArray, rule: Rule
) -> tuple[FloatArray, IntArray]:
    """Levels and gaps, from the places of the levels on or before the days."""
    if rule.weigh is not None:
        return _looking_ahead(benchmark, days, places, rule, rule.weigh)
    return benchmark.levels[places], days - benchmark.days[places]


def _looking_ahead(
    benchmark: Benchmark,
    days: IntArray,
    places: IntArray,
    rule: Rule,
    weigh: Callable[[IntArray, IntArray], FloatArray],
) -> tuple[FloatArray, IntArray]:
    """Levels weighed between the one on or before each day and the one after it, and the gaps."""
    own = benchmark.days[places] == days
    beyond = ~own & (places == len(benchmark.days) - 1)
    if rule.needs_later and beyond.any():
        _refuse_uncovered(benchmark, int(days[int(beyond.argmax())]))
    later = places + ~(own | beyond)
    gone, left = days - benchmark.days[places], benchmark.days[later] - days
    weights = np.where(own | beyond, 0.0, weigh(gone, left))
    before, after = benchmark.levels[places], benchmark.levels[later]
    between = np.where(weights < 1, before + weights * (after - before), after)
    if rule.logarithmic:
        between = before * np.exp(weights * np.log(after / before))
    gaps = np.maximum(np.where(weights < 1, gone, 0), np.where(weights > 0, left, 0))
    return between, gaps


def _refuse_uncovered(benchmark: Benchmark, day: int) -> None:
    early = day < benchmark.days[0]
    limit = f"starts on {iso(benchmark.days[0])}" if early else f"ends on {iso(benchmark.days[-1])}"
    hint = "starts on or before the first flow" if early else "ends on or after the as-of date"
    raise BenchmarkError(
        f"The index {benchmark.name or ''} {limit}, but a level is needed on {iso(day)}.".replace(
            "  ", " "
        ),
        code="INDEX_NOT_COVERED",
        field="date",
        value=iso(day),
        hint=f"Use an index that {hint}.",
    )


def _refuse_stale(benchmark: Benchmark, day: int, gap: int, limit: int, lookup: str) -> None:
    used = iso(benchmark.days[np.searchsorted(benchmark.days, day, side="right") - 1])
    raise BenchmarkError(
        f"The latest level of the index on or before {iso(day)} is of {used}, "
        f"{counted(gap, 'day')} old; the limit is {counted(limit, 'day')}."
        if lookup == "previous"
        else f"The level of the index for {iso(day)} by {lookup} is {counted(gap, 'day')} away; "
        f"the limit is {counted(limit, 'day')}.",
        code="INDEX_STALE",
        field="date",
        value=iso(day),
        hint="Extend the index, choose an earlier as-of date, or allow older "
        "levels (max_staleness_days).",
    )


def _all_to_the_later(gone: IntArray, _left: IntArray) -> FloatArray:
    return np.ones(gone.shape)


def _all_to_the_nearer(gone: IntArray, left: IntArray) -> FloatArray:
    return (left < gone).astype(np.float64)


def _by_days_gone(gone: IntArray, left: IntArray) -> FloatArray:
    share: FloatArray = gone / np.maximum(gone + left, 1)
    return share


LOOKUPS: Mapping[str, Rule] = MappingProxyType(
    {
        "previous": Rule(None, needs_later=False),
        "next": Rule(_all_to_the_later),
        "nearest": Rule(_all_to_the_nearer, needs_later=False),
        "linear": Rule(_by_days_gone),
        "log_linear": Rule(_by_days_gone, logarithmic=True),
    }
)
