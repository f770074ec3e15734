"""The measures that need no solver at every NAV date of a fund, from running sums."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.daycount import year_fractions
from pmecalc.core.money import settled
from pmecalc.core.pme.kaplan_schoar import start_level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmecalc.core.fund import BoolArray, FloatArray, IntArray
    from pmecalc.core.valuation import Valuation


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One measure on every date.

    Parameters
    ----------
    values
        Shape (n_days,); of no meaning where `undefined`.
    undefined
        Where there is no value, shape (n_days,).
    status
        The status there.
    """

    values: FloatArray
    undefined: BoolArray | None = None
    status: str = "ok"


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums of the flows up to each date; build one with `Sums.of`.

    Parameters
    ----------
    at
        The valuation whose flows they are.
    navs, end_levels
        NAV and index level by date, shape (n_days,).
    paid, received
        Money so far.
    carried_in, carried_out
        The same, each flow carried to the date at the index return.
    moved, carried
        All that moved before netting, and that carried to the date.
    years
        Years from the first flow.
    counts
        How many days with flows there were.
    """

    at: Valuation
    navs: FloatArray
    end_levels: FloatArray
    paid: FloatArray
    received: FloatArray
    carried_in: FloatArray
    carried_out: FloatArray
    moved: FloatArray
    carried: FloatArray
    years: FloatArray
    counts: IntArray

    @classmethod
    def of(
        cls,
        at: Valuation,
        days: IntArray,
        navs: FloatArray,
        end_levels: FloatArray,
        *,
        years: FloatArray,
    ) -> Sums:
        """The sums up to ascending days not before the first flow."""
        ends = at.days.searchsorted(days, side="right")
        columns = np.stack([at.contributions, at.distributions, at.moved])
        both = np.concatenate([columns, columns / at.levels])
        paid, received, moved, bought, sold, turned = np.cumsum(both, axis=1)[:, ends - 1]
        return cls(
            at,
            navs,
            end_levels,
            paid,
            received,
            bought * end_levels,
            sold * end_levels,
            moved,
            turned * end_levels,
            years,
            ends,
        )

    @property
    def difference(self) -> FloatArray:
        """`kaplan_schoar.icm_nav` on every date."""
        apart = self.carried_in - self.carried_out
        return settled(apart, 2 * self.counts, self.carried)

    @property
    def gain(self) -> FloatArray:
        """`multiples.gained` on every date."""
        made = self.received + self.navs - self.paid
        size = self.moved + np.abs(self.navs)
        return settled(made, 2 * self.counts + 1, size)

    @property
    def added(self) -> FloatArray:
        """`kaplan_schoar.nfv` on every date."""
        size = self.carried + np.abs(self.navs)
        return settled(self.navs + self.carried_out - self.carried_in, 2 * self.counts + 1, size)


def running(
    at: Valuation, days: IntArray, navs: FloatArray, end_levels: FloatArray
) -> Callable[[str], Outcome | None]:
    """A function from a measure's name to its outcomes; None where it is no matter of sums.

    Parameters
    ----------
    at
        The valuation whose flows are summed.
    days, navs, end_levels
        Ascending day numbers from the first flow to the as-of date, the NAV and the index level of
        each, shape (n_days,).

    Returns
    -------
    Callable[[str], Outcome | None]
        None for each name where flows are reversed or recalled: sums then lose digits, or are not
        all there is to it.

    References
    ----------
    METHODS 5.1.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> from pmecalc.core.valuation import value
    >>> at = value(Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2021-01-01", 120)]))
    >>> outcome = running(at, np.array([at.as_of]), np.array([120.0]), np.ones(1))
    >>> outcome("tvpi").values.tolist()
    [1.2]
    """
    if at.start is None or _taken_back(at):
        return lambda _name: None
    sums = Sums.of(
        at, days, navs, end_levels, years=year_fractions(at.start, days, at.options.day_count)
    )

    def outcome(name: str) -> Outcome | None:
        if name in _INDEXED:
            nothing = Outcome(navs, np.ones(len(days), np.bool_), "no_index")
            return nothing if at.benchmark is None else _INDEXED[name](sums)
        return _OWN[name](sums) if name in _OWN else None

    return outcome


def _taken_back(at: Valuation) -> bool:
    least = min(at.contributions.min(), at.distributions.min())
    return bool(least < 0) or len(at.fund.recallable) > 0


def _over(money: FloatArray, total: FloatArray) -> Outcome:
    none = total <= 0
    return Outcome(money / np.where(none, 1.0, total), none, "no_contributions")


def _with_nav(received: FloatArray, navs: FloatArray, count: int) -> FloatArray:
    """Sums of money received and a NAV, 0 within the rounding of so many terms."""
    return settled(received + navs, count, received + np.abs(navs))


def _promised(sums: Sums, combine: Callable[[FloatArray, float], FloatArray]) -> Outcome:
    commitment = sums.at.fund.commitment
    if commitment is None:
        return Outcome(sums.paid, np.ones(len(sums.paid), np.bool_), "no_commitment")
    return Outcome(combine(sums.paid, commitment))


def _npv(sums: Sums) -> Outcome:
    return Outcome(sums.added * start_level(sums.at) / sums.end_levels)


_OWN: Mapping[str, Callable[[Sums], Outcome]] = MappingProxyType(
    {
        "paid_in": lambda sums: Outcome(sums.paid),
        "distributed": lambda sums: Outcome(sums.received),
        "nav": lambda sums: Outcome(sums.navs),
        "gain": lambda sums: Outcome(sums.gain),
        "dpi": lambda sums: _over(sums.received, sums.paid),
        "rvpi": lambda sums: _over(sums.navs, sums.paid),
        "tvpi": lambda sums: _over(_with_nav(sums.received, sums.navs, 3), sums.paid),
        "moic": lambda sums: _over(_with_nav(sums.received, sums.navs, 3), sums.paid),
        "pic": lambda sums: _promised(sums, lambda paid, promised: paid / promised),
        "unfunded": lambda sums: _promised(
            sums, lambda paid, promised: settled(promised - paid, sums.counts + 1, promised + paid)
        ),
        "years": lambda sums: Outcome(sums.years),
    }
)
_INDEXED: Mapping[str, Callable[[Sums], Outcome]] = MappingProxyType(
    {
        "fv_contributions": lambda sums: Outcome(sums.carried_in),
        "fv_distributions": lambda sums: Outcome(sums.carried_out),
        "ks_pme": lambda sums: _over(_with_nav(sums.carried_out, sums.navs, 2), sums.carried_in),
        "nfv": lambda sums: Outcome(sums.added),
        "npv": _npv,
        "ln_nav": lambda sums: Outcome(sums.difference),
    }
)
