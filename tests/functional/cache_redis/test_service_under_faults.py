"""The whole service with Redis behind a bad wire: every answer of /v1/metrics is 200."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date, timedelta

import httpx2
import pytest

from fakes import PATIENCE_SECONDS
from fault_proxy import FAULTS, FaultProxy
from server import Server

USERS = 10
FIRST_DAY = date(2015, 1, 1)


class Service:
    """Ten users of a service; no question is asked twice, so each of them is Redis's to answer."""

    def __init__(self, client: httpx2.AsyncClient, fund: str) -> None:
        self._client = client
        self._fund = fund
        self._days = iter(FIRST_DAY + timedelta(days=number) for number in range(4000))
        self.statuses: Counter[int] = Counter()

    async def ask(self, times: int) -> None:
        """Each user asks so many questions."""
        for _ in range(times):
            await asyncio.gather(*(self._ask() for _ in range(USERS)))

    async def ask_until_redis_answers(self) -> None:
        """A minute at most."""
        before = await self._answered_by_redis()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._answered_by_redis() == before:
                await self.ask(1)
                await asyncio.sleep(0.2)

    async def redis(self) -> dict[str, int]:
        return (await self._client.get("/v1/system/cache")).json()["redis"]

    async def _ask(self) -> None:
        question = {"fund": self._fund, "as_of": next(self._days).isoformat()}
        answer = await self._client.get("/v1/metrics/cashflow_overview", params=question)
        self.statuses[answer.status_code] += 1

    async def _answered_by_redis(self) -> int:
        redis = await self.redis()
        return redis["hits"] + redis["misses"]


async def through_faults(url: str, proxy: FaultProxy, faults, times: int) -> Service:
    async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client:
        fund = (await client.get("/v1/funds")).json()["items"][0]["id"]
        service = Service(client, fund)
        await service.ask_until_redis_answers()
        for fault in faults:
            await asyncio.to_thread(fault, proxy)
            await service.ask(times)
            await asyncio.to_thread(proxy.heal)
            await service.ask_until_redis_answers()
        redis = await service.redis()
    assert set(service.statuses) == {200}
    assert redis["waits"] > 0
    assert redis["waits_over_budget"] == 0
    return service


@pytest.mark.parametrize(
    ("faults", "times"),
    [
        ([FAULTS["half-open"], FAULTS["cut"]], 3),
        pytest.param([*FAULTS.values()], 30, marks=pytest.mark.soak),
    ],
    ids=["two", "all"],
)
def test_faults_in_turn_are_noticed_by_nobody(tmp_path, proxy, faults, times, capsys):
    """One fault after another: each answer 200, no wait over budget, Redis used after each."""
    environment = {"PME_REDIS_URL": proxy.url}
    with Server(tmp_path / "data", "--demo", environment=environment) as server:
        service = asyncio.run(through_faults(server.url, proxy, faults, times))
        assert "Traceback" not in server.output
    with capsys.disabled():
        print(f"\n{len(faults)} faults, {service.statuses[200]} answers, all of them 200")
