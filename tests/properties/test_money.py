"""METHODS 12.2 and 13 with amounts in cents: the unit that money is written in is nothing."""

from __future__ import annotations

import math

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from effort import examples
from pmecalc import Fund, evaluate, horizon, pool, time_weighted_return
from pmecalc.core.methods import any_method
from properties.comparing import LOG_RATE, RATIO, blurred, money_at_stake, same_rate
from properties.strategies import LAST_OFFSET, benchmarks, crowded_offsets, iso

QUICK = settings(
    max_examples=examples(60),
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
UNITS = {
    "cents over a hundred": lambda cents: cents / 100,
    "a hundredth": lambda cents: cents * 0.01,
    "three times": lambda cents: cents * 3.0,
    "a thousand million times": lambda cents: cents * 1e9,
    "a hundredth, three times": lambda cents: cents / 100 * 3.0,
}
FACTORS = dict(zip(UNITS, (0.01, 0.01, 3.0, 1e9, 0.03), strict=True))

cents = st.integers(1, 10**6) | st.sampled_from([10, 20, 30, 7, 48116, 120290, 72174])
optional_day = st.none() | st.integers(0, LAST_OFFSET + 400)


@st.composite
def any_rows(draw):
    """Rows in cents on a few days, which may repeat; NAVs on them and beside them."""
    flows = [
        (offset, *(pair if draw(st.booleans()) else pair[::-1]))
        for offset in draw(st.lists(crowded_offsets, min_size=1, max_size=7))
        for pair in [(draw(cents), draw(st.just(0) | st.just(0) | cents))]
    ]
    days = draw(st.sets(crowded_offsets | st.sampled_from([row[0] for row in flows]), max_size=4))
    return flows, [(offset, draw(st.just(0) | cents)) for offset in sorted(days)]


@st.composite
def zero_gain_rows(draw):
    """All that was paid in comes back to the cent, by flows and a NAV that may be 0 or missing."""
    days = sorted(draw(st.sets(crowded_offsets, min_size=2, max_size=7)))
    paid = [draw(cents) for _ in days[:-1]]
    parts = draw(st.lists(cents, max_size=3))
    back = sum(paid)
    nav = draw(st.integers(0, back))
    flows = [(day, money, 0) for day, money in zip(days, paid, strict=False)]
    for part in parts:
        taken = min(part, back - nav)
        flows.append((draw(st.sampled_from(days)), 0, taken))
        nav_left = back - nav - taken
        back = nav + nav_left
    flows.append((days[-1], 0, back - nav))
    return flows, [(days[-1], nav)] if nav or draw(st.booleans()) else []


@st.composite
def full_exit_rows(draw):
    """A NAV, then calls and sales that leave nothing of it, or a cent more or less."""
    first = draw(st.integers(0, 500))
    marks = sorted(draw(st.sets(st.integers(501, 3000), min_size=2, max_size=6)))
    nav = draw(cents)
    flows, left = [(first, draw(cents), 0)], nav
    for day in marks[1:-1]:
        called = draw(st.just(0) | cents)
        sold = draw(st.integers(0, left + called))
        flows.append((day, called, sold))
        left += called - sold
    out = max(left + draw(st.sampled_from([0, 0, 0, 1, -1])), 0)
    flows.append((marks[-1], 0, out))
    later = draw(st.sampled_from([[], [(marks[-1] + 30, 5)], [(marks[-1] + 400, 0)]]))
    again = [(marks[-1] + 10, draw(cents), 0)] if later else []
    return flows + again, [(marks[0], nav), *later]


@st.composite
def empty_period_rows(draw):
    """NAVs of 0 a year before others, and Dietz periods whose average capital is 0 or a cent."""
    first, half = draw(st.integers(0, 200)), draw(st.sampled_from([50, 73, 182]))
    nav, off = draw(cents), draw(st.sampled_from([0, 0, 1, -1]))
    start = first + 365
    middle, end = start + half, start + 2 * half
    flows = [(first, draw(cents), 0), (middle, 0, 2 * nav + off)]
    flows += [(end, draw(cents), 0)]
    after = end + draw(st.sampled_from([365, 1095, 400]))
    navs = [(start, nav), (end, draw(st.just(0) | cents)), (after, draw(st.just(0) | cents))]
    return flows, navs


rows = st.one_of(any_rows(), zero_gain_rows(), full_exit_rows(), empty_period_rows())


def made(flows, navs, unit, **facts):
    """The fund in a unit of money."""
    return Fund.of(
        flows=[(iso(day), unit(paid), unit(got)) for day, paid, got in flows],
        navs=[(iso(day), unit(nav)) for day, nav in navs],
        **facts,
    )


def told_apart(one, other, factor):
    """What two reports say otherwise of the same money in two units."""
    stake = money_at_stake(one)
    mine, theirs = one.outcomes(further=True), other.outcomes(further=True)
    apart = [
        f"{name}: {metric} and {theirs[name]}"
        for name, metric in mine.items()
        if not alike(name, metric, theirs[name], factor, stake)
    ]
    if one.warnings != other.warnings:
        apart.append(f"{one.warnings} and {other.warnings}")
    return apart


def alike(name, one, other, factor, stake):
    facts = [
        (each.status, each.warnings, each.estimated, each.sign_consistent) for each in (one, other)
    ]
    if facts[0] != facts[1] or type(one.value) is not type(other.value):
        return False
    mine, theirs = one.roots or (), other.roots or ()
    if len(mine) != len(theirs) or not all(map(same_rate, mine, theirs)):
        return False
    if not isinstance(one.value, float):
        return one.value == other.value
    unit = any_method(name).unit
    if unit == "money":
        bound = RATIO * max(stake, abs(one.value)) * factor
        return abs(one.value * factor - other.value) <= bound
    if unit in {"rate", "return"}:
        return same_rate(one.value, other.value)
    return math.isclose(one.value, other.value, rel_tol=LOG_RATE, abs_tol=LOG_RATE)


def over_time(report):
    """Dates and statuses, which have no unit."""
    curve, series = report.j_curve(), report.through_time()
    trough = curve.trough
    return (
        None if trough is None else (trough.date, trough.years),
        curve["date"],
        [value is None for value in curve["with_nav"]],
        report.payback(),
        {name: column for name, column in series.items() if name.endswith("_status")},
    )


class TestUnits:
    """'Writing it in another unit must change no status, no chosen root, no rank.'"""

    @QUICK
    @given(
        rows,
        st.none() | benchmarks,
        optional_day,
        st.sampled_from(["gross", "same_day"]),
        st.sampled_from(["none", "cost"]),
    )
    def test_every_outcome_is_the_same_in_every_unit(
        self, parts, benchmark, as_of, netting, before_first_nav
    ):
        """Further measures too; and what the fund was on its way."""
        seen = {
            "as_of": None if as_of is None else iso(as_of),
            "max_staleness_days": None,
            "netting": netting,
            "before_first_nav": before_first_nav,
        }
        own = evaluate(made(*parts, float), benchmark, **seen)
        for unit, write in UNITS.items():
            other = evaluate(made(*parts, write), benchmark, **seen)
            assume(not blurred(own, other))
            assert told_apart(own, other, FACTORS[unit]) == [], unit
            assert over_time(own) == over_time(other), unit
            for name in ("paid_in", "distributed", "nav", "gain"):
                assert (own[name].value == 0) is (other[name].value == 0), (unit, name)

    @QUICK
    @given(rows, benchmarks, st.integers(1, 2000))
    def test_a_horizon_is_the_same_in_every_unit(self, parts, benchmark, back):
        """From NAVs of 0, rolled forward to 0, or not known."""
        flows, navs = parts
        last = max(day for day, *_ in flows + navs)
        given_ = {"start": iso(last - back), "as_of": iso(last), "max_staleness_days": None}
        own = horizon(made(*parts, float), benchmark, **given_)
        for unit, write in UNITS.items():
            other = horizon(made(*parts, write), benchmark, **given_)
            assume(not blurred(own, other))
            assert told_apart(own, other, FACTORS[unit]) == [], unit

    @QUICK
    @given(rows)
    def test_the_chain_of_returns_is_the_same_in_every_unit(self, parts):
        """Segments begin and end on the same days: an average capital of 0 is 0 in cents."""
        own = time_weighted_return(made(*parts, float))
        for unit, write in UNITS.items():
            other = time_weighted_return(made(*parts, write))
            assert own.status == other.status, unit
            for mine, theirs in zip(own.sub_periods, other.sub_periods, strict=True):
                assert (mine.value is None) is (theirs.value is None), (unit, mine)
                assert mine.value is None or same_rate(mine.value, theirs.value)
            spans = [[(part.start, part.end) for part in each.segments] for each in (own, other)]
            assert spans[0] == spans[1], unit

    @settings(QUICK, max_examples=examples(30))
    @given(st.lists(rows, min_size=2, max_size=3), benchmarks)
    def test_a_pool_is_the_same_in_every_unit(self, parts, benchmark):
        """Calendar and shifted to a common start."""
        last = iso(max(day for flows, navs in parts for day, *_ in flows + navs))
        funds = {unit: [made(*each, write) for each in parts] for unit, write in UNITS.items()}
        members = [made(*each, float) for each in parts]
        own = evaluate(pool(members, as_of=last), benchmark, as_of=last, max_staleness_days=None)
        shifted = pool(members, as_of=last, align="time_zero").metrics
        for unit, others in funds.items():
            other = evaluate(pool(others, as_of=last), benchmark, max_staleness_days=None)
            assume(not blurred(own, other))
            assert told_apart(own, other, FACTORS[unit]) == [], unit
            theirs = pool(others, as_of=last, align="time_zero").metrics
            assert [each.status for each in shifted.values()] == [
                each.status for each in theirs.values()
            ], unit


class TestZeroGain:
    """A fund that gave back what it took, to the cent, has earned nothing, to the bit."""

    @QUICK
    @given(zero_gain_rows(), st.sampled_from(sorted(UNITS)))
    def test_its_gain_is_zero_and_so_is_its_rate(self, parts, unit):
        """In every unit; 0 is one of its rates, if it has any."""
        report = evaluate(made(*parts, UNITS[unit]))
        assume(report["gain"].value is not None)
        assert report.gain == 0
        assert math.isclose(report.tvpi, 1, rel_tol=RATIO)
        if report["irr"].value is not None and not blurred(report):
            assert 0.0 in report["irr"].roots
            assert report.irr == 0.0
        assert "RATE_AGAINST_GAIN" not in report.warnings
