"""Two value axes whose zeros stand at one height."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pmecalc.charts.spec import Axis

_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_MIN_TICKS, _MAX_TICKS = 4, 7


class _Range(NamedTuple):
    low: float  # at most 0
    high: float  # at least 0


def with_common_zero(
    axes: Sequence[Axis], values: Sequence[Iterable[float | None]]
) -> tuple[Axis, ...]:
    """Axes with spans of round ticks, as many below zero and as many above on each axis.

    Parameters
    ----------
    axes
        The axes to align.
    values
        All that is drawn on each of them; None is a gap.

    Returns
    -------
    The axes with `span` and `step`; as they were where a span leaves the range of doubles.
    """
    ranges = [_range(each) for each in values]
    below = any(each.low < 0 for each in ranges)
    above = any(each.high > 0 for each in ranges) or not below
    choices = (
        (under, ticks - under)
        for ticks in range(_MIN_TICKS, _MAX_TICKS + 1)
        for under in range(ticks + 1)
        if (under > 0) == below and (ticks - under > 0) == above
    )
    under, over = min(choices, key=lambda counts: _waste(ranges, *counts))
    steps = [_step(each, under, over) for each in ranges]
    spans = [(0.0 - under * step, over * step) for step in steps]
    if not all(math.isfinite(end) for span in spans for end in span):
        return tuple(axes)
    return tuple(
        replace(axis, span=span, step=step)
        for axis, span, step in zip(axes, spans, steps, strict=True)
    )


def _range(values: Iterable[float | None]) -> _Range:
    known = [value for value in values if value is not None]
    return _Range(min(0.0, *known, 0.0), max(0.0, *known, 0.0))


def _waste(ranges: Sequence[_Range], under: int, over: int) -> float:
    """The heights of the spans in units of what they have to show."""
    return sum(
        _step(each, under, over) * (under + over) / (each.high - each.low)
        for each in ranges
        if 0 < each.high - each.low < math.inf
    )


def _step(needed: _Range, under: int, over: int) -> float:
    """The round distance of ticks with which a range fits; 1 where there is nothing to show."""
    least = max(
        -needed.low / under if under else 0.0,
        needed.high / over if over else 0.0,
    )
    if not 0 < least < math.inf:
        return 1.0 if least == 0 else math.inf
    size = 10.0 ** math.floor(math.log10(least))
    return next((step * size for step in _STEPS if step * size >= least), 10 * size)
