"""Equality, hash, digest, pickling and copying of every public value."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import math
import pickle
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from types import MappingProxyType

import numpy as np
import pytest

import pmecalc as pme
from pmecalc.core.content import ByContent, digest_of

QUARTERS = [f"20{year}-{month:02}-28" for year in range(10, 14) for month in (3, 6, 9, 12)]
MOVES = np.sin(np.arange(1.0, 16.0)) / 10
WORLD = list(zip(QUARTERS, 100 * np.cumprod([1, *(1 + MOVES)]), strict=True))
NAVS = list(zip(QUARTERS, 100 * np.cumprod([1, *(1 + 2 * MOVES)]), strict=True))


def _fund(**known):
    flows = [(QUARTERS[0], 100, 0), (QUARTERS[9], 5, 20)]
    return pme.Fund.of(flows=flows, navs=NAVS, name="Alpha", commitment=200, **known)


def _built():
    """One of each public value, and of those that public values hold."""
    fund, other = _fund(vintage=2010, recallable=[(QUARTERS[9], 4)]), _fund(currency="USD")
    world = pme.Benchmark.of(WORLD, name="World", currency="USD")
    rows = [("2010-01-05", "facility_draw", 50), (QUARTERS[0], "facility_repay", 40, 2)]
    facility = pme.Facility.of(rows)
    report = pme.evaluate(fund, world)
    series = pme.return_series(fund, world)
    pooled = {"as_of": QUARTERS[-1], "samples": 2000}
    profile = pme.npv_profile(fund)
    agreed = pme.agreement(fund, world)
    chart = pme.chart(report, "irr_pme")
    twr = pme.time_weighted_return(fund, world)
    ranked = pme.ranking([0.1, None, 0.3, 0.2])
    members = [_fund(vintage=2010), _fund(vintage=2010), other, _fund()]
    resampled = pme.bootstrap(members[:2] + [_moved(year) for year in (2, 3, 4)], world, **pooled)
    values = [
        *(fund, world, report, series, facility, profile, agreed, chart, twr, ranked, resampled),
        *(report.valuation, report.valuation.options, report["irr"], report.j_curve()),
        *(report.j_curve().trough, chart.spec, agreed.views[0], profile.roots[0]),
        *(twr.sub_periods[0], ranked.ranks[0], resampled.percentile),
        pme.horizon(fund, world, start="2012-01-01"),
        pme.evaluate(pme.Fund.of(flows=[("2020-01-01", 0, 0)])),
        pme.batch([fund, other], world),
        pme.Ragged.of_funds([fund, other]),
        pme.pool([fund, other], as_of=QUARTERS[-1], align="time_zero", benchmark=world),
        pme.beta_sensitivity(fund, world)[0],
        pme.breakpoints([0.1, 0.2, 0.3, 0.4]),
        pme.desmooth(series.returns),
        pme.max_drawdown(series),
        pme.facility_view(fund, facility),
        pme.log_attribution(fund, world),
        pme.nav_sensitivity(fund, world)["irr"],
        pme.beta(series),
        pme.ReturnFigure(report["irr"], "gross", "with_facility"),
        pme.crra(risk_aversion=2.0),
        pme.sensitivity(fund, world)[1],
        pme.sharpe(series, phi=0.1),
        pme.summary_of([0.1, 0.2]),
        pme.two_index_split(fund, world, pme.levered(world, 1.2)),
        pme.value_bridge(fund),
        pme.by_vintage(members[:2], as_of=QUARTERS[-1])[0],
        pme.volatility(series),
        pme.Problem("BAD_DATE", "There is no such day.", row=3),
    ]
    return {f"{type(each).__name__}-{place}": each for place, each in enumerate(values)}


def _moved(year):
    return pme.Fund.of(flows=[(f"201{year}-01-01", 50, 0)], navs=[(QUARTERS[-1], 50 + year)])


VALUES, AGAIN = _built(), _built()
BY_CONTENT = [name for name, value in VALUES.items() if isinstance(value, ByContent)]
every_value = pytest.mark.parametrize("name", VALUES)


def _arrays(value):
    """Arrays that a value holds, and those in its mappings."""
    held = [getattr(value, each.name) for each in dataclasses.fields(value)]
    inner = [each for one in held if isinstance(one, MappingProxyType) for each in one.values()]
    return [each for each in held + inner if isinstance(each, np.ndarray)]


def test_every_public_class_is_here():
    """A class that the package exports joins this test, or the one of errors."""
    exported = {
        name
        for name in pme.__all__
        if inspect.isclass(getattr(pme, name)) and not issubclass(getattr(pme, name), Exception)
    }
    assert exported <= {type(value).__name__ for value in VALUES.values()}


@every_value
def test_equal_inputs_give_equal_values(name):
    """A value built again is equal and has the same hash."""
    value, again = VALUES[name], AGAIN[name]
    assert value is not again
    assert value == again
    assert not value != again  # noqa: SIM202  (both operators are the subject)
    assert hash(value) == hash(again)
    assert len({value, again}) == 1


@every_value
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_value_pickles(name, protocol):
    """By every protocol: equal, with the same hash."""
    value = VALUES[name]
    back = pickle.loads(pickle.dumps(value, protocol))  # noqa: S301  (our own bytes)
    assert type(back) is type(value)
    assert back == value
    assert hash(back) == hash(value)


@every_value
def test_a_value_copies(name):
    """`copy`, `deepcopy` and, of a dataclass, `replace` give an equal value."""
    value = VALUES[name]
    copies = [copy.copy(value), copy.deepcopy(value)]
    if dataclasses.is_dataclass(value):
        copies.append(dataclasses.replace(value))
    assert all(each == value and hash(each) == hash(value) for each in copies)


@pytest.mark.parametrize("name", BY_CONTENT)
def test_arrays_stay_read_only(name):
    """When built, unpickled and copied; mappings too."""
    value = VALUES[name]
    back = pickle.loads(pickle.dumps(value))  # noqa: S301  (our own bytes)
    for each in (value, back, copy.copy(value), copy.deepcopy(value), dataclasses.replace(value)):
        assert not any(array.flags.writeable for array in _arrays(each))
        held = [getattr(each, field.name) for field in dataclasses.fields(each) if field.compare]
        assert not any(isinstance(one, dict) for one in held)


def test_values_cross_to_another_process():
    """They come back from a spawned process equal, with the digest that it computed."""
    names = list(VALUES)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        back = list(pool.map(copy.copy, VALUES.values()))
        digests = list(pool.map(digest_of, (VALUES[name] for name in BY_CONTENT)))
        worth = pool.submit(pme.ks_pme, VALUES["Fund-0"], VALUES["Benchmark-1"]).result()
        report = pool.submit(pme.evaluate, VALUES["Fund-0"], VALUES["Benchmark-1"]).result()
        failure = pool.submit(pme.ks_pme, VALUES["Fund-0"]).exception()
    assert [name for name, value in zip(names, back, strict=True) if value != VALUES[name]] == []
    assert digests == [digest_of(VALUES[name]) for name in BY_CONTENT]
    assert worth == pytest.approx(pme.ks_pme(VALUES["Fund-0"], VALUES["Benchmark-1"]), rel=1e-12)
    assert report == VALUES["Report-2"]
    assert isinstance(failure, pme.NotDefinedError)
    assert failure.status == "no_index"


def _other(given):
    """Something else of the same kind."""
    if isinstance(given, np.ndarray) and len(given):
        changed = given.copy()
        changed[-1] = (
            "x" if given.dtype.kind in "UO" else not given[-1] if given.dtype == bool else 7
        )
        return changed
    if isinstance(given, np.ndarray):
        return np.append(given, np.ones(1, given.dtype))
    if isinstance(given, MappingProxyType):
        return {**given, "x": 0}
    if isinstance(given, bool):
        return not given
    return given + 1 if isinstance(given, int | float) else f"{given}x"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        (name, field.name)
        for name in BY_CONTENT
        for field in dataclasses.fields(VALUES[name])
        if field.compare and not name.startswith(("Report", "Valuation"))
    ],
)
def test_every_field_counts(name, field):
    """Another value of any field is another value."""
    value = VALUES[name]
    changed = dataclasses.replace(value, **{field: _other(getattr(value, field))})
    assert changed != value
    assert changed.digest != value.digest


@pytest.mark.parametrize(
    "other",
    [
        {"fund": _fund()},
        {"benchmark": pme.Benchmark.of(WORLD)},
        {"benchmark": None},
        {"as_of": QUARTERS[-2]},
        {"day_count": "ACT/360"},
        {"netting": "same_day"},
        {"max_staleness_days": None},
    ],
)
def test_a_report_is_its_inputs(other):
    """Another fund, benchmark, convention or as-of date is another report."""
    inputs = {"fund": VALUES["Fund-0"], "benchmark": VALUES["Benchmark-1"]}
    assert pme.evaluate(**inputs) == VALUES["Report-2"]
    assert pme.evaluate(**{**inputs, **other}) != VALUES["Report-2"]


def test_a_report_does_not_count_what_was_computed():
    """Outcomes follow from the inputs, so a report that computed more is the same report."""
    report = pme.evaluate(VALUES["Fund-0"], VALUES["Benchmark-1"])
    assert report["twr"].status == "ok"
    assert report == VALUES["Report-2"]
    assert pickle.loads(pickle.dumps(report))["twr"] == report["twr"]  # noqa: S301  (our own bytes)


def test_a_horizon_report_is_not_that_of_the_cut_fund():
    """A fund without value at the start has no measures over the horizon; the cut fund has."""
    fund = pme.Fund.of(
        flows=[("2010-01-01", 10, 0), ("2015-01-01", 5, 0)],
        navs=[("2012-01-01", 0), ("2016-01-01", 9)],
    )
    seen = pme.horizon(fund, start="2012-01-01")
    cut = pme.evaluate(seen.valuation.fund)
    assert seen["irr"] != cut["irr"]
    assert seen != cut


def test_nan_and_negative_zero():
    """NaN equals NaN in the same place alone, -0.0 equals 0.0."""
    series = VALUES["ReturnSeries-3"]
    length = len(series.returns)

    def of(*firsts):
        return dataclasses.replace(series, returns=np.array([*firsts, *np.ones(length - 2)]))

    assert of(math.nan, 0.0) == of(-math.nan, -0.0)
    assert of(math.nan, 0.0) != of(0.0, math.nan)
    assert of(math.nan, 0.0).digest == of(-math.nan, -0.0).digest


def test_digests_do_not_depend_on_memory():
    """Strides, byte order, width and the order of a mapping are no content."""
    column = np.arange(6.0)
    shapes = [column.astype(">f8"), column.astype(np.float32), np.repeat(column, 2)[::2]]
    assert {digest_of(each) for each in shapes} == {digest_of(column)}
    days = np.arange(6)
    assert digest_of(days.astype(">i4")) == digest_of(days)
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2.0, "a": 1})
    assert digest_of(column) != digest_of(column.reshape(2, 3))
    assert digest_of(math.nan) == digest_of(-math.nan) != digest_of(0.0)
    assert digest_of(date(2020, 1, 1)) != digest_of(date(2020, 1, 2))
    assert digest_of(np.array(["a", "b"])) == digest_of(np.array(["a", "b"], object))


def test_a_digest_is_known():
    """The same on every platform and in every process: this one is written down."""
    fund = pme.Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150.25)], name="Alpha Ω")
    assert fund.digest == ("bbd73f43e69f2b6d1fa00dd5a291aa7ac4aa628f32b70e3d6dd600aaf685f3a1")


def test_other_classes_are_not_equal():
    """Nor is a plain dictionary with the columns of a J-curve but another trough."""
    report = VALUES["Report-2"]
    assert VALUES["Fund-0"] != VALUES["Fund-0"].digest
    assert VALUES["Fund-0"] != VALUES["Benchmark-1"]
    assert VALUES["Fund-0"] == VALUES["Fund-0"]
    curve = report.j_curve()
    assert curve == dict(curve)
    assert curve != type(curve)(dict(curve), None)
    assert curve != list(curve)


def test_what_has_no_digest_says_so():
    """Functions and complex numbers are refused."""
    for given in (len, np.array([1j])):
        with pytest.raises(TypeError, match="has no digest"):
            digest_of(given)


def test_arrays_of_the_caller_stay_writable():
    """A value holds read-only views; the caller's own array is as it was."""
    days = np.array([0, 365], np.int32)
    ragged = pme.Ragged.of([0, 2], days, [100.0, 0.0], [0.0, 110.0])
    assert days.flags.writeable
    assert not ragged.days.flags.writeable
    assert np.shares_memory(days, ragged.days)


def _raised(call, *args, **options):
    with pytest.raises(pme.PmeError) as caught:
        call(*args, **options)
    return caught.value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_pickle(protocol):
    """With their message and every attribute, so that a process pool can pass them on."""
    errors = [
        _raised(pme.Fund.of, flows=[("2020-01-01", -1, 0)]),
        _raised(pme.Benchmark.of, [("2020-01-01", 0)]),
        _raised(pme.ks_pme, VALUES["Fund-0"]),
        _raised(pme.chart, VALUES["Report-2"], "irrpme"),
        pme.NeedsInputError("Which?", code="SIGN", choices=("lp", "gp"), row=2),
        pme.StoreError("The disk is full."),
    ]
    for error in errors:
        back = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301  (our own bytes)
        assert type(back) is type(error)
        assert str(back) == str(error)
        assert back.__dict__ == error.__dict__
        assert str(copy.deepcopy(error)) == str(error)
