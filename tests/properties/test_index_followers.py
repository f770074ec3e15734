"""METHODS 12.3: a fund that is the index."""

from __future__ import annotations

from hypothesis import assume, given, settings

from effort import examples
from pmecalc import evaluate
from properties.comparing import RATIO, blurred, same_rate
from properties.strategies import index_followers


class TestIndexFollower:
    """'KS = 1, a = 0, NFV = 0, lambda = 1 (if it distributed), mPME IRR = LN IRR = IRR.'"""

    @settings(max_examples=examples(250), derandomize=True)
    @given(index_followers())
    def test_the_index_neither_beats_nor_trails_itself(self, made):
        """A fund that holds the index is at parity by every measure, and never short."""
        fund, benchmark = made
        report = evaluate(fund, benchmark, max_staleness_days=None)
        invested = report.fv_contributions
        assert abs(report.ks_pme - 1) <= RATIO
        assert abs(report.nfv) <= RATIO * invested
        assert report.ln_short_from is None
        assert "LN_SHORT" not in report.warnings
        assert "MPME_NAV_ESTIMATED" not in report.warnings
        if report.distributed:
            # FC - N loses what FC and FD differ in size.
            allowed = RATIO * invested / report.fv_distributions
            assert abs(report.pme_plus_lambda - 1) <= allowed
        assert 0.0 in [round(root, 9) + 0.0 for root in report["direct_alpha"].roots]
        rates = [report[name] for name in ("irr", "ln_irr", "mpme_irr", "scaled_pme_irr")]
        assume(not blurred(report))
        assert {rate.status for rate in rates} == {rates[0].status}
        if rates[0].status == "ok":
            assert all(same_rate(rate.value, rates[0].value) for rate in rates)
            assert report["direct_alpha"].status != "no_root"

    @settings(max_examples=examples(60), derandomize=True)
    @given(index_followers())
    def test_parity_holds_on_every_valuation_date(self, made):
        """KS-PME through time is 1, so payback against the index comes on the first date."""
        fund, benchmark = made
        report = evaluate(fund, benchmark, max_staleness_days=None)
        series = report.through_time(["ks_pme", "ln_short_from"])
        assert all(abs(ratio - 1) <= RATIO for ratio in series["ks_pme"])
        assert set(series["ln_short_from"]) == {None}
        assert report.payback()["ks_pme"] == 0.0
