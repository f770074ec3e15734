"""The value of every measure as a typed property. Written by `make names`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.core.measure import (
    DATE,
    DATE_OR_NONE,
    NUMBER,
    NUMBER_OR_NONE,
    value_of,
    value_or_none,
)

if TYPE_CHECKING:
    from pmecalc.core.metric import Metric


class NamedOutcomes:
    """Base of `Report`: the value of each measure, or NotDefinedError where it has none."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Metric:
        """The outcome of a measure."""
        raise NotImplementedError

    @property
    def paid_in(self) -> float:
        """Paid in, in fund currency."""
        return value_of(NUMBER, "paid_in", self["paid_in"])

    @property
    def distributed(self) -> float:
        """Distributed, in fund currency."""
        return value_of(NUMBER, "distributed", self["distributed"])

    @property
    def nav(self) -> float:
        """NAV, in fund currency."""
        return value_of(NUMBER, "nav", self["nav"])

    @property
    def gain(self) -> float:
        """Gain, in fund currency."""
        return value_of(NUMBER, "gain", self["gain"])

    @property
    def dpi(self) -> float:
        """DPI, a multiple."""
        return value_of(NUMBER, "dpi", self["dpi"])

    @property
    def rvpi(self) -> float:
        """RVPI, a multiple."""
        return value_of(NUMBER, "rvpi", self["rvpi"])

    @property
    def tvpi(self) -> float:
        """TVPI, a multiple."""
        return value_of(NUMBER, "tvpi", self["tvpi"])

    @property
    def moic(self) -> float:
        """MOIC (LP flows), a multiple."""
        return value_of(NUMBER, "moic", self["moic"])

    @property
    def pic(self) -> float:
        """Called, a ratio."""
        return value_of(NUMBER, "pic", self["pic"])

    @property
    def unfunded(self) -> float:
        """Unfunded commitment, in fund currency."""
        return value_of(NUMBER, "unfunded", self["unfunded"])

    @property
    def years(self) -> float:
        """Years, in years."""
        return value_of(NUMBER, "years", self["years"])

    @property
    def irr(self) -> float:
        """Net IRR, per year."""
        return value_of(NUMBER, "irr", self["irr"])

    @property
    def irr_gips(self) -> float:
        """Net IRR, GIPS form, per year."""
        return value_of(NUMBER, "irr_gips", self["irr_gips"])

    @property
    def fv_contributions(self) -> float:
        """Future value of contributions, in fund currency."""
        return value_of(NUMBER, "fv_contributions", self["fv_contributions"])

    @property
    def fv_distributions(self) -> float:
        """Future value of distributions, in fund currency."""
        return value_of(NUMBER, "fv_distributions", self["fv_distributions"])

    @property
    def ks_pme(self) -> float:
        """KS-PME, a multiple."""
        return value_of(NUMBER, "ks_pme", self["ks_pme"])

    @property
    def nfv(self) -> float:
        """Value added, at the end, in fund currency."""
        return value_of(NUMBER, "nfv", self["nfv"])

    @property
    def npv(self) -> float:
        """Value added, at inception, in fund currency."""
        return value_of(NUMBER, "npv", self["npv"])

    @property
    def index_cagr(self) -> float:
        """Index return, per year."""
        return value_of(NUMBER, "index_cagr", self["index_cagr"])

    @property
    def ln_nav(self) -> float:
        """LN-PME index position, in fund currency."""
        return value_of(NUMBER, "ln_nav", self["ln_nav"])

    @property
    def ln_irr(self) -> float:
        """LN-PME IRR, per year."""
        return value_of(NUMBER, "ln_irr", self["ln_irr"])

    @property
    def ln_spread(self) -> float:
        """LN-PME spread, per year."""
        return value_of(NUMBER, "ln_spread", self["ln_spread"])

    @property
    def ln_spread_geometric(self) -> float:
        """LN-PME spread, geometric, per year."""
        return value_of(NUMBER, "ln_spread_geometric", self["ln_spread_geometric"])

    @property
    def ln_short_from(self) -> str | None:
        """LN-PME short from, ISO text."""
        return value_or_none(DATE_OR_NONE, "ln_short_from", self["ln_short_from"])

    @property
    def ln_min(self) -> float:
        """LN-PME smallest position, in fund currency."""
        return value_of(NUMBER, "ln_min", self["ln_min"])

    @property
    def pme_plus_lambda(self) -> float:
        """PME+ factor, a ratio."""
        return value_of(NUMBER, "pme_plus_lambda", self["pme_plus_lambda"])

    @property
    def pme_plus_irr(self) -> float:
        """PME+ IRR, per year."""
        return value_of(NUMBER, "pme_plus_irr", self["pme_plus_irr"])

    @property
    def pme_plus_spread(self) -> float:
        """PME+ spread, per year."""
        return value_of(NUMBER, "pme_plus_spread", self["pme_plus_spread"])

    @property
    def direct_alpha(self) -> float:
        """Direct alpha, per year."""
        return value_of(NUMBER, "direct_alpha", self["direct_alpha"])

    @property
    def direct_alpha_log(self) -> float:
        """Direct alpha, continuous, per year."""
        return value_of(NUMBER, "direct_alpha_log", self["direct_alpha_log"])

    @property
    def implied_index_irr(self) -> float:
        """Implied index IRR, per year."""
        return value_of(NUMBER, "implied_index_irr", self["implied_index_irr"])

    @property
    def mpme_nav(self) -> float:
        """mPME index position, in fund currency."""
        return value_of(NUMBER, "mpme_nav", self["mpme_nav"])

    @property
    def mpme_irr(self) -> float:
        """mPME IRR, per year."""
        return value_of(NUMBER, "mpme_irr", self["mpme_irr"])

    @property
    def mpme_spread(self) -> float:
        """mPME spread, per year."""
        return value_of(NUMBER, "mpme_spread", self["mpme_spread"])

    @property
    def scaled_pme_irr(self) -> float:
        """Scaled PME IRR, per year."""
        return value_of(NUMBER, "scaled_pme_irr", self["scaled_pme_irr"])

    @property
    def irr_1y(self) -> float:
        """Net IRR, last year, per year."""
        return value_of(NUMBER, "irr_1y", self["irr_1y"])

    @property
    def irr_3y(self) -> float:
        """Net IRR, last 3 years, per year."""
        return value_of(NUMBER, "irr_3y", self["irr_3y"])

    @property
    def irr_5y(self) -> float:
        """Net IRR, last 5 years, per year."""
        return value_of(NUMBER, "irr_5y", self["irr_5y"])

    @property
    def irr_10y(self) -> float:
        """Net IRR, last 10 years, per year."""
        return value_of(NUMBER, "irr_10y", self["irr_10y"])

    @property
    def twr(self) -> float:
        """Time-weighted return, per year."""
        return value_of(NUMBER, "twr", self["twr"])

    @property
    def twr_cumulative(self) -> float:
        """Time-weighted return, whole, over the whole time."""
        return value_of(NUMBER, "twr_cumulative", self["twr_cumulative"])

    @property
    def twr_index(self) -> float:
        """Index over the same periods, per year."""
        return value_of(NUMBER, "twr_index", self["twr_index"])

    @property
    def twr_excess(self) -> float:
        """Time-weighted return less index, per year."""
        return value_of(NUMBER, "twr_excess", self["twr_excess"])

    @property
    def modified_dietz(self) -> float:
        """Modified Dietz, whole, over the whole time."""
        return value_of(NUMBER, "modified_dietz", self["modified_dietz"])

    @property
    def mirr_index(self) -> float:
        """MIRR, reinvested in the index, per year."""
        return value_of(NUMBER, "mirr_index", self["mirr_index"])

    @property
    def scaled_pme_spread(self) -> float:
        """Scaled PME spread, per year."""
        return value_of(NUMBER, "scaled_pme_spread", self["scaled_pme_spread"])

    @property
    def ipp(self) -> float:
        """Implied private premium, per year."""
        return value_of(NUMBER, "ipp", self["ipp"])

    @property
    def gpme_log(self) -> float:
        """GPME of a log investor, a ratio."""
        return value_of(NUMBER, "gpme_log", self["gpme_log"])

    @property
    def duration(self) -> float:
        """Duration, in years."""
        return value_of(NUMBER, "duration", self["duration"])

    @property
    def average_holding(self) -> float:
        """Average holding, in years."""
        return value_of(NUMBER, "average_holding", self["average_holding"])

    @property
    def payback_dpi(self) -> float | None:
        """Paid back after, in years."""
        return value_or_none(NUMBER_OR_NONE, "payback_dpi", self["payback_dpi"])

    @property
    def payback_tvpi(self) -> float | None:
        """TVPI above 1 for good after, in years."""
        return value_or_none(NUMBER_OR_NONE, "payback_tvpi", self["payback_tvpi"])

    @property
    def payback_ks_pme(self) -> float | None:
        """KS-PME above 1 for good after, in years."""
        return value_or_none(NUMBER_OR_NONE, "payback_ks_pme", self["payback_ks_pme"])

    @property
    def j_trough(self) -> float:
        """J-curve trough, in fund currency."""
        return value_of(NUMBER, "j_trough", self["j_trough"])

    @property
    def j_trough_date(self) -> str:
        """J-curve trough on, ISO text."""
        return value_of(DATE, "j_trough_date", self["j_trough_date"])

    @property
    def break_even_nav(self) -> float:
        """NAV for KS-PME 1, in fund currency."""
        return value_of(NUMBER, "break_even_nav", self["break_even_nav"])

    @property
    def volatility(self) -> float:
        """Volatility, per year."""
        return value_of(NUMBER, "volatility", self["volatility"])

    @property
    def volatility_desmoothed(self) -> float:
        """Volatility, de-smoothed, per year."""
        return value_of(NUMBER, "volatility_desmoothed", self["volatility_desmoothed"])

    @property
    def max_drawdown(self) -> float:
        """Maximum drawdown, over the whole time."""
        return value_of(NUMBER, "max_drawdown", self["max_drawdown"])

    @property
    def sharpe(self) -> float:
        """Sharpe ratio, de-smoothed, a ratio."""
        return value_of(NUMBER, "sharpe", self["sharpe"])

    @property
    def beta(self) -> float:
        """Beta, a ratio."""
        return value_of(NUMBER, "beta", self["beta"])

    @property
    def dimson_beta(self) -> float:
        """Beta, Dimson, a ratio."""
        return value_of(NUMBER, "dimson_beta", self["dimson_beta"])
