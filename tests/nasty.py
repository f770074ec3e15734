"""Random streams, ordinary and nasty, as ragged arrays."""

from __future__ import annotations

import numpy as np

KINDS = (
    "ordinary",
    "noisy",
    "total_loss",
    "only_positive",
    "no_flows",
    "zero_duration",
    "planted_roots",
    "no_root",
    "near_double",
    "one_day",
    "overflow",
    "same_days",
    "near_loss",
    "reversed",
)


def streams(rng, count, *, scale=1.0):
    """`count` streams of every kind in turn: pointers, days (int32), amounts."""
    made = [_stream(rng, KINDS[i % len(KINDS)]) for i in range(count)]
    pointers = np.concatenate([[0], np.cumsum([len(days) for days, _ in made])])
    days = np.concatenate([days for days, _ in made]).astype(np.int32)
    return pointers, days, np.concatenate([amounts for _, amounts in made]) * scale


def _stream(rng, kind):
    n = int(rng.integers(2, 40))
    days = 12000 + np.sort(rng.choice(np.arange(1, 5000), n, replace=False))
    return _MAKERS[kind](rng, days)


def _ordinary(rng, days):
    share = (days - days[0]) / (days[-1] - days[0])
    paid = rng.random(len(days)) > share * 1.4
    paid[0], paid[-1] = True, False
    size = rng.lognormal(0, 0.8, len(days))
    discount = np.exp(-rng.normal(0.1, 0.12) * (days - days[0]) / 365)
    gain = size * discount
    factor = gain[paid].sum() / gain[~paid].sum()
    return days, np.where(paid, -size, size * factor)


def _noisy(rng, days):
    return days, np.round(rng.normal(0, 100, len(days)), 2)


def _planted(rng, days):
    """Rates of 10, 20 and sometimes 50 % on whole years."""
    poly = np.array([-1.0])
    for rate in rng.choice([0.1, 0.2, 0.5, 0.9], rng.integers(2, 4), replace=False):
        poly = np.convolve(poly, [1.0, -1.0 - rate])
    return days[0] + 365 * np.arange(len(poly)), poly * rng.uniform(1, 1000)


def _no_root(rng, days):
    middle = rng.uniform(0.1, 1.9)
    return days[0] + np.array([0, 365, 730]), np.array([-1.0, middle, -1.0]) * rng.uniform(1, 9)


def _near_double(rng, days):
    rate = rng.uniform(1.01, 1.5)
    nudge = rng.choice([0.0, 1e-15, -1e-15, 1e-12, -1e-12, 1e-9, -1e-9, 1e-6, -1e-6])
    amounts = np.array([-1.0, 2 * rate * (1 + nudge), -(rate**2)]) * rng.uniform(1, 100)
    return days[0] + np.array([0, 365, 730]), amounts


def _one_day(rng, days):
    return days[0] + np.array([0, 1]), np.array([-1.0, rng.uniform(0.9, 1.1)])


def _overflow(rng, days):
    return days[0] + np.array([0, 1]), np.array([-1.0, rng.uniform(1, 1e3)])


def _same_days(rng, days):
    """Rows of one day, some of which cancel to rounding."""
    days, amounts = _ordinary(rng, days)
    extra = rng.normal(0, 1, len(days))
    cancelled = np.where(rng.random(len(days)) < 0.3, -amounts - extra, 0.0)
    return np.repeat(days, 3), np.column_stack([amounts, extra, cancelled]).ravel()


def _near_loss(rng, days):
    days, amounts = _ordinary(rng, days)
    return days, np.where(amounts > 0, amounts * 10.0 ** -rng.uniform(2, 14), amounts)


_MAKERS = {
    "ordinary": _ordinary,
    "noisy": _noisy,
    "total_loss": lambda rng, days: (days, -rng.uniform(1, 9, len(days))),
    "only_positive": lambda rng, days: (days, rng.uniform(1, 9, len(days))),
    "no_flows": lambda _rng, days: (days, np.zeros(len(days))),
    "zero_duration": lambda rng, days: (np.repeat(days[0], 2), rng.normal(0, 1, 2)),
    "planted_roots": _planted,
    "no_root": _no_root,
    "near_double": _near_double,
    "one_day": _one_day,
    "overflow": _overflow,
    "same_days": _same_days,
    "near_loss": _near_loss,
    "reversed": lambda rng, days: (days, -_ordinary(rng, days)[1]),
}


def funds(rng, count):
    """`count` funds of many kinds and a daily index, as the arrays of a file."""
    made = [_fund(rng, place % 10) for place in range(count)]
    columns = [np.concatenate(parts) for parts in zip(*made, strict=True)]
    levels = np.exp(np.cumsum(rng.normal(0.0004, 0.01, 6000)))
    return {
        "pointers": _ends(made, 0),
        "days": columns[0].astype(np.int32),
        "contributions": columns[1],
        "distributions": columns[2],
        "nav_pointers": _ends(made, 3),
        "nav_days": columns[3].astype(np.int32),
        "navs": columns[4],
        "commitments": np.where(np.arange(count) % 2, 500.0, np.nan),
        "levels": np.column_stack([np.arange(10950, 16950), levels]),
    }


def _ends(made, column):
    return np.concatenate([[0], np.cumsum([len(parts[column]) for parts in made])])


def _fund(rng, kind):
    """Kinds: nothing paid, nothing back, nothing at all, one day, rich, poor, no NAV, closed."""
    n = int(rng.integers(1, 50))
    days = 11000 + np.sort(rng.integers(0, 4000, n))
    paid = np.where(rng.random(n) < 0.6, rng.lognormal(3, 1, n), 0.0)
    received = np.where(rng.random(n) < 0.5, rng.lognormal(3.2, 1, n), 0.0)
    paid *= kind not in {1, 3}
    received *= {2: 0.0, 3: 0.0, 5: 3.0, 6: 0.01}.get(kind, 1.0)
    if kind == 4:
        days[:] = days[0]
    nav_days = np.unique(11000 + rng.integers(0, 4500, rng.integers(0, 20)))
    if kind == 7:
        nav_days = nav_days[:0]
    navs = np.maximum(rng.normal(300, 200, len(nav_days)), 0.0) * (kind != 8)
    return days, paid, received, nav_days, navs
