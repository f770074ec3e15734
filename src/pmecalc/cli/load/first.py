"""The table of first and later requests, each row beside what has to be beaten."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from pmecalc.cli.load import children
from pmecalc.cli.load.questions import latest, quarterly, script
from pmecalc.cli.load.serverside import read_body
from pmecalc.cli.load.users import Crowd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.cli.load.questions import Question, Target
    from pmecalc.cli.load.tally import Tally

_LATER_ROUNDS = 5
_ROUNDS_BESIDE_BARE = 3
_WARMING_USERS = 4
_SIZES_READ = 16
_MOST_WARMED = 400
_ENCODING = "br, gzip"


async def first(target: Target, *, seconds: float, core: int | None) -> dict[str, object]:
    """On a service that was asked nothing yet; rates are taken over rounds of `seconds`."""
    asked = latest(target)
    async with Crowd.of(target, 1) as one:
        uncached = await one.ask_all(asked)
        cached = await one.ask_all(asked * _LATER_ROUNDS)
    async with Crowd.of(target, 10) as ten:
        fifty_requests = await ten.ask_all((asked * 50)[:50])
    return {
        "failed": sum(tally.lost for tally in (uncached, cached, fifty_requests)),
        "first_of_all_ms": round(uncached.times_ms[0], 3) if uncached.times_ms else None,
        "uncached": uncached.figures(_seconds(uncached)),
        "cached": cached.figures(_seconds(cached)),
        "uncached_to_cached": _ratio(uncached, cached),
        "ten_users": fifty_requests.figures(_seconds(fifty_requests) / 10),
        "fifty_users": await _beside_bare(target, asked, seconds=seconds, core=core),
        "after_warm_up": await _after_warm_up(target, seconds=seconds),
    }


async def _beside_bare(
    target: Target, asked: list[Question], *, seconds: float, core: int | None
) -> dict[str, float | int | None]:
    """Fifty users at ours and at constant bytes of equal size, in turn, on the same core."""
    sizes = [
        len(read_body(target.host, target.port, question.path, encoding=_ENCODING))
        for question in asked[:_SIZES_READ]
    ]
    ours, bare = [], []
    with ExitStack() as stack:
        port = stack.enter_context(children.bare_server(round(fmean(sizes)), core=core))
        other = replace(target, host="127.0.0.1", port=port)
        constant = [other.asking("/")]
        for _ in range(_ROUNDS_BESIDE_BARE):
            ours.append(await _rate(target, asked, seconds))
            bare.append(await _rate(other, constant, seconds))
    return {
        "requests_per_s": median(ours),
        "bare_requests_per_s": median(bare),
        "ratio": round(median(ours) / median(bare), 3) if median(bare) else None,
        "bytes": round(fmean(sizes)),
    }


async def _rate(target: Target, asked: Sequence[Question], seconds: float) -> float:
    async with Crowd.of(target, 50) as crowd:
        tally = await crowd.ask_for(seconds, script("hit", asked, iter(())))
    return round(len(tally.times_ms) / seconds, 1)


async def _after_warm_up(target: Target, *, seconds: float) -> dict[str, dict[str, object]]:
    """Every question of a larger set once, then all of them as Zipf would have it."""
    known = quarterly(target)[:_MOST_WARMED]
    async with Crowd.of(target, _WARMING_USERS) as crowd:
        await crowd.ask_all(known)
    found = {}
    for users in (50, 200):
        async with Crowd.of(target, users) as crowd:
            tally = await crowd.ask_for(seconds, script("zipf", known, iter(())))
        found[str(users)] = tally.figures(seconds)
    return found


def _ratio(uncached: Tally, cached: Tally) -> float | None:
    if not uncached.times_ms or not cached.times_ms:
        return None
    return round(fmean(uncached.times_ms) / fmean(cached.times_ms), 1)


def _seconds(tally: Tally) -> float:
    return sum(tally.times_ms) / 1000
