"""Public market equivalents, IRRs and multiples of private funds."""

from importlib import import_module
from types import MappingProxyType

# Every public name by the module that defines it, which is loaded at the first use of one of its
# names: most sessions need few. `make names` writes them to `__init__.pyi` for type checkers.
PUBLIC = MappingProxyType(
    {
        "pmecalc._version": "__version__",
        "pmecalc.charts.chart": "Chart chart",
        "pmecalc.core.agreement": "Agreement MethodView agreement",
        "pmecalc.core.aligned": "AlignedPool",
        "pmecalc.core.appraised": "volatility_desmoothed",
        "pmecalc.core.attribution": "LogSplit TwoIndexSplit average_holding duration "
        "log_attribution two_index_split",
        "pmecalc.core.bands": "SensitivityRow sensitivity",
        "pmecalc.core.batch": "Batch",
        "pmecalc.core.benchmark": "Benchmark",
        "pmecalc.core.bootstrap": "Bootstrap bootstrap",
        "pmecalc.core.break_even": "break_even_nav growth_to_hurdle growth_to_parity hurdle_nav",
        "pmecalc.core.bridge": "ValueBridge nav_roll value_bridge",
        "pmecalc.core.currency": "convert",
        "pmecalc.core.desmoothing": "Desmoothed Sharpe desmooth sharpe",
        "pmecalc.core.errors": "BenchmarkError CashFlowError InputError NeedsInputError "
        "NotDefinedError NotFoundError PmeError Problem StoreError",
        "pmecalc.core.evaluate": "Report evaluate",
        "pmecalc.core.facility": "Facility FacilityView ReturnFigure facility_view gross_and_net "
        "without_facility",
        "pmecalc.core.fund": "Fund",
        "pmecalc.core.horizon": "horizon horizons irr_1y irr_3y irr_5y irr_10y",
        "pmecalc.core.irr": "irr irr_gips irr_periodic irr_roots",
        "pmecalc.core.levered": "BetaPoint beta_sensitivity levered",
        "pmecalc.core.market_mirr": "mirr_index",
        "pmecalc.core.metric": "Metric",
        "pmecalc.core.milestones": "j_trough j_trough_date payback_dpi payback_ks_pme payback_tvpi",
        "pmecalc.core.multiples": "distributed dpi gain moic nav paid_in pic rvpi tvpi unfunded "
        "years",
        "pmecalc.core.nav_returns": "ReturnSeries return_series",
        "pmecalc.core.pme.direct_alpha": "direct_alpha direct_alpha_log implied_index_irr",
        "pmecalc.core.pme.gpme": "Sdf crra gpme gpme_log",
        "pmecalc.core.pme.kaplan_schoar": "fv_contributions fv_distributions index_cagr ks_pme nfv "
        "npv",
        "pmecalc.core.pme.long_nickels": "ln_irr ln_min ln_nav ln_short_from ln_spread "
        "ln_spread_geometric",
        "pmecalc.core.pme.mpme": "mpme_irr mpme_nav mpme_spread",
        "pmecalc.core.pme.pme_plus": "pme_plus_irr pme_plus_lambda pme_plus_spread",
        "pmecalc.core.pme.premium": "ipp ipp_periodic",
        "pmecalc.core.pme.scaled": "scaled_pme_irr scaled_pme_spread",
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
_MODULES = MappingProxyType(
    {name: home for home, names in PUBLIC.items() for name in names.split()}
)

__all__ = sorted(_MODULES)  # noqa: PLE0605  (listed once, above)


def __getattr__(name: str) -> object:
    """Load the module of a public name at its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return found


def __dir__() -> list[str]:
    return __all__
