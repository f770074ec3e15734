"""Rates that one window proves, against all roots of each weighted stream."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

import nasty
from pmecalc import Fund
from pmecalc.core.conventions import Options
from pmecalc.core.rate_window import RateWindow
from pmecalc.core.streams import Holdings, Streams
from pmecalc.core.weighted_pools import RateTables

DAY = 20000
CLOSE = 1e-10  # of 1 + rate; the contract is 1e-9
EUROPE = [("1990-01-01", 100, 0), ("1999-01-01", 0, 250)]


def streams_of(*funds):
    return Streams.of(Holdings.of(funds, None, DAY, Options()), carried=False)


def made(days, amounts):
    rows = [
        (str(np.datetime64("1970-01-01") + int(day)), amount)
        for day, amount in zip(days, amounts.tolist(), strict=True)
    ]
    return Fund.of(flows=rows, navs=[(rows[-1][0], 0)])


def nasty_funds(rng, count):
    pointers, days, amounts = nasty.streams(rng, count)
    parts = [slice(a, b) for a, b in pairwise(pointers)]
    return [made(days[part], amounts[part]) for part in parts]


def ordinary_funds(rng, count):
    pointers, days, amounts = nasty.streams(rng, count * len(nasty.KINDS))
    firsts = range(0, count * len(nasty.KINDS), len(nasty.KINDS))
    parts = [slice(pointers[i], pointers[i + 1]) for i in firsts]
    return [made(days[part], amounts[part]) for part in parts]


def compared(streams, weights):
    """How many rates the window proved; all of them are those of the exact path."""
    window = RateWindow.around(streams)
    if window is None:
        return 0
    exact = RateTables(streams).exact
    found = window.log_rates(weights)
    proved = np.flatnonzero(~np.isnan(found))
    for row in proved:
        metric = exact(weights[row])
        assert math.isclose(1 + metric.number, math.exp(found[row]), rel_tol=CLOSE)
    return len(proved)


def test_what_is_proved_is_the_rate():
    """No wrong root, whatever the kinds of streams in the pool."""
    rng = np.random.default_rng(12)
    proved = 0
    for _ in range(60):
        funds = nasty_funds(rng, int(rng.integers(1, 9)))
        picked = rng.permutation(len(funds))[: rng.integers(1, 9)]
        streams = streams_of(*(funds[place] for place in picked))
        weights = rng.integers(0, 4, (12, len(picked))).astype(np.float64)
        proved += compared(streams, weights)
    assert proved > 60


def test_ordinary_pools_are_proved_whole():
    """Thirty funds of any sizes and rates: no resample is left to the other ways."""
    rng = np.random.default_rng(4)
    for _ in range(5):
        streams = streams_of(*ordinary_funds(rng, 30))
        weights = rng.multinomial(30, np.full(30, 1 / 30), 400).astype(np.float64)
        assert not np.isnan(RateWindow.around(streams).log_rates(weights)).any()
        assert compared(streams, weights[:20]) == 20


def test_a_long_table_is_multiplied_in_pieces():
    """Each row is as if it were alone, to rounding."""
    streams = streams_of(*ordinary_funds(np.random.default_rng(7), 12))
    weights = np.random.default_rng(8).multinomial(12, np.full(12, 1 / 12), 3000).astype(float)
    window = RateWindow.around(streams)
    alone = [window.log_rates(weights[row : row + 1])[0] for row in range(0, 3000, 97)]
    assert np.allclose(window.log_rates(weights)[::97], alone, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "flows",
    [
        [("1990-01-01", 100, 0)],
        [("1990-01-01", 0, 100)],
        [("1990-01-01", 0, 100), ("1999-01-01", 50, 0)],
        [("1990-01-01", 100, 0), ("1990-01-01", 0, 110)],
        [("1990-01-01", 100, 0), ("1990-01-02", 0, 110)],
        [("1990-01-01", 1, 0), ("1991-01-01", 0, 99.4)],
        [("1990-01-01", 1, 0), ("1991-01-01", 0, 0.01006)],
    ],
    ids=["loss", "gift", "loan", "one day", "overnight", "98 fold", "99 % lost"],
)
def test_there_is_no_window_where_no_ordinary_rate_is(flows):
    """No money on one side, paid out before it is paid in, or a rate far off."""
    fund = Fund.of(flows=flows, navs=[(flows[-1][0], 0)])
    assert RateWindow.around(streams_of(fund)) is None


def test_a_rate_of_nothing_is_not_proved():
    """Its side of zero is a matter of rounding, and the choice of METHODS 2.3 hangs on it."""
    even = Fund.of(flows=[("1990-01-01", 100, 0), ("1999-01-01", 0, 100)])
    streams = streams_of(even, Fund.of(flows=EUROPE))
    found = RateWindow.around(streams).log_rates(np.array([[3.0, 0.0], [3.0, 1.0]]))
    assert np.isnan(found[0])
    assert found[1] > 0


def test_a_second_root_in_the_window_is_not_proved_away():
    """The stream has rates of 10 and 20 %: nothing is proved where both could be meant."""
    twice = Fund.of(
        flows=[("1990-01-01", -100), ("1991-01-01", 230), ("1992-01-01", -132)],
        navs=[("1992-01-01", 0)],
    )
    streams = streams_of(twice, Fund.of(flows=EUROPE))
    weights = np.array([[float(n), 1.0] for n in range(40)])
    assert compared(streams, weights) >= 1
    assert np.isnan(RateWindow.around(streams).log_rates(np.array([[1.0, 0.0]]))).all()
