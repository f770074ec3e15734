"""The one table of measures: name, function, title, unit, source.

`METHODS` are those of every report; `FURTHER` those that a report computes when asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

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
    from collections.abc import Iterable, Mapping

    from pmecalc.core.measure import AnyMeasure

Unit: TypeAlias = Literal["money", "multiple", "rate", "return", "years", "date", "ratio"]


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
        `money` (fund currency), `multiple` and `ratio` (no unit), `rate` (per year), `return`
        (over the whole time), `years`, `date` (ISO text).
    source
        Where the formula stands: the section of METHODS, and the paper or standard.
    """

    name: str
    measure: AnyMeasure
    title: str
    unit: Unit
    source: str


@dataclass(frozen=True, slots=True)
class FurtherMethod:
    """One row of the further measures, whose file is loaded at the first use.

    Parameters
    ----------
    name
        The name everywhere: Python, JSON, command line.
    home
        The module of the function, which has the same name.
    title, unit, source
        As for `Method`.
    defaults
        The parameters that the measure takes elsewhere and has fixed here, in words.
    """

    name: str
    home: str
    title: str
    unit: Unit
    source: str
    defaults: str = ""

    @property
    def measure(self) -> AnyMeasure:
        """The function."""
        return cast("AnyMeasure", getattr(import_module(self.home), self.name))


AnyMethod: TypeAlias = Method | FurtherMethod


def _table(*rows: tuple[AnyMeasure, str, Unit, str]) -> Mapping[str, Method]:
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

_CORE = "pmecalc.core."

