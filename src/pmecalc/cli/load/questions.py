"""What users ask: closed sets, new questions without end, and mixtures of both."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urlencode

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Mix: TypeAlias = Literal["hit", "miss", "mixed", "zipf"]
MIXES: tuple[Mix, ...] = ("hit", "miss", "mixed", "zipf")

_VIEWS = ("irr_pme", "cashflow_overview", "pme_progression", "summary")
_QUARTER_ENDS = ("03-31", "06-30", "09-30", "12-31")
_SEED = 20260101
_ZIPF_EXPONENT = 1.1
_DRAWN_AT_ONCE = 16_384
_NEW_IN_MIXED = 10  # one question in so many is new
_LAST_YEARS = 6
_LONGEST_STALENESS = 10_000


@dataclass(slots=True, eq=False)
class Question:
    """One request, and the checksum that each answer to it must have."""

    path: str
    request: bytes
    checksum: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where to ask, and about which funds; `last` is the last day that can be valued."""

    host: str
    port: int
    funds: tuple[str, ...]
    benchmark: str
    last: date

    def question(self, view: str, fund: str, **more: object) -> Question:
        query = urlencode({"fund": fund, "benchmark": self.benchmark, **more})
        return self.asking(f"/v1/metrics/{view}?{query}")

    def asking(self, path: str) -> Question:
        """What a browser sends, as far as it matters here."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{self.port}",
            "Accept: application/json",
            "Accept-Encoding: gzip, deflate, br",
        )
        return Question(path, ("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))


def latest(target: Target) -> list[Question]:
    """Every view of every fund as it stands now: what a dashboard asks."""
    return [target.question(view, fund) for fund in target.funds for view in _VIEWS]


def quarterly(target: Target) -> list[Question]:
    """Every view of every fund at the quarter ends of the last years, the newest first."""
    days = sorted(
        (
            f"{year}-{end}"
            for year in range(target.last.year - _LAST_YEARS, target.last.year + 1)
            for end in _QUARTER_ENDS
            if f"{year}-{end}" <= target.last.isoformat()
        ),
        reverse=True,
    )
    return [
        target.question(view, fund, as_of=day)
        for day in days
        for fund in target.funds
        for view in _VIEWS
    ]


def unasked(target: Target) -> Iterator[Question]:
    """Questions that were never asked before: another day, else another staleness."""
    days = [target.last - timedelta(days=back) for back in range(365 * _LAST_YEARS)]
    combinations = itertools.product(range(_LONGEST_STALENESS, 0, -1), days, _VIEWS, target.funds)
    for staleness, day, view, fund in combinations:
        yield target.question(view, fund, as_of=day, max_staleness_days=staleness)


def script(mix: Mix, known: Sequence[Question], new: Iterator[Question]) -> Iterator[Question]:
    """What is asked, in order, by all users together."""
    if mix == "hit":
        return itertools.cycle(known)
    if mix == "miss":
        return new
    if mix == "mixed":
        return _mixed(itertools.cycle(known), new)
    return _zipf(known)


def _mixed(known: Iterator[Question], new: Iterator[Question]) -> Iterator[Question]:
    while True:
        yield from itertools.islice(known, _NEW_IN_MIXED - 1)
        yield from itertools.islice(new, 1)


def _zipf(known: Sequence[Question]) -> Iterator[Question]:
    """The k-th question is asked in proportion to 1 / k^1.1, as visits of many sites are."""
    weights = np.arange(1, len(known) + 1) ** -_ZIPF_EXPONENT
    random = np.random.default_rng(_SEED)
    order = random.permutation(len(known))
    while True:
        drawn = random.choice(order, _DRAWN_AT_ONCE, p=weights / weights.sum())
        yield from (known[place] for place in drawn.tolist())
