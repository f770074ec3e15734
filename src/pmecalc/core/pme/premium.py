"""The implied private premium: what the index would have had to return more each year."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import InputError, NotDefinedError
from pmecalc.core.fund import amount
from pmecalc.core.irr import by_date
from pmecalc.core.measure import measure
from pmecalc.core.metric import LARGEST_LOG_RATE, REASONS, Metric, several, undefined
from pmecalc.core.ranks import tied
from pmecalc.core.roots import UncertifiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pmecalc.core.fund import BoolArray, FloatArray, IntArray
    from pmecalc.core.valuation import Valuation

_MOST_WORK = 2 * 10**7  # points times amounts: about a second (ADR 14)
_EPS = float(np.finfo(np.float64).eps)
_FIRST_CUTS = (0.5, 0.9, 1.3, 3.0)  # of the smallest growth: a premium from -50 % to +200 %
_HIGHEST = 2.0**20  # above the least growth, in logarithms: a factor of 1e60 within a day is less
_LEAST_WIDTH = 1e-6
_TOUCHING = 1e-11  # of the money: the square of the least width, and rounding
_PATIENCE = 40


@dataclass(frozen=True, slots=True)
class _Balance:
    """Money in and money out, both growing with the premium.

    The premium is `exp(y)` above the least growth turned negative. Every term and its derivative
    then rise with `y`, so their values at the ends of a piece bound them inside it.

    Parameters
    ----------
    log_least
        The logarithm of the least growth.
    amounts
        Money by date, none of it zero, shape (n,).
    limits
        What the slopes of the terms rise to, shape (n,).
    terms
        Logarithms of the growth of each amount, and their slopes, of shape (n_points, n).
    log_sizes
        Logarithms of the absolute amounts, shape (n,).
    sides
        The places of money received, and of money paid in.
    """

    log_least: float
    amounts: FloatArray
    limits: FloatArray
    terms: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    log_sizes: FloatArray = field(init=False)
    sides: tuple[IntArray, IntArray] = field(init=False)

    def __post_init__(self) -> None:
        received = self.amounts > 0
        sides = np.flatnonzero(received), np.flatnonzero(~received)
        object.__setattr__(self, "log_sizes", np.log(np.abs(self.amounts)))
        object.__setattr__(self, "sides", sides)

    def at(self, points: FloatArray) -> list[_Look]:
        """Both sides at some points."""
        logs, slopes = self.terms(points)
        logs = logs + self.log_sizes
        with np.errstate(divide="ignore"):
            sides = [
                column.tolist()
                for side in self.sides
                for column in _log_sums(logs[:, side], slopes[:, side])
            ]
        return [_Look(*each) for each in zip(*sides, strict=True)]

    def premium(self, point: float) -> float:
        """The premium of a point; infinite beyond the doubles."""
        if max(point, self.log_least) >= LARGEST_LOG_RATE:
            return math.inf
        return math.exp(self.log_least) * math.expm1(point - self.log_least)


@dataclass(frozen=True, slots=True)
class _Look:
    """Logarithms of both sides, and of their slopes."""

    received: float
    received_slope: float
    paid: float
    paid_slope: float

    @property
    def height(self) -> float:
        return self.received - self.paid

    @property
    def slope(self) -> float:
        rising, falling = self.received_slope - self.received, self.paid_slope - self.paid
        return math.exp(rising) - math.exp(falling)


@measure(index=True, nav=True)
def ipp(at: Valuation) -> Metric:
    """The premium over the index return, added each year, that makes money in worth money out.

    Arithmetic and per year, above -1 less the index return. Several: the one nearest to 0, status
    `multiple`, all listed in `roots`. Of two that are equally near within rounding, the one with
    the sign of the value added (NFV).

    References
    ----------
    METHODS 4.9 (per-flow annualised form); Global Endowment Management (2008-2015);
    docs/methods/ipp.md.

    Examples
    --------
    The fund earned half, the index a fifth:

    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> round(ipp(fund, world), 12)
    0.3
    """
    if at.start is None:
        return undefined("no_flows")
    days, amounts = by_date(*at.stream(at.distributions, at.contributions))
    if len(days) == 0:
        return undefined("no_flows")
    times = year_fractions(at.start, np.append(days, at.as_of), at.options.day_count)
    times = times[-1] - times[:-1]
    if times.max() == 0:
        return undefined("zero_duration")
    places = np.minimum(np.searchsorted(at.days, days), len(at.days) - 1)
    growth = np.where(at.days[places] == days, at.growth[places], 1.0)
    return _outcome(_per_flow(times, amounts, growth))


def ipp_periodic(
    amounts: Sequence[float],
    returns: Sequence[float],
    *,
    nav: float = 0.0,
    periods_per_year: float = 1.0,
) -> float:
    """The same premium from equally spaced amounts and the index returns between them.

    Parameters
    ----------
    amounts
        Money as the investor sees it, at the ends of periods, shape (n,).
    returns
        Index returns `> -1` from each amount to the next, shape (n - 1,).
    nav
        The value with the last amount.
    periods_per_year
        4 for quarters; each period's return is raised by a quarter of the premium then.

    Returns
    -------
    float
        A premium per year, the one nearest to 0 where there are several.

    Raises
    ------
    NotDefinedError
        `no_flows`, `no_investment`, `total_loss`, `zero_duration`, `no_root`, `overflow`.
    CashFlowError
        `NON_FINITE`.
    InputError
        `UNSUPPORTED_OPTION`: lengths or returns that cannot be.

    References
    ----------
    METHODS 4.9 (periodic form); docs/methods/ipp.md.

    Examples
    --------
    On an index that returns 2 % each period, what earns 10 % is 8 % above it:

    >>> round(ipp_periodic([-100, 0, 121], [0.02, 0.02]), 12)
    0.08
    """
    values = np.array([amount(each, row=i, field="amount") for i, each in enumerate(amounts, 1)])
    steps = np.array([1 + amount(each, row=i, field="return") for i, each in enumerate(returns, 1)])
    if len(steps) != max(len(values) - 1, 0) or not (steps > 0).all():
        raise _refused("returns", list(returns), "one above -1 between each two amounts")
    if not 0 < periods_per_year < math.inf:
        raise _refused("periods_per_year", periods_per_year, "a number above 0")
    values = np.append(values[:-1], values[-1:].sum() + amount(nav, row=None, field="nav"))
    moving = values != 0
    if not moving.any():
        raise NotDefinedError("ipp_periodic", "no_flows", REASONS["no_flows"])
    if moving.argmax() == len(values) - 1:
        raise NotDefinedError("ipp_periodic", "zero_duration", REASONS["zero_duration"])
    found = _outcome(_compounding(steps, values, moving))
    if found.value is None:
        raise NotDefinedError("ipp_periodic", found.status, found.reason)
    return found.number * periods_per_year


def _per_flow(times: FloatArray, amounts: FloatArray, growth: FloatArray) -> _Balance:
    """Each amount grows at its own annual index return, raised by the premium."""
    still = times == 0
    logs = np.log(growth) / np.where(still, 1.0, times)
    least = float(logs[~still].min())
    gaps = np.where(still, 0.0, _log_gaps(logs, least))

    def terms(points: FloatArray) -> tuple[FloatArray, FloatArray]:
        grown = np.logaddexp(gaps, points[:, None])
        return times * grown, times * np.exp(points[:, None] - grown)

    return _Balance(least, amounts, times, terms)


def _compounding(steps: FloatArray, amounts: FloatArray, moving: BoolArray) -> _Balance:
    """Each amount grows by the raised index returns of all periods after it."""
    least = float(np.log(steps.min()))
    gaps = _log_gaps(np.log(steps), least)

    def terms(points: FloatArray) -> tuple[FloatArray, FloatArray]:
        grown = np.logaddexp(gaps, points[:, None])
        return _from_here_on(grown)[:, moving], _from_here_on(np.exp(points[:, None] - grown))[
            :, moving
        ]

    left = np.arange(len(amounts) - 1, -1, -1.0)
    return _Balance(least, amounts[moving], left[moving], terms)


def _from_here_on(table: FloatArray) -> FloatArray:
    """Sums of each row from each column to the last, and 0 after it."""
    sums = np.cumsum(table[:, ::-1], axis=1)[:, ::-1]
    return np.hstack([sums, np.zeros((len(table), 1))])


def _log_gaps(logs: FloatArray, least: float) -> FloatArray:
    """Logarithms of how far each growth is above the least, `-inf` for that itself."""
    with np.errstate(divide="ignore"):
        gaps: FloatArray = logs + np.log(-np.expm1(np.minimum(least - logs, 0.0)))
    return gaps


def _log_sums(logs: FloatArray, slopes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithms of the sums of terms, and of their derivatives."""
    largest = logs.max(axis=1)
    terms = np.exp(logs - largest[:, None])
    return largest + np.log(terms.sum(axis=1)), largest + np.log((terms * slopes).sum(axis=1))


