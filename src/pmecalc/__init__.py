"""Public market equivalents, IRRs and multiples of private funds."""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from pmecalc._version import __version__
from pmecalc.core.benchmark import Benchmark
from pmecalc.core.errors import (
    BenchmarkError,
    CashFlowError,
    InputError,
    NeedsInputError,
    NotDefinedError,
    NotFoundError,
    PmeError,
    Problem,
    StoreError,
)
from pmecalc.core.evaluate import Report, evaluate
from pmecalc.core.fund import Fund
from pmecalc.core.irr import irr, irr_gips, irr_periodic, irr_roots
from pmecalc.core.metric import Metric
from pmecalc.core.multiples import (
    distributed,
    dpi,
    gain,
    moic,
    nav,
    paid_in,
    pic,
    rvpi,
    tvpi,
    unfunded,
    years,
)
from pmecalc.core.pme.direct_alpha import direct_alpha, direct_alpha_log, implied_index_irr
from pmecalc.core.pme.kaplan_schoar import (
    fv_contributions,
    fv_distributions,
    index_cagr,
    ks_pme,
    nfv,
    npv,
)
from pmecalc.core.pme.long_nickels import (
    ln_irr,
    ln_min,
    ln_nav,
    ln_short_from,
    ln_spread,
    ln_spread_geometric,
)
from pmecalc.core.pme.mpme import mpme_irr, mpme_nav, mpme_spread
from pmecalc.core.pme.pme_plus import pme_plus_irr, pme_plus_lambda, pme_plus_spread
from pmecalc.core.pme.scaled import scaled_pme_irr, scaled_pme_spread

if TYPE_CHECKING:
    from pmecalc.charts.chart import Chart, chart
    from pmecalc.core.agreement import Agreement, MethodView, agreement
    from pmecalc.core.aligned import AlignedPool
    from pmecalc.core.appraised import volatility_desmoothed
    from pmecalc.core.attribution import (
        LogSplit,
        TwoIndexSplit,
        average_holding,
        duration,
        log_attribution,
        two_index_split,
    )
    from pmecalc.core.bands import SensitivityRow, sensitivity
    from pmecalc.core.batch import Batch
    from pmecalc.core.bootstrap import Bootstrap, bootstrap
    from pmecalc.core.break_even import (
        break_even_nav,
        growth_to_hurdle,
        growth_to_parity,
        hurdle_nav,
    )
    from pmecalc.core.bridge import ValueBridge, nav_roll, value_bridge
    from pmecalc.core.currency import convert
    from pmecalc.core.desmoothing import Desmoothed, Sharpe, desmooth, sharpe
    from pmecalc.core.facility import (
        Facility,
        FacilityView,
        ReturnFigure,
        facility_view,
        gross_and_net,
        without_facility,
    )
    from pmecalc.core.horizon import horizon, horizons, irr_1y, irr_3y, irr_5y, irr_10y
    from pmecalc.core.levered import BetaPoint, beta_sensitivity, levered
    from pmecalc.core.market_mirr import mirr_index
    from pmecalc.core.milestones import (
        j_trough,
        j_trough_date,
        payback_dpi,
        payback_ks_pme,
        payback_tvpi,
    )
    from pmecalc.core.nav_returns import ReturnSeries, return_series
    from pmecalc.core.pme.gpme import Sdf, crra, gpme, gpme_log
    from pmecalc.core.pme.premium import ipp, ipp_periodic
    from pmecalc.core.pooled import Summary, pool, summary_of
    from pmecalc.core.profile import NpvProfile, ProfileRoot, alpha_profile, npv_profile
    from pmecalc.core.ragged import Ragged
    from pmecalc.core.ranks import (
        Breakpoints,
        Rank,
        Ranking,
        breakpoints,
        percentile,
        rank,
        ranking,
    )
    from pmecalc.core.regression import Regression, beta, dimson_beta
    from pmecalc.core.resampling import Interval
    from pmecalc.core.returns import mirr, modified_dietz
    from pmecalc.core.risk import Drawdown, Volatility, max_drawdown, volatility
    from pmecalc.core.sdf import sdf_lognormal, sdf_moments
    from pmecalc.core.sensitivity import NavSensitivity, nav_sensitivity
    from pmecalc.core.time_weighted import (
        PeriodReturn,
        Twr,
        time_weighted_return,
        twr,
        twr_cumulative,
        twr_excess,
        twr_index,
    )
    from pmecalc.core.vintage import VintageRow, by_vintage, vintage_year, vintage_years
    from pmecalc.ingest.files import read_benchmark, read_fund, read_funds
    from pmecalc.ingest.frames import batch, read_table
    from pmecalc.report.save import save

