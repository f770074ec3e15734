"""A load test from its start to its figures."""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from pmecalc.api.auth import LOCAL
from pmecalc.cli.load import children, faults, machine
from pmecalc.cli.load.first import first
from pmecalc.cli.load.levels import Load, find_target, known_questions, level, warm_up
from pmecalc.cli.load.questions import unasked
from pmecalc.service.demo import load_synthetic
from pmecalc.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pmecalc.cli.load.questions import Mix, Target


_LONGEST_ROUND_SECONDS = 1.0
_CONNECTIONS_BESIDE_USERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be tested; without an address on a service of its own."""

    users: tuple[int, ...]
    seconds: float
    mix: Mix
    funds: int
    fault: str | None = None
    address: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class _Scene:
    """Where the test plays."""

    target: Target
    load: Load
    service_core: int | None
    untouched: bool


def run(plan: Plan, *, show: Callable[[str, dict[str, Any]], None]) -> dict[str, object]:
    """All figures; `show` is told each part as soon as it is there."""
    machine.allow_descriptors(max(plan.users))
    with ExitStack() as stack:
        scene = _set(plan, stack)
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        return runner.run(_play(plan, scene, show))


def lost(figures: Mapping[str, Any]) -> int:
    """Requests without the right answer."""
    failures = [level["failures"] for level in figures["levels"]]
    table = figures.get("first")
    return sum(sum(each.values()) for each in failures) + (table["failed"] if table else 0)


def _set(plan: Plan, stack: ExitStack) -> _Scene:
    if plan.address is not None:
        target = find_target(*plan.address, funds=plan.funds)
        return _Scene(target, Load(plan.mix, plan.seconds), None, untouched=False)
    service_core, users_core = machine.cores()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pme-load-")))
    with Store.open(folder) as store:
        load_synthetic(store, LOCAL.tenant, plan.funds)
    fault = None
    if plan.fault is not None:
        fault = stack.enter_context(faults.prepared(plan.fault, core=users_core))
    most = max(plan.users) + _CONNECTIONS_BESIDE_USERS
    settings = {"PME_CONNECTIONS": str(most), **(fault.settings if fault else {})}
    port = stack.enter_context(children.service(folder, core=service_core, settings=settings))
    stack.enter_context(_kept_on(users_core))
    target = find_target("127.0.0.1", port, funds=plan.funds)
    load = Load(plan.mix, plan.seconds, fault)
    return _Scene(target, load, service_core, untouched=fault is None)


@contextmanager
def _kept_on(core: int | None) -> Iterator[None]:
    """This process on a core of its own, until the test is over."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    machine.pin(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


async def _play(
    plan: Plan, scene: _Scene, show: Callable[[str, dict[str, Any]], None]
) -> dict[str, object]:
    target, load = scene.target, scene.load
    figures: dict[str, object] = {}
    if scene.untouched:
        seconds = min(load.seconds, _LONGEST_ROUND_SECONDS)
        table = await first(target, seconds=seconds, core=scene.service_core)
        show("first", table)
        figures["first"] = table
    known = known_questions(target, load.mix)
    # The first computation of a process is slower than all others: no level begins with it.
    await warm_up(target, known if load.mix in {"hit", "mixed"} else known[:1])
    new = unasked(target)
    levels: list[dict[str, Any]] = []
    show("levels", {})
    for users in plan.users:
        levels.append(await level(target, users, load, known=known, new=new))
        show("level", levels[-1])
    show("end", {})
    figures["levels"] = levels
    return figures
