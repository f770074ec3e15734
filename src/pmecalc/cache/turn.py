"""What one turn of the loop asks for: a key once, the keys of a shard in one round trip."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Iterator, Sequence

# A reply of more keys would keep the first of them waiting for the last.
KEYS_A_TRIP = 32


class Silence(Enum):
    """What is answered when no answer came: a missing key is another matter."""

    NO_ANSWER = "no answer"


NO_ANSWER: Final = Silence.NO_ANSWER

Answer: TypeAlias = bytes | Silence | None


@dataclass(slots=True)
class _Asked:
    answer: asyncio.Future[Answer]
    until: float


class Turn:
    """`fetch` makes one round trip for keys of one shard, given until when somebody waits.

    It returns their values in order, or None when no answer came.
    """

    def __init__(
        self,
        fetch: Callable[
            [Sequence[str], float], Coroutine[None, None, Sequence[bytes | None] | None]
        ],
        *,
        shard_of: Callable[[str], Hashable],
    ) -> None:
        self._fetch = fetch
        self._shard_of = shard_of
        self._asked: dict[str, _Asked] = {}
        self._trips: set[asyncio.Task[None]] = set()

    async def ask(self, key: str, *, until: float) -> Answer:
        """The value of the key, waited for until a moment of the loop's clock."""
        asked = self._join(key, until)
        try:
            async with asyncio.timeout_at(until):
                # One waiter who goes must not take the answer from the others.
                return await asyncio.shield(asked.answer)
        except TimeoutError:
            return NO_ANSWER

    async def close(self) -> None:
        """Ends what is under way; its waiters get no answer."""
        for trip in self._trips:
            trip.cancel()
        await asyncio.gather(*self._trips, return_exceptions=True)

    def _join(self, key: str, until: float) -> _Asked:
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._leave)
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = _Asked(loop.create_future(), until)
        asked.until = max(asked.until, until)
        return asked

    def _leave(self) -> None:
        asked, self._asked = self._asked, {}
        for keys in self._shares(asked):
            trip = asyncio.create_task(self._travel({key: asked[key] for key in keys}))
            self._trips.add(trip)
            trip.add_done_callback(self._trips.discard)

    def _shares(self, keys: dict[str, _Asked]) -> Iterator[list[str]]:
        shards: dict[Hashable, list[str]] = {}
        for key in keys:
            shards.setdefault(self._shard_of(key), []).append(key)
        for shard in shards.values():
            for first in range(0, len(shard), KEYS_A_TRIP):
                yield shard[first : first + KEYS_A_TRIP]

    async def _travel(self, asked: dict[str, _Asked]) -> None:
        values = None
        try:
            values = await self._fetch(list(asked), max(each.until for each in asked.values()))
        finally:
            answers = [NO_ANSWER] * len(asked) if values is None else values
            for each, answer in zip(asked.values(), answers, strict=True):
                each.answer.set_result(answer)
