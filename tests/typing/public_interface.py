"""Uses of the public interface that type checkers accept, and marked ones that they refuse."""

from __future__ import annotations

from typing import assert_type

import pmecalc as pme


def accepted(fund: pme.Fund, index: pme.Benchmark, report: pme.Report) -> None:
    """Values have the types that they are documented with."""
    assert_type(pme.evaluate(fund, index, day_count="ACT/360", lookup="linear"), pme.Report)
    assert_type(pme.horizon(fund, index, start="2020-01-01", netting="same_day"), pme.Report)
    assert_type(pme.ks_pme(fund, index, nav_growth="index"), float)
    assert_type(pme.ln_short_from(fund, index), str)
    assert_type(pme.payback_dpi(fund), float)
    assert_type(report.ks_pme, float)
    assert_type(report.twr, float)
    assert_type(report.ln_short_from, str | None)
    assert_type(report.payback_tvpi, float | None)
    assert_type(report.j_trough_date, str)
    assert_type(report["irr"], pme.Metric)
    assert_type(report.digest, str)
    assert_type(fund.digest, str)
    assert_type(index.digest, str)
    assert_type(pme.irr_roots([("2020-01-01", -1)], day_count="30E/360"), list[float])
    assert_type(pme.pool([fund], as_of="2020-01-01"), pme.Fund)
    assert_type(pme.pool([fund], as_of="2020-01-01", align="time_zero"), pme.AlignedPool)
    assert_type(dict(report), dict[str, pme.Metric])
    assert_type("irr" in report, bool)
    made = pme.batch([fund], index, measures="irr")
    print((made["irr"] * 100).round(2), made.statuses("irr") == "ok")


def refused(fund: pme.Fund, index: pme.Benchmark, report: pme.Report) -> None:
    """Slips that would fail at run time."""
    print(report.kspme)  # refused
    print(report.irr.value)  # refused
    print(len(report.ln_short_from))  # refused
    print(pme.kspme)  # refused
    pme.evaluate(fund, index, day_count="x")  # refused
    pme.evaluate(fund, index, daycount="ACT/360")  # refused
    pme.evaluate(fund, index, lookup="prior")  # refused
    pme.horizon(fund, index, start="2020-01-01", daycount="ACT/360")  # refused
    pme.horizons(fund, index, day_count="x")  # refused
    pme.ks_pme(fund, index, netting="net")  # refused
    pme.ks_pme(fund, index, max_stale_days=3)  # refused
    pme.sensitivity(fund, index, recallable="nett")  # refused
    pme.agreement(fund, index, nav_growth="world")  # refused
    pme.npv_profile(fund, look_up="next")  # refused
    pme.gpme(fund, index, a=0.0, b=1.0, scale="commited")  # refused
    pme.batch([fund], index, netting="net")  # refused
    pme.batch([fund], index, measure=["irr"])  # refused
    pme.bootstrap([fund], index, as_of="2020-01-01", statistic="median")  # refused
    pme.by_vintage([fund], as_of="2020-01-01", rule="first")  # refused
    pme.return_series(fund, index, day_count="x")  # refused
    pme.Fund.of(flows=[], sign="LP")  # refused
    pme.Fund.of(flows=[], reversals="nett")  # refused
    pme.Benchmark.of([], kind="total return")  # refused
    pme.time_weighted_return(fund, index, flow_timing="mid")  # refused
    pme.irr_periodic([1.0], timing="start")  # refused
    pme.convert(index, index, lookup="x", to="USD")  # refused
    pme.chart(report, "irr")  # refused
    pme.summary_of("irr")  # refused
