"""The shared tier: every call has its deadline, budget, breaker and counters, and none raises."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from pmecalc.cache.breaker import Breaker, ProbePauses
from pmecalc.cache.budget import Budget
from pmecalc.cache.line import Line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

POOL_SIZE = 20
BUDGET_SECONDS = 0.050
DEADLINE_SECONDS = 0.025
HEALTH_CHECK_SECONDS = 15
LONGEST_TTL_SECONDS = 24 * 3600.0

# Connecting may take two deadlines. Nobody waits for writes and probes: they may connect, then ask.
_DEADLINES_TO_CONNECT = 2
_DEADLINES_IN_BACKGROUND = 3
_BACKGROUND_PATIENCE_SECONDS = 1.0
_PROBE_KEY = "pme:v1:probe"
_PROBE_TTL_MS = 1000
_WRITES_REFUSED = ("NOREPLICAS", "MISCONF")

_AnswerT = TypeVar("_AnswerT")

_log = logging.getLogger(__name__)


class RedisClient(Protocol):
    """What this tier needs of `redis.asyncio.Redis`."""

    def get(self, name: str, /) -> Awaitable[object]: ...
    def set(self, name: str, value: bytes, /, *, px: int) -> Awaitable[object]: ...
    def delete(self, name: str, /) -> Awaitable[object]: ...
    def aclose(self) -> Awaitable[None]: ...


class RedisTier:
    """Four verbs on bytes over one client; a background probe runs while a breaker is open."""

    def __init__(
        self,
        client: RedisClient,
        *,
        pool_size: int = POOL_SIZE,
        deadline_seconds: float = DEADLINE_SECONDS,
        pauses: ProbePauses | None = None,
    ) -> None:
        self._client = client
        self._deadline_seconds = deadline_seconds
        self._background_seconds = _DEADLINES_IN_BACKGROUND * deadline_seconds
        self._line = Line(pool_size)
        self._reads = _Side("reads", Breaker(pauses=pauses or ProbePauses()), self._probe_read)
        self._writes = _Side("writes", Breaker(pauses=pauses or ProbePauses()), self._probe_write)
        self._prober: asyncio.Task[None] | None = None
        self._counts: Counter[str] = Counter()

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        pool_size: int = POOL_SIZE,
        deadline_seconds: float = DEADLINE_SECONDS,
        pauses: ProbePauses | None = None,
    ) -> RedisTier:
        """A tier on a standalone Redis; it connects at the first use, not here."""
        client = _client_from_url(url, pool_size, deadline_seconds)
        return cls(client, pool_size=pool_size, deadline_seconds=deadline_seconds, pauses=pauses)

    async def greet(self) -> None:
        """Ask once at the start, and say in a sentence if nobody answers."""
        patience = Budget(_BACKGROUND_PATIENCE_SECONDS)
        try:
            await self._ask(self._reads, self._probe_read, patience, self._background_seconds)
        except _NoAnswerError:
            _log.warning("redis does not answer; answers are kept in memory until it does")

    async def get(self, key: str, *, budget: Budget | None = None) -> bytes | None:
        """The stored bytes; None when there are none, or when no answer came in time."""
        budget = budget or Budget(BUDGET_SECONDS)
        try:
            with self._line.charged(budget):
                value = await self._ask(
                    self._reads, lambda: self._client.get(key), budget, self._deadline_seconds
                )
        except _NoAnswerError:
            return None
        if not isinstance(value, bytes):
            self._counts["misses"] += 1
            return None
        self._counts["hits"] += 1
        return value

    async def set(self, key: str, value: bytes, *, ttl_seconds: float) -> bool:
        """Store for at most a day; False when it was not taken."""
        px = max(1, int(1000 * min(ttl_seconds, LONGEST_TTL_SECONDS)))
        return await self._write(lambda: self._client.set(key, value, px=px))

    async def delete(self, key: str) -> bool:
        """False when no answer came."""
        return await self._write(lambda: self._client.delete(key))

    async def close(self) -> None:
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
        try:
            async with asyncio.timeout(_BACKGROUND_PATIENCE_SECONDS):
                await self._client.aclose()
        except (RedisError, OSError) as error:
            _log.info("redis was not closed cleanly: %s", type(error).__name__)

    def stats(self) -> dict[str, object]:
        """Counters only."""
        names = ("hits", "misses", "round_trips", "failures", "timeouts", "lagged", "skipped")
        return {
            "state": "open" if self._reads.breaker.is_open else "closed",
            **{name: self._counts[name] for name in (*names, "probes")},
            **self._line.stats(),
            "breakers": {side.name: side.stats() for side in (self._reads, self._writes)},
        }

    async def _write(self, command: Callable[[], Awaitable[object]]) -> bool:
        patience = Budget(_BACKGROUND_PATIENCE_SECONDS)
        try:
            await self._ask(self._writes, command, patience, self._background_seconds)
        except _NoAnswerError:
            return False
        return True

    async def _ask(
        self,
        side: _Side,
        command: Callable[[], Awaitable[_AnswerT]],
        budget: Budget,
        deadline_seconds: float,
    ) -> _AnswerT:
        """The answer to one command, or _NoAnswerError: counted, and told to the breaker."""
        clock = asyncio.get_running_loop().time
        self._check_may_ask(side, budget)
        started, until = clock(), clock() + budget.left_seconds
        granted = 0.0
        try:
            async with asyncio.timeout_at(until) as limit, self._line.place():
                # Others may have opened the breaker while this call stood in line.
                self._check_may_ask(side, budget)
                granted = min(deadline_seconds, until - clock())
                limit.reschedule(clock() + granted)
                self._counts["round_trips"] += 1
                answer = await command()
        except _NoAnswerError:
            raise
        except (TimeoutError, RedisTimeoutError) as error:
            self._counts["timeouts"] += 1
            if self._line.lag.late_since(started):
                self._counts["lagged"] += 1
            elif granted >= deadline_seconds:
                self._fail(side, error)
            raise _NoAnswerError from None
        except Exception as error:  # noqa: BLE001  (a client or server gone wrong is a miss)
            self._fail(side, error)
            raise _NoAnswerError from None
        side.breaker.succeed()
        return answer

    def _check_may_ask(self, side: _Side, budget: Budget) -> None:
        if side.breaker.is_open or budget.left_seconds <= 0:
            self._counts["skipped"] += 1
            raise _NoAnswerError

    def _fail(self, side: _Side, error: Exception) -> None:
        self._counts["failures"] += 1
        if _refuses_writes(error):
            side = self._writes
            opened = side.breaker.trip()
        else:
            opened = side.breaker.fail()
        if opened:
            _log.warning("redis %s: breaker opened after %s", side.name, type(error).__name__)
            if self._prober is None or self._prober.done():
                self._prober = asyncio.create_task(self._probe_while_open(), name="redis-probe")

    async def _probe_while_open(self) -> None:
        while pauses := [
            pause
            for side in (self._reads, self._writes)
            if (pause := side.breaker.probe_in()) is not None
        ]:
            await asyncio.sleep(min(pauses))
            for side in (self._reads, self._writes):
                if side.breaker.probe_in() == 0:
                    await self._probe(side)

    async def _probe(self, side: _Side) -> None:
        self._counts["probes"] += 1
        try:
            async with self._line.place(), asyncio.timeout(self._background_seconds):
                await side.probe()
        except Exception:  # noqa: BLE001  (whatever it is, Redis is not well yet)
            side.breaker.probe_fail()
            return
        if side.breaker.probe_succeed():
            _log.warning("redis %s: breaker closed", side.name)

    def _probe_read(self) -> Awaitable[object]:
        return self._client.get(_PROBE_KEY)

    def _probe_write(self) -> Awaitable[object]:
        return self._client.set(_PROBE_KEY, b"", px=_PROBE_TTL_MS)


class _NoAnswerError(Exception):
    """Redis was not asked, or did not answer; already counted."""


class _Side:
    """Reads, or writes: a breaker, and the probe that may close it."""

    def __init__(self, name: str, breaker: Breaker, probe: Callable[[], Awaitable[object]]) -> None:
        self.name = name
        self.breaker = breaker
        self.probe = probe

    def stats(self) -> dict[str, object]:
        return {"open": self.breaker.is_open, "opened": self.breaker.opened}


def _refuses_writes(error: Exception) -> bool:
    if isinstance(error, (OutOfMemoryError, ReadOnlyError)):
        return True
    return isinstance(error, ResponseError) and str(error).startswith(_WRITES_REFUSED)


def _client_from_url(url: str, pool_size: int, deadline_seconds: float) -> RedisClient:
    # Ours come last: with redis-py's own from_url the options in the URL would win.
    options: dict[str, Any] = {  # redis-py's own keywords, of many types
        **parse_url(url),
        "max_connections": pool_size,
        "socket_timeout": deadline_seconds,
        "socket_connect_timeout": _DEADLINES_TO_CONNECT * deadline_seconds,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_timeout": False,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "decode_responses": False,
        # RESP 2 and no driver name: a new connection costs no HELLO, no CLIENT SETINFO and no
        # CLIENT MAINT_NOTIFICATIONS, each of which would be paid from some request's budget.
        "protocol": 2,
        "driver_info": None,
    }
    return Redis.from_pool(ConnectionPool(**options))
