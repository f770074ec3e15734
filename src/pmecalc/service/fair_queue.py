"""A queue for a few places in which tenants take turns."""

from __future__ import annotations

import asyncio
from collections import deque


class FairQueue:
    """Lets a number of holders in at once; the others wait, and waiting tenants take turns.

    Its methods belong to the event loop's thread.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # the next tenant first

    async def enter(self, tenant: str) -> None:
        """Wait for a place; `leave` must follow, unless this is cancelled."""
        if self._free:  # then nobody waits
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(tenant, turn)
            else:  # the place was given in the same moment
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place to the next tenant that waits."""
        turn = self._next()
        if turn is None:
            self._free += 1
        else:
            turn.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        """The oldest wait of the next tenant, which goes to the end of the turns."""
        while self._waiting:
            tenant = next(iter(self._waiting))
            turns = self._waiting.pop(tenant)
            turn = turns.popleft()
            if turns:
                self._waiting[tenant] = turns
            if not turn.cancelled():
                return turn
        return None

    def _forget(self, tenant: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(tenant)
        if turns is None or turn not in turns:
            return
        turns.remove(turn)
        if not turns:
            del self._waiting[tenant]
