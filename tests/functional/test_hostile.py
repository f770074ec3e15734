"""One tenant does its worst: the other's requests are all answered, and no process ends."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import httpx2
import pytest

import hostile
from pmecalc.service.demo import load_demo
from pmecalc.service.keys import Keys
from pmecalc.store.store import Store
from pmecalc.store.values import By
from server import Server, children

SECONDS = int(os.environ.get("PME_HOSTILE_SECONDS", "600"))
SHORT_SECONDS = 8
PACE_SECONDS = 0.05
BY = By(actor="test", via="test")


@dataclass
class Times:
    """How long the answers of one kind took, and how many were none."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def p99(self) -> float:
        return quantiles(self.seconds, n=100)[98] if len(self.seconds) > 1 else 0.0


class User:
    """Asks for one answer that is kept, and for others that nobody has asked for."""

    def __init__(self, port: int, key: str, query: str) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._query = query
        self._days = itertools.count()

    async def ask(self, seconds: float) -> dict[str, Times]:
        """By kind."""
        times = {"hits": Times(), "misses": Times(), "lists": Times()}
        ends = time.monotonic() + seconds
        limits = httpx2.Limits(max_connections=20)
        async with httpx2.AsyncClient(
            base_url=self._base, headers=self._headers, timeout=120, limits=limits
        ) as client:
            await client.get(self._hit())
            makers = {"hits": self._hit, "misses": self._miss, "lists": lambda: "/v1/funds"}
            async with asyncio.TaskGroup() as group:
                for kind, make in makers.items():
                    group.create_task(self._repeat(client, times[kind], make, ends))
        return times

    async def _repeat(self, client, times, make, ends) -> None:
        while time.monotonic() < ends:
            begin = time.perf_counter()
            answer = await client.get(make())
            times.seconds.append(time.perf_counter() - begin)
            if answer.status_code != 200:
                times.failed.append(f"{answer.status_code} {answer.text[:200]}")
            await asyncio.sleep(PACE_SECONDS)

    def _hit(self) -> str:
        return f"/v1/metrics/irr_pme?{self._query}"

    def _miss(self) -> str:
        day = next(self._days)
        date = f"20{16 + day // 336 % 8}-{day // 28 % 12 + 1:02d}-{day % 28 + 1:02d}"
        return f"/v1/metrics/summary?{self._query}&as_of={date}&max_staleness_days=none"


class Memory:
    """The largest sum of what the processes of the service hold, looked at now and then."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.peak = 0

    async def watch(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(_resident, self._processes(self._pid))))
            await asyncio.sleep(0.25)

    def _processes(self, pid: int) -> list[int]:
        try:
            own = children(pid, b"")
        except (FileNotFoundError, ProcessLookupError):
            return []
        return [pid, *(each for child in own for each in self._processes(child))]


def _resident(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def stocked(folder: Path) -> dict[str, tuple[str, str, str]]:
    """Two tenants with the demo funds: a key, a fund and the index of each."""
    found = {}
    with Store.open(folder) as store:
        for tenant in ("alpha", "beta"):
            key = Keys(store).create(tenant, role="analyst", name="all", by=BY).text
            load_demo(store, tenant)
            fund = store.datasets(tenant, "fund").items[0].id
            found[tenant] = key, fund, store.datasets(tenant, "benchmark").items[0].id
    return found


async def besieged(server: Server, tenants, seconds: float):
    """The other tenant's times alone and beside the attack, what was sent, and the memory."""
    key, fund, index = tenants["beta"]
    user = User(server.port, key, f"fund={fund}&benchmark={index}")
    alone = await user.ask(max(seconds / 10, 3))
    memory = Memory(server.pid)
    watching = asyncio.create_task(memory.watch())
    attack = await asyncio.create_subprocess_exec(
        *(sys.executable, hostile.__file__, str(server.port), *tenants["alpha"]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    beside = await user.ask(seconds)
    sent, _ = await attack.communicate(b"")
    watching.cancel()
    return alone, beside, json.loads(sent), memory.peak


def run(folder: Path, seconds: float) -> None:
    tenants = stocked(folder)
    started = {"PME_MODE": "key", "PME_COMPUTE": "process", "PME_WARM_ENGINE": "true"}
    with Server(folder, environment=started) as server:
        workers = server.workers()
        alone, beside, sent, peak = asyncio.run(besieged(server, tenants, seconds))
        assert server.workers() == workers, "a worker was restarted"
        print("\nsent:", " ".join(f"{name} {count}" for name, count in sorted(sent.items())))
        for kind, times in beside.items():
            ratio = times.p99 / alone[kind].p99
            print(
                f"{kind}: {len(times.seconds)} answered, {len(times.failed)} failed, p99 "
                f"{times.p99 * 1000:.1f} ms beside the attack, {alone[kind].p99 * 1000:.1f} ms "
                f"alone, ratio {ratio:.1f}"
            )
        print(f"peak memory of all processes: {peak / 2**20:.0f} MiB")
        for times in (*alone.values(), *beside.values()):
            assert times.failed == []
            assert times.seconds
        assert all(sent.values())


def test_the_other_tenant_is_answered(tmp_path):
    """The whole set of hostile requests, a few seconds long."""
    run(tmp_path / "data", SHORT_SECONDS)


@pytest.mark.soak
def test_the_other_tenant_is_answered_for_ten_minutes(tmp_path):
    """The same, ten minutes long (`make soak-hostile`)."""
    run(tmp_path / "data", SECONDS)
