"""Bootstrap intervals, against slow loops over explicit pools."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import Benchmark, CashFlowError, Fund, InputError, NotDefinedError, evaluate, pool
from pmecalc.core.bootstrap import POOLED, bootstrap
from pmecalc.core.rate_grid import DECIMALS
from pmecalc.core.resampling import (
    Plan,
    acceleration_of,
    bca_shares,
    intervals,
    percentile_shares,
)

LAST = "2021-12-31"
WORLD = Benchmark.of(
    [
        (f"{year}-{month}-28", 100 * 1.02 ** (4 * (year - 2009) + place))
        for year in range(2009, 2022)
        for place, month in enumerate(("03", "06", "09", "12"))
    ]
)
RANDOM = np.random.default_rng(11)


def drawn_fund(year):
    size, luck = RANDOM.lognormal(4, 0.5), RANDOM.lognormal(0.4, 0.4)
    return Fund.of(
        flows=[
            (f"{year}-05-10", size, 0),
            (f"{year + 2}-07-01", size / 2, 0),
            (f"{year + 4}-02-01", 0, size * luck),
        ],
        navs=[(f"{year + 5}-12-31", size * luck / 3), (LAST, size * luck / 2)],
    )


FUNDS = [drawn_fund(year) for year in (2010, 2010, 2010, 2011, 2011, 2012, 2012, 2012)]
VINTAGES = [2010, 2010, 2010, 2011, 2011, 2012, 2012, 2012]


def explicit(weights, name):
    held = [fund for fund, times in zip(FUNDS, weights, strict=True) for _ in range(int(times))]
    return evaluate(pool(held, as_of=LAST), WORLD, as_of=LAST)[name].value


@pytest.mark.parametrize("name", POOLED)
def test_pooled_resamples_are_pools(name):
    """The first forty are evaluated fund by fund; value and intervals follow from all."""
    found = bootstrap(FUNDS, WORLD, as_of=LAST, metric=name, seed=4)
    weights = next(Plan.of(VINTAGES, "stratified").draws(2000, 4)).weights()
    for row, value in zip(weights[:40], found.values[:40], strict=True):
        assert math.isclose(1 + value, 1 + explicit(row, name), rel_tol=1e-11)
    # A report's rates stand on a grid of 1e-12, those of resamples do not.
    nearest = 0.5 / DECIMALS if name in {"irr", "direct_alpha"} else 0.0
    expected = explicit(np.ones(8), name)
    assert math.isclose(found.value, expected, rel_tol=1e-11, abs_tol=1.01 * nearest)
    assert [found.percentile] == intervals(found.values, percentile_shares(0.95))
    assert found.percentile.low < found.value < found.percentile.high
    assert math.isclose(found.standard_error, found.values.std(ddof=1), rel_tol=1e-12)
    assert math.isclose(found.bias, found.values.mean() - found.value, abs_tol=1e-14)
    assert (found.n, found.samples, found.n_vintages) == (8, 2000, 3)
    assert (found.n_excluded, found.n_undefined) == (0, 0)


def test_the_mean_is_resampled_too():
    """Of the funds' own IRRs; BCa from leaving each out of its vintage."""
    found = bootstrap(FUNDS, WORLD, as_of=LAST, metric="irr", statistic="mean", confidence=0.9)
    rates = np.array([evaluate(fund, as_of=LAST).irr for fund in FUNDS])
    plan = Plan.of(VINTAGES, "stratified")
    values = next(plan.draws(2000, 0)).weights() @ rates / 8
    left_out = plan.leave_one_out()[1:] @ rates / 8
    acceleration = acceleration_of(left_out, plan.strata)
    (expected,) = intervals(values, bca_shares(values, rates.mean(), acceleration, 0.9))
    assert math.isclose(found.value, rates.mean())
    assert np.allclose(found.values, values, rtol=1e-13)
    assert math.isclose(found.bca.low, expected.low, rel_tol=1e-12)
    assert math.isclose(found.bca.high, expected.high, rel_tol=1e-12)


@pytest.mark.parametrize("scheme", ["stratified", "block", "simple"])
def test_schemes_and_seeds(scheme):
    """The same seed gives the same answer, another one another."""
    options = {"as_of": LAST, "metric": "tvpi", "scheme": scheme}
    one, again = bootstrap(FUNDS, **options), bootstrap(FUNDS, **options)
    assert one.percentile == again.percentile
    assert one.bca == again.bca
    assert one.scheme == scheme
    assert (bootstrap(FUNDS, **options, seed=1).values != one.values).any()


