"""Two tenants in one process: they neither see nor starve each other (CACHE 12: C8, C11)."""

from __future__ import annotations

import asyncio
import os
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable

import pytest

from fakes import FakeTier
from pmecalc.api.fast_lane import Hits
from pmecalc.cache.cache import Cache
from pmecalc.cache.entry import finish
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.memory import MemoryTier
from pmecalc.service.analyses import Analyses
from pmecalc.service.executors import Executors
from pmecalc.store.store import Store
from server import private_bytes
from unit.store.samples import new_benchmark, new_fund

TENANTS = ("ours", "theirs")
NAMES = ("Alpha", "Beta")
DATES = [f"{year}-{day}" for year in range(2014, 2018) for day in ("06-30", "12-31")]
REQUESTS = 100_000


def memory_of(max_bytes: int) -> MemoryTier:
    return MemoryTier(max_bytes, size_of=lambda entry: entry.size)


def stored(store: Store, *, scales: dict[str, float]) -> dict[str, str]:
    """The same names in both tenants; which fund is whose, by id."""
    owners = {}
    for tenant, scale in scales.items():
        funds = [new_fund(name, scale=scale * n) for n, name in enumerate(NAMES, 1)]
        committed = store.commit(tenant, [*funds, new_benchmark()], actor="test")
        owners |= {each.id: tenant for each in committed.items if each.kind == "fund"}
    return owners


def addresses(owners: dict[str, str]) -> list[tuple[str, str, bytes]]:
    """Every question that each tenant can ask of its own funds."""
    return [
        (tenant, path, f"fund={fund}&as_of={day}&max_staleness_days=none".encode())
        for fund, tenant in owners.items()
        for path in ("/v1/metrics/summary", "/v1/metrics/cashflow_overview")
        for day in DATES
    ]


def test_the_same_files_of_two_tenants_have_different_keys(tmp_path):
    """Equal names, equal content: no key in common, and nobody finds the other's fund."""
    with Store.open(tmp_path) as store:
        owners = stored(store, scales=dict.fromkeys(TENANTS, 1.0))
        hits = Hits(Analyses(store, Cache(memory_of(1 << 20)), Executors()))
        asked = addresses(owners)
        own = {tenant: hits.pinned(tenant, path, query) for tenant, path, query in asked}
        assert own["ours"].fund_revision == own["theirs"].fund_revision
        assert own["ours"].key.text != own["theirs"].key.text
        assert own["ours"].key.digest != own["theirs"].key.digest
        crossed = [
            hits.pinned(next(each for each in TENANTS if each != tenant), path, query)
            for tenant, path, query in asked
        ]
        assert crossed == [None] * len(asked)


def test_no_request_of_two_tenants_crosses(tmp_path):
    """C8: 100 000 random requests through lane, memory, Redis and computation; 0 crossed."""

    async def story(store: Store) -> None:
        owners = stored(store, scales={"ours": 1.0, "theirs": 3.0})
        tier = FakeTier()
        first = Cache(memory_of(1 << 24))
        truth = await answers(store, first, addresses(owners))
        assert len(set(truth.values())) == len(truth)
        cache = Cache(memory_of(int(0.97 * first.stats()["memory"]["bytes"])), tier)
        analyses = Analyses(store, cache, Executors())
        hits, asked, chance = Hits(analyses), list(truth), random.Random(8)  # noqa: S311
        seen, crossed = Counter(), 0
        for _ in range(REQUESTS):
            address = chance.choice(asked)
            pinned = hits.pinned(*address) or await asked_slowly(analyses, hits, address)
            entry, outcome = hits.entry(pinned), "lane"
            if entry is None:
                result = await analyses.answer(pinned)
                entry, outcome = result.entry, result.outcome
            seen[outcome] += 1
            crossed += entry.body != truth[address] or entry.digest != pinned.key.digest
        await first.close()
        await cache.close()
        print(f"\n{REQUESTS} requests of two tenants: {dict(seen)}, crossed {crossed}")
        assert crossed == 0
        assert min(seen["lane"], seen["redis"], seen["computed"]) > 0

    with Store.open(tmp_path) as store:
        asyncio.run(story(store))


async def asked_slowly(analyses: Analyses, hits: Hits, address):
    """What the route does: look up the default benchmark, then pin."""
    return await analyses.pin(address[0], hits._questions(*address[1:]))


async def answers(store, cache, asked) -> dict[tuple[str, str, bytes], bytes]:
    """The body of each address, computed."""
    analyses = Analyses(store, cache, Executors())
    hits = Hits(analyses)
    bodies = {}
    for address in asked:
        pinned = await asked_slowly(analyses, hits, address)
        bodies[address] = (await analyses.answer(pinned)).entry.body
        assert hits.pinned(*address) is not None
    return bodies


def entry_of(tenant: str, number: int, body: bytes):
    key = make_cache_key("v", {"n": number}, scope=Scope(tenant, ("d",), ("r" * 64,), 1))
    return key, finish(body, key=key, created=0.0)


def hit_ratio(memory: MemoryTier, *, flood: int, every: int, body_bytes: int) -> float:
    """Of the quiet tenant, whose answers take a quarter of the memory, while another floods."""
    chance = random.Random(11)  # noqa: S311  (a seed)
    quiet = []
    while sum(entry.size for _, entry in quiet) < memory.stats()["max_bytes"] / 4:
        quiet.append(entry_of("quiet", len(quiet), chance.randbytes(body_bytes)))
    hits = asked = 0
    for number in range(flood):
        if every:
            key, entry = entry_of("flood", number, chance.randbytes(1 + number % body_bytes))
            memory.keep(key.text, entry, ttl_seconds=300, owner=key.tenant)
        if number % max(every, 1) == 0:
            key, entry = quiet[int(len(quiet) * chance.random() ** 2)]
            asked += 1
            if memory.get(key.text) is None:
                memory.keep(key.text, entry, ttl_seconds=300, owner=key.tenant)
            else:
                hits += 1
    return hits / asked


def flooded(flood: int, max_bytes: int, body_bytes: int, *, taken: Callable[[], int]) -> None:
    """Flood a memory; `taken` says how many bytes this process has taken."""
    every = 4
    calm = hit_ratio(memory_of(max_bytes), flood=flood // every, every=0, body_bytes=body_bytes)
    memory, before = memory_of(max_bytes), taken()
    ratio = hit_ratio(memory, flood=flood, every=every, body_bytes=body_bytes)
    grown, stats = taken() - before, memory.stats()
    print(
        f"\n{flood:,} distinct keys of one tenant: {stats['bytes']:,} of {max_bytes:,} bytes held, "
        f"{grown:,} more taken; the other tenant's hit ratio {calm:.4f} -> {ratio:.4f}"
    )
    assert stats["bytes"] <= max_bytes
    assert ratio >= calm - 0.02
    assert grown <= 1.25 * max_bytes + (16 << 20)


def test_a_flood_of_one_tenant_is_bounded_and_hurts_nobody():
    """C11, short form: 8 000 distinct keys; bytes bounded, the other's hits fall <= 2 points.

    What is taken is counted by the interpreter, not read from the machine.
    """
    tracemalloc.start()
    try:
        flooded(8_000, 4 << 20, body_bytes=400, taken=lambda: tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()


@pytest.mark.soak
def test_a_million_keys_of_one_tenant_are_bounded_and_hurt_nobody():
    """C11: 1 000 000 distinct keys against the default memory; private memory grows no more."""
    keys = int(os.environ.get("PME_FLOOD_KEYS", "1000000"))
    flooded(keys, 256 << 20, body_bytes=4000, taken=private_bytes)
