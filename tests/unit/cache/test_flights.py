"""Single flight: shared while under way, forgotten when landed."""

from __future__ import annotations

import asyncio

import pytest

from pmecalc.cache.flights import Flights


def test_a_landed_flight_is_not_joined():
    """The next request after the landing starts a flight of its own."""

    async def story():
        flights, starts = Flights(), []

        async def fly():
            starts.append(1)
            await asyncio.sleep(0)
            return len(starts)

        both = await asyncio.gather(flights.share("k", fly), flights.share("k", fly))
        assert both == [(1, False), (1, True)]
        assert await flights.share("k", fly) == (2, False)
        assert len(flights) == 0

    asyncio.run(story())


def test_landing_is_bounded():
    """A flight that does not end is cancelled after the patience, and its waiter is told."""

    async def story():
        flights = Flights()
        waiter = asyncio.create_task(flights.share("k", asyncio.Event().wait))
        await asyncio.sleep(0)
        await asyncio.wait_for(flights.land(patience_seconds=0.01), timeout=30)
        with pytest.raises(asyncio.CancelledError):
            await waiter
        await flights.land(patience_seconds=0.01)

    asyncio.run(story())
