"""What the reading path asks of a tier that processes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pmecalc.cache.budget import Budget


class SharedTier(Protocol):
    """Four verbs on bytes, and counters. It never raises; it may always say None or False."""

    async def get(self, key: str, *, budget: Budget | None = None) -> bytes | None: ...
    async def set(self, key: str, value: bytes, *, ttl_seconds: float) -> bool: ...
    async def delete(self, key: str) -> bool: ...
    async def close(self) -> None: ...
    def stats(self) -> dict[str, object]: ...
