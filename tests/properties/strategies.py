"""Funds and indices as hypothesis draws them, nasty kinds included."""

from __future__ import annotations

import math
from datetime import date, timedelta

from hypothesis import assume
from hypothesis import strategies as st

from pmecalc import Benchmark, Fund

EPOCH = date(2000, 1, 1)
LAST_OFFSET = 6000

cents = st.integers(1, 10**8).map(lambda number: number / 100)
round_amounts = st.sampled_from([1.0, 2.0, 10.0, 100.0, 230.0, 132.0])
money = cents | round_amounts
scales = st.integers(-12, 12).map(lambda power: 10.0**power)


def day(offset: int) -> date:
    return EPOCH + timedelta(days=offset)


def iso(offset: int) -> str:
    return day(offset).isoformat()


offsets = st.integers(0, LAST_OFFSET)
crowded_offsets = st.integers(0, 3).map(lambda step: 365 * step) | offsets


@st.composite
def flow_rows(draw):
    """Contributions, distributions, both on a day, and zeros; days may repeat, in any order."""
    rows = []
    for offset in draw(st.lists(crowded_offsets, min_size=1, max_size=9)):
        kind = draw(st.sampled_from("ccccddddbz"))
        contribution = draw(money) if kind in "cb" else 0.0
        distribution = draw(money) if kind in "db" else 0.0
        rows.append((iso(offset), contribution, distribution))
    return rows


@st.composite
def alternating_rows(draw):
    """A contribution and a distribution in turn: as many sign changes as flows allow."""
    days = sorted(draw(st.sets(crowded_offsets, min_size=2, max_size=9)))
    first = draw(st.integers(0, 1))
    return [
        (iso(offset), 0.0, amount) if (place + first) % 2 else (iso(offset), amount, 0.0)
        for place, offset in enumerate(days)
        for amount in (draw(money),)
    ]


@st.composite
def near_double_rows(draw):
    """Two rates nearly equal, by the product of two linear factors at yearly steps."""
    rate = draw(st.sampled_from([-0.3, 0.0, 0.1, 0.25]))
    apart = draw(st.sampled_from([0.0, 1e-9, 1e-6, 1e-3]))
    one, other = 1 + rate, 1 + rate + apart
    start = draw(st.integers(0, 1000))
    steps = [(100.0, 0.0), (0.0, 100 * (one + other)), (100 * one * other, 0.0)]
    return [(iso(start + 365 * step), *pair) for step, pair in enumerate(steps)]


@st.composite
def one_day_rows(draw):
    """Everything within two days: rates without bound."""
    start = draw(offsets)
    return [
        (iso(start), draw(money), 0.0),
        (iso(start + draw(st.integers(0, 1))), 0.0, draw(money)),
    ]


total_losses = st.lists(st.tuples(offsets.map(iso), money, st.just(0.0)), min_size=1, max_size=4)

all_rows = st.one_of(
    flow_rows(), flow_rows(), alternating_rows(), near_double_rows(), one_day_rows(), total_losses
)


@st.composite
def nav_rows(draw, rows):
    """Reported NAVs: on flow days and off them, before the first flow, none at all, or zero."""
    own_days = st.sampled_from([row[0] for row in rows])
    odd_days = st.integers(-200, LAST_OFFSET).map(iso)
    dates = draw(st.sets(own_days | odd_days, max_size=4))
    values = st.just(0.0) | money | money | money.map(lambda value: -value / 100)
    return [(date_, draw(values)) for date_ in sorted(dates)]


@st.composite
def fund_parts(draw):
    """Flow rows, NAV rows and an as-of date (or None), before they become a fund."""
    scale = draw(st.just(1.0) | scales)
    rows = draw(all_rows)
    navs = draw(nav_rows(rows))
    as_of = draw(st.none() | st.integers(-50, LAST_OFFSET + 500).map(iso))
    rows = [(date_, paid * scale, got * scale) for date_, paid, got in rows]
    return rows, [(date_, nav * scale) for date_, nav in navs], as_of


funds = fund_parts().map(lambda parts: (Fund.of(flows=parts[0], navs=parts[1]), parts[2]))


@st.composite
def level_rows(draw):
    """An index from before every flow on: a few levels, flat, rising or crashing."""
    later = draw(st.sets(st.integers(0, LAST_OFFSET), max_size=12))
    steps = draw(
        st.lists(
            st.floats(-0.7, 0.7, allow_subnormal=False),
            min_size=len(later) + 1,
            max_size=len(later) + 1,
        )
    )
    logs, level = [], draw(st.floats(-3, 9, allow_subnormal=False))
    for step in steps:
        level += step
        logs.append(level)
    return [(iso(at), math.exp(log)) for at, log in zip([-300, *sorted(later)], logs, strict=True)]


benchmarks = level_rows().map(Benchmark.of)
flat_benchmarks = st.floats(0.01, 1e4).map(
    lambda level: Benchmark.of([(iso(-300), level), (iso(900), level)])
)


@st.composite
def index_followers(draw):
    """A fund that holds the index itself: its NAV on every flow day is the index position."""
    days = sorted(draw(st.sets(st.integers(0, LAST_OFFSET), min_size=2, max_size=10)))
    assume(days[-1] - days[0] > 30)
    steps = [draw(st.floats(-0.4, 0.4, allow_subnormal=False)) for _ in days]
    levels = [100 * math.exp(sum(steps[: place + 1])) for place in range(len(days))]
    flows, navs, units = [], [], 0.0
    for offset, level in zip(days, levels, strict=True):
        if units and draw(st.booleans()):
            sold = units * draw(st.floats(0.01, 0.95))
            units -= sold
            flows.append((iso(offset), 0.0, sold * level))
        else:
            paid = draw(cents)
            units += paid / level
            flows.append((iso(offset), paid, 0.0))
        navs.append((iso(offset), units * level))
    index = [(iso(offset), level) for offset, level in zip(days, levels, strict=True)]
    return Fund.of(flows=flows, navs=navs), Benchmark.of(index)
