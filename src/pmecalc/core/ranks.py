"""Percentiles, quartiles and percent ranks of values among their peers."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError, NotDefinedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEAST_PEERS = 4  # below it a quarter of the peers is less than one fund
MAX_TIE_GAP = 1e-12  # of 1 + |value|, METHODS 6.3: measures of one fund in two units differ by less


@dataclass(frozen=True, slots=True)
class Breakpoints:
    """The values that part the peers into quarters.

    Parameters
    ----------
    lower, median, upper
        The 25th, 50th and 75th percentile, in the unit of the values; lower and upper are None
        below four peers.
    n
        How many values were used.
    n_excluded
        How many were null.
    """

    lower: float | None
    median: float
    upper: float | None
    n: int
    n_excluded: int


@dataclass(frozen=True, slots=True)
class Rank:
    """The rank of one value among peers.

    Parameters
    ----------
    quartile
        1 (best, the highest values) to 4; None below four peers.
    percent_rank
        The share of peers below, ties counted half, from 0 to 1. Values of one tie share it.
    """

    quartile: int | None
    percent_rank: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """The rank of each value among all of them.

    Parameters
    ----------
    ranks
        One a value, in the order given; None where the value is null.
    n
        How many values were ranked.
    n_excluded
        How many were null.
    """

    ranks: tuple[Rank | None, ...]
    n: int
    n_excluded: int


def percentile(values: Iterable[float | None], share: float) -> float:
    """The value below which a share of the peers lies, interpolated linearly at `(n - 1) share`.

    Parameters
    ----------
    values
        Any unit, in any order; None and NaN are null and left out.
    share
        From 0 (the smallest value) to 1 (the largest).

    Returns
    -------
    float
        In the unit of the values, within their range.

    Raises
    ------
    NotDefinedError
        `too_few_observations`: every value is null, or there is none.
    InputError
        `UNSUPPORTED_OPTION`: the share is outside 0 to 1. `NON_FINITE`: a value is infinite.

    References
    ----------
    METHODS 6.3; Hyndman and Fan (1996), type 7: PERCENTILE.INC of spreadsheets;
    docs/methods/ranks.md.

    Examples
    --------
    >>> percentile([1.0, 2.0, None, 4.0], 0.75)
    3.0
    """
    if not 0 <= share <= 1:
        raise InputError(
            f"The share {share!r} is not from 0 to 1.",
            code="UNSUPPORTED_OPTION",
            field="share",
            value=share,
            hint="0.25 for the lower quartile.",
        )
    return interpolated(_some("percentile", known(values)), share)


def breakpoints(values: Iterable[float | None]) -> Breakpoints:
    """The quartile breakpoints and the median of peers.

    Parameters
    ----------
    values
        Any unit, in any order; None and NaN are null: left out and counted.

    Returns
    -------
    Breakpoints
        Type-7 percentiles; no lower and upper breakpoint below four values.

    Raises
    ------
    NotDefinedError
        `too_few_observations`: every value is null, or there is none.
    InputError
        `NON_FINITE`: a value is infinite.

    References
    ----------
    METHODS 6.3; docs/methods/ranks.md.

    Examples
    --------
    >>> found = breakpoints([0.1, 0.3, 0.2, None, 0.5, 0.4])
    >>> found.lower, found.median, found.upper, found.n, found.n_excluded
    (0.2, 0.3, 0.4, 5, 1)
    """
    given = list(values)
    ordered = _some("breakpoints", known(given))
    enough = len(ordered) >= LEAST_PEERS
    return Breakpoints(
        lower=interpolated(ordered, 0.25) if enough else None,
        median=interpolated(ordered, 0.5),
        upper=interpolated(ordered, 0.75) if enough else None,
        n=len(ordered),
        n_excluded=len(given) - len(ordered),
    )


def rank(value: float, peers: Iterable[float | None]) -> Rank:
    """Rank a value among peers; higher is better.

    Parameters
    ----------
    value
        Finite.
    peers
        The values to compare with, the value itself among them if it is a peer. Null ones are
        left out.

    Returns
    -------
    Rank
        Quartile 1 at or above the upper breakpoint, 2 at or above the median, 3 at or above the
        lower one, else 4. Values that tie share the quartile of the highest of them.

    Raises
    ------
    NotDefinedError
        `too_few_observations`: every peer is null, or there is none.
    InputError
        `NON_FINITE`: the value is not a finite number, or a peer is infinite.

    Notes
    -----
    Neighbours in ascending order tie where they differ by at most 1e-12 of 1 + |value|. Ties are
    joined end to end: all values between which there is no wider gap are one tie, so that the rank
    does not depend on which of them is looked at, nor on the order of the peers. Breakpoints are
    compared with the same tolerance.

    References
    ----------
    METHODS 6.3; docs/methods/ranks.md.

    Examples
    --------
    >>> rank(0.4, [0.1, 0.2, 0.3, 0.4, 0.5])
    Rank(quartile=1, percent_rank=0.7)
    """
    if not known([value]):
        raise _not_finite(value)
    ordered = _some("rank", known(peers))
    first, last = _tie_of(value, ordered)
    highest = max(value, ordered[last - 1]) if last > first else value
    return _rank(highest, (first, last), len(ordered), _edges(ordered))


def ranking(values: Sequence[float | None]) -> Ranking:
    """Rank each value among all of them; higher is better.

    Parameters
    ----------
    values
        Any unit; None and NaN are null: they get no rank and are counted.

    Returns
    -------
    Ranking
        In the order given. Each rank is that of `rank`; all of them take `n log n` steps.

    Raises
    ------
    InputError
        `NON_FINITE`: a value is infinite.

    References
    ----------
    METHODS 6.3; docs/methods/ranks.md.

    Examples
    --------
    Two funds tie at the top and share the first quartile:

    >>> found = ranking([0.3, 0.1, None, 0.3, 0.2])
    >>> [each and each.quartile for each in found.ranks]
    [1, 4, None, 1, 3]
    """
    ordered = known(values)
    edges = _edges(ordered)
    found: dict[float, Rank] = {}
    first = 0
    while first < len(ordered):
        last = _end_of_tie(ordered, first)
        shared = _rank(ordered[last - 1], (first, last), len(ordered), edges)
        found.update(dict.fromkeys(ordered[first:last], shared))
        first = last
    ranks = tuple(None if value is None else found.get(float(value)) for value in values)
    return Ranking(ranks, len(ordered), len(values) - len(ordered))


def tied(one: float, other: float) -> bool:
    """Whether two values of a measure differ by no more than rounding.

    References
    ----------
    METHODS 6.3.

    Examples
    --------
    >>> tied(0.12, 0.12 + 1e-13), tied(0.12, 0.12 + 1e-11)
    (True, False)
    """
    return abs(one - other) <= MAX_TIE_GAP * (1.0 + max(abs(one), abs(other)))


def known(values: Iterable[float | None]) -> list[float]:
    """The values that are not null (None or NaN), ascending; `NON_FINITE` for an infinite one.

    >>> known([3.0, None, 1.0])
    [1.0, 3.0]
    """
    kept = [float(value) for value in values if value is not None and not math.isnan(value)]
    for value in kept:
        if math.isinf(value):
            raise _not_finite(value)
    return sorted(kept)


def interpolated(ordered: Sequence[float], share: float) -> float:
    """The type-7 percentile of ascending values, at least one.

    >>> interpolated([1.0, 2.0], 0.25)
    1.25
    """
    place = (len(ordered) - 1) * share
    low = min(int(place), len(ordered) - 1)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _tie_of(value: float, ordered: Sequence[float]) -> tuple[int, int]:
    """The first place, and one past the last, of the ascending values that tie with a value."""
    place = bisect_left(ordered, value)
    first = place
    while first > 0 and tied(ordered[first - 1], value if first == place else ordered[first]):
        first -= 1
    if place == len(ordered) or not tied(value, ordered[place]):
        return first, place
    return first, _end_of_tie(ordered, place)


def _end_of_tie(ordered: Sequence[float], first: int) -> int:
    """One past the last place of ascending values that follow on one another within a tie."""
    last = first + 1
    while last < len(ordered) and tied(ordered[last - 1], ordered[last]):
        last += 1
    return last


def _edges(ordered: Sequence[float]) -> tuple[float, ...]:
    """The breakpoints above which the quartiles 1, 2 and 3 begin; none below four values."""
    if len(ordered) < LEAST_PEERS:
        return ()
    return tuple(interpolated(ordered, share) for share in (0.75, 0.5, 0.25))


def _rank(highest: float, tie: tuple[int, int], n: int, edges: tuple[float, ...]) -> Rank:
    """The rank that the values of a tie share, the highest of them deciding the quartile."""
    first, last = tie
    quartile = 1 + sum(highest < edge and not tied(highest, edge) for edge in edges)
    return Rank(quartile if edges else None, (first + (last - first) / 2) / n)


def _some(measure: str, ordered: list[float]) -> list[float]:
    if not ordered:
        raise NotDefinedError(measure, "too_few_observations", "there is no value to compare with")
    return ordered


def _not_finite(value: float) -> InputError:
    return InputError(
        f"{value!r} is not a finite number.",
        code="NON_FINITE",
        field="value",
        value=value,
        hint="Use None for a measure that has no value.",
    )