FURTHER: Mapping[str, FurtherMethod] = MappingProxyType(
    {
        row.name: row
        for row in (
            FurtherMethod(
                "irr_1y",
                _CORE + "horizon",
                "Net IRR, last year",
                "rate",
                "METHODS 5.2; GIPS 2020",
                "null where the fund is younger",
            ),
            FurtherMethod(
                "irr_3y",
                _CORE + "horizon",
                "Net IRR, last 3 years",
                "rate",
                "METHODS 5.2; GIPS 2020",
                "null where the fund is younger",
            ),
            FurtherMethod(
                "irr_5y",
                _CORE + "horizon",
                "Net IRR, last 5 years",
                "rate",
                "METHODS 5.2; GIPS 2020",
                "null where the fund is younger",
            ),
            FurtherMethod(
                "irr_10y",
                _CORE + "horizon",
                "Net IRR, last 10 years",
                "rate",
                "METHODS 5.2; GIPS 2020",
                "null where the fund is younger",
            ),
            FurtherMethod(
                "twr",
                _CORE + "time_weighted",
                "Time-weighted return",
                "rate",
                "METHODS 3.5; GIPS 2020",
                "GIPS form; flows at the end of their day",
            ),
            FurtherMethod(
                "twr_cumulative",
                _CORE + "time_weighted",
                "Time-weighted return, whole",
                "return",
                "METHODS 3.5; GIPS 2020",
                "flows at the end of their day",
            ),
            FurtherMethod(
                "twr_index",
                _CORE + "time_weighted",
                "Index over the same periods",
                "rate",
                "METHODS 3.5",
                "GIPS form",
            ),
            FurtherMethod(
                "twr_excess",
                _CORE + "time_weighted",
                "Time-weighted return less index",
                "rate",
                "METHODS 3.5",
                "arithmetic",
            ),
            FurtherMethod(
                "modified_dietz",
                _CORE + "time_weighted",
                "Modified Dietz, whole",
                "return",
                "METHODS 3.4; Dietz 1966",
                "since inception; flows at the end of their day",
            ),
            FurtherMethod(
                "mirr_index",
                _CORE + "market_mirr",
                "MIRR, reinvested in the index",
                "rate",
                "METHODS 3.3",
                "both rates are the index",
            ),
            FurtherMethod(
                "scaled_pme_spread",
                _CORE + "pme.scaled",
                "Scaled PME spread",
                "rate",
                "METHODS 4.8; Hamilton Lane; Bison",
                "",
            ),
            FurtherMethod(
                "ipp",
                _CORE + "pme.premium",
                "Implied private premium",
                "rate",
                "METHODS 4.9; Global Endowment Management",
                "",
            ),
            FurtherMethod(
                "gpme_log",
                _CORE + "pme.gpme",
                "GPME of a log investor",
                "ratio",
                "METHODS 7.1; Korteweg & Nagel 2016",
                "a = 0, b = 1; per commitment, else per contributions",
            ),
            FurtherMethod(
                "duration",
                _CORE + "attribution",
                "Duration",
                "years",
                "METHODS 9; Phalippou & Gottschalg 2009",
                "",
            ),
            FurtherMethod(
                "average_holding",
                _CORE + "attribution",
                "Average holding",
                "years",
                "METHODS 9",
                "",
            ),
            FurtherMethod(
                "payback_dpi",
                _CORE + "milestones",
                "Paid back after",
                "years",
                "METHODS 9",
                "DPI at or above 1",
            ),
            FurtherMethod(
                "payback_tvpi",
                _CORE + "milestones",
                "TVPI above 1 for good after",
                "years",
                "METHODS 9",
                "at or above 1 to the end",
            ),
            FurtherMethod(
                "payback_ks_pme",
                _CORE + "milestones",
                "KS-PME above 1 for good after",
                "years",
                "METHODS 9",
                "at or above 1 to the end",
            ),
            FurtherMethod(
                "j_trough",
                _CORE + "milestones",
                "J-curve trough",
                "money",
                "METHODS 5.3",
                "without NAV",
            ),
            FurtherMethod(
                "j_trough_date",
                _CORE + "milestones",
                "J-curve trough on",
                "date",
                "METHODS 5.3",
                "without NAV",
            ),
            FurtherMethod(
                "break_even_nav",
                _CORE + "break_even",
                "NAV for KS-PME 1",
                "money",
                "METHODS 6.5",
                "",
            ),
            FurtherMethod(
                "volatility",
                _CORE + "appraised",
                "Volatility",
                "rate",
                "METHODS 8",
                "of modified Dietz returns between NAVs",
            ),
            FurtherMethod(
                "volatility_desmoothed",
                _CORE + "appraised",
                "Volatility, de-smoothed",
                "rate",
                "METHODS 8; Geltner 1993",
                "phi estimated",
            ),
            FurtherMethod(
                "max_drawdown",
                _CORE + "appraised",
                "Maximum drawdown",
                "return",
                "METHODS 8",
                "of chained returns between NAVs",
            ),
            FurtherMethod(
                "sharpe",
                _CORE + "appraised",
                "Sharpe ratio, de-smoothed",
                "ratio",
                "METHODS 8; Geltner 1993",
                "risk-free rate 0; phi estimated",
            ),
            FurtherMethod(
                "beta",
                _CORE + "appraised",
                "Beta",
                "ratio",
                "METHODS 8",
                "risk-free rate 0",
            ),
            FurtherMethod(
                "dimson_beta",
                _CORE + "appraised",
                "Beta, Dimson",
                "ratio",
                "METHODS 8; Dimson 1979",
                "risk-free rate 0; 4 lags",
            ),
        )
    }
)


def method(name: str) -> Method:
    """The row of a measure of every report.

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


def any_method(name: object) -> AnyMethod:
    """The row of any measure, those of every report and the further ones.

    Raises
    ------
    NotFoundError
        There is no such measure; lists the near ones.

    Examples
    --------
    >>> any_method("twr").title
    'Time-weighted return'
    """
    row: AnyMethod | None = None
    if isinstance(name, str):
        row = METHODS.get(name) or FURTHER.get(name)
    if row is None:
        raise NotFoundError("measure", name, (*METHODS, *FURTHER))
    return row


def measure_names(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Names of measures, each known: one, several, or those of every report for None.

    Raises
    ------
    NotFoundError
        There is no such measure; lists the near ones.

    Examples
    --------
    >>> measure_names("irr"), measure_names(["irr", "twr"])
    (('irr',), ('irr', 'twr'))
    """
    if given is None:
        return tuple(METHODS)
    return tuple(any_method(name).name for name in ([given] if isinstance(given, str) else given))
