"""Rate limits of credentials, tenants and addresses: buckets for reads, `limits` for the rest."""

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
    from collections.abc import Callable, Mapping

    from starlette.types import Scope

_EXACT = {"redis": "async+redis:", "rediss": "async+rediss:", "unix": "async+redis+unix:"}
_MOST = 10_000
_REDIS_PAUSE_SECONDS = 5.0
_BLOCK_SECONDS = 60
# Credentials that are looked at of an address that guesses or floods: a good one still gets in, and
# the bad ones cost no more than this.
_LOOKS_PER_S, _LOOKS_BURST = 10.0, 20.0
_TOO_MANY_BAD = "too many credentials that open nothing"
_TOGETHER = "of all keys of this tenant together"

_EDITS = frozenset(("PATCH", "PUT", "DELETE"))
_POSTED = {"imports": "imports", "jobs": "jobs", "keys": "keys", "session": "sessions"}

Bucket: TypeAlias = tuple[float, float]  # what is left, and when it was counted
Name: TypeAlias = str | tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers of SECURITY 8, of the whole service.

    `tenant` says for each limit how many times that of one key a tenant's keys may use together.
    """

    reads_per_s: int
    reads_burst: int
    imports_per_min: int
    imports_burst: int
    jobs_per_min: int
    keys_per_h: int
    sessions_per_min: int
    edits_per_min: int
    failures_per_min: int
    tenant: Mapping[str, int]


class Buckets:
    """A token bucket a name, in memory: a read must not wait for a network, nor cost much."""

    def __init__(self, *, per_second: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate = per_second
        self._burst = burst
        self._clock = clock
        self._left: dict[Name, Bucket] = {}

    def is_empty(self, name: Name) -> bool:
        """Whether there is none now; takes none."""
        known = self._left.get(name)
        return known is not None and known[0] + (self._clock() - known[1]) * self._rate < 1

    def wait(self, name: Name) -> float:
        """Take one; 0, or the seconds until there is one."""
        return self.wait_at(name, self._clock())

    def wait_at(self, name: Name, now: float) -> float:
        """Take one at this time of the clock: a hit asks two buckets and reads the clock once."""
        known = self._left.get(name)
        if known is None:
            return self._first(name, now)
        left = known[0] + (now - known[1]) * self._rate
        if left < 1:
            return (1 - left) / self._rate
        self._left[name] = (left - 1 if left < self._burst else self._burst - 1, now)
        return 0.0

    def _first(self, name: Name, now: float) -> float:
        if len(self._left) >= _MOST:
            self._left.clear()
        self._left[name] = (self._burst - 1, now)
        return 0.0


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
        redis_seconds: float = 0.05,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        share = float(workers)
        self._clock = clock
        per_second, burst = limits.reads_per_s / share, limits.reads_burst / share
        times = limits.tenant["requests"]
        self._reads = Buckets(per_second=per_second, burst=max(1.0, burst), clock=clock)
        self._tenant_reads = Buckets(
            per_second=times * per_second, burst=max(1.0, times * burst), clock=clock
        )
        self._failures = Failures(
            per_minute=max(1, limits.failures_per_min // workers), clock=clock
        )
        self._looks = Buckets(per_second=_LOOKS_PER_S, burst=_LOOKS_BURST, clock=clock)
        self._kinds = _kinds(limits)
        self._tenant_kinds = {
            kind: _times(limits.tenant[kind], item) for kind, item in self._kinds.items()
        }
        self._workers = workers
        self._memory = Limiter(MemoryStorage())
        self._redis = _redis(redis_url, redis_seconds) if redis_url else None
        self._redis_seconds = redis_seconds
        self._redis_back = 0.0
        self._refused: Counter[str] = Counter()

    def stats(self) -> dict[str, int]:
        """Requests that were refused with 429, by the limit."""
        return dict(self._refused)

    def admit_address(self, scope: Scope) -> Refusal | None:
        """Without waiting, before a credential is read: few are looked at of a bad address."""
        address = scope["pme.address"]
        blocked = self._failures.wait(address)
        if not blocked and not self._reads.is_empty(address):
            return None
        wait = self._looks.wait(address)
        return self._refuse("credentials", max(blocked, wait), _TOO_MANY_BAD) if wait else None

    def admit(self, scope: Scope) -> Refusal | None:
        """Without waiting: an address that guesses credentials, then the rate of all requests."""
        if scope.get("pme.rejected"):
            wait = self._failures.wait(scope["pme.address"])
            if wait:
                return self._refuse("credentials", wait, _TOO_MANY_BAD)
        principal = scope["pme.principal"]
        if principal.role is None:
            wait = self._reads.wait(scope["pme.address"])
            return self._refuse("requests", wait) if wait else None
        now = self._clock()
        wait = self._reads.wait_at((principal.tenant, principal.actor), now)
        if wait:
            return self._refuse("requests", wait)
        # Last, so that a key over its own limit takes nothing from its tenant.
        wait = self._tenant_reads.wait_at(principal.tenant, now)
        return self._refuse("requests", wait, f"requests {_TOGETHER}") if wait else None

    def failed(self, scope: Scope) -> None:
        """A credential was refused."""
        self._failures.count(scope["pme.address"])

    async def admit_change(self, scope: Scope) -> Refusal | None:
        """Limit the changes of a key and of its tenant: exactly by Redis, else by shares."""
        kind = _kind(scope)
        if kind is None:
            return None
        until = asyncio.get_running_loop().time() + self._redis_seconds
        item = self._kinds[kind]
        if not await self._hit(item, (kind, _name(scope)), until):
            return self._refuse(kind, item.get_expiry() / item.amount)
        principal = scope["pme.principal"]
        if principal.role is None:
            return None
        item = self._tenant_kinds[kind]
        if not await self._hit(item, (kind, "tenant", principal.tenant), until):
            return self._refuse(kind, item.get_expiry() / item.amount, f"{kind} {_TOGETHER}")
        return None

    def _refuse(self, limit: str, wait: float, what: str | None = None) -> Refusal:
        self._refused[limit] += 1
        return _refusal(what or limit, wait)

    async def _hit(self, item: RateLimitItem, names: tuple[str, ...], until: float) -> bool:
        if self._redis is not None and self._redis_back <= self._clock():
            try:
                async with asyncio.timeout_at(until):
                    return await self._redis.hit(item, *names)
            except Exception:  # noqa: BLE001  (whatever ails Redis, a request does not wait for it)
                self._redis_back = self._clock() + _REDIS_PAUSE_SECONDS
        return await self._memory.hit(_with(max(1, item.amount // self._workers), item), *names)


def _kinds(limits: Limits) -> dict[str, RateLimitItem]:
    # A burst of b at r a minute, as a window: b within the time in which r allows b.
    window = max(1, round(limits.imports_burst * 60 / limits.imports_per_min))
    return {
        "imports": PerSecond(limits.imports_burst, window, "pme"),
        "jobs": RateLimitItemPerMinute(limits.jobs_per_min, 1, "pme"),
        "keys": RateLimitItemPerHour(limits.keys_per_h, 1, "pme"),
        "sessions": RateLimitItemPerMinute(limits.sessions_per_min, 1, "pme"),
        "edits": RateLimitItemPerMinute(limits.edits_per_min, 1, "pme"),
    }


def _times(times: int, item: RateLimitItem) -> RateLimitItem:
    return _with(times * item.amount, item)


def _with(amount: int, item: RateLimitItem) -> RateLimitItem:
    return type(item)(amount, item.multiples, item.namespace)


def _redis(url: str, seconds: float) -> Limiter | None:
    """Exact limits where one server is named; sentinels and clusters leave it at the shares."""
    scheme = _EXACT.get(url.partition(":")[0])
    if scheme is None:
        return None
    storage = RedisStorage(
        scheme + url.partition(":")[2],
        implementation="redispy",
        key_prefix="pme:rate",
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
    )
    return Limiter(storage)


def _kind(scope: Scope) -> str | None:
    """The limit of a change; an undo changes like an edit."""
    if scope["method"] in _EDITS:
        return "edits"
    if scope["method"] != "POST":
        return None
    head, _, rest = scope["path"].removeprefix("/v1/").partition("/")
    if rest:
        return "edits" if rest.endswith("/undo") else None
    return _POSTED.get(head)


def _name(scope: Scope) -> str:
    """Whose limit: the credential's, else the address's."""
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
