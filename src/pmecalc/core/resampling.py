"""Which funds a resample holds, and the intervals that resampled values give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pmecalc.core.fund import FloatArray, IntArray

WordArray: TypeAlias = npt.NDArray[np.uint32]
Scheme: TypeAlias = Literal["stratified", "block", "simple"]
SCHEMES: tuple[Scheme, ...] = ("stratified", "block", "simple")
_ROWS = 2048  # resamples drawn at a time: bounds the memory, and fixes the stream of a seed
_WORD = 32  # bits of a random word
_SAME = 1e-12  # of 1 + |value|: what sums in another order may differ by


@dataclass(frozen=True, slots=True)
class Interval:
    """From low to high.

    Parameters
    ----------
    low, high
        In the unit of the values, `low <= high`.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Resamples of a plan, as the random words they were drawn with.

    Parameters
    ----------
    words
        By stratum, shape (n_rows, n_words): the digits of a row to the base of its size, the last
        ones first and the first `size` of them, are the units drawn.
    sizes
        How many units each stratum has.
    places
        Where the unit of each fund stands, stratum after stratum, shape (n_funds,).
    """

    words: tuple[WordArray, ...]
    sizes: tuple[int, ...]
    places: IntArray

    def __len__(self) -> int:
        return len(self.words[0])

    @property
    def strata(self) -> IntArray:
        """The size, the digits a word and the words a row of each stratum, shape (n_strata, 3)."""
        pairs = zip(self.words, self.sizes, strict=True)
        return np.array([(size, _digits(size), words.shape[1]) for words, size in pairs])

    def by_place(self, table: FloatArray, *, full: int = 1) -> FloatArray:
        """Figures by fund, shape (n_figures, n_funds), added up by the places of their units.

        Shape (n_places, n_figures), with places of nothing for a `full` number of them.
        """
        count = sum(self.sizes)
        sums = np.zeros((-(-count // full) * full, len(table)))
        if count == len(self.places):  # a place a fund
            sums[self.places] = table.T
        else:
            np.add.at(sums, self.places, table.T)
        return sums

    def weights(self) -> FloatArray:
        """How often each resample holds each fund, shape (n_rows, n_funds)."""
        counts = [_counted(own, size) for own, size in zip(self.words, self.sizes, strict=True)]
        weights: FloatArray = np.concatenate(counts, axis=1)[:, self.places].astype(np.float64)
        return weights


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is drawn and among which; build one with `Plan.of`.

    Parameters
    ----------
    units
        The unit that each fund belongs to, shape (n_funds,): the fund itself, or its vintage.
    strata
        The stratum that each unit is drawn within, shape (n_units,).
    """

    units: IntArray
    strata: IntArray

    @classmethod
    def of(cls, vintages: Sequence[int], scheme: str) -> Plan:
        """Draw funds within their vintage, whole vintages, or funds at large.

        Raises
        ------
        InputError
            `UNSUPPORTED_OPTION`: there is no such scheme.

        References
        ----------
        METHODS 6.4.

        Examples
        --------
        >>> Plan.of([2001, 2001, 2005], "block").units.tolist()
        [0, 0, 1]
        """
        if scheme not in SCHEMES:
            raise InputError(
                f"scheme={scheme!r} is not offered.",
                code="UNSUPPORTED_OPTION",
                field="scheme",
                value=scheme,
                hint=f"Offered: {', '.join(SCHEMES)}.",
            )
        years = {year: place for place, year in enumerate(sorted(set(vintages)))}
        places = np.array([years[year] for year in vintages], np.int64)
        if scheme == "block":
            return cls(places, np.zeros(len(years), np.int64))
        each = np.arange(len(vintages))
        return cls(each, places if scheme == "stratified" else np.zeros_like(each))

    def sizes(self) -> IntArray:
        """How many units each stratum has."""
        return np.bincount(self.strata)

    def draws(self, samples: int, seed: int) -> Iterator[Draws]:
        """The resamples of a seed, in pieces."""
        random = np.random.default_rng(seed)
        sizes, order = self.sizes().tolist(), np.argsort(self.strata, kind="stable")
        places = np.argsort(order)[self.units]
        for start in range(0, samples, _ROWS):
            rows = min(_ROWS, samples - start)
            yield Draws(tuple(_words(random, size, rows) for size in sizes), tuple(sizes), places)

    def leave_one_out(self) -> FloatArray:
        """Weights of the funds with each unit left out in turn, shape (n_units, n_funds).

        The other units of its stratum weigh so much more that the stratum keeps its size. A unit
        alone in its stratum stays: it never varies.
        """
        sizes = self.sizes()[self.strata].astype(np.float64)
        same = self.strata[:, None] == self.strata[None, :]
        more = np.where(same, (sizes / np.maximum(sizes - 1, 1))[:, None], 1.0)
        np.fill_diagonal(more, np.where(sizes > 1, 0.0, 1.0))
        return more[:, self.units]


