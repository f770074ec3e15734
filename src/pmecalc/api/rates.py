"""How often one credential or address may ask: buckets for reads, `limits` for what is rarer."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits import RateLimitItemPerSecond as PerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter as Limiter

from pmecalc.api.checks import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

_EXACT = {"redis": "async+redis:", "rediss": "async+rediss:", "unix": "async+redis+unix:"}
_MOST = 10_000
_REDIS_SECONDS = 0.1
_REDIS_PAUSE_SECONDS = 5.0
_BLOCK_SECONDS = 60
# Credentials that are looked at of an address that guesses or floods: a good one still gets in, and
# the bad ones cost no more than this.
_LOOKS_PER_S, _LOOKS_BURST = 10.0, 20.0
_TOO_MANY_BAD = "too many credentials that open nothing"

Bucket: TypeAlias = tuple[float, float]  # what is left, and when it was counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers of SECURITY 8, of the whole service."""

    reads_per_s: int
    reads_burst: int
    imports_per_min: int
    imports_burst: int
    jobs_per_min: int
    keys_per_h: int
    failures_per_min: int


class Buckets:
    """A token bucket a name, in memory: a read must not wait for a network, nor cost much."""

    def __init__(self, *, per_second: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = per_second
        self._burst = burst
        self._clock = clock
        self._left: dict[str, Bucket] = {}

    def is_empty(self, name: str) -> bool:
        """Whether there is none now; takes none."""
        return self._level(name, self._clock()) < 1

    def wait(self, name: str) -> float:
        """Take one; 0, or the seconds until there is one."""
        now = self._clock()
        left = self._level(name, now)
        if left < 1:
            return (1 - left) / self._rate
        if len(self._left) >= _MOST and name not in self._left:
            self._left.clear()
        self._left[name] = (left - 1, now)
        return 0.0

    def _level(self, name: str, now: float) -> float:
        left, at = self._left.get(name, (self._burst, now))
        return min(self._burst, left + (now - at) * self._rate)


class Failures:
    """Who comes with credentials that open nothing, by address; more than ten a minute wait."""

    def __init__(self, *, per_minute: int, clock: Callable[[], float]) -> None:
        self._most = per_minute
        self._clock = clock
        self._seen: dict[str, list[float]] = {}
        self._blocked: dict[str, float] = {}

    def count(self, address: str) -> None:
        """One more; after the last one that is allowed the address waits."""
        now = self._clock()
        if len(self._seen) >= _MOST:
            self._seen.clear()
        recent = [at for at in self._seen.get(address, ()) if now - at < _BLOCK_SECONDS]
        self._seen[address] = [*recent, now]
        if len(self._seen[address]) < self._most:
            return
        if len(self._blocked) >= _MOST:
            self._blocked.clear()
        self._blocked[address] = now + _BLOCK_SECONDS

    def wait(self, address: str) -> float:
        """The seconds until this address may try again."""
        return max(0.0, self._blocked.get(address, 0.0) - self._clock())


class Rates:
    """The limits of one worker, which takes its share of them."""

    def __init__(
        self,
        limits: Limits,
        *,
        workers: int,
        redis_url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        share = float(workers)
        self._clock = clock
        self._reads = Buckets(
            per_second=limits.reads_per_s / share,
            burst=max(1.0, limits.reads_burst / share),
            clock=clock,
        )
        self._failures = Failures(
            per_minute=max(1, limits.failures_per_min // workers), clock=clock
        )
        self._looks = Buckets(per_second=_LOOKS_PER_S, burst=_LOOKS_BURST, clock=clock)
        self._kinds = _kinds(limits)
        self._workers = workers
        self._memory = Limiter(MemoryStorage())
        self._redis = _redis(redis_url) if redis_url else None
        self._redis_back = 0.0
        self._refused: Counter[str] = Counter()

    def stats(self) -> dict[str, int]:
        """Requests that were refused with 429, by the limit."""
        return dict(self._refused)

    def admit_address(self, scope: Scope) -> Refusal | None:
        """Without waiting, before a credential is read: few are looked at of a bad address."""
        address = scope["pme.address"]
        blocked = self._failures.wait(address)
        if not blocked and not self._reads.is_empty(f"address {address}"):
            return None
        wait = self._looks.wait(address)
        return self._refuse("credentials", max(blocked, wait), _TOO_MANY_BAD) if wait else None

    def admit(self, scope: Scope) -> Refusal | None:
        """Without waiting: an address that guesses credentials, then the rate of all requests."""
        if scope.get("pme.rejected"):
            wait = self._failures.wait(scope["pme.address"])
            if wait:
                return self._refuse("credentials", wait, _TOO_MANY_BAD)
        wait = self._reads.wait(_name(scope))
        return self._refuse("requests", wait) if wait else None

    def failed(self, scope: Scope) -> None:
        """A credential was refused."""
        self._failures.count(scope["pme.address"])

    async def admit_change(self, scope: Scope) -> Refusal | None:
        """The rate of imports, jobs and new keys: exact where Redis answers, else by shares."""
        kind = _kind(scope)
        if kind is None:
            return None
        item = self._kinds[kind]
        names = (kind, _name(scope))
        if await self._hit(item, names):
            return None
        return self._refuse(kind, item.get_expiry() / item.amount)

    def _refuse(self, limit: str, wait: float, what: str | None = None) -> Refusal:
        self._refused[limit] += 1
        return _refusal(what or limit, wait)

    async def _hit(self, item: RateLimitItem, names: tuple[str, str]) -> bool:
        if self._redis is not None and self._redis_back <= self._clock():
            try:
                async with asyncio.timeout(_REDIS_SECONDS):
                    return await self._redis.hit(item, *names)
            except Exception:  # noqa: BLE001  (whatever ails Redis, a request does not wait for it)
                self._redis_back = self._clock() + _REDIS_PAUSE_SECONDS
        share = type(item)(max(1, item.amount // self._workers), item.multiples, item.namespace)
        return await self._memory.hit(share, *names)


def _kinds(limits: Limits) -> dict[str, RateLimitItem]:
    # A burst of b at r a minute, as a window: b within the time in which r allows b.
    window = max(1, round(limits.imports_burst * 60 / limits.imports_per_min))
    return {
        "imports": PerSecond(limits.imports_burst, window, "pme"),
        "jobs": RateLimitItemPerMinute(limits.jobs_per_min, 1, "pme"),
        "keys": RateLimitItemPerHour(limits.keys_per_h, 1, "pme"),
    }


def _redis(url: str) -> Limiter | None:
    """Exact limits where one server is named; sentinels and clusters leave it at the shares."""
    scheme = _EXACT.get(url.partition(":")[0])
    if scheme is None:
        return None
    storage = RedisStorage(
        scheme + url.partition(":")[2],
        implementation="redispy",
        key_prefix="pme:rate",
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
    )
    return Limiter(storage)


def _kind(scope: Scope) -> str | None:
    if scope["method"] != "POST":
        return None
    head, _, rest = scope["path"].removeprefix("/v1/").partition("/")
    return head if head in {"imports", "jobs", "keys"} and not rest else None


def _name(scope: Scope) -> str:
    """Whose bucket: the credential's, else the address's."""
    principal = scope["pme.principal"]
    if principal.role is None:
        return f"address {scope['pme.address']}"
    return f"{principal.tenant} {principal.actor}"


def _refusal(what: str, wait: float) -> Refusal:
    seconds = max(1, math.ceil(wait))
    return Refusal(
        429,
        "TOO_MANY_REQUESTS",
        f"More than the limit allows: {what}. Try again in {seconds} s.",
        retry_seconds=seconds,
    )