def _outcome(balance: _Balance) -> Metric:
    if (balance.amounts > 0).all():
        return Metric(None, "no_investment", roots=(), reason=REASONS["no_investment"])
    if (balance.amounts < 0).all():
        return Metric(
            None, "total_loss", roots=(), reason="nothing came back, whatever the premium"
        )
    try:
        points, touching = _crossings(balance)
    except UncertifiedError:
        return Metric(None, "uncertified", roots=(), reason=REASONS["uncertified"])
    premiums = [balance.premium(point) for point in points]
    roots = tuple(sorted(each for each in premiums if each < math.inf))
    warnings = ("NEAR_DOUBLE_ROOT",) if touching else ()
    if not roots:
        status = "overflow" if points else "no_root"
        why = "the premium exceeds the largest double" if points else "no premium makes both equal"
        return Metric(None, status, roots=(), warnings=warnings, reason=why)
    if len(points) == 1:
        return Metric(roots[0], "ok", roots=roots, warnings=warnings)
    beyond = [f"about exp({point:.6g})" for point in points if balance.premium(point) == math.inf]
    why = several(f"{len(points)} premiums make both equal", beyond)
    nearest = _nearest(balance, roots)
    return Metric(nearest, "multiple", roots=roots, warnings=warnings, reason=why)