def percentile_interval(values: FloatArray, confidence: float) -> Interval:
    """The middle part of resampled values, by type-7 percentiles.

    Parameters
    ----------
    values
        Finite and ascending, shape (n_samples,), at least one.
    confidence
        The part kept, between 0 and 1.

    References
    ----------
    METHODS 6.3, 6.4; Efron and Tibshirani (1993), chapter 13.

    Examples
    --------
    >>> percentile_interval(np.arange(101.0), 0.5)
    Interval(low=25.0, high=75.0)
    """
    tail = (1.0 - confidence) / 2.0
    return _interval(values, tail, 1.0 - tail)


def bca_interval(
    values: FloatArray, estimate: float, acceleration: float, confidence: float
) -> Interval | None:
    """The bias-corrected and accelerated interval of resampled values.

    Parameters
    ----------
    values
        Finite and ascending, shape (n_samples,), at least one.
    estimate
        The value of the sample itself.
    acceleration
        See `acceleration_of`.
    confidence
        Between 0 and 1.

    Returns
    -------
    Interval or None
        None where every resample is on one side of the estimate, or the correction runs off the
        scale. Values equal to the estimate within rounding count half.

    References
    ----------
    METHODS 6.4; Efron (1987), Journal of the American Statistical Association 82.

    Examples
    --------
    No bias and no acceleration: the percentile interval.

    >>> bca_interval(np.arange(101.0), 50.0, 0.0, 0.5)
    Interval(low=25.0, high=75.0)
    """
    near = _SAME * (1.0 + abs(estimate))
    clear = int(values.searchsorted(estimate - near))
    tied = int(values.searchsorted(estimate + near, side="right")) - clear
    below = (clear + tied / 2.0) / len(values)
    if not 0 < below < 1:
        return None
    normal = NormalDist()
    bias = normal.inv_cdf(below)
    shares = []
    for tail in ((1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0):
        shifted = bias + normal.inv_cdf(tail)
        scale = 1.0 - acceleration * shifted
        if scale <= 0:
            return None
        shares.append(normal.cdf(bias + shifted / scale))
    return _interval(values, *shares)


def acceleration_of(left_out: FloatArray, strata: IntArray) -> float:
    """How fast the standard error changes with the value: a sixth of the skewness of influences.

    Parameters
    ----------
    left_out
        The value with each unit left out in turn, shape (n_units,), finite.
    strata
        The stratum of each unit, shape (n_units,).

    Returns
    -------
    float
        No unit; 0 where leaving one out changes nothing.

    References
    ----------
    Davison and Hinkley (1997), Bootstrap Methods, 5.3.2 and 3.2.1 for several samples.

    Examples
    --------
    >>> acceleration_of(np.array([1.0, 2.0, 3.0]), np.zeros(3, np.int64))
    0.0
    """
    sizes = np.bincount(strata).astype(np.float64)
    means = np.bincount(strata, weights=left_out) / sizes
    spread = means[strata] - left_out
    scale = float(np.abs(spread).max())
    if scale <= _SAME * (1.0 + float(np.abs(left_out).max())):
        return 0.0
    influence = (sizes[strata] - 1.0) / sizes[strata] * spread / scale
    return math.fsum(influence**3) / (6.0 * math.sqrt(math.fsum(influence**2)) ** 3)


def _interval(values: FloatArray, low: float, high: float) -> Interval:
    """Type-7 percentiles, as `ranks.interpolated` gives them, of ascending values."""
    ends = []
    for share in (low, high):
        place = (len(values) - 1) * share
        below = int(place)
        start, end = values[below], values[min(below + 1, len(values) - 1)]
        ends.append(float(start + (end - start) * (place - below)))
    return Interval(*ends)


def _digits(size: int) -> int:
    """How many numbers below `size` a word holds."""
    return max((n for n in range(1, min(size, _WORD) + 1) if size**n <= 1 << _WORD), default=1)


def _words(random: np.random.Generator, size: int, rows: int) -> WordArray:
    """As many random words a row as hold `size` numbers below `size`."""
    digits = _digits(size)
    return random.integers(0, size**digits, (rows, -(-size // digits)), np.uint32)


def _counted(words: WordArray, size: int) -> IntArray:
    """How often each number below `size` is among the first `size` digits of a row of words."""
    rows, parts = len(words), []
    for _ in range(_digits(size)):
        rest = words // size
        parts.append(words - rest * size)
        words = rest
    cells = np.concatenate(parts, axis=1)[:, :size] + size * np.arange(rows)[:, None]
    return np.bincount(cells.ravel(), minlength=rows * size).reshape(rows, size)
