"""An answer is made for as long as its client is there."""

from __future__ import annotations

import asyncio

import pytest

from pmecalc.api.connected import ClientLeftError, while_connected


def receiver(*kinds):
    """Messages, then silence."""
    left = list(kinds)

    async def receive():
        if not left:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return {"type": left.pop(0)}

    return receive


def test_a_client_that_leaves_ends_its_answer():
    """The answer is cancelled where it waits."""

    async def story():
        ended = []

        async def answer():
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        with pytest.raises(ClientLeftError):
            await while_connected(receiver("http.request", "http.disconnect"), answer())
        await asyncio.sleep(0)
        assert ended == [True]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(story())


def test_a_client_that_stays_gets_its_answer_or_its_error():
    """Nothing is left over afterwards."""

    async def story():
        async def answer(error=None):
            await asyncio.sleep(0)
            if error is not None:
                raise error
            return 7

        assert await while_connected(receiver("http.request"), answer()) == 7
        with pytest.raises(LookupError):
            await while_connected(receiver("http.request"), answer(LookupError()))
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(story())


def test_a_cancelled_request_cancels_its_answer():
    """The answer ends with the request."""

    async def story():
        request = asyncio.create_task(while_connected(receiver(), asyncio.Event().wait()))
        await asyncio.sleep(0)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(story())
