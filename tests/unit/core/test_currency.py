"""An index in another currency."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, BenchmarkError, Fund, InputError, evaluate
from pmecalc.core.currency import convert

WORLD = Benchmark.of(
    [("2020-12-01", 90), ("2021-01-01", 100), ("2021-07-01", 110), ("2022-01-01", 121)],
    name="World",
    kind="price",
    currency="USD",
)
EUROS = Benchmark.of(
    [("2020-12-15", 0.8), ("2021-06-25", 0.9), ("2022-01-01", 0.5)], currency="EUR"
)


def test_each_level_is_multiplied_by_the_rate_of_its_date():
    """By the look-up asked for, on the dates of the index."""
    assert convert(WORLD, EUROS).levels.tolist() == [80, 99, 60.5]
    linear = convert(WORLD, EUROS, lookup="linear", max_staleness_days=200).levels
    assert linear[0] == pytest.approx(100 * (0.8 + 0.1 * 17 / 192))
    assert linear[2] == 60.5


def test_what_is_known_of_the_index_stays():
    """Only the currency changes; the levels left out are told."""
    made = convert(WORLD, EUROS)
    assert (made.name, made.kind, made.currency) == ("World", "price", "EUR")
    assert made.rows.tolist() == [2, 3, 4]
    (note,) = made.notes
    assert note == "Left out, before the first exchange rate on 2020-12-15: 1 of 4 levels."
    assert convert(made, EUROS, currency="CHF").currency == "CHF"
    assert convert(made, EUROS).notes == made.notes
    assert not made.levels.flags.writeable


def test_a_converted_index_matches_the_fund():
    """The warning goes, and KS-PME is against the index in the fund's currency."""
    flows = [("2021-01-01", 100, 0), ("2022-01-01", 0, 100)]
    fund = Fund.of(flows=flows, currency="EUR")
    assert "CURRENCY_MISMATCH" in evaluate(fund, WORLD).warnings
    report = evaluate(fund, convert(WORLD, EUROS))
    assert "CURRENCY_MISMATCH" not in report.warnings
    assert report.ks_pme == pytest.approx(80 / 60.5)


@pytest.mark.parametrize(
    ("rates", "options", "code"),
    [
        ([("2023-01-01", 1)], {}, "INDEX_NOT_COVERED"),
        ([("2020-01-01", 1)], {}, "INDEX_STALE"),
        ([("2020-01-01", 1)], {"lookup": "next"}, "INDEX_NOT_COVERED"),
        ([("2020-12-01", 1e-30), ("2022-01-01", 1e30)], {"lookup": "nearest"}, "INDEX_STALE"),
        ([("2020-12-01", 1e30)], {"max_staleness_days": None}, "INDEX_INVALID"),
        ([("2020-12-01", 1)], {"lookup": "last"}, "UNSUPPORTED_OPTION"),
    ],
)
def test_rates_that_do_not_serve_are_refused(rates, options, code):
    """With the codes of an index."""
    with pytest.raises(InputError) as caught:
        convert(WORLD, Benchmark.of(rates), **options)
    assert caught.value.code == code
    assert isinstance(caught.value, BenchmarkError) or code == "UNSUPPORTED_OPTION"
    assert caught.value.hint
