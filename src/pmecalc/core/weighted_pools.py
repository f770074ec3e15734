"""Pooled ratios and rates of many weightings of the same funds at once.

A pooled ratio is a quotient of weighted sums. Pooled rates near that of all the funds are proved by
one window (`rate_window`). For the others the discounted sums of each fund stand in tables over a
grid of log rates; weighted, they bracket the rate of every weighting with a proof (the interval
argument of `roots`), and Taylor moments around it bring Newton to rounding. A weighting that the
grid cannot settle is solved for all its roots, as any fund is.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.daycount import SHARED_TIMES
from pmecalc.core.irr import rate_metric, solve
from pmecalc.core.metric import undefined
from pmecalc.core.rate_window import RateWindow, weighted_sums

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.core.fund import BoolArray, FloatArray, IntArray
    from pmecalc.core.metric import Metric
    from pmecalc.core.resampling import Draws, Plan
    from pmecalc.core.streams import Streams

_MARGIN = 1e-12  # sums of different order agree within it; nearer than that nothing is proved
_TERMS = 24  # 1.57**24 / 24! is below 1e-19: 1.57 = 50 years times the largest step
_CENTRES = 32.0  # expansion points per unit of log rate
_FARTHEST = 1.0 / _CENTRES
_ROUNDS = 12
_BLOCK = 16  # pieces that are looked at together
_NEWTON_STEPS = 5
_SETTLED = 1e-13
_MOST = 4.6  # METHODS 2.3 chooses among roots up to ln(101) = 4.615 if there is one


def _grid() -> FloatArray:
    """Log rates from 0 outwards, in steps of 1 % that grow."""
    steps = 0.0103 * 1.07 ** np.maximum(np.arange(80) - 30, 0)
    ends = np.cumsum(steps)
    return np.concatenate([[0.0], ends[ends < _MOST]])


def weighted_ratios(tops: FloatArray, bottoms: FloatArray, weights: FloatArray) -> FloatArray:
    """Quotients of weighted sums, NaN where the lower one is 0.

    Parameters
    ----------
    tops, bottoms
        Money of each fund, shape (n_funds,).
    weights
        How often each weighting holds each fund, shape (n_rows, n_funds), `>= 0`.

    Returns
    -------
    FloatArray
        Shape (n_rows,).

    Examples
    --------
    >>> ones = np.ones((1, 2))
    >>> weighted_ratios(np.array([150.0, 330.0]), np.array([100.0, 300.0]), ones).tolist()
    [1.2]
    """
    above, below = weighted_sums(np.stack([tops, bottoms]), weights)
    ratios = np.full(len(below), np.nan)
    np.divide(above, below, out=ratios, where=below != 0)
    return ratios


class RateTables:
    """Discounted sums of each fund, from which the rate of any weighting follows."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._moments: dict[int, FloatArray] = {}
        additive = streams.held.day_count not in SHARED_TIMES
        self._window = RateWindow.around(streams) if additive else None

    @cached_property
    def _provable(self) -> bool:
        """Rates are proved for money of one sign a side, at times that add up."""
        streams = self._streams
        return streams.held.day_count not in SHARED_TIMES and bool(
            (streams.received >= 0).all() and (streams.paid >= 0).all()
        )

    @cached_property
    def _sides(self) -> dict[int, _Side]:
        outward = _grid()
        return {1: _Side(self._streams, outward), -1: _Side(self._streams, -outward)}

    def rates(self, weights: FloatArray) -> FloatArray:
        """The pooled rate of each weighting, NaN where it has none.

        Parameters
        ----------
        weights
            How often each weighting holds each fund, shape (n_rows, n_funds), `>= 0`.

        Returns
        -------
        FloatArray
            Annual rates `>= -1`, shape (n_rows,): the root that METHODS 2.3 chooses of the pooled
            stream, to rounding.
        """
        if self._window is None:
            return self._left(np.full(len(weights), np.nan), lambda: weights)
        return self._left(self._window.log_rates(weights), lambda: weights)

    def rates_left_out(self, plan: Plan) -> FloatArray:
        """The same of all funds, then with each unit left out, shape (1 + n_units,)."""
        if self._window is None:
            return self.rates(plan.leave_one_out())
        return self._left(self._window.log_rates_left_out(plan), plan.leave_one_out)

    def drawn_rates(self, draws: Draws) -> FloatArray:
        """The same of resamples, shape (n_rows,)."""
        if self._window is None:
            return self.rates(draws.weights())
        return self._left(self._window.drawn_log_rates(draws), draws.weights)

    def _left(self, found: FloatArray, weights_of: Callable[[], FloatArray]) -> FloatArray:
        """Rates of log rates, and of the weightings for which there is none yet."""
        open_ = np.isnan(found)
        if not open_.any():
            return np.expm1(found)
        weights = weights_of()
        if self._provable:
            self._find(weights, found)
        rates: FloatArray = np.expm1(found)
        for row in np.flatnonzero(np.isnan(found)):
            metric = self.exact(weights[row])
            rates[row] = math.nan if metric.value is None else metric.number
        return rates

    def _find(self, weights: FloatArray, found: FloatArray) -> None:
        """Write the log rates that the grid can prove of those that the window cannot."""
        left = np.flatnonzero(np.isnan(found))
        signs = self._sides[1].signs_at_zero(weights[left])
        for sign, side in self._sides.items():
            rows = left[signs == sign]
            if len(rows):
                found[rows] = self._refined(weights[rows], *side.brackets(weights[rows]))

    def exact(self, weights: FloatArray) -> Metric:
        """The rate of one weighting by all roots of its stream, with its status."""
        streams = self._streams
        held = streams.held
        own = weights[held.owners]
        if not (own * held.moving()).any():
            return undefined("no_flows")
        days = np.concatenate([held.days, held.days])
        money = np.concatenate([own * streams.received, -own * streams.paid])
        solution = solve(days, money, last_day=held.as_of, day_count=held.day_count)
        return rate_metric(solution)

    def _refined(self, weights: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        """Newton from inside each bracket; NaN where there is none or it was not reached."""
        x = (low + high) / 2.0
        open_, count = np.isfinite(x), 0
        while open_.any() and count < _ROUNDS:
            count += 1
            before = x.copy()
            for centre in np.unique(np.round(x[open_] * _CENTRES)):
                rows = np.flatnonzero(open_ & (np.round(x * _CENTRES) == centre))
                x[rows] = self._stepped(int(centre), weights[rows], x[rows])
            outside = ~((x > low) & (x < high))
            x[outside] = np.where(before[outside] > x[outside], low[outside], high[outside]) / 2.0
            x[outside] += before[outside] / 2.0
            open_ &= ~(np.abs(x - before) <= _SETTLED)
        x[open_] = np.nan
        return x

    def _stepped(self, centre: int, weights: FloatArray, start: FloatArray) -> FloatArray:
        """Newton steps on the expansion around a centre, as far as it holds."""
        middle = centre / _CENTRES
        terms = weights @ self._around(centre)
        powers = np.arange(1, _TERMS)
        offset = start - middle
        for _ in range(_NEWTON_STEPS):
            value = _polynomial(terms, offset)
            slope = _polynomial(terms[:, 1:] * powers, offset)
            with np.errstate(all="ignore"):  # a flat spot gives no step, and so no proof
                offset = np.clip(offset - value / slope, -_FARTHEST, _FARTHEST)
        return middle + offset

    def _around(self, centre: int) -> FloatArray:
        """Taylor coefficients of each fund's discounted sum, shape (n_funds, n_terms)."""
        known = self._moments.get(centre)
        if known is None:
            streams = self._streams
            term = (streams.received - streams.paid) * np.exp(-centre / _CENTRES * streams.times)
            columns = []
            for power in range(_TERMS):
                columns.append(streams.held.by_fund(term))
                term = term * (-streams.times / (power + 1))
            known = np.column_stack(columns)
            self._moments[centre] = known
        return known


class _Side:
    """The tables on one side of zero, and the brackets that they prove."""

    def __init__(self, streams: Streams, points: FloatArray) -> None:
        self._streams, self._points = streams, points
        self._known: dict[int, list[FloatArray]] = {}

    def signs_at_zero(self, weights: FloatArray) -> IntArray:
        """The sign of the undiscounted sum; 0 where rounding could have made it."""
        received, paid, *_ = self._tables(0)
        plus, minus = weights @ received[:, 0], weights @ paid[:, 0]
        sure = np.abs(plus - minus) > _MARGIN * (plus + minus)
        return np.where(sure, np.sign(plus - minus), 0).astype(np.int64)

    def brackets(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The piece that holds the first root outwards from zero, NaN where that is not proved."""
        ends = np.full((2, len(weights)), np.nan)
        left = np.arange(len(weights))  # most stop in the first block: rates are near zero
        for block in range(0, len(self._points) - 1, _BLOCK):
            crossing, unsure = self._block(weights[left], block)
            stops = crossing | unsure
            first, stopped = stops.argmax(axis=1), stops.any(axis=1)
            proved = stopped & (crossing & ~unsure)[np.arange(len(left)), first]
            piece = block + first[proved]
            ends[:, left[proved]] = np.sort([self._points[piece], self._points[piece + 1]], axis=0)
            left = left[~stopped]
            if len(left) == 0:
                break
        return ends[0], ends[1]

    def _block(self, weights: FloatArray, block: int) -> tuple[BoolArray, BoolArray]:
        received, paid, received_time, paid_time = self._tables(block)
        with np.errstate(all="ignore"):  # what overflows or divides 0 by 0 proves nothing
            plus, minus = weights @ received, weights @ paid
            plus_time, minus_time = weights @ received_time / plus, weights @ paid_time / minus
            return _pieces(plus, minus, plus_time, minus_time, self._rising())

    def _tables(self, block: int) -> list[FloatArray]:
        """Discounted sums at the points of a block, its last one included."""
        if block not in self._known:
            points = self._points[block : block + _BLOCK + 1].tolist()
            sums = zip(*(_sums(self._streams, x) for x in points), strict=True)
            self._known[block] = [np.column_stack(columns) for columns in sums]
        return self._known[block]

    def _rising(self) -> bool:
        return bool(self._points[-1] > 0)


def _sums(streams: Streams, x: float) -> tuple[FloatArray, ...]:
    """Discounted money in and out of each fund, and the same times the time."""
    with np.errstate(over="ignore"):
        factors = np.exp(-x * streams.times)
        plus, minus = streams.received * factors, streams.paid * factors
        return tuple(
            streams.held.by_fund(each)
            for each in (plus, minus, plus * streams.times, minus * streams.times)
        )


def _pieces(
    plus: FloatArray,
    minus: FloatArray,
    plus_time: FloatArray,
    minus_time: FloatArray,
    rising: bool,  # noqa: FBT001  (the order of the points)
) -> tuple[BoolArray, BoolArray]:
    """Which pieces between points hold a root, and of which that is not proved."""
    low, high = (slice(None, -1), slice(1, None)) if rising else (slice(1, None), slice(None, -1))
    sure = 1.0 + _MARGIN
    apart = (plus[:, high] > minus[:, low] * sure) | (plus[:, low] * sure < minus[:, high])
    monotone = (plus_time[:, high] > minus_time[:, low] * sure) | (
        plus_time[:, low] * sure < minus_time[:, high]
    )
    clear = np.abs(plus - minus) > _MARGIN * (plus + minus)
    settled = apart | (monotone & clear[:, low] & clear[:, high])
    above = plus > minus
    return settled & (above[:, low] != above[:, high]), ~settled


def _polynomial(terms: FloatArray, at: FloatArray) -> FloatArray:
    total = terms[:, -1]
    for column in range(terms.shape[1] - 2, -1, -1):
        total = total * at + terms[:, column]
    return total
