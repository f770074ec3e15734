"""The shared tier: every call has its deadline, budget, breaker and counters, and none raises."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from pmecalc.cache.address import parse_redis_url
from pmecalc.cache.breaker import Breaker, ProbePauses
from pmecalc.cache.budget import Budget
from pmecalc.cache.client import CLOSING_FAULTS, SETTLING_SECONDS, TIMEOUTS, connect, refuses_writes
from pmecalc.cache.figures import added_up
from pmecalc.cache.histogram import Histogram
from pmecalc.cache.lag import turns_seconds
from pmecalc.cache.line import LAST_TURNS_SECONDS, Line
from pmecalc.cache.prober import Prober, Side
from pmecalc.cache.turn import Silence, Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pmecalc.cache.client import RedisClient

POOL_SIZE = 20
BUDGET_SECONDS = 0.050
DEADLINE_SECONDS = 0.025
LONGEST_TTL_SECONDS = 24 * 3600.0

# Nobody waits for writes and probes: they may connect, then ask.
_DEADLINES_IN_BACKGROUND = 3
_BACKGROUND_PATIENCE_SECONDS = 1.0
_PROBE_TTL_MS = 1000
# A machine that starts many processes at once may be slow more than once.
_GREETINGS = 3
_GREETING_PAUSE_SECONDS = 0.5
# A machine that is busy may be slow once.
_TRIES_A_PROBE = 3
# Of the loop, in redis-py: to send, to see the reply, to wake the reader, to wake who waits for it.
_TURNS_A_TRIP = 4
_COUNTED = ("hits", "misses", "round_trips", "failures", "timeouts", "lagged", "renewals")

_AnswerT = TypeVar("_AnswerT")
_Verb: TypeAlias = Literal["get", "set", "delete"]

_log = logging.getLogger(__name__)


class RedisTier:
    """Four verbs on bytes over one client; a background probe runs while a breaker is open.

    `new_client` makes another one for when this one does not find its way back.
    """

    def __init__(
        self,
        client: RedisClient,
        *,
        new_client: Callable[[], RedisClient] | None = None,
        pool_size: int = POOL_SIZE,
        deadline_seconds: float = DEADLINE_SECONDS,
        pauses: ProbePauses | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._new_client = new_client
        self._deadline_seconds = deadline_seconds
        self._background_seconds = _DEADLINES_IN_BACKGROUND * deadline_seconds
        self._patience_seconds = max(SETTLING_SECONDS, self._background_seconds)
        self._line = Line(pool_size)
        self._turn = Turn(self._fetch, shard_of=self._shard_of)
        breaker = partial(Breaker, clock=clock, pauses=pauses or ProbePauses())
        self._reads = Side("reads", breaker(), self._probe_reads)
        self._writes = Side("writes", breaker(), self._probe_writes)
        self._prober = Prober((self._reads, self._writes), renew=self._renew, clock=clock)
        self._closing: set[asyncio.Task[None]] = set()
        self._greeting: asyncio.Task[None] | None = None
        self._failed_greetings = 0
        self._counts: Counter[str] = Counter()
        self._trips: dict[str, Histogram] = {}

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        pool_size: int = POOL_SIZE,
        deadline_seconds: float = DEADLINE_SECONDS,
        pauses: ProbePauses | None = None,
    ) -> RedisTier:
        """A tier on what the URL names; it connects at the first use, not here."""
        new_client = partial(
            connect, parse_redis_url(url), pool_size=pool_size, deadline_seconds=deadline_seconds
        )
        return cls(
            new_client(),
            new_client=new_client,
            pool_size=pool_size,
            deadline_seconds=deadline_seconds,
            pauses=pauses,
        )

    async def greet(self) -> None:
        """Ask once at the start; without an answer, ask again in the background before warning."""
        if not await self._answers():
            self._greeting = asyncio.create_task(self._greet_again(), name="redis-greeting")

    async def get(self, key: str, *, budget: Budget | None = None) -> bytes | None:
        """The stored bytes; None when there are none, or when no answer came in time."""
        budget = budget or Budget(BUDGET_SECONDS)
        if self._reads.breaker.is_open or budget.left_seconds <= LAST_TURNS_SECONDS:
            self._reads.skipped += 1
            return None
        with self._line.charged(budget) as until:
            answer = await self._turn.ask(key, until=until)
        if isinstance(answer, Silence):
            return None
        self._counts["misses" if answer is None else "hits"] += 1
        return answer

    async def set(self, key: str, value: bytes, *, ttl_seconds: float) -> bool:
        """Store for at most a day; False when it was not taken."""
        px = max(1, int(1000 * min(ttl_seconds, LONGEST_TTL_SECONDS)))
        try:
            return await self._write("set", lambda: self._client.set(key, value, px=px))
        except _NoAnswerError:
            return False

    async def delete(self, key: str) -> bool:
        """False when no answer came."""
        try:
            await self._write("delete", lambda: self._client.delete(key))
        except _NoAnswerError:
            return False
        return True

    async def close(self) -> None:
        await self._prober.close()
        if self._greeting is not None:
            self._greeting.cancel()
            await asyncio.gather(self._greeting, return_exceptions=True)
        await self._turn.close()
        for closing in self._closing:
            closing.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._close_client(self._client)

    def stats(self) -> dict[str, object]:
        """Counters only, of this process.

        `state` ("open": nothing is read), `hits`, `misses` (keys), `round_trips`, `failures`,
        `timeouts`, `lagged` (timeouts that were the loop's own), `skipped` (not asked), `probes`,
        `renewals` (clients replaced); of the waits of requests: `waits`, `waits_over_budget`,
        `wait_seconds` (a histogram: `bounds`, `counts`, `sum`), `wait_max_ms`, `loop_lag_max_ms`;
        `trip_seconds`: a histogram for each "op.result", op one of get, set, delete, and result
        one of ok, timeout, error; `breakers`: for reads and writes `open`, `opened`, `skipped`,
        `probes`.
        """
        sides = (self._reads, self._writes)
        return {
            "state": "open" if self._reads.breaker.is_open else "closed",
            **{name: self._counts[name] for name in _COUNTED},
            "skipped": sum(side.skipped for side in sides),
            "probes": sum(side.probes for side in sides),
            **self._line.stats(),
            "trip_seconds": {name: trips.stats() for name, trips in self._trips.items()},
            "breakers": {side.name: side.stats() for side in sides},
        }

    async def figures(self) -> dict[str, int] | None:
        """What the servers say of their memory, clients and keys; None when no answer came."""
        if self._reads.breaker.is_open:
            return None
        try:
            async with self._line.place(), asyncio.timeout(self._background_seconds):
                return added_up(await self._client.info())
        except Exception:  # noqa: BLE001  (nobody waits for them, and the breaker judges by requests)
            return None

    def _shard_of(self, key: str) -> int:
        return self._client.shard_of(key)

    async def _fetch(self, keys: Sequence[str], until: float) -> Sequence[bytes | None] | None:
        try:
            return await self._ask(
                "get", lambda: self._client.get(keys), until, self._deadline_seconds
            )
        except _NoAnswerError:
            return None

    async def _greet_again(self) -> None:
        """Warn once Redis has failed often enough, or requests have found out first."""
        while self._failed_greetings < _GREETINGS and not self._reads.breaker.is_open:
            await asyncio.sleep(_GREETING_PAUSE_SECONDS)
            if await self._answers():
                return
        _log.warning("redis does not answer; answers are kept in memory until it does")

    async def _answers(self) -> bool:
        """Whether Redis answers now; a time limit missed while our loop lagged is no failure."""
        started = asyncio.get_running_loop().time()
        try:
            async with self._line.place():
                await self._settle()
                async with asyncio.timeout(self._patience_seconds):
                    await self._read_probe_keys()
        except Exception as error:  # noqa: BLE001  (a client or server gone wrong is a miss)
            if not isinstance(error, TIMEOUTS) or not self._line.lag.late_since(started):
                self._failed_greetings += 1
                self._fail(self._reads, error)
            return False
        return True

    async def _write(self, verb: _Verb, command: Callable[[], Awaitable[_AnswerT]]) -> _AnswerT:
        until = asyncio.get_running_loop().time() + _BACKGROUND_PATIENCE_SECONDS
        return await self._ask(verb, command, until, self._background_seconds)

    async def _ask(
        self,
        verb: _Verb,
        command: Callable[[], Awaitable[_AnswerT]],
        until: float,
        deadline_seconds: float,
    ) -> _AnswerT:
        """The answer to one command, or _NoAnswerError: counted, and told to the breaker."""
        side = self._reads if verb == "get" else self._writes
        clock = asyncio.get_running_loop().time
        started, granted = clock(), 0.0
        try:
            async with asyncio.timeout_at(until) as limit, self._line.place():
                # The breaker may have opened while this call stood in line.
                _check_may_ask(side)
                started = clock()
                granted = min(deadline_seconds, until - started)
                limit.reschedule(started + granted)
                self._counts["round_trips"] += 1
                answer = await command()
        except _NoAnswerError:
            raise
        except TIMEOUTS as error:
            self._counts["timeouts"] += 1
            self._observe(verb, "timeout", clock() - started)
            if self._line.lag.late_since(started):
                self._counts["lagged"] += 1
            elif granted >= deadline_seconds:
                self._fail(side, error)
            raise _NoAnswerError from None
        except Exception as error:  # noqa: BLE001  (a client or server gone wrong is a miss)
            self._observe(verb, "error", clock() - started)
            self._fail(side, error)
            raise _NoAnswerError from None
        self._observe(verb, "ok", clock() - started)
        side.breaker.succeed()
        return answer

    def _observe(self, verb: _Verb, result: str, seconds: float) -> None:
        self._trips.setdefault(f"{verb}.{result}", Histogram()).observe(seconds)

    def _fail(self, side: Side, error: Exception) -> None:
        self._counts["failures"] += 1
        if refuses_writes(error):
            side = self._writes
            opened = side.breaker.trip()
        else:
            opened = side.breaker.fail()
        if opened:
            self._prober.opened(side, error)

    async def _probe_reads(self) -> None:
        await self._probe(self._read_probe_keys, self._deadline_seconds)

    async def _probe_writes(self) -> None:
        await self._probe(self._write_probe_keys, self._background_seconds)

    async def _probe(self, ask: Callable[[], Awaitable[None]], allowed_seconds: float) -> None:
        """The first answer may need a connection; then one has to come in the time it is given."""
        await self._settle()
        clock = asyncio.get_running_loop().time
        async with self._line.place(), asyncio.timeout(self._patience_seconds):
            await ask()
            for _ in range(_TRIES_A_PROBE):
                ours = await turns_seconds(_TURNS_A_TRIP)
                started = clock()
                await ask()
                if clock() - started - ours <= allowed_seconds:
                    return
        raise TimeoutError("redis answers too slowly")

    async def _read_probe_keys(self) -> None:
        await asyncio.gather(*(self._client.get((key,)) for key in self._client.probe_keys()))

    async def _write_probe_keys(self) -> None:
        await asyncio.gather(
            *(self._client.set(key, b"", px=_PROBE_TTL_MS) for key in self._client.probe_keys())
        )

    async def _settle(self) -> None:
        async with asyncio.timeout(self._patience_seconds):
            await self._client.settle()

    def _renew(self) -> None:
        if self._new_client is None:
            return
        self._counts["renewals"] += 1
        old, self._client = self._client, self._new_client()
        closing = asyncio.create_task(self._close_when_idle(old), name="redis-close")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _close_when_idle(self, client: RedisClient) -> None:
        # By then its last command is over; one that connects now would outlive the closing.
        try:
            await asyncio.sleep(self._patience_seconds)
        finally:
            await self._close_client(client)

    async def _close_client(self, client: RedisClient) -> None:
        try:
            async with asyncio.timeout(_BACKGROUND_PATIENCE_SECONDS):
                await client.aclose()
        except CLOSING_FAULTS as error:
            _log.info("redis was not closed cleanly: %s", type(error).__name__)


class _NoAnswerError(Exception):
    """Redis was not asked, or did not answer; already counted."""


def _check_may_ask(side: Side) -> None:
    if side.breaker.is_open:
        side.skipped += 1
        raise _NoAnswerError
