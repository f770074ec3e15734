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
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.polynomial import chebyshev

from pmecalc.core import engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from pmecalc.core.fund import BoolArray, FloatArray
    from pmecalc.core.resampling import Draws, Plan
    from pmecalc.core.streams import Streams

    Sums: TypeAlias = Callable[[float], FloatArray]

MARGIN = 1e-12  # sums of different order agree within it; nearer than that nothing is proved
FARTHEST = 4.6  # METHODS 2.3 chooses among roots up to ln(101) = 4.615 if there is one
_ONE_THREAD = 65536 * 4  # multiplications below which OpenBLAS works alone
_LONGEST = 140.0  # years
SPREADS = 6.0  # standard deviations that the window reaches on either side
LEAST_REACH = 1e-3
MOST_ANGLE = 2.0  # of log rate times years from the middle: the series stays short and exact
EXPANDED, KEPT = 1e-14, 1e-12  # of the money: what a series leaves out
LEAST_SLOPE = 1e-2  # of the money a unit of log rate: a flatter one would blow rounding up
NEAREST = 1e-9  # a log rate nearer to 0 may be on either side of it
PIECES, EASE = (1, 2, 4, 8, 16), 1.5
SEARCH_STEPS, SEARCHED = 20, 1e-3
CHEBYSHEV = np.stack(  # of degree up to 31, by power
    [np.pad(chebyshev.cheb2poly([0.0] * n + [1.0]), (0, 31 - n)) for n in range(32)]
)
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
        By fund, shape (n_rows, n_funds): the terms of the series in `(x - centre) / reach`, then
        the PVs that the proof stands on. Of money in at the low end and of money out at the high
        one; for each piece between of money out, and the same times the time, at its low end, and
        both of money in at its high end.
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
        >>> from pmecalc.core.conventions import Options
        >>> fund = Fund.of(flows=[("1970-01-01", 100, 0)], navs=[("1971-01-01", 110)])
        >>> streams = Streams.of(Holdings.of([fund], None, 365, Options()), carried=False)
        >>> window = RateWindow.around(streams)
        >>> np.expm1(window.log_rates(np.ones((1, 1)))).round(12).tolist()
        [0.1]
        """
        loops = engine.pool_kernels()
        if loops is None or streams.times.max() > _LONGEST:
            return _around(streams)
        own = streams.times, streams.received, streams.paid, streams.held.starts
        n_terms, centre, reach, size, table = loops.window(*own)
        return cls(centre, reach, size, n_terms, table) if n_terms else None

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

    def log_rates_left_out(self, plan: Plan) -> FloatArray:
        """The same of all funds, then with each unit left out, shape (1 + n_units,)."""
        loops = engine.pool_kernels()
        if loops is None:
            return self.log_rates(plan.leave_one_out())
        found, places = np.empty(1 + len(plan.places)), plan.places[plan.units]
        loops.log_rates_left_out(plan.sizes, places, self.table, self._series, found)
        found[1:] = found[1:][plan.places]
        return found

    def drawn_log_rates(self, draws: Draws) -> FloatArray:
        """The same of resamples, shape (n_rows,)."""
        loops = engine.pool_kernels()
        if loops is None:
            return self.log_rates(draws.weights())
        own = [words.ravel() for words in draws.words]
        found, words = np.empty(len(draws)), own[0] if len(own) == 1 else np.concatenate(own)
        loops.drawn_log_rates(words, draws.strata, draws.places, self.table, self._series, found)
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


def _around(streams: Streams) -> RateWindow | None:
    """What the compiled `window` gives."""
    if (streams.received < 0).any() or (streams.paid < 0).any():
        return None
    half = float(streams.times.max()) / 2.0
    sums = cache(lambda x: _sums(streams, x))
    with np.errstate(over="ignore", invalid="ignore"):  # no window where nothing is finite
        centre, near = _pooled_log_rate(sums)
    if centre is None:
        return None
    reach = min(_spread(near), MOST_ANGLE / half)
    low, high = min(0.0, centre - reach), max(0.0, centre + reach)
    if low < -FARTHEST or high > FARTHEST:
        return None
    terms = _terms(streams, centre, reach, half)
    table = np.vstack([terms, *_points(sums, low, high)])
    return RateWindow(centre, reach, math.exp(centre * half), len(terms), table)


def _pooled_log_rate(sums: Sums) -> tuple[float | None, FloatArray]:
    """Where all funds together are worth nothing, by Newton from 0, and sums near it; no proof."""
    x, step, count = 0.0, math.inf, 0
    while abs(step) >= SEARCHED and abs(x) < FARTHEST and count < SEARCH_STEPS:
        count += 1
        near = sums(x)
        worth, cost, worth_time, cost_time = near.sum(axis=1).tolist()
        if worth <= 0 or cost <= 0:
            return None, near
        later = worth_time / worth - cost_time / cost
        step = math.log(worth / cost) / later if later > 0 else math.inf
        x += step
    return x if abs(step) < SEARCHED else None, near


def _spread(near: FloatArray) -> float:
    """How far resamples go: by what each fund moves the pooled rate, were it held once more."""
    plus, minus, plus_time, minus_time = near
    moves = (plus - minus) / float((plus_time - minus_time).sum())
    return max(SPREADS * math.sqrt(moves @ moves), LEAST_REACH)


def _terms(streams: Streams, centre: float, reach: float, half: float) -> FloatArray:
    """Power series of the discounted sum of each fund, shape (n_terms, n_funds).

    Times are counted from the middle, which multiplies the sum by an exponential and leaves its
    roots alone; the series then has an angle of at most `reach * span / 2`. It is economised: the
    highest powers go, each with the Chebyshev polynomial that it leads, as the exponential falls
    twice as fast a term in those.
    """
    angle = reach * half
    kept = term_count(angle / 2.0, angle, KEPT / 2.0)
    terms = np.empty((max(kept, term_count(angle, angle, EXPANDED)), len(streams.held.starts)))
    ratios = -reach * (streams.times - half)
    term = (streams.received - streams.paid) * np.exp(-centre * (streams.times - half))
    for power in range(len(terms)):
        terms[power] = streams.held.by_fund(term)
        term *= ratios / (power + 1.0)
    for degree in range(len(terms) - 1, kept - 1, -1):
        own = CHEBYSHEV[degree, : degree + 1]
        terms[:degree] -= np.outer(own[:-1] / own[-1], terms[degree])
    return terms[:kept]


def term_count(ratio: float, angle: float, remainder: float) -> int:
    """How many terms `ratio**n / n!` of a series of an exponential exceed what may be left out.

    Examples
    --------
    >>> term_count(1.0, 1.0, 1e-14), term_count(0.5, 1.0, 1e-14)
    (17, 14)
    """
    count, rest = 4, ratio**4 / 24.0
    while rest * math.exp(angle) > remainder:
        count += 1
        rest *= ratio / count
    return count


def _points(sums: Sums, low: float, high: float) -> list[FloatArray]:
    """The PVs of the proof, at as many points as prove the pool itself with ease."""
    for pieces in PIECES:
        points = [sums(low + (high - low) * piece / pieces) for piece in range(pieces + 1)]
        plus, minus, plus_time, minus_time = np.sum(points, axis=2).T
        if (plus_time[1:] * minus[:-1] > EASE * minus_time[:-1] * plus[1:]).all():
            break
    ends = np.stack([points[0][0], points[-1][1]])
    return [ends, *(part for a, b in pairwise(points) for part in (a[1::2], b[::2]))]


def _sums(streams: Streams, x: float) -> FloatArray:
    """PVs of money in and of money out of each fund, and the same times the time."""
    factors = np.exp(-x * streams.times)
    plus, minus = streams.received * factors, streams.paid * factors
    return streams.held.by_fund(
        np.stack([plus, minus, plus * streams.times, minus * streams.times])
    )


def _located(window: RateWindow, products: FloatArray) -> FloatArray:
    """The log rate of each weighting, NaN where its root is not proved."""
    sums = products[window.n_terms :]
    with np.errstate(all="ignore"):  # what divides by 0 proves nothing
        offset, slope, settled = _root(products[: window.n_terms])
    log_rates: FloatArray = window.centre + window.reach * offset
    steep = np.abs(slope) > LEAST_SLOPE * window.reach * window.size * (sums[0] + sums[2])
    proved = settled & steep & (np.abs(offset) < 1.0) & (np.abs(log_rates) > NEAREST)
    return np.where(proved & _proof(sums), log_rates, np.nan)


def _proof(sums: FloatArray) -> BoolArray:
    """Where the worth falls through 0 once between the ends.

    The mean time of money, weighted by its PV, falls as rates rise. Where that of money in is
    later at the high end of a piece than that of money out at its low end, it is later in between.
    """
    sure = 1.0 + MARGIN
    paid, paid_time, received, received_time = sums[2:].reshape(-1, 4, sums.shape[1]).swapaxes(0, 1)
    falling = (received_time * paid > paid_time * received * sure).all(axis=0)
    proved: BoolArray = falling & (sums[0] > paid[0] * sure) & (received[-1] * sure < sums[1])
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
