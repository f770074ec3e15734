"""Pooled rates of many weightings of the same funds, all in one window of log rates.

Resamples of a pool have rates near the pool's own. On a window around it the discounted sum of a
weighting is a short power series whose terms are linear in the weights, and so are the sums that
prove its root: one matrix product serves all weightings. With distributions later than
contributions on the whole window, rates of 0 included, ln PV(in) - ln PV(out) is monotone there:
the root is the only one, nearer to 0 than any other and on the side of the undiscounted sum, which
is the choice of METHODS 2.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core import engine

if TYPE_CHECKING:
    from types import ModuleType

    from pmecalc.core.fund import BoolArray, FloatArray
    from pmecalc.core.resampling import Draws
    from pmecalc.core.streams import Streams

MARGIN = 1e-12  # sums of different order agree within it; nearer than that nothing is proved
_FARTHEST = 4.6  # METHODS 2.3 chooses among roots up to ln(101) = 4.615 if there is one
_ONE_THREAD = 65536 * 4  # multiplications below which OpenBLAS works alone
_LONGEST = 140.0  # years
_SPREADS = 6.0  # standard deviations that the window reaches on either side
_LEAST_REACH = 1e-3
_MOST_ANGLE = 2.0  # of log rate times years from the middle: the series stays short and exact
_REMAINDER = 1e-14  # of the money: what the series leaves out
LEAST_SLOPE = 1e-3  # of the money a unit of log rate: a flatter one would blow rounding up
_PIECES, _EASE = (1, 2, 4, 8, 16), 1.5
_SEARCH_STEPS, _SEARCHED = 20, 1e-3
STEPS, SETTLED = 8, 1e-6  # of the reach; a step that small leaves its square


@dataclass(frozen=True, slots=True, eq=False)
class RateWindow:
    """A series and its proof on a window of log rates; build one with `RateWindow.around`.

    Parameters
    ----------
    centre, reach
        The window of log rates, `centre - reach` to `centre + reach`.
    size
        What the PVs at the low end are multiplied by to bound those that the series adds up.
    n_terms
        How many terms the series has.
    table
        By fund, shape (n_rows, n_funds): the terms of the series in `(x - centre) / reach`, money
        in and out undiscounted, and the sums of `_sums` at the points that the proof stands on.
    """

    centre: float
    reach: float
    size: float
    n_terms: int
    table: FloatArray

    @classmethod
    def around(cls, streams: Streams) -> RateWindow | None:
        """The window of the funds as they are; None where they have no rate that is near 0.

        Examples
        --------
        >>> from pmecalc import Fund
        >>> from pmecalc.core.streams import Holdings, Streams
        >>> from pmecalc.core.valuation import Options
        >>> fund = Fund.of(flows=[("1970-01-01", 100, 0)], navs=[("1971-01-01", 110)])
        >>> streams = Streams.of(Holdings.of([fund], None, 365, Options()), carried=False)
        >>> window = RateWindow.around(streams)
        >>> np.expm1(window.log_rates(np.ones((1, 1)))).round(12).tolist()
        [0.1]
        """
        with np.errstate(over="ignore", invalid="ignore"):  # no window where nothing is finite
            centre = _pooled_log_rate(streams)
        if centre is None:
            return None
        reach = _reach(streams, centre)
        low, high = min(0.0, centre - reach), max(0.0, centre + reach)
        if low < -_FARTHEST or high > _FARTHEST:
            return None
        terms = _terms(streams, centre, reach)
        size = math.exp(centre * _half_span(streams))
        return cls(centre, reach, size, len(terms), np.vstack([terms, _points(streams, low, high)]))

    def log_rates(self, weights: FloatArray) -> FloatArray:
        """The log rate of each weighting, NaN where the window does not prove it.

        Parameters
        ----------
        weights
            How often each weighting holds each fund, shape (n_rows, n_funds), `>= 0`.
        """
        products = weighted_sums(self.table, weights)
        loops = engine.pool_kernels()
        if loops is None:
            return _located(self, products)
        found = np.empty(len(weights))
        loops.located(products, *self._series, found)
        return found

    def drawn_log_rates(self, draws: Draws) -> FloatArray:
        """The same of resamples, shape (n_rows,)."""
        loops = engine.pool_kernels()
        if loops is None:
            return self.log_rates(draws.weights())
        found, table = np.empty(len(draws)), draws.by_place(self.table, full=loops.FUNDS)
        words = np.concatenate([own.ravel() for own in draws.words])
        loops.drawn_log_rates(words, draws.strata, table, self._series, found)
        return found

    @property
    def _series(self) -> tuple[int, float, float, float]:
        return self.n_terms, self.centre, self.reach, self.size


def weighted_sums(table: FloatArray, weights: FloatArray) -> FloatArray:
    """`table @ weights.T` in pieces too small for BLAS to wake other threads, which may be busy.

    Parameters
    ----------
    table
        A row a figure, by fund, shape (n_figures, n_funds).
    weights
        How often each weighting holds each fund, shape (n_rows, n_funds).

    Returns
    -------
    FloatArray
        Shape (n_figures, n_rows).

    Examples
    --------
    >>> weighted_sums(np.array([[1.0, 10.0]]), np.array([[2.0, 1.0], [0.0, 3.0]])).tolist()
    [[12.0, 30.0]]
    """
    rows = max(1, _ONE_THREAD // table.size)
    products = np.empty((len(table), len(weights)))
    for start in range(0, len(weights), rows):
        part = slice(start, start + rows)
        np.matmul(table, weights[part].T, out=products[:, part])
    return products


def _pooled_log_rate(streams: Streams) -> float | None:
    """Where all funds together are worth nothing, by Newton from 0; not proved."""
    x, step, count = 0.0, math.inf, 0
    while abs(step) >= _SEARCHED and abs(x) < _FARTHEST and count < _SEARCH_STEPS:
        count += 1
        worth, cost, worth_time, cost_time = _sums(streams, x).sum(axis=1).tolist()
        if worth <= 0 or cost <= 0:
            return None
        later = worth_time / worth - cost_time / cost
        step = math.log(worth / cost) / later if later > 0 else math.inf
        x += step
    return x if abs(step) < _SEARCHED else None


def _reach(streams: Streams, centre: float) -> float:
    """How far resamples go: by what each fund moves the pooled rate, were it held once more."""
    plus, minus, plus_time, minus_time = _sums(streams, centre)
    moves = (plus - minus) / float((plus_time - minus_time).sum())
    half = _half_span(streams)
    return min(max(_SPREADS * float(np.sqrt(moves @ moves)), _LEAST_REACH), _MOST_ANGLE / half)


def _half_span(streams: Streams) -> float:
    return float(streams.times.max()) / 2.0


def _loops(streams: Streams) -> ModuleType | None:
    """The compiled loops, for lives of ordinary length: their exponential has its limits."""
    return engine.pool_kernels() if float(streams.times.max()) < _LONGEST else None


def _terms(streams: Streams, centre: float, reach: float) -> FloatArray:
    """Power series of the discounted sum of each fund, shape (n_terms, n_funds).

    Times are counted from the middle, which multiplies the sum by an exponential and leaves its
    roots alone; the series then has an angle of at most `reach * span / 2`.
    """
    half = _half_span(streams)
    count = _term_count(reach * half)
    loops = _loops(streams)
    if loops is not None:
        held = streams.held
        own = np.empty((count, len(held.starts)))
        signed = streams.received - streams.paid
        loops.fund_terms(streams.times, signed, held.starts, centre, half, reach, own)
        return own
    ratios = -reach * (streams.times - half)
    terms = np.empty((count, len(ratios)))
    terms[0] = (streams.received - streams.paid) * np.exp(-centre * (streams.times - half))
    for power in range(1, count):
        np.multiply(terms[power - 1], ratios, out=terms[power])
    factorials = np.cumprod(np.append(1.0, np.arange(1.0, count)))
    sums: FloatArray = streams.held.by_fund(terms) / factorials[:, None]
    return sums


def _term_count(angle: float) -> int:
    """How many terms of an exponential leave out less than rounding."""
    count, rest = 4, angle**4 / 24.0
    while rest * math.exp(angle) > _REMAINDER:
        count += 1
        rest *= angle / count
    return count


def _points(streams: Streams, low: float, high: float) -> FloatArray:
    """Money in and out, and the sums at as many points as prove the pool itself with ease."""
    for pieces in _PIECES:
        places = [low + (high - low) * piece / pieces for piece in range(pieces + 1)]
        points = [_sums(streams, x) for x in places]
        plus, minus, plus_time, minus_time = np.sum(points, axis=2).T
        if (plus_time[1:] * minus[:-1] > _EASE * minus_time[:-1] * plus[1:]).all():
            break
    at_zero = streams.held.by_fund(np.stack([streams.received, streams.paid]))
    return np.concatenate([at_zero, *points])


def _sums(streams: Streams, x: float) -> FloatArray:
    """PVs of money in and of money out of each fund, and the same times the time."""
    loops = _loops(streams)
    if loops is not None:
        own, held = np.empty((4, len(streams.held.starts))), streams.held
        loops.fund_sums(streams.times, streams.received, streams.paid, held.starts, x, own)
        return own
    factors = np.exp(-x * streams.times)
    plus, minus = streams.received * factors, streams.paid * factors
    return streams.held.by_fund(
        np.stack([plus, minus, plus * streams.times, minus * streams.times])
    )


def _located(window: RateWindow, products: FloatArray) -> FloatArray:
    """The log rate of each weighting, NaN where its root is not proved."""
    count = window.n_terms
    points = products[count + 2 :].reshape(-1, 4, products.shape[1])
    with np.errstate(all="ignore"):  # what divides by 0 proves nothing
        offset, slope, settled = _root(products[:count])
    size = window.size * (points[0, 0] + points[0, 1])
    steep = np.abs(slope) > LEAST_SLOPE * window.reach * size
    proved = settled & steep & (np.abs(offset) < 1.0) & _proof(products[count : count + 2], points)
    return np.where(proved, window.centre + window.reach * offset, np.nan)


def _proof(at_zero: FloatArray, points: FloatArray) -> BoolArray:
    """Where the worth falls through 0 once between the points, and not at a rate of 0.

    The mean time of money, weighted by its PV, falls as rates rise. Where that of money in is
    later at the high end of a piece than that of money out at its low end, it is later in between.
    """
    sure = 1.0 + MARGIN
    plus, minus, plus_time, minus_time = points.transpose(1, 0, 2)
    falling = (plus_time[1:] * minus[:-1] > minus_time[:-1] * plus[1:] * sure).all(axis=0)
    crossing = (plus[0] > minus[0] * sure) & (plus[-1] * sure < minus[-1])
    gain, money = at_zero[0] - at_zero[1], at_zero[0] + at_zero[1]
    proved: BoolArray = falling & crossing & (np.abs(gain) > MARGIN * money)
    return proved


def _root(terms: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """A root of each series, the slope at it, and whether Newton settled."""
    offset = _reverted(*terms[:4])
    for _ in range(STEPS):
        value, slope = _evaluated(terms, np.clip(offset, -1.0, 1.0, out=offset))
        step = value / slope
        offset = offset - step
        settled = np.abs(step) <= SETTLED
        if settled.all():
            break
    return offset, slope, settled


def _reverted(
    value: FloatArray, slope: FloatArray, second: FloatArray, third: FloatArray
) -> FloatArray:
    """The root of a series by the inverse of its first terms, near enough for Newton."""
    step = -value / slope
    bend, twist = second / slope, third / slope
    return step * (1.0 - step * (bend - step * (2.0 * bend * bend - twist)))


def _evaluated(terms: FloatArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values and slopes of power series, by Horner."""
    value, slope = terms[-1].copy(), np.zeros_like(at)
    for term in terms[-2::-1]:
        slope *= at
        slope += value
        value *= at
        value += term
    return value, slope
