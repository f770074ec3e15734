"""Both numeric engines give the same answers; where they differ, the compiled one is wrong."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nasty import KINDS, funds, streams
from plain_bootstrap import LAST, SCHEMES, members, resampled
from plain_measures import ragged, world
from plain_pools import pools
from pmecalc.core import engine
from pmecalc.core.batch import batch, irr_outcome, irrs
from pmecalc.core.conventions import Options
from pmecalc.core.methods import METHODS
from pmecalc.core.resampling import Draws, Plan
from pmecalc.core.streams import Holdings, Streams
from pmecalc.core.weighted_pools import RateTables
from requirements import require

TESTS = Path(__file__).parents[1]
EQUAL = 1e-12  # of 1 + value, in pools: rounding of some hundred terms
SHORT, LONG = 10_000, 100_000


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """The compiled engine, or no test."""
    require("numba", present=engine.load())


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((SHORT, 1.0), id="units"),
        pytest.param((SHORT // 5, 1e12), id="trillions"),
        pytest.param((SHORT // 5, 1e-12), id="trillionths"),
        pytest.param((LONG, 1.0), id="many", marks=pytest.mark.soak),
        pytest.param((LONG // 10, 1e12), id="many trillions", marks=pytest.mark.soak),
        pytest.param((LONG // 10, 1e-12), id="many trillionths", marks=pytest.mark.soak),
    ],
)
def solved(request, tmp_path_factory):
    """Streams of every kind, solved by both engines: kinds, plain, compiled."""
    count, scale = request.param
    made = streams(np.random.default_rng(3), count, scale=scale)
    names = ("pointers", "days", "amounts")
    plain = _by_plain("plain_rates.py", dict(zip(names, made, strict=True)), tmp_path_factory)
    rates, codes = irrs(*made)
    return made, plain, rates, np.array(engine.STATUSES)[codes]


def test_every_stream_has_the_status_that_the_plain_engine_gives(solved):
    """Statuses agree for each of thousands of random streams, nasty kinds among them."""
    made, plain, _, statuses = solved
    differ = np.flatnonzero(plain["statuses"] != statuses)
    assert [(KINDS[i % len(KINDS)], plain["statuses"][i], statuses[i]) for i in differ] == []
    assert len(statuses) == len(made[0]) - 1


def test_every_rate_is_the_one_that_the_plain_engine_gives(solved):
    """Rates agree to the bit, near double roots too."""
    _, plain, rates, _ = solved
    np.testing.assert_array_equal(rates, plain["rates"])


def test_no_answer_depends_on_the_streams_beside(solved):
    """Streams sorted by length stand side by side in the loops, and keep rate and status."""
    (pointers, days, amounts), plain, rates, _ = solved
    order = np.argsort(np.diff(pointers), kind="stable")
    rows = np.concatenate([np.arange(pointers[place], pointers[place + 1]) for place in order])
    lengths = np.diff(pointers)[order]
    resorted, codes = irrs(np.append(0, np.cumsum(lengths)), days[rows], amounts[rows])
    np.testing.assert_array_equal(np.array(engine.STATUSES)[codes], plain["statuses"][order])
    np.testing.assert_array_equal(resorted, rates[order])


def test_streams_of_every_length_are_solved_as_each_alone():
    """From none to thousands of flows, in any mixture of lengths."""
    rng = np.random.default_rng(12)
    lengths = rng.permutation([0, 1, 2, 3, 15, 16, 17, 511, 512, 513, 5000, *range(20, 60)])
    made = [_drawdown(rng, int(length)) for length in lengths]
    days, amounts = (np.concatenate(columns) for columns in zip(*made, strict=True))
    rates, codes = irrs(np.append(0, np.cumsum(lengths)), days, amounts)
    for place, stream in enumerate(made):
        expected = irr_outcome(*stream)
        assert codes[place] == expected[1]
        np.testing.assert_array_equal(rates[place], expected[0])


def _drawdown(rng, length):
    """Money in for the first third, money out for the rest."""
    amounts = np.where(np.arange(length) * 3 < length, -1.0, 0.9) * rng.uniform(0.5, 1, length)
    return (12000 + 9 * np.arange(length)).astype(np.int32), amounts


@pytest.mark.parametrize(
    ("count", "conventions"),
    [
        (1000, {}),
        (400, {"netting": "same_day"}),
        (200, {"day_count": "ACT/360", "lookup": "next"}),
        (200, {"day_count": "ACT/365.25", "lookup": "nearest"}),
        (200, {"day_count": "ACT/ACT ISDA", "lookup": "linear"}),
        (200, {"day_count": "30E/360", "lookup": "log_linear", "netting": "same_day"}),
        (100, {"day_count": "30/360 US"}),
        (100, {"nav_growth": "index"}),
    ],
    ids=lambda given: "-".join(given.values()) or "default" if isinstance(given, dict) else "",
)
def test_every_measure_of_many_funds_is_what_evaluate_gives(count, conventions, tmp_path_factory):
    """A batch has the values of `evaluate`, to the bit, and its statuses."""
    table = funds(np.random.default_rng(8), count)
    options = [f"{name}={value}" for name, value in conventions.items()]
    plain = _by_plain("plain_measures.py", table, tmp_path_factory, *options)
    made = batch(ragged(table), world(table["levels"]), **conventions)
    for place, name in enumerate(METHODS):
        np.testing.assert_array_equal(made.codes[name], plain["codes"][:, place], err_msg=name)
        values = _numbers(made[name])
        np.testing.assert_array_equal(values, plain["values"][:, place], err_msg=name)
        marks = made.estimated(name)
        np.testing.assert_array_equal(marks, plain["estimated"][:, place], err_msg=name)


def _numbers(column):
    if column.dtype.kind != "M":
        return column
    return np.where(np.isnat(column), np.nan, column.astype(np.int64).astype(float))


def _by_plain(script, table, tmp_path_factory, *options):
    folder = tmp_path_factory.mktemp("plain")
    np.savez(folder / "in.npz", **table)
    subprocess.run(
        [sys.executable, TESTS / script, folder / "in.npz", folder / "out.npz", *options],
        check=True,
    )
    return dict(np.load(folder / "out.npz"))


def test_pools_have_the_rows_navs_and_rates_that_the_plain_engine_gives(tmp_path_factory):
    """Nasty funds by the dozen: the same flows seen, NAVs rolled forward, and rates proved."""
    table = funds(np.random.default_rng(6), 300)
    plain, found = _by_plain("plain_pools.py", table, tmp_path_factory), pools(table)
    np.testing.assert_array_equal(found["rows"], plain["rows"])
    np.testing.assert_allclose(found["navs"], plain["navs"], rtol=EQUAL, atol=EQUAL)
    np.testing.assert_allclose(found["log_rates"], plain["log_rates"], rtol=0, atol=EQUAL)
    assert 200 < np.isfinite(found["log_rates"]).sum() < len(found["log_rates"])


@pytest.mark.parametrize("as_of", ["2012-06-30", LAST])
@pytest.mark.parametrize("count", [5, 24, 61])
def test_resamples_have_the_rates_that_the_plain_engine_gives(count, as_of, tmp_path_factory):
    """Columns, draws, window and roots of the compiled loops, under every scheme, to rounding."""
    rng = np.random.default_rng(count)
    table = _ordinary(rng, count) | {"vintages": 2001 + np.arange(count) % 2}
    plain = _by_plain("plain_bootstrap.py", table, tmp_path_factory, as_of)
    found = resampled(list(members(table)), table["vintages"].tolist(), as_of)
    np.testing.assert_allclose(found, plain["values"], rtol=0, atol=EQUAL)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_rates_of_resamples_are_the_roots_of_their_weights(scheme):
    """The digits that were drawn are the funds held, and each rate is that of all its roots."""
    rng = np.random.default_rng(61)
    held = Holdings.of(list(members(_ordinary(rng, 61))), None, 21915, Options())
    tables = RateTables(Streams.of(held, carried=False))
    plan = Plan.of(rng.integers(2001, 2005, 61).tolist(), scheme)
    for draws in plan.draws(2100, 3):
        weights, found = draws.weights(), tables.drawn_rates(draws)
        for row in range(0, len(weights), 50):
            exact = tables.exact(weights[row])
            assert math.isclose(1 + found[row], 1 + exact.number, rel_tol=1e-10)


@pytest.mark.parametrize("count", [3, 34, 50])
def test_the_largest_words_hold_the_funds_of_their_digits(count):
    """Quotients are exact next to every multiple, up to the last word that can be drawn."""
    rng = np.random.default_rng(count)
    held = Holdings.of(list(members(_ordinary(rng, count))), None, 21915, Options())
    tables = RateTables(Streams.of(held, carried=False))
    (drawn,) = Plan.of([2001] * count, "simple").draws(500, 1)
    (words,), (base, width) = drawn.words, drawn.strata[0].tolist()
    most = base ** -(-base // width)
    near = most - base * rng.integers(0, 2, words.shape) - rng.integers(0, 2, words.shape)
    near = np.clip(near, 0, most - 1).astype(np.uint64)
    edges = Draws((near,), drawn.sizes, drawn.places)
    np.testing.assert_allclose(
        tables.drawn_rates(edges), tables.rates(edges.weights()), rtol=0, atol=EQUAL
    )


def _ordinary(rng, count):
    """Streams of the first kind alone."""
    pointers, days, amounts = streams(rng, count * len(KINDS))
    picked = range(0, count * len(KINDS), len(KINDS))
    rows = np.concatenate([np.arange(pointers[place], pointers[place + 1]) for place in picked])
    ends = np.cumsum([pointers[place + 1] - pointers[place] for place in picked])
    return {"pointers": np.append(0, ends), "days": days[rows], "amounts": amounts[rows]}