def _nearest(balance: _Balance, premiums: tuple[float, ...]) -> float:
    """The premium nearest to 0; of equally near ones, that with the sign of the value added."""
    nearest = min(premiums, key=abs)
    near = [each for each in premiums if tied(abs(each), abs(nearest))]
    if len(near) == 1:
        return nearest
    (without,) = balance.at(np.array([balance.log_least]))  # no premium: the index return itself
    return near[-1] if without.height > 0 else near[0]


def _crossings(balance: _Balance) -> tuple[list[float], bool]:
    """Every point at which both sides are equal, and whether one of them may be double."""
    # Nearer to the least growth than this, no double lies between.
    low = balance.log_least + math.log(_EPS) - 1
    inner = [balance.log_least + math.log(cut) for cut in _FIRST_CUTS]
    points = np.array([low, *inner, _highest(balance)])
    looks = dict(zip(points.tolist(), balance.at(points), strict=True))
    pending = list(pairwise(points.tolist()))
    certain: list[tuple[float, float]] = []
    narrow: list[tuple[float, float]] = []
    looked = 0
    while pending:
        looked += len(pending) * len(balance.amounts)
        if looked > _MOST_WORK:
            raise UncertifiedError
        pending = [piece for piece in pending if not _settled(looks, piece, certain)]
        narrow += [piece for piece in pending if piece[1] - piece[0] <= _LEAST_WIDTH]
        pending = [piece for piece in pending if piece[1] - piece[0] > _LEAST_WIDTH]
        middles = np.array([(one + other) / 2 for one, other in pending])
        looks |= zip(middles.tolist(), balance.at(middles), strict=True)
        pending = [
            half
            for (one, other), middle in zip(pending, middles.tolist(), strict=True)
            for half in ((one, middle), (middle, other))
        ]
    touched = _touched(looks, _runs(narrow), certain)
    return sorted([*touched, *(_refined(balance, *piece) for piece in certain)]), bool(touched)


def _highest(balance: _Balance) -> float:
    """A point above which the first amount outweighs all others, and more and more so."""
    reach, others = 2.0, balance.limits[1:].max()
    while reach < _HIGHEST:
        point = balance.log_least + reach
        logs, slopes = balance.terms(np.array([point]))
        weighed = logs[0] + balance.log_sizes
        rest = np.logaddexp.reduce(weighed[1:])
        if slopes[0, 0] >= others and weighed[0] > rest:
            return point
        reach *= 2
    return balance.log_least + _HIGHEST


def _settled(
    looks: dict[float, _Look], piece: tuple[float, float], certain: list[tuple[float, float]]
) -> bool:
    """Whether a piece holds one crossing or none for sure; one goes to `certain`."""
    low, high = looks[piece[0]], looks[piece[1]]
    if high.received < low.paid or low.received > high.paid:
        return True
    rising = low.received_slope - high.received > high.paid_slope - low.paid
    falling = high.received_slope - low.received < low.paid_slope - high.paid
    if not (rising or falling):
        return False
    if (low.height > 0) != (high.height > 0):
        certain.append(piece)
    return True


def _runs(narrow: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Pieces that touch one another, joined."""
    runs: list[tuple[float, float]] = []
    for low, high in sorted(narrow):
        if runs and runs[-1][1] == low:
            runs[-1] = (runs[-1][0], high)
        else:
            runs.append((low, high))
    return runs


def _touched(
    looks: dict[float, _Look],
    runs: list[tuple[float, float]],
    certain: list[tuple[float, float]],
) -> list[float]:
    """Where both sides meet without crossing; runs in which they cross go to `certain`."""
    touched = []
    for low, high in runs:
        if (looks[low].height > 0) != (looks[high].height > 0):
            certain.append((low, high))
            continue
        within = [point for point in looks if low <= point <= high]
        nearest = min(within, key=lambda point: abs(looks[point].height))
        if abs(looks[nearest].height) <= _TOUCHING:
            touched.append(nearest)
    return touched


def _refined(balance: _Balance, low: float, high: float) -> float:
    """The crossing between two points: Newton, kept in the bracket, then halving."""
    rising = balance.at(np.array([high]))[0].height > 0
    point, tries = (low + high) / 2, 0
    while True:
        (look,) = balance.at(np.array([point]))
        if (look.height > 0) == rising:
            high = point
        else:
            low = point
        following = point - look.height / look.slope if look.slope else math.inf
        if not low <= following <= high or tries > _PATIENCE:
            following = (low + high) / 2
        if abs(following - point) <= 2 * _EPS * max(1.0, abs(point)):
            return following
        point, tries = following, tries + 1


def _refused(name: str, given: object, offered: str) -> InputError:
    return InputError(
        f"{name}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=name,
        value=given,
        hint=f"Expected: {offered}.",
    )
