"""Refused credentials on their way into the audit."""

from __future__ import annotations

import asyncio
import threading

from pmecalc.api.credentials import Credentials
from pmecalc.service.executors import Executors


class WaitingKeys:
    """The part of `Keys` that notes a refusal: each note waits for the word."""

    def __init__(self) -> None:
        self.word = threading.Event()
        self.noted: list[str] = []

    def record_failure(self, _address: str, request_id: str) -> None:
        assert self.word.wait(60)
        self.noted.append(request_id)


def test_close_waits_until_every_refusal_is_noted():
    """The store closes after this: what is not noted by then is lost."""

    async def story():
        keys, credentials = WaitingKeys(), Credentials()
        credentials.use(None, keys, Executors().rest)
        for number in range(3):
            credentials.refused({"pme.address": "127.0.0.1", "pme.request_id": str(number)})
        closing = asyncio.create_task(credentials.close())
        await asyncio.sleep(0)
        assert not closing.done()
        keys.word.set()
        await closing
        return keys.noted

    assert sorted(asyncio.run(story())) == ["0", "1", "2"]
