from __future__ import annotations

import asyncio

import pytest

from fakes import until
from pmecalc.core.errors import StoreError
from pmecalc.service.executors import Executors
from pmecalc.service.upkeep import keep


class CountingStore:
    """A store that counts how often it is tended, and fails the first time."""

    def __init__(self, error=None):
        self.tended = 0
        self.error = error or StoreError("busy")

    def tend(self):
        self.tended += 1
        if self.tended == 1:
            raise self.error


@pytest.mark.parametrize("error", [StoreError("busy"), IsADirectoryError("tmp/1-a")])
def test_upkeep_goes_on_until_it_ends(error, caplog):
    """A pass that fails is not the last one; the end comes at once and leaves no pass running."""
    store = CountingStore(error)

    async def serve():
        ended = asyncio.Event()
        task = asyncio.create_task(keep(store, ended, Executors().rest, every_seconds=0.001))
        await until(lambda: store.tended > 2)
        ended.set()
        await task

    asyncio.run(serve())
    assert store.tended > 2
    assert sum(line.startswith("upkeep: ") for line in caplog.messages) >= 1


def test_end_does_not_wait_for_the_minute():
    """A server that ends at once tended nothing."""
    store = CountingStore()

    async def serve():
        ended = asyncio.Event()
        task = asyncio.create_task(keep(store, ended, Executors().rest))
        ended.set()
        await asyncio.wait_for(task, 30)

    asyncio.run(serve())
    assert store.tended == 0
