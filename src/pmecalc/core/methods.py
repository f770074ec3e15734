"""The one table of measures: name, function, title, unit, source."""

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
    source
        Where the formula stands: the section of METHODS, and the paper or standard.
    """

    name: str
    measure: Measure
    title: str
    unit: Unit
    source: str


def _table(*rows: tuple[Measure, str, Unit, str]) -> Mapping[str, Method]:
    return MappingProxyType(
        {
            measure.__name__: Method(measure.__name__, measure, title, unit, source)
            for measure, title, unit, source in rows
        }
    )


METHODS = _table(
    (multiples.paid_in, "Paid in", "money", "METHODS 1.1; ILPA"),
    (multiples.distributed, "Distributed", "money", "METHODS 1.1; ILPA"),
    (multiples.nav, "NAV", "money", "METHODS 1.5; ILPA"),
    (multiples.gain, "Gain", "money", "METHODS 3.2"),
    (multiples.dpi, "DPI", "multiple", "METHODS 3.2; GIPS 2020"),
    (multiples.rvpi, "RVPI", "multiple", "METHODS 3.2; GIPS 2020"),
    (multiples.tvpi, "TVPI", "multiple", "METHODS 3.2; GIPS 2020"),
    (multiples.moic, "MOIC (LP flows)", "multiple", "METHODS 3.2; ILPA"),
    (multiples.pic, "Called", "ratio", "METHODS 3.2; GIPS 2020"),
    (multiples.unfunded, "Unfunded commitment", "money", "METHODS 1.7; ILPA"),
    (multiples.years, "Years", "years", "METHODS 1.4"),
    (rates.irr, "Net IRR", "rate", "METHODS 2, 3.1; GIPS 2020 (SI-IRR)"),
    (rates.irr_gips, "Net IRR, GIPS form", "rate", "METHODS 3.1; GIPS 2020"),
    (
        kaplan_schoar.fv_contributions,
        "Future value of contributions",
        "money",
        "METHODS 1.1; Kaplan & Schoar 2005",
    ),
    (
        kaplan_schoar.fv_distributions,
        "Future value of distributions",
        "money",
        "METHODS 1.1; Kaplan & Schoar 2005",
    ),
    (kaplan_schoar.ks_pme, "KS-PME", "multiple", "METHODS 4.1; Kaplan & Schoar 2005"),
    (kaplan_schoar.nfv, "Value added, at the end", "money", "METHODS 4.2"),
    (kaplan_schoar.npv, "Value added, at inception", "money", "METHODS 4.2"),
    (kaplan_schoar.index_cagr, "Index return", "rate", "METHODS 2.4"),
    (long_nickels.ln_nav, "LN-PME index position", "money", "METHODS 4.3; Long & Nickels 1996"),
    (long_nickels.ln_irr, "LN-PME IRR", "rate", "METHODS 4.3; Long & Nickels 1996"),
    (long_nickels.ln_spread, "LN-PME spread", "rate", "METHODS 4.3; Long & Nickels 1996"),
    (long_nickels.ln_spread_geometric, "LN-PME spread, geometric", "rate", "METHODS 4.3"),
    (long_nickels.ln_short_from, "LN-PME short from", "date", "METHODS 4.3"),
    (long_nickels.ln_min, "LN-PME smallest position", "money", "METHODS 4.3"),
    (pme_plus.pme_plus_lambda, "PME+ factor", "ratio", "METHODS 4.4; Rouvinez 2003"),
    (pme_plus.pme_plus_irr, "PME+ IRR", "rate", "METHODS 4.4; Rouvinez 2003"),
    (pme_plus.pme_plus_spread, "PME+ spread", "rate", "METHODS 4.4; Rouvinez 2003"),
    (
        direct_alpha.direct_alpha,
        "Direct alpha",
        "rate",
        "METHODS 4.6; Gredil, Griffiths & Stucke 2014",
    ),
    (
        direct_alpha.direct_alpha_log,
        "Direct alpha, continuous",
        "rate",
        "METHODS 4.6; Gredil, Griffiths & Stucke 2014",
    ),
    (direct_alpha.implied_index_irr, "Implied index IRR", "rate", "METHODS 4.7"),
    (mpme.mpme_nav, "mPME index position", "money", "METHODS 4.5; Cambridge Associates 2013"),
    (mpme.mpme_irr, "mPME IRR", "rate", "METHODS 4.5; Cambridge Associates 2013"),
    (mpme.mpme_spread, "mPME spread", "rate", "METHODS 4.5; Cambridge Associates 2013"),
    (scaled.scaled_pme_irr, "Scaled PME IRR", "rate", "METHODS 4.8; Hamilton Lane; Bison"),
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