def test_vintages_may_be_given():
    """They are the strata instead of the years of first contribution."""
    given = bootstrap(FUNDS, as_of=LAST, metric="tvpi", vintages=[1] * 8)
    simple = bootstrap(FUNDS, as_of=LAST, metric="tvpi", scheme="simple")
    assert given.percentile == simple.percentile
    assert given.n_vintages == 1


def test_funds_without_a_value_are_left_out_of_a_mean():
    """And counted."""
    gift = Fund.of(flows=[("2010-06-30", 0, 1), ("2010-07-01", 1e-9, 0)], navs=[(LAST, 1)])
    found = bootstrap([*FUNDS, gift], as_of=LAST, metric="irr", statistic="mean")
    assert (found.n, found.n_excluded) == (8, 1)


def test_resamples_without_a_value_are_counted():
    """All contributions were one fund's: a pool without it has no TVPI, and so no BCa."""
    gift = Fund.of(flows=[("2010-06-30", 0, 10)])
    own = FUNDS[0]
    found = bootstrap([own, gift], as_of=LAST, metric="tvpi", vintages=[1, 1])
    assert 400 < found.n_undefined < 600
    assert len(found.values) == 2000 - found.n_undefined
    assert found.bca is None


def test_too_many_resamples_without_a_value_are_refused():
    """Only both funds together have an IRR; this seed draws that in less than half."""
    bump = Fund.of(
        flows=[("2010-01-01", 100, 0), ("2011-01-01", 0, 150), ("2012-01-01", 60, 0)],
        navs=[("2012-01-01", 0)],
    )
    gift = Fund.of(flows=[("2012-01-01", 0, 40)])
    with pytest.raises(NotDefinedError, match="of 2000 resamples have no value") as caught:
        bootstrap([bump, gift], as_of=LAST, metric="irr", vintages=[1, 1], seed=2)
    assert caught.value.status == "too_few_observations"


STILL = [Fund.of(flows=[("2010-06-30", 0, 0)])] * 2
CALLED = [Fund.of(flows=[("2010-06-30", 10, 0)], name="Called")] * 2
GIFTS = [Fund.of(flows=[("2010-06-30", 0, 10)])] * 2
UNBORN = [Fund.of(flows=[("2022-06-30", 10, 0)])] * 2
LATE = [Fund.of(flows=[("2010-06-30", 0, 10)], navs=[(LAST, 1)])] * 2


@pytest.mark.parametrize(
    ("funds", "options", "status"),
    [
        (FUNDS[:1], {}, "too_few_observations"),
        (FUNDS[2:4], {}, "too_few_observations"),
        (FUNDS[:3], {"scheme": "block"}, "too_few_observations"),
        (GIFTS, {"vintages": [1, 1]}, "no_contributions"),
        (UNBORN, {"vintages": [1, 1]}, "no_flows"),
        (STILL, {"vintages": [1, 1]}, "no_flows"),
        (CALLED, {"vintages": [1, 1]}, "no_nav"),
        (LATE, {"vintages": [1, 1], "metric": "irr"}, "no_investment"),
        (GIFTS, {"vintages": [1, 1], "statistic": "mean"}, "too_few_observations"),
        (FUNDS, {"metric": "ks_pme"}, "no_index"),
    ],
    ids=[
        *("one fund", "one a vintage", "one vintage", "gifts", "unborn", "still", "no NAV"),
        *("no root", "mean", "index"),
    ],
)
def test_what_cannot_be_resampled_is_said(funds, options, status):
    """By status; one fund is sent to `sensitivity`."""
    with pytest.raises(NotDefinedError) as caught:
        bootstrap(funds, as_of=LAST, **{"metric": "tvpi", **options})
    assert caught.value.status == status
    assert len(funds) > 1 or "sensitivity" in caught.value.reason


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"samples": 1999}, "samples"),
        ({"confidence": 1.0}, "confidence"),
        ({"statistic": "median"}, "statistic"),
        ({"metric": "mpme_irr"}, "metric"),
        ({"metric": "ln_short_from", "statistic": "mean"}, "metric"),
        ({"vintages": [1]}, "vintages"),
    ],
    ids=["samples", "confidence", "statistic", "metric", "date metric", "vintages"],
)
def test_options_out_of_range_are_refused(options, field):
    """Each by its name."""
    with pytest.raises(InputError) as caught:
        bootstrap(FUNDS, WORLD, as_of=LAST, **options)
    assert caught.value.field == field


def test_no_funds_are_refused():
    """As for a pool."""
    with pytest.raises(CashFlowError):
        bootstrap([], as_of=LAST)
