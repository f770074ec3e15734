"""All PME methods side by side."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, Fund, evaluate
from pmecalc.core.agreement import PARITY, agreement

LEVELS = [("2010-01-01", 100), ("2012-01-01", 130), ("2014-01-01", 120), ("2016-01-01", 150)]
WORLD = Benchmark.of(LEVELS)
ANY = {"max_staleness_days": None}


def fund_of(*flows, navs=()):
    return Fund.of(flows=list(flows), navs=list(navs))


GOOD = fund_of(
    ("2010-01-01", 100, 0), ("2014-01-01", 0, 60), navs=[("2014-01-01", 100), ("2016-01-01", 130)]
)
EARLY = fund_of(("2010-01-01", 100, 0), ("2012-01-01", 0, 190), navs=[("2016-01-01", 30)])


def view(found, name):
    return next(each for each in found.views if each.name == name)


def test_every_method_is_shown_with_its_value():
    """As the report has it; the scaled spread is IRR less the scaled PME's."""
    found, report = agreement(GOOD, WORLD, **ANY), evaluate(GOOD, WORLD, **ANY)
    assert [each.name for each in found.views] == list(PARITY)
    for each in found.views:
        if each.name != "scaled_pme_spread":
            assert each.metric == report[each.name]
    scaled = view(found, "scaled_pme_spread")
    assert (scaled.metric.value, scaled.title) == (
        report.irr - report.scaled_pme_irr,
        "Scaled PME spread",
    )


def test_agreeing_methods_are_said_to_agree():
    """With the range of spreads and why they differ; no doubts here."""
    found = agreement(GOOD, WORLD, **ANY)
    assert found.unanimous
    assert found.estimated_share == 0
    assert found.sentence.startswith("All 7 methods put the fund ahead of the index; their spreads")
    assert "because Long-Nickels keeps the fund's flows" in found.sentence
    assert "take care" not in found.sentence
    assert all(each.marks == () for each in found.views)


def test_unsound_answers_are_marked():
    """The index investor runs short; mPME uses NAVs nobody reported."""
    found = agreement(EARLY, WORLD, **ANY)
    assert "LN_SHORT" in view(found, "ln_spread").marks
    assert view(found, "mpme_spread").marks == ("MPME_NAV_ESTIMATED",)
    assert found.estimated_share == 1
    assert "take care" in found.sentence
    assert "position is short" in found.sentence


def test_a_missing_value_is_explained():
    """The Long-Nickels stream of this fund has no root, so the other six speak."""
    levels = [("2010-01-01", 100), ("2012-01-01", 60), ("2016-01-01", 160)]
    navs = [("2012-01-01", 5), ("2016-01-01", 1)]
    fund = fund_of(("2010-01-01", 100, 0), ("2012-01-01", 0, 70), navs=navs)
    found = agreement(fund, Benchmark.of(levels), **ANY)
    assert view(found, "ln_spread").verdict is None
    assert not found.unanimous
    assert "no value of LN-PME spread: the index position is short from" in found.sentence


def test_a_negative_factor_is_marked():
    """The NAV exceeds what all contributions would be worth in the index."""
    fund = fund_of(("2010-01-01", 100, 0), ("2014-01-01", 0, 5), navs=[("2016-01-01", 400)])
    found = agreement(fund, WORLD, **ANY)
    assert "LAMBDA_NEGATIVE" in view(found, "pme_plus_spread").marks
    assert "negative factor" in found.sentence


def test_a_rolled_forward_nav_concerns_all():
    """Each method uses the NAV at the end."""
    found = agreement(GOOD, WORLD, as_of="2016-03-31", **ANY)
    assert all("NAV_ROLLED_FORWARD" in each.marks for each in found.views)


def test_several_roots_are_marked():
    """The IRR is one of two."""
    flows = [("2010-01-01", 100, 0), ("2012-01-01", 0, 230), ("2014-01-01", 132, 0)]
    fund = fund_of(*flows, navs=[("2014-01-01", 0)])
    found = agreement(fund, WORLD, **ANY)
    assert "multiple" in view(found, "mpme_spread").marks
    assert "several roots" in found.sentence


def test_a_fund_that_holds_the_index_is_level():
    """By every method that has a value."""
    fund = fund_of(
        ("2010-01-01", 100, 0),
        ("2012-01-01", 0, 65),
        navs=[("2012-01-01", 65), ("2016-01-01", 75)],
    )
    found = agreement(fund, WORLD, **ANY)
    assert {each.verdict for each in found.views} == {"level"}
    assert found.sentence.startswith("All 7 methods put the fund level with the index")


@pytest.mark.parametrize("scale", [1, 0.01, 3, 1e9])
@pytest.mark.parametrize("off", [5e-12, -3e-13, -5e-12])
def test_money_is_level_where_the_ratio_is(scale, off):
    """NFV is parted from parity by as much of the contributions as KS-PME is from 1."""
    fund = fund_of(("2020-01-01", 100 * scale, 0), navs=[("2021-01-01", 100 * scale * (1 + off))])
    found = agreement(fund, Benchmark.of([("2020-01-01", 1), ("2021-01-01", 1)]), **ANY)
    assert {each.verdict for each in found.views} == {"level", None}
    assert "their spreads are 0.00 % per year" in found.sentence


def test_methods_may_disagree():
    """The fund sold well, yet mPME sells all of the index at its peak."""
    levels = [("2010-01-01", 100), ("2012-01-01", 200), ("2016-01-01", 100)]
    navs = [("2012-01-01", 1), ("2016-01-01", 30)]
    fund = fund_of(("2010-01-01", 100, 0), ("2012-01-01", 0, 150), navs=navs)
    found = agreement(fund, Benchmark.of(levels), **ANY)
    assert not found.unanimous
    assert found.sentence.startswith("The methods disagree: ahead of the index by KS-PME, ")
    assert "behind the index by mPME spread" in found.sentence


def test_one_voice_is_named():
    """Without time there is no rate: only ratio and money speak."""
    fund = fund_of(("2010-01-01", 0, 5), navs=[("2016-01-01", 1)])
    found = agreement(fund, WORLD, **ANY)
    assert "puts the fund ahead of the index" in found.sentence
    assert "no value of KS-PME" in found.sentence


def test_a_fund_not_begun_has_no_verdict():
    """There is no ratio, no rate and no money: none has moved."""
    found = agreement(GOOD, WORLD, as_of="2009-01-01", **ANY)
    assert {each.verdict for each in found.views} == {None}
    assert {each.metric.status for each in found.views} == {"no_flows"}


def test_the_json_says_codes_and_words():
    """Marks with their meaning, and of a spread the index investor's own rate."""
    shown = agreement(EARLY, WORLD, **ANY).to_dict()
    assert [each["name"] for each in shown["methods"]] == list(PARITY)
    by_name = {each["name"]: each for each in shown["methods"]}
    assert {"code": "LN_SHORT", "message": "the Long-Nickels index position is short"} in by_name[
        "ln_spread"
    ]["marks"]
    assert by_name["mpme_spread"]["rate"]["name"] == "mpme_irr"
    assert by_name["mpme_spread"]["rate"]["value"] == evaluate(EARLY, WORLD, **ANY).mpme_irr
    assert "rate" not in by_name["ks_pme"]
    assert by_name["nfv"]["unit"] == "money"
