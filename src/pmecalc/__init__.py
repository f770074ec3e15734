"""Public market equivalents, IRRs and multiples of private funds."""

from pmecalc._version import __version__
from pmecalc.charts.chart import Chart, chart
from pmecalc.core.batch import Batch, batch
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
from pmecalc.core.horizon import horizon
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
from pmecalc.core.pme.scaled import scaled_pme_irr
from pmecalc.core.pooled import pool
from pmecalc.core.ragged import Ragged
from pmecalc.ingest.files import read_benchmark, read_fund, read_funds
from pmecalc.ingest.frames import read_table
from pmecalc.report.save import save

__all__ = [
    "Batch",
    "Benchmark",
    "BenchmarkError",
    "CashFlowError",
    "Chart",
    "Fund",
    "InputError",
    "Metric",
    "NeedsInputError",
    "NotDefinedError",
    "NotFoundError",
    "PmeError",
    "Problem",
    "Ragged",
    "Report",
    "StoreError",
    "__version__",
    "batch",
    "chart",
    "direct_alpha",
    "direct_alpha_log",
    "distributed",
    "dpi",
    "evaluate",
    "fv_contributions",
    "fv_distributions",
    "gain",
    "horizon",
    "implied_index_irr",
    "index_cagr",
    "irr",
    "irr_gips",
    "irr_periodic",
    "irr_roots",
    "ks_pme",
    "ln_irr",
    "ln_min",
    "ln_nav",
    "ln_short_from",
    "ln_spread",
    "ln_spread_geometric",
    "moic",
    "mpme_irr",
    "mpme_nav",
    "mpme_spread",
    "nav",
    "nfv",
    "npv",
    "paid_in",
    "pic",
    "pme_plus_irr",
    "pme_plus_lambda",
    "pme_plus_spread",
    "pool",
    "read_benchmark",
    "read_fund",
    "read_funds",
    "read_table",
    "rvpi",
    "save",
    "scaled_pme_irr",
    "tvpi",
    "unfunded",
    "years",
]
