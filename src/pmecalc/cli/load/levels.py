"""Levels of load, one number of users after the other."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import date
from http.client import HTTPException
from typing import TYPE_CHECKING

from pmecalc.cli.load.children import LoadTestError
from pmecalc.cli.load.questions import Target, latest, quarterly, script
from pmecalc.cli.load.serverside import between, read_json, snapshot
from pmecalc.cli.load.tally import Tally
from pmecalc.cli.load.users import Crowd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pmecalc.cli.load.faults import Fault
    from pmecalc.cli.load.questions import Mix, Question

_WARMING_USERS = 4
_MOST_FUNDS = 1000


@dataclass(frozen=True, slots=True)
class Load:
    """How a level is loaded."""

    mix: Mix
    seconds: float
    fault: Fault | None = None


def find_target(host: str, port: int, *, funds: int) -> Target:
    """The first funds and the first benchmark of a service; LoadTestError when it has none."""
    try:
        stored = read_json(host, port, f"/v1/funds?limit={min(funds, _MOST_FUNDS)}")["items"]
        indices = read_json(host, port, "/v1/benchmarks?limit=1")["items"]
    except (OSError, HTTPException, ValueError) as error:
        raise LoadTestError(f"http://{host}:{port} does not answer: {error}") from error
    if not stored or not indices:
        raise LoadTestError(
            f"http://{host}:{port} has no fund or no benchmark to ask about; "
            "try a service started by `pme serve --demo`"
        )
    last = min([*(each["last_date"] for each in stored), indices[0]["last_date"]])
    return Target(
        host,
        port,
        tuple(each["id"] for each in stored),
        indices[0]["id"],
        date.fromisoformat(last),
    )


def known_questions(target: Target, mix: Mix) -> list[Question]:
    """The closed set that a mix draws from."""
    return quarterly(target) if mix == "zipf" else latest(target)


async def warm_up(target: Target, questions: list[Question]) -> Tally:
    """Ask each once, so that later answers are compared with the first ones."""
    async with Crowd.of(target, _WARMING_USERS) as crowd:
        return await crowd.ask_all(questions)


async def level(
    target: Target,
    users: int,
    load: Load,
    *,
    known: list[Question],
    new: Iterator[Question],
) -> dict[str, object]:
    """The figures of so many users, and with a fault those of its phases too."""
    before = snapshot(target)
    started = time.perf_counter()
    async with Crowd.of(target, users) as crowd:
        asked = script(load.mix, known, new)
        if load.fault is None:
            phases = {"up": (await crowd.ask_for(load.seconds, asked), load.seconds)}
        else:
            phases = await _in_thirds(crowd, asked, load.seconds / 3, load.fault)
        seconds = time.perf_counter() - started
    whole = _sum([tally for tally, _ in phases.values()])
    figures: dict[str, object] = {
        "users": users,
        **whole.figures(seconds),
        **between(before, snapshot(target), seconds),
    }
    if load.fault is not None:
        figures["phases"] = {name: tally.figures(took) for name, (tally, took) in phases.items()}
    return figures


async def _in_thirds(
    crowd: Crowd, asked: Iterator[Question], third: float, fault: Fault
) -> dict[str, tuple[Tally, float]]:
    """Up, fault, back; an answer counts where it arrives. Each with the seconds it took."""
    clock = time.perf_counter
    phases = {}
    crowd.begin(asked)
    for name, change in (("up", fault.begin), ("fault", fault.end)):
        started = clock()
        await asyncio.sleep(third)
        phases[name] = (crowd.turn_page(), clock() - started)
        await asyncio.to_thread(change)
    started = clock()
    await asyncio.sleep(third)
    phases["back"] = (await crowd.end(), clock() - started)
    return phases


def _sum(tallies: list[Tally]) -> Tally:
    if len(tallies) == 1:
        return tallies[0]
    whole = Tally()
    for tally in tallies:
        whole.times_ms.extend(tally.times_ms)
        whole.tiers.update(tally.tiers)
        whole.failures.update(tally.failures)
    return whole