__all__ = [
    "Agreement",
    "AlignedPool",
    "Batch",
    "Benchmark",
    "BenchmarkError",
    "BetaPoint",
    "Bootstrap",
    "Breakpoints",
    "CashFlowError",
    "Chart",
    "Desmoothed",
    "Drawdown",
    "Facility",
    "FacilityView",
    "Fund",
    "InputError",
    "Interval",
    "LogSplit",
    "MethodView",
    "Metric",
    "NavSensitivity",
    "NeedsInputError",
    "NotDefinedError",
    "NotFoundError",
    "NpvProfile",
    "PeriodReturn",
    "PmeError",
    "Problem",
    "ProfileRoot",
    "Ragged",
    "Rank",
    "Ranking",
    "Regression",
    "Report",
    "ReturnFigure",
    "ReturnSeries",
    "Sdf",
    "SensitivityRow",
    "Sharpe",
    "StoreError",
    "Summary",
    "TwoIndexSplit",
    "Twr",
    "ValueBridge",
    "VintageRow",
    "Volatility",
    "__version__",
    "agreement",
    "alpha_profile",
    "average_holding",
    "batch",
    "beta",
    "beta_sensitivity",
    "bootstrap",
    "break_even_nav",
    "breakpoints",
    "by_vintage",
    "chart",
    "convert",
    "crra",
    "desmooth",
    "dimson_beta",
    "direct_alpha",
    "direct_alpha_log",
    "distributed",
    "dpi",
    "duration",
    "evaluate",
    "facility_view",
    "fv_contributions",
    "fv_distributions",
    "gain",
    "gpme",
    "gpme_log",
    "gross_and_net",
    "growth_to_hurdle",
    "growth_to_parity",
    "horizon",
    "horizons",
    "hurdle_nav",
    "implied_index_irr",
    "index_cagr",
    "ipp",
    "ipp_periodic",
    "irr",
    "irr_1y",
    "irr_3y",
    "irr_5y",
    "irr_10y",
    "irr_gips",
    "irr_periodic",
    "irr_roots",
    "j_trough",
    "j_trough_date",
    "ks_pme",
    "levered",
    "ln_irr",
    "ln_min",
    "ln_nav",
    "ln_short_from",
    "ln_spread",
    "ln_spread_geometric",
    "log_attribution",
    "max_drawdown",
    "mirr",
    "mirr_index",
    "modified_dietz",
    "moic",
    "mpme_irr",
    "mpme_nav",
    "mpme_spread",
    "nav",
    "nav_roll",
    "nav_sensitivity",
    "nfv",
    "npv",
    "npv_profile",
    "paid_in",
    "payback_dpi",
    "payback_ks_pme",
    "payback_tvpi",
    "percentile",
    "pic",
    "pme_plus_irr",
    "pme_plus_lambda",
    "pme_plus_spread",
    "pool",
    "rank",
    "ranking",
    "read_benchmark",
    "read_fund",
    "read_funds",
    "read_table",
    "return_series",
    "rvpi",
    "save",
    "scaled_pme_irr",
    "scaled_pme_spread",
    "sdf_lognormal",
    "sdf_moments",
    "sensitivity",
    "sharpe",
    "summary_of",
    "time_weighted_return",
    "tvpi",
    "two_index_split",
    "twr",
    "twr_cumulative",
    "twr_excess",
    "twr_index",
    "unfunded",
    "value_bridge",
    "vintage_year",
    "vintage_years",
    "volatility",
    "volatility_desmoothed",
    "without_facility",
    "years",
]

# Loaded at their first use: most sessions need few of them, and an import should be quick.
_LATER = MappingProxyType(
    {
        "pmecalc.charts.chart": "Chart chart",
        "pmecalc.core.agreement": "Agreement MethodView agreement",
        "pmecalc.core.aligned": "AlignedPool",
        "pmecalc.core.appraised": "volatility_desmoothed",
        "pmecalc.core.attribution": "LogSplit TwoIndexSplit average_holding duration "
        "log_attribution two_index_split",
        "pmecalc.core.bands": "SensitivityRow sensitivity",
        "pmecalc.core.batch": "Batch",
        "pmecalc.core.bootstrap": "Bootstrap bootstrap",
        "pmecalc.core.break_even": "break_even_nav growth_to_hurdle growth_to_parity hurdle_nav",
        "pmecalc.core.bridge": "ValueBridge nav_roll value_bridge",
        "pmecalc.core.currency": "convert",
        "pmecalc.core.desmoothing": "Desmoothed Sharpe desmooth sharpe",
        "pmecalc.core.facility": "Facility FacilityView ReturnFigure facility_view "
        "gross_and_net without_facility",
        "pmecalc.core.horizon": "horizon horizons irr_1y irr_3y irr_5y irr_10y",
        "pmecalc.core.levered": "BetaPoint beta_sensitivity levered",
        "pmecalc.core.market_mirr": "mirr_index",
        "pmecalc.core.milestones": "j_trough j_trough_date payback_dpi payback_ks_pme payback_tvpi",
        "pmecalc.core.nav_returns": "ReturnSeries return_series",
        "pmecalc.core.pme.gpme": "Sdf crra gpme gpme_log",
        "pmecalc.core.pme.premium": "ipp ipp_periodic",
        "pmecalc.core.pooled": "Summary pool summary_of",
        "pmecalc.core.profile": "NpvProfile ProfileRoot alpha_profile npv_profile",
        "pmecalc.core.ragged": "Ragged",
        "pmecalc.core.ranks": "Breakpoints Rank Ranking breakpoints percentile rank ranking",
        "pmecalc.core.regression": "Regression beta dimson_beta",
        "pmecalc.core.resampling": "Interval",
        "pmecalc.core.returns": "mirr modified_dietz",
        "pmecalc.core.risk": "Drawdown Volatility max_drawdown volatility",
        "pmecalc.core.sdf": "sdf_lognormal sdf_moments",
        "pmecalc.core.sensitivity": "NavSensitivity nav_sensitivity",
        "pmecalc.core.time_weighted": "PeriodReturn Twr time_weighted_return twr twr_cumulative "
        "twr_excess twr_index",
        "pmecalc.core.vintage": "VintageRow by_vintage vintage_year vintage_years",
        "pmecalc.ingest.files": "read_benchmark read_fund read_funds",
        "pmecalc.ingest.frames": "batch read_table",
        "pmecalc.report.save": "save",
    }
)
_HOME = MappingProxyType({name: room for room, names in _LATER.items() for name in names.split()})


def __getattr__(name: str) -> object:
    """A public name whose room is not loaded yet."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
