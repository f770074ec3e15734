"""Every real root of a discounted sum, isolated with a proof that none was skipped.

A stream of dated amounts has the value `g(x) = sum a_j exp(-x t_j)` at the log rate `x = ln(1+r)`.
Positive and negative amounts are kept apart as `P` and `N`, and all is done on
`h(x) = ln P(x) - ln N(x)`, which has the same roots and no scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray

_EPS = float(np.finfo(np.float64).eps)
_STEP_TOLERANCE = 1e-10  # Newton is quadratic: the step after this one is below rounding
_FIRST_CUTS = (-3.7, -0.93, -0.21, 0.017, 0.23, 0.97, 3.9)  # no round rates: no root lies on a cut
_MOST_POINTS = 400
_LEAST_WIDTH = 1e-6
_MOST_STEPS = 12
_LAST_STEP = 3e-6  # over the span; Halley is cubic: what is left after it is below rounding
_FARTHEST = 200.0  # over the span: no exponential leaves the doubles
_MOST_WORK = 2 * 10**9  # sign changes squared times amounts: two seconds of the recursion
_FLAT = 0.03  # years of slope over the amounts: a flatter sum loses digits to rounding


class UncertifiedError(ArithmeticError):
    """The proof that no root was skipped would take too long (ADR 14)."""


@dataclass(frozen=True, slots=True)
class Root:
    """One root.

    Parameters
    ----------
    log_rate
        `x = ln(1+r)`.
    double
        True where the sum touches zero within rounding instead of crossing it.
    """

    log_rate: float
    double: bool


@dataclass(frozen=True, slots=True)
class DiscountedSum:
    """Amounts by time, split by sign, in logarithms; build one with `DiscountedSum.of`.

    Parameters
    ----------
    times
        Years from the first amount, shape (n,), strictly ascending, from 0.
    logs
        Logarithms of the absolute amounts, shape (n,).
    positive
        Signs of the amounts, shape (n,).
    """

    times: FloatArray
    logs: FloatArray
    positive: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @classmethod
    def of(cls, times: FloatArray, amounts: FloatArray) -> DiscountedSum:
        """The sum of amounts (none of them zero) at strictly ascending times."""
        return cls(times - times[0], np.log(np.abs(amounts)), amounts > 0)

    def sign_changes(self) -> int:
        """How often the sign of the amounts changes: the largest number of roots (Laguerre)."""
        return int(np.count_nonzero(self.positive[1:] != self.positive[:-1]))

    def at(self, log_rates: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """`ln P`, `ln N` and the mean discounted times of both, each of shape (n_rates,)."""
        return (
            *_log_sum(self.logs[self.positive], self.times[self.positive], log_rates),
            *_log_sum(self.logs[~self.positive], self.times[~self.positive], log_rates),
        )

    def slope_at(self, log_rate: float) -> tuple[float, float]:
        """`h` and its derivative at one log rate."""
        log_p, time_p, log_n, time_n = self.at(np.array([log_rate]))
        return float(log_p[0] - log_n[0]), float(time_n[0] - time_p[0])

    def noise_at(self, log_rate: float) -> float:
        """The size of `h` that rounding alone can make."""
        largest = float(np.abs(self.logs).max()) + abs(log_rate) * float(self.times[-1])
        return 8 * _EPS * (8.0 + largest)

    def derivative(self) -> DiscountedSum:
        """The derivative of `exp(c x) g(x)` with `c` in the first gap where the sign changes."""
        split = int((self.positive[1:] != self.positive[:-1]).argmax())
        centre = (self.times[split] + self.times[split + 1]) / 2
        weights = centre - self.times
        return DiscountedSum(
            self.times, self.logs + np.log(np.abs(weights)), self.positive ^ (weights < 0)
        )


def all_roots(times: FloatArray, amounts: FloatArray) -> list[Root]:
    """Every real root of `sum a_j exp(-x t_j)`.

    Parameters
    ----------
    times
        Years, shape (n,), strictly ascending.
    amounts
        Money, shape (n,), none of them zero.

    Returns
    -------
    list[Root]
        Ascending in the log rate; a double root is listed once.

    Raises
    ------
    UncertifiedError
        The sign changes so often that no proof is found in bounded time.

    References
    ----------
    METHODS 2.2; Laguerre (1883). The quick way is an interval argument: the mean discounted time
    of a set of amounts falls as the rate rises, so its values at the ends of an interval bound the
    slope of `h` inside.

    Examples
    --------
    Roots of exactly 10 % and 20 %:

    >>> import numpy as np
    >>> roots = all_roots(np.array([0.0, 1.0, 2.0]), np.array([-100.0, 230.0, -132.0]))
    >>> [round(math.expm1(root.log_rate), 12) for root in roots]
    [0.1, 0.2]
    """
    if len(amounts) == 0:
        return []
    only = _ordinary_root(times - times[0], amounts)
    if only is not None:
        return [Root(only, double=False)]
    total = DiscountedSum.of(times, amounts)
    changes = total.sign_changes()
    if changes == 0:
        return []
    if changes == 1:
        return [Root(_root(total, -math.inf, math.inf), double=False)]
    brackets = _certified_brackets(total)
    if brackets is None:
        if changes**2 * len(amounts) > _MOST_WORK:
            raise UncertifiedError
        return _isolate(total)
    return [Root(_root(total, low, high), double=False) for low, high in brackets]


def _ordinary_root(times: FloatArray, amounts: FloatArray) -> float | None:
    """The only root of a stream that is invested throughout; None where that is not seen at once.

    Halley's steps from 0. Then Laguerre: the roots above a point are at most the sign changes of
    the running sums of the discounted amounts, those below it at most the sign changes of the sums
    from the end. Where no running sum but the last passes 0 or the total there is one root in all.
    """
    powers = np.stack([np.ones(len(times)), times, times * times])
    span, x = float(times[-1]), 0.0
    for _ in range(_MOST_STEPS):
        discounted = amounts * np.exp(-x * times)
        value, slope, bend = (powers @ discounted).tolist()
        step = 2.0 * value * slope / (2.0 * slope * slope - value * bend or math.nan)
        if abs(step) * span < _LAST_STEP:
            return x + step if _once(discounted, value, slope) else None
        x += step
        if not abs(x) * span < _FARTHEST:
            break
    return None


def _once(discounted: FloatArray, total: float, slope: float) -> bool:
    """Whether the running sums prove one root, and the sum is steep enough to be sharp."""
    side = -1.0 if discounted[0] < 0 else 1.0
    size = float(np.abs(discounted).sum())
    nearest = float((side * np.cumsum(discounted)[:-1]).min(initial=math.inf))
    margin = _EPS * (len(discounted) + 4) * size
    return nearest > max(0.0, side * total) + margin and abs(slope) > _FLAT * size


def _log_sum(
    logs: FloatArray, times: FloatArray, log_rates: FloatArray
) -> tuple[FloatArray, FloatArray]:
    exponents = logs - log_rates[:, None] * times
    largest = exponents.max(axis=1)
    weights = np.exp(exponents - largest[:, None])
    sums = weights.sum(axis=1)
    return largest + np.log(sums), (weights @ times) / sums


def _root(total: DiscountedSum, low: float, high: float) -> float:
    """The one place in `(low, high)` where the sum changes sign: Newton, kept in the bracket."""
    rising = _sign_at(total, low) < 0
    x = _start(low, high)
    last = math.inf
    reach = 1.0
    while math.nextafter(low, high) < high:
        value, slope = total.slope_at(x)
        if value == 0.0:
            return x
        if (value < 0) == rising:
            low = x
        else:
            high = x
        step = -value / slope if slope else math.inf
        if abs(step) <= _STEP_TOLERANCE * min(1.0, 1.0 / max(_EPS, abs(x))) + _EPS * abs(x):
            return x + step
        if not (low < x + step < high) or abs(step) > abs(last) * 0.7:
            step = _halfway(low, high, reach) - x
            reach *= 2
        last = step
        x += step
    return x


def _start(low: float, high: float) -> float:
    if low < 0.0 < high:
        return 0.0
    return _halfway(low, high, 1.0)


def _halfway(low: float, high: float, reach: float) -> float:
    """The middle of a bracket, or a longer and longer step from its only end."""
    if math.isinf(low):
        return high - reach
    if math.isinf(high):
        return low + reach
    return (low + high) / 2


def _sign_at(total: DiscountedSum, x: float) -> int:
    """The sign of the sum: of the first amount at high rates, of the last at low ones."""
    if math.isinf(x):
        return 1 if total.positive[0 if x > 0 else -1] else -1
    value, _ = total.slope_at(x)
    return 1 if value >= 0 else -1


def _certified_brackets(total: DiscountedSum) -> list[tuple[float, float]] | None:
    """Cut the line until each piece surely holds one root or none; None if that is not quick."""
    known = _Bounds(total)
    known.add(np.array(_FIRST_CUTS))
    cuts = [-math.inf, *_FIRST_CUTS, math.inf]
    pending = list(pairwise(cuts))
    brackets: list[tuple[float, float]] = []
    while True:
        pending = [piece for piece in pending if not known.settled(*piece, brackets)]
        if not pending:
            return sorted(brackets)
        if len(known) > _MOST_POINTS or min(map(_relative_width, pending)) < _LEAST_WIDTH:
            return None
        middles = [_cut(low, high) for low, high in pending]
        known.add(np.array(middles))
        pending = [
            half
            for (low, high), middle in zip(pending, middles, strict=True)
            for half in ((low, middle), (middle, high))
        ]


class _Bounds:
    """What is known of a sum at the points looked at so far, infinity included."""

    def __init__(self, total: DiscountedSum) -> None:
        positive, times = total.positive, total.times
        plus, minus = times[positive], times[~positive]
        first = 1.0 if positive[0] else -1.0
        last = 1.0 if positive[-1] else -1.0
        self._total = total
        self._logs = {math.inf: (math.nan, math.nan), -math.inf: (math.nan, math.nan)}
        self._times = {
            math.inf: (float(plus[0]), float(minus[0])),
            -math.inf: (float(plus[-1]), float(minus[-1])),
        }
        self._signs = {math.inf: first, -math.inf: last}

    def __len__(self) -> int:
        return len(self._signs)

    def add(self, points: FloatArray) -> None:
        log_p, time_p, log_n, time_n = self._total.at(points)
        for x, p, tp, n, tn in zip(
            points.tolist(),
            log_p.tolist(),
            time_p.tolist(),
            log_n.tolist(),
            time_n.tolist(),
            strict=True,
        ):
            self._logs[x] = (p, n)
            self._times[x] = (tp, tn)
            self._signs[x] = 1.0 if p >= n else -1.0

    def settled(self, low: float, high: float, brackets: list[tuple[float, float]]) -> bool:
        """Whether the piece holds one root or none for sure; one root goes to `brackets`."""
        p_low, n_low = self._logs[low]
        p_high, n_high = self._logs[high]
        if p_high > n_low or p_low < n_high:  # P and N both fall: no crossing in between
            return True
        tp_low, tn_low = self._times[low]
        tp_high, tn_high = self._times[high]
        if not (tp_high > tn_low or tp_low < tn_high):
            return False
        if self._signs[low] != self._signs[high]:
            brackets.append((low, high))
        return True


def _cut(low: float, high: float) -> float:
    if math.isinf(low):
        return 2.03 * high
    if math.isinf(high):
        return 2.03 * low
    return (low + high) / 2


def _relative_width(piece: tuple[float, float]) -> float:
    low, high = piece
    if math.isinf(low) or math.isinf(high):
        return math.inf
    return (high - low) / max(1.0, abs(low), abs(high))


def _isolate(total: DiscountedSum) -> list[Root]:
    """METHODS 2.2: between the roots of the derivative of `exp(cx) g` the sum is monotone."""
    chain = [total]
    while chain[-1].sign_changes() > 1:
        chain.append(chain[-1].derivative())
    roots = [Root(_root(chain.pop(), -math.inf, math.inf), double=False)]
    for each in reversed(chain):
        roots = _between(each, [root.log_rate for root in roots])
    return roots


def _between(total: DiscountedSum, critical: list[float]) -> list[Root]:
    """The roots of a sum that is monotone between its critical points."""
    signs = [_sign_or_zero(total, x) for x in critical]
    roots = [Root(x, double=True) for x in _touching(critical, signs)]
    ends = [-math.inf, *critical, math.inf]
    end_signs = [_sign_at(total, -math.inf), *signs, _sign_at(total, math.inf)]
    for (low, high), (before, after) in zip(pairwise(ends), pairwise(end_signs), strict=True):
        if before * after < 0:
            roots.append(Root(_root(total, low, high), double=False))
    return sorted(roots, key=lambda root: root.log_rate)


def _touching(critical: list[float], signs: list[int]) -> list[float]:
    """One point of each run of critical points at which the sum is zero within rounding."""
    runs = groupby(zip(critical, signs, strict=True), key=lambda pair: pair[1])
    zeros = [[x for x, _ in run] for sign, run in runs if sign == 0]
    return [run[len(run) // 2] for run in zeros]


def _sign_or_zero(total: DiscountedSum, x: float) -> int:
    value, _ = total.slope_at(x)
    if abs(value) <= total.noise_at(x):
        return 0
    return 1 if value > 0 else -1
