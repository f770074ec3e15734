"""Which funds a resample holds, and the intervals that resampled values give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pmecalc.core.errors import InputError
from pmecalc.core.ranks import MAX_TIE_GAP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pmecalc.core.fund import FloatArray, IntArray

WordArray: TypeAlias = npt.NDArray[np.uint64]
Scheme: TypeAlias = Literal["stratified", "block", "simple"]
SCHEMES: tuple[Scheme, ...] = ("stratified", "block", "simple")
_ROWS = 2048  # resamples drawn at a time: bounds the memory, and fixes the stream of a seed
_WORD = 51  # bits of a random word: a double holds it, and quotients of it without error
_NORMAL = NormalDist()


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
        """The size and the words a row of each stratum, shape (n_strata, 2)."""
        pairs = zip(self.words, self.sizes, strict=True)
        return np.array([(size, words.shape[1]) for words, size in pairs])

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
    sizes
        How many units each stratum has, shape (n_strata,).
    places
        Where each unit stands, stratum after stratum, shape (n_units,).
    """

    units: IntArray
    strata: IntArray
    sizes: IntArray
    places: IntArray

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
        own_years = np.array([years[year] for year in vintages], np.int64)
        units = own_years if scheme == "block" else np.arange(len(vintages))
        count = len(years) if scheme == "block" else len(vintages)
        strata = own_years if scheme == "stratified" else np.zeros(count, np.int64)
        places = np.empty_like(strata)
        places[np.argsort(strata, kind="stable")] = np.arange(count)
        return cls(units, strata, np.bincount(strata), places)

    def draws(self, samples: int, seed: int) -> Iterator[Draws]:
        """The resamples of a seed, in pieces."""
        random = np.random.default_rng(seed)
        sizes, places = tuple(self.sizes.tolist()), self.places[self.units]
        for start in range(0, samples, _ROWS):
            rows = min(_ROWS, samples - start)
            yield Draws(tuple(_words(random, size, rows) for size in sizes), sizes, places)

    def leave_one_out(self) -> FloatArray:
        """Weights of all funds, then with each unit left out, shape (1 + n_units, n_funds).

        The other units of its stratum weigh so much more that the stratum keeps its size. A unit
        alone in its stratum stays: it never varies.
        """
        sizes = self.sizes[self.strata].astype(np.float64)
        weights = np.ones((1 + len(sizes), len(sizes)))
        same = self.strata[:, None] == self.strata
        np.copyto(weights[1:], (sizes / np.maximum(sizes - 1.0, 1.0))[:, None], where=same)
        np.fill_diagonal(weights[1:], sizes == 1)
        return weights[:, self.units]


def intervals(values: FloatArray, *shares: tuple[float, float]) -> list[Interval]:
    """From one share of resampled values to another, by type-7 percentiles.

    Parameters
    ----------
    values
        Finite, in any order, shape (n_samples,), at least one.
    *shares
        Between 0 and 1, the lower one first; see `percentile_shares` and `bca_shares`.

    References
    ----------
    METHODS 6.3; `ranks.interpolated` gives the same of ascending values.

    Examples
    --------
    >>> intervals(np.arange(101.0), (0.25, 0.75))
    [Interval(low=25.0, high=75.0)]
    """
    last = len(values) - 1
    places = [last * share for pair in shares for share in pair]
    below = [int(place) for place in places]
    above = [min(place + 1, last) for place in below]
    picked = np.partition(values, below + above)[below + above].tolist()
    parts = zip(picked, picked[len(below) :], places, below, strict=False)
    found = [start + (end - start) * (place - at) for start, end, place, at in parts]
    return [Interval(*pair) for pair in zip(found[::2], found[1::2], strict=True)]


def percentile_shares(confidence: float) -> tuple[float, float]:
    """The middle part of resampled values.

    References
    ----------
    METHODS 6.4; Efron and Tibshirani (1993), chapter 13.

    Examples
    --------
    >>> percentile_shares(0.5)
    (0.25, 0.75)
    """
    tail = (1.0 - confidence) / 2.0
    return tail, 1.0 - tail


def bca_shares(
    values: FloatArray, estimate: float, acceleration: float, confidence: float
) -> tuple[float, float] | None:
    """The part of resampled values that is corrected for bias and accelerated.

    Parameters
    ----------
    values
        Finite, in any order, shape (n_samples,), at least one.
    estimate
        The value of the sample itself.
    acceleration
        See `acceleration_of`.
    confidence
        Between 0 and 1.

    Returns
    -------
    tuple[float, float] or None
        None where every resample is on one side of the estimate, or the correction runs off the
        scale. Values equal to the estimate within rounding count half.

    References
    ----------
    METHODS 6.4; Efron (1987), Journal of the American Statistical Association 82.

    Examples
    --------
    No bias and no acceleration: the percentile interval.

    >>> low, high = bca_shares(np.arange(101.0), 50.0, 0.0, 0.5)
    >>> round(low, 12), round(high, 12)
    (0.25, 0.75)
    """
    near = MAX_TIE_GAP * (1.0 + abs(estimate))
    clear = int(np.count_nonzero(values < estimate - near))
    tied = int(np.count_nonzero(values <= estimate + near)) - clear
    below = (clear + tied / 2.0) / len(values)
    if not 0 < below < 1:
        return None
    bias = _NORMAL.inv_cdf(below)
    shares = []
    for tail in percentile_shares(confidence):
        shifted = bias + _NORMAL.inv_cdf(tail)
        scale = 1.0 - acceleration * shifted
        if scale <= 0:
            return None
        shares.append(_NORMAL.cdf(bias + shifted / scale))
    return shares[0], shares[1]


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
    sizes = np.bincount(strata)
    spread = (np.bincount(strata, weights=left_out) / sizes)[strata] - left_out
    scale = float(np.abs(spread).max())
    if scale <= MAX_TIE_GAP * (1.0 + float(np.abs(left_out).max())):
        return 0.0
    influence = (1.0 - 1.0 / sizes)[strata] * spread / scale
    squares = influence * influence
    third, second = float((squares * influence).sum()), float(squares.sum())
    return third / (6.0 * second * math.sqrt(second))


@cache
def _digits(size: int) -> int:
    """How many numbers below `size` a word holds."""
    return max((n for n in range(1, min(size, _WORD) + 1) if size**n <= 1 << _WORD), default=1)


def _words(random: np.random.Generator, size: int, rows: int) -> WordArray:
    """As many random words a row as hold `size` numbers below `size`."""
    digits = _digits(size)
    return random.integers(0, size**digits, (rows, -(-size // digits)), np.uint64)


def _counted(words: WordArray, size: int) -> IntArray:
    """How often each number below `size` is among the first `size` digits of a row of words."""
    rows, parts, base = len(words), [], np.uint64(size)
    for _ in range(_digits(size)):
        rest = words // base
        parts.append(words - rest * base)
        words = rest
    picks = np.concatenate(parts, axis=1)[:, :size].astype(np.int64)
    cells = picks + size * np.arange(rows)[:, None]
    return np.bincount(cells.ravel(), minlength=rows * size).reshape(rows, size)
