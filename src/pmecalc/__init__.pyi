# Written by `make names`; do not edit.

from pmecalc._version import __version__
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
from pmecalc.core.benchmark import Benchmark
from pmecalc.core.bootstrap import Bootstrap, bootstrap
from pmecalc.core.break_even import break_even_nav, growth_to_hurdle, growth_to_parity, hurdle_nav
from pmecalc.core.bridge import ValueBridge, nav_roll, value_bridge
from pmecalc.core.currency import convert
from pmecalc.core.desmoothing import Desmoothed, Sharpe, desmooth, sharpe
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
from pmecalc.core.facility import (
    Facility,
    FacilityView,
    ReturnFigure,
    facility_view,
    gross_and_net,
    without_facility,
)
from pmecalc.core.fund import Fund
from pmecalc.core.horizon import horizon, horizons, irr_1y, irr_3y, irr_5y, irr_10y
from pmecalc.core.irr import irr, irr_gips, irr_periodic, irr_roots
from pmecalc.core.levered import BetaPoint, beta_sensitivity, levered
from pmecalc.core.market_mirr import mirr_index
from pmecalc.core.metric import Metric
from pmecalc.core.milestones import (
    j_trough,
    j_trough_date,
    payback_dpi,
    payback_ks_pme,
    payback_tvpi,
)
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
from pmecalc.core.nav_returns import ReturnSeries, return_series
from pmecalc.core.pme.direct_alpha import direct_alpha, direct_alpha_log, implied_index_irr
from pmecalc.core.pme.gpme import Sdf, crra, gpme, gpme_log
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
from pmecalc.core.pme.premium import ipp, ipp_periodic
from pmecalc.core.pme.scaled import scaled_pme_irr, scaled_pme_spread
from pmecalc.core.pooled import Summary, pool, summary_of
from pmecalc.core.profile import NpvProfile, ProfileRoot, alpha_profile, npv_profile
from pmecalc.core.ragged import Ragged
from pmecalc.core.ranks import Breakpoints, Rank, Ranking, breakpoints, percentile, rank, ranking
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
