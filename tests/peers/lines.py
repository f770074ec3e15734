"""The lines of docs/peers.md as calculations: what a peer is asked, and what we are asked."""

from __future__ import annotations

import datetime as dt
import importlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pmecalc import Benchmark, Fund, PmeError, evaluate, mirr
from pmecalc.core.irr import rate_metric, solve
from pmecalc.core.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

YEARS = ("2021-01-01", "2022-01-01", "2023-01-01", "2024-01-01")  # 365 days apart, all of them
GROWING = (100.0, 110.0, 121.0, 133.1)


@dataclass(frozen=True)
class Line:
    """One case: the peer's answer and ours, each computed when asked."""

    peer: Callable[[], object]
    ours: Callable[[], Metric]


def outcome(ask: Callable[[], object]) -> object:
    """What a peer answers; an error is an answer, and its warnings are its own affair."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ask()
        except Exception as error:  # noqa: BLE001  (whatever the peer raises is the finding)
            return f"raises {type(error).__name__}"


def our_outcome(ask: Callable[[], Metric]) -> tuple[object, str]:
    """Our value and status; for refused input the code of the error."""
    try:
        metric = ask()
    except PmeError as error:
        return None, error.code
    return metric.value, metric.status


def module(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def dates(days: Sequence[str]) -> list[dt.date]:
    return [dt.date.fromisoformat(day) for day in days]


def stream(days: Sequence[str], amounts: Sequence[float]) -> Metric:
    """Our IRR of a signed stream, as `evaluate` would show it."""
    numbers = [day.toordinal() for day in dates(days)]
    return rate_metric(solve(np.array(numbers), np.array(amounts, float), last_day=max(numbers)))


def measured(
    name: str,
    flows: Sequence[tuple[str, float, float]],
    navs: Sequence[tuple[str, float]],
    levels: Sequence[tuple[str, float]],
) -> Metric:
    fund, index = Fund.of(flows=flows, navs=navs), Benchmark.of(levels)
    return evaluate(fund, index, max_staleness_days=None)[name]


def yearly(
    name: str,
    contributions: Sequence[float],
    distributions: Sequence[float],
    navs: Sequence[float],
    levels: Sequence[float],
) -> Metric:
    """Our measure of a fund of one row a year."""
    count = len(contributions)
    return measured(
        name,
        list(zip(YEARS[:count], contributions, distributions, strict=True)),
        list(zip(YEARS[:count], navs, strict=True)),
        list(zip(YEARS[:count], levels, strict=True)),
    )


def xirr(days: Sequence[str], amounts: Sequence[float]) -> Line:
    return Line(
        lambda: module("pyxirr").xirr(dates(days), list(amounts)), lambda: stream(days, amounts)
    )


def periodic(package: str, amounts: Sequence[float]) -> Line:
    first = dt.date(2021, 1, 1)
    days = [(first + dt.timedelta(365 * place)).isoformat() for place in range(len(amounts))]
    return Line(lambda: module(package).irr(list(amounts)), lambda: stream(days, amounts))


def pe(name: str, *arguments: object) -> Callable[[], object]:
    return lambda: getattr(module("pyxirr").pe, name)(*arguments)


def xpme(
    days: Sequence[str], cashflows: Sequence[float], prices: Sequence[float], index: Sequence[float]
) -> Callable[[], object]:
    return lambda: module("pypme").xpme(dates(days), list(cashflows), list(prices), list(index))


def nearest_level() -> object:
    """The level that pypme picks for a Sunday between a Friday at 100 and a Monday at 90."""
    days = module("pandas").to_datetime(["2020-03-06", "2020-03-09"])
    frame = module("pandas").DataFrame({"close": [100.0, 90.0]}, index=days)
    return module("pypme").pick_prices_from_dataframe([dt.datetime(2020, 3, 8)], frame, "close")[0]  # noqa: DTZ001  (the index has no zone either)


def previous_level() -> Metric:
    """The level behind our index growth of that Sunday, read off a contribution of 90."""
    levels = [("2020-03-06", 100.0), ("2020-03-09", 90.0)]
    carried = measured("fv_contributions", [("2020-03-08", 90, 0)], [("2020-03-09", 90)], levels)
    return Metric(90.0 * 90.0 / carried.number)


_LOSS = ("2010-01-01", "2015-01-01", "2020-01-01")
_LATE_CALL = ("2010-01-01", "2013-01-01", "2015-01-01", "2020-01-01")
_NETTED = ([-100.0, 10.0, 0.0], GROWING[:3], 154.0)
_GROSS = ([100.0, 50.0, 0.0], [0.0, 60.0, 0.0], [110.0, 120.0, 154.0], GROWING[:3])
_LAST = ([-100.0, 0.0, 60.0], GROWING[:3])
_LAST_FUND = ([100.0, 0.0, 0.0], [0.0, 0.0, 60.0], [100.0, 120.0, 80.0], GROWING[:3])

_PUBLISHED = (
    ("2001-01-01", "2003-01-01", "2004-12-31", "2006-12-31", "2008-12-30", "2009-12-30"),
    [-100, -75, 100, 150, 100, 75],
)

LINES: dict[str, Line] = {
    "total-loss-dated": xirr(YEARS[:2], [-100, 0]),
    "total-loss-periodic": periodic("numpy_financial", [-100, 0, 0]),
    "two-roots-dated": xirr(YEARS[:3], [-100, 230, -132]),
    "two-roots-periodic": periodic("pyxirr", [-100, 230, -132]),
    "root-against-gain-dated": xirr(_LATE_CALL, [-100, 5, 250, -150]),
    "root-against-gain-periodic": periodic("pyxirr", [-80, 200, -5]),
    "root-against-gain-numpy": periodic("numpy_financial", [-120, 300, -120]),
    "roots-not-found": periodic("pyxirr", [-100, -100, 50, -5]),
    "double-root-numpy": periodic("numpy_financial", [-100, 220, -121]),
    "double-root-dated": xirr(YEARS[:3], [-100, 220, -121]),
    "large-amounts": xirr(_LOSS, [-1e13, 3e12, 4e12]),
    "small-amounts": xirr(_LOSS, [-1e-6, 3e-7, 4e-7]),
    "last-digits": xirr(*_PUBLISHED),
    "one-day-tenfold": xirr(("2020-01-01", "2020-01-02"), [-100, 1000]),
    "all-on-one-day": xirr(("2020-01-01", "2020-01-01"), [-100, 110]),
    "same-day-tvpi": Line(pe("tvpi", _NETTED[0], 154.0), lambda: yearly("tvpi", *_GROSS)),
    "same-day-ks": Line(pe("ks_pme", *_NETTED), lambda: yearly("ks_pme", *_GROSS)),
    "same-day-lambda": Line(
        pe("pme_plus_lambda", *_NETTED), lambda: yearly("pme_plus_lambda", *_GROSS)
    ),
    "last-flow-ln": Line(pe("ln_pme", *_LAST), lambda: yearly("ln_irr", *_LAST_FUND)),
    "last-flow-pme-plus": Line(
        pe("pme_plus", *_LAST, 80.0), lambda: yearly("pme_plus_irr", *_LAST_FUND)
    ),
    "last-flow-mpme": Line(
        pe("m_pme", *_LAST, [100.0, 120.0, 80.0]), lambda: yearly("mpme_irr", *_LAST_FUND)
    ),
    "short-ln": Line(
        pe("ln_pme", [-100.0, 180.0, 0.0], [100.0, 120.0, 130.0]),
        lambda: yearly("ln_irr", [100, 0, 0], [0, 180, 0], [100, 40, 40], [100, 120, 130]),
    ),
    "two-year-row": Line(
        pe("direct_alpha", [-100.0, 110.0], [100.0, 100.0], 0.0),
        lambda: measured(
            "direct_alpha",
            [(YEARS[0], 100, 0), (YEARS[2], 0, 110)],
            [(YEARS[2], 0)],
            [(YEARS[0], 100), (YEARS[2], 100)],
        ),
    ),
    "no-distribution": Line(
        pe("pme_plus_lambda", [-100.0, 0.0], [100.0, 110.0], 120.0),
        lambda: yearly("pme_plus_lambda", [100, 0], [0, 0], [100, 120], [100, 110]),
    ),
    "mpme-after-exit": Line(
        pe("m_pme", [-100.0, 110.0, 0.0], GROWING[:3], [100.0, 0.0, 0.0]),
        lambda: yearly("mpme_irr", [100, 0, 0], [0, 110, 0], [100, 0, 0], GROWING[:3]),
    ),
    "mpme-first-day": Line(
        pe("m_pme_2", [100.0, 0.0, 0.0], [20.0, 0.0, 0.0], GROWING[:3], [80.0, 90.0, 100.0]),
        lambda: yearly("mpme_irr", [100, 0, 0], [20, 0, 0], [80, 90, 100], GROWING[:3]),
    ),
    "index-level-zero": Line(
        pe("ks_pme", [-100.0, 150.0], [0.0, 110.0], 0.0),
        lambda: yearly("ks_pme", [100, 0], [0, 150], [100, 0], [0, 110]),
    ),
    "first-flow-received": Line(
        xpme(YEARS[:3], [10, -100], [100, 100, 110], [100, 100, 110]),
        lambda: yearly("mpme_irr", [0, 100, 0], [10, 0, 0], [0, 100, 110], [100, 100, 110]),
    ),
    "deep-loss-of-index": Line(
        xpme(("2011-01-01", "2020-01-01"), [-50], [100, 10], [100, 10]),
        lambda: measured(
            "mpme_irr",
            [("2011-01-01", 50, 0)],
            [("2020-01-01", 5)],
            [("2011-01-01", 100), ("2020-01-01", 10)],
        ),
    ),
    "written-off": Line(
        xpme(YEARS[:2], [-100], [100, 0], [100, 110]),
        lambda: yearly("mpme_irr", [100, 0], [0, 0], [100, 0], [100, 110]),
    ),
    "escrow-after-exit": Line(
        xpme(YEARS, [-100, 110, 5], [100, 110, 110, 110], GROWING),
        lambda: yearly("mpme_irr", [100, 0, 0, 0], [0, 110, 5, 0], [100, 0, 0, 0], GROWING),
    ),
    "level-of-a-sunday": Line(nearest_level, previous_level),
    "mirr-dated": Line(
        lambda: module("pyxirr").mirr([-100, 60, 60], 0.0, 0.05),
        lambda: Metric(
            mirr(
                [("2020-01-01", -100), ("2020-12-31", 60), ("2022-07-01", 60)],
                finance_rate=0.0,
                reinvest_rate=0.05,
            )
        ),
    ),
    "mirr-numpy": Line(
        lambda: module("numpy_financial").mirr([-100, 0], 0.1, 0.1),
        lambda: Metric(
            mirr([(YEARS[0], -100), (YEARS[1], 0)], finance_rate=0.1, reinvest_rate=0.1)
        ),
    ),
}
