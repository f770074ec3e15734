"""The one table of measures: name, function, title, unit."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from pmecalc.core import irr as rates
from pmecalc.core import multiples
from pmecalc.core.errors import NotFoundError
from pmecalc.core.pme import (
    direct_alpha,
    kaplan_schoar,
    long_nickels,
    mpme,
    pme_plus,
    scaled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pmecalc.core.measure import Measure

Unit: TypeAlias = Literal["money", "multiple", "rate", "years", "date", "ratio"]


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table.

    Parameters
    ----------
    name
        The name everywhere: Python, JSON, command line, page.
    measure
        The function.
    title
        What the field calls it.
    unit
        `money` (fund currency), `multiple` and `ratio` (no unit), `rate` (per year), `years`,
        `date` (ISO text).
    """

    name: str
    measure: Measure
    title: str
    unit: Unit


def _table(*rows: tuple[Measure, str, Unit]) -> Mapping[str, Method]:
    return MappingProxyType(
        {
            measure.__name__: Method(measure.__name__, measure, title, unit)
            for measure, title, unit in rows
        }
    )


METHODS = _table(
    (multiples.paid_in, "Paid in", "money"),
    (multiples.distributed, "Distributed", "money"),
    (multiples.nav, "NAV", "money"),
    (multiples.gain, "Gain", "money"),
    (multiples.dpi, "DPI", "multiple"),
    (multiples.rvpi, "RVPI", "multiple"),
    (multiples.tvpi, "TVPI", "multiple"),
    (multiples.moic, "MOIC (LP flows)", "multiple"),
    (multiples.pic, "Called", "ratio"),
    (multiples.unfunded, "Unfunded commitment", "money"),
    (multiples.years, "Years", "years"),
    (rates.irr, "Net IRR", "rate"),
    (rates.irr_gips, "Net IRR, GIPS form", "rate"),
    (kaplan_schoar.fv_contributions, "Future value of contributions", "money"),
    (kaplan_schoar.fv_distributions, "Future value of distributions", "money"),
    (kaplan_schoar.ks_pme, "KS-PME", "multiple"),
    (kaplan_schoar.nfv, "Value added, at the end", "money"),
    (kaplan_schoar.npv, "Value added, at inception", "money"),
    (kaplan_schoar.index_cagr, "Index return", "rate"),
    (long_nickels.ln_nav, "LN-PME index position", "money"),
    (long_nickels.ln_irr, "LN-PME IRR", "rate"),
    (long_nickels.ln_spread, "LN-PME spread", "rate"),
    (long_nickels.ln_spread_geometric, "LN-PME spread, geometric", "rate"),
    (long_nickels.ln_short_from, "LN-PME short from", "date"),
    (long_nickels.ln_min, "LN-PME smallest position", "money"),
    (pme_plus.pme_plus_lambda, "PME+ factor", "ratio"),
    (pme_plus.pme_plus_irr, "PME+ IRR", "rate"),
    (pme_plus.pme_plus_spread, "PME+ spread", "rate"),
    (direct_alpha.direct_alpha, "Direct alpha", "rate"),
    (direct_alpha.direct_alpha_log, "Direct alpha, continuous", "rate"),
    (direct_alpha.implied_index_irr, "Implied index IRR", "rate"),
    (mpme.mpme_nav, "mPME index position", "money"),
    (mpme.mpme_irr, "mPME IRR", "rate"),
    (mpme.mpme_spread, "mPME spread", "rate"),
    (scaled.scaled_pme_irr, "Scaled PME IRR", "rate"),
)


def method(name: str) -> Method:
    """The row of a name.

    Raises
    ------
    NotFoundError
        There is no such measure; lists the near ones.

    Examples
    --------
    >>> method("ks_pme").title
    'KS-PME'
    """
    if name not in METHODS:
        raise NotFoundError("measure", name, METHODS)
    return METHODS[name]
