"""Messages say what is so, and name what the caller wrote."""

from __future__ import annotations

import math

import pytest

import pmecalc as pme
from pmecalc.core.errors import counted
from pmecalc.core.methods import FURTHER, METHODS, measure_names
from pmecalc.core.metric import Metric, derived, derived_rate, rate_of, several

FUND = pme.Fund.of(
    flows=[("2015-01-01", 100, 0), ("2020-01-01", 0, 180)], navs=[("2021-01-01", 20)]
)
WORLD = pme.Benchmark.of([("2015-01-01", 100), ("2020-01-01", 150), ("2021-01-01", 160)])
LOST = pme.Fund.of(flows=[("2015-01-01", 100, 0)], navs=[("2020-01-01", 0)])
# Rates of -23 %, -1.5 % and one of which ln(1+r) is 3615: a profit within a day
EARLY = [("2020-01-01", -1), ("2020-01-02", 20_000), ("2022-01-01", -25_000), ("2023-01-01", 5500)]


@pytest.mark.parametrize("name", ["irr", "twr"])
def test_one_name_is_one_measure(name):
    """A text is a name, not a sequence of letters, wherever measures are named."""
    report = pme.evaluate(FUND, WORLD)
    assert measure_names(name) == measure_names([name]) == (name,)
    assert list(pme.batch([FUND], WORLD, measures=name).columns) == [name]
    assert report.through_time(name) == report.through_time([name])
    assert pme.nav_sensitivity(FUND, WORLD, names=name) == pme.nav_sensitivity(
        FUND, WORLD, names=[name]
    )


def test_no_names_are_those_of_every_report():
    """None asks for all; an empty list for none."""
    assert measure_names(None) == tuple(METHODS)
    assert measure_names([]) == ()
    assert list(pme.batch([FUND], measures=[]).columns) == []


@pytest.mark.parametrize("wrong", ["irrr", "irr,tvpi", ["irr"], 3, None])
def test_what_is_no_name_is_quoted_whole(wrong):
    """The answer quotes what was written, not a letter of it."""
    report = pme.evaluate(FUND)
    asks = [lambda: report[wrong], lambda: pme.batch([FUND], measures=[wrong])]
    asks += [lambda: pme.by_vintage([FUND], as_of="2021-01-01", metric=wrong)]
    for ask in asks:
        with pytest.raises(pme.NotFoundError) as caught:
            ask()
        assert f"no measure named {wrong!r}" in str(caught.value)


def test_a_batch_says_what_it_has():
    """A measure that was not asked for is not a slip of the pen."""
    made = pme.batch([FUND], measures=["irr", "dpi"])
    assert "irr" in made
    assert "tvpi" not in made
    for ask in (lambda: made["tvpi"], lambda: made.statuses("tvpi")):
        with pytest.raises(pme.NotFoundError, match=r"this batch \(irr, dpi\) named 'tvpi'"):
            ask()
    with pytest.raises(TypeError, match="'Batch' object is not iterable"):
        iter(made)


def test_the_sentence_agrees_with_the_list_of_rates():
    """Three are counted, two fit into a double and are listed, and the third is named."""
    metric = pme.evaluate(pme.Fund.of(flows=EARLY), as_of="2023-01-01")["irr"]
    assert len(metric.roots) == 2
    assert metric.reason.startswith("3 rates bring the stream to zero; one is beyond the largest")
    log_rate = float(metric.reason.rpartition("= ")[2])
    assert log_rate == pytest.approx(365 * math.log(20_000), rel=1e-4)
    assert len(pme.irr_roots(EARLY)) == 2


def test_several_rates_beyond_a_double_are_named():
    """Each of them."""
    assert several("4 rates", ["a", "b"]) == (
        "4 rates; 2 are beyond the largest double and not listed: a, b"
    )
    assert several("4 rates", []) == "4 rates"


def test_a_derived_value_says_what_is_missing():
    """The status is the first that is not ok, the reason that of the part without a value."""
    lost, none = Metric(-1.0, "total_loss", reason="lost"), Metric(None, "no_root", reason="none")
    assert derived(lambda a, b: a - b, lost, none) == Metric(None, "total_loss", reason="none")
    assert derived_rate(lambda a, b: a - b, lost, none).reason == "none"
    found = derived_rate(lambda a, b: a - b, lost, rate_of(0.1))
    assert (found.value, found.status) == (None, "total_loss")
    assert found.reason == "the rate is -100 %, and ln(1+r) is minus infinity there"


def test_what_is_not_available_does_not_say_that_nothing_came_back():
    """`nothing came back` explains a rate of -100 %, and no missing value."""
    report = pme.evaluate(LOST, WORLD, max_staleness_days=None)
    told = {name: report[name] for name in (*METHODS, *FURTHER)}
    assert told["irr"].value == -1
    assert told["irr"].reason == "nothing came back"
    assert told["pme_plus_spread"].reason == "nothing was distributed"
    assert [
        name
        for name, metric in told.items()
        if metric.value is None and metric.reason == "nothing came back"
    ] == []


def test_what_has_not_happened_is_not_called_undefined():
    """A measure function has no None to give; the message says why, without the status ok."""
    with pytest.raises(pme.NotDefinedError) as caught:
        pme.payback_dpi(LOST)
    assert str(caught.value) == "payback_dpi has no value: not up to the as-of date"
    assert pme.evaluate(LOST).payback_dpi is None


@pytest.mark.parametrize("limit", ["100", -1, math.nan])
def test_a_limit_is_a_number_of_days(limit):
    """Text and NaN are refused as an option, not by a comparison within."""
    with pytest.raises(pme.InputError, match="max_staleness_days=") as caught:
        pme.evaluate(FUND, max_staleness_days=limit)
    assert caught.value.code == "UNSUPPORTED_OPTION"


def test_one_is_singular():
    """Of whatever is counted."""
    assert counted(1, "fund") == "1 fund"
    assert counted(2, "fund") == "2 funds"
    assert pme.sensitivity(FUND, nav_haircuts=[], date_shifts=[1])[1].label == "flows 1 day later"
    assert "1 level 2020" in repr(pme.Benchmark.of([("2020-01-01", 5)]))
    navs = [("2020-02-01", 1), ("2020-03-01", 1)]
    series = pme.return_series(pme.Fund.of(flows=[("2020-01-01", 1, 0)], navs=navs))
    with pytest.raises(pme.NotDefinedError, match="1 return between NAVs"):
        pme.volatility(series)
