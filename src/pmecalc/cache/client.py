"""The Redis clients: the one module that imports redis-py, with its limits set for each kind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from redis.asyncio import ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    SlotNotCoveredError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from pmecalc.cache.address import RedisAddress

HEALTH_CHECK_SECONDS = 15
SETTLING_SECONDS = 0.3
PROBE_KEY = "pme:v1:probe"

# Connecting may take two deadlines.
_DEADLINES_TO_CONNECT = 2
_REST_SECONDS = 1.0
_WRITES_REFUSED = ("NOREPLICAS", "MISCONF")
# So many names are tried to find one in a slot of each server: a server of a thousandth of the
# slots is missed by e**-8 of the searches.
_PROBE_NAMES = 8000

TIMEOUTS = (TimeoutError, RedisTimeoutError)
CLOSING_FAULTS = (RedisError, OSError)


class RedisClient(Protocol):
    """What the tier needs of a client, whatever stands behind it. Each call is one round trip.

    `settle` finds the servers again where there is something to find; its patience is the caller's.
    """

    async def settle(self) -> None: ...
    def probe_keys(self) -> Sequence[str]: ...
    def shard_of(self, key: str) -> int: ...
    async def get(self, keys: Sequence[str]) -> Sequence[bytes | None]: ...
    async def set(self, key: str, value: bytes, *, px: int) -> bool: ...
    async def delete(self, key: str) -> None: ...
    async def info(self) -> Sequence[Mapping[str, object]]: ...
    async def aclose(self) -> None: ...


def connect(address: RedisAddress, *, pool_size: int, deadline_seconds: float) -> RedisClient:
    """The client of an address; it connects at the first use, not here."""
    limits = _limits(deadline_seconds)
    login = {"username": address.username, "password": address.password}
    if address.kind == "cluster":
        return ClusterClient(_cluster(address, {**limits, **login, "max_connections": pool_size}))
    server = {**limits, **login, "db": address.db, "max_connections": pool_size}
    if address.kind == "sentinel":
        server.update(_tls(address))
        return SentinelClient(_sentinel(address, limits), address.service, server)
    return ServerClient(_pool(address, server))


def refuses_writes(error: Exception) -> bool:
    """Whether the server is well but takes no writes."""
    if isinstance(error, (OutOfMemoryError, ReadOnlyError)):
        return True
    return isinstance(error, ResponseError) and str(error).startswith(_WRITES_REFUSED)


class ServerClient:
    """One server."""

    def __init__(self, pool: ConnectionPool) -> None:
        self.pool = pool
        self._redis: Redis = Redis.from_pool(pool)

    async def settle(self) -> None:
        """There is nothing to find."""

    def probe_keys(self) -> Sequence[str]:
        return (PROBE_KEY,)

    def shard_of(self, key: str) -> int:  # noqa: ARG002  (one server has them all)
        return 0

    async def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        return await _get(self._redis, keys)

    async def set(self, key: str, value: bytes, *, px: int) -> bool:
        return bool(await self._redis.set(key, value, px=px))

    async def delete(self, key: str) -> None:
        await self._redis.delete(key)

    async def info(self) -> Sequence[Mapping[str, object]]:
        return [await _info(self._redis)]

    async def aclose(self) -> None:
        await self._redis.aclose()


class SentinelClient(ServerClient):
    """The master of a service, as its sentinels say."""

    def __init__(self, sentinel: Sentinel, service: str, server: dict[str, Any]) -> None:
        self._sentinel = sentinel
        self._master = SentinelConnectionPool(  # type: ignore[no-untyped-call]  # not typed there
            service, sentinel, **server
        )
        super().__init__(self._master)

    async def settle(self) -> None:
        """Afterwards a sentinel that answers is asked first, and no idle connection is stale."""
        await self._master.get_master_address()  # type: ignore[no-untyped-call]  # not typed there

    async def aclose(self) -> None:
        await super().aclose()
        await self._sentinel.aclose()


class ClusterClient:
    """Routes by a map of slots that is renewed behind the requests, never in one.

    redis-py's own cluster client looks for the servers within the command that met an error, which
    no request's budget covers; so commands go to its nodes directly, and a slot on the move is a
    miss.
    """

    def __init__(self, cluster: RedisCluster) -> None:
        self._servers = cluster.nodes_manager
        self._stale = True
        self._search: asyncio.Task[None] | None = None

    async def settle(self) -> None:
        if self._stale:
            await self._servers.initialize()
            self._stale = False

    def probe_keys(self) -> Sequence[str]:
        """A key for every server that has slots."""
        owners = {nodes[0].name for nodes in self._servers.slots_cache.values()}
        keys: dict[str, str] = {}
        for number in range(_PROBE_NAMES):
            if len(keys) == len(owners):
                break
            key = f"{PROBE_KEY}:{number}"
            nodes = self._servers.slots_cache.get(self.shard_of(key))
            if nodes:
                keys.setdefault(nodes[0].name, key)
        return tuple(keys.values()) or (PROBE_KEY,)

    def shard_of(self, key: str) -> int:
        return key_slot(key.encode())

    async def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        node = _Routed(self, self.shard_of(keys[0]))
        try:
            return await _get(node, keys)
        except (AskError, TryAgainError):
            return [None] * len(keys)

    async def set(self, key: str, value: bytes, *, px: int) -> bool:
        try:
            return bool(await self.ask(self.shard_of(key), "SET", key, value, "PX", px))
        except (AskError, TryAgainError):
            return False

    async def delete(self, key: str) -> None:
        await self.ask(self.shard_of(key), "DEL", key)

    async def info(self) -> Sequence[Mapping[str, object]]:
        owners = {nodes[0].name: nodes[0] for nodes in self._servers.slots_cache.values()}
        return [await _info(server) for server in owners.values()]

    async def aclose(self) -> None:
        if self._search is not None:
            self._search.cancel()
            await asyncio.gather(self._search, return_exceptions=True)
        await self._servers.aclose()
        await self._servers.aclose("startup_nodes")

    async def ask(self, slot: int, *words: str | bytes | int) -> object:
        """The answer of the slot's server; one that has moved is followed once."""
        try:
            try:
                return await self._server_of(slot).execute_command(*words)
            except MovedError as moved:
                await self._servers.move_slot(moved)
                self._search_soon()
                return await self._server_of(slot).execute_command(*words)
        except asyncio.CancelledError:
            self._stale = True
            raise
        except (RedisConnectionError, RedisTimeoutError, ClusterDownError, SlotNotCoveredError):
            self._search_soon()
            raise

    def _server_of(self, slot: int) -> ClusterNode:
        nodes: list[ClusterNode] | None = self._servers.slots_cache.get(slot)
        if not nodes:
            raise SlotNotCoveredError("no server is known for the slot")
        return nodes[0]

    def _search_soon(self) -> None:
        self._stale = True
        if self._search is None or self._search.done():
            self._search = asyncio.create_task(self._search_again(), name="redis-cluster-map")

    async def _search_again(self) -> None:
        """Once a second at most; what it does not find, the next probe looks for."""
        while self._stale:
            try:
                async with asyncio.timeout(SETTLING_SECONDS):
                    await self.settle()
            except (*TIMEOUTS, *CLOSING_FAULTS):
                return
            await asyncio.sleep(_REST_SECONDS)


class _Commands(Protocol):
    def execute_command(self, *words: str) -> Awaitable[object]: ...


class _Routed:
    """Commands to whoever has a slot."""

    def __init__(self, cluster: ClusterClient, slot: int) -> None:
        self._cluster = cluster
        self._slot = slot

    async def execute_command(self, *words: str) -> object:
        return await self._cluster.ask(self._slot, *words)


async def _get(server: _Commands, keys: Sequence[str]) -> Sequence[bytes | None]:
    if len(keys) > 1:
        values = await server.execute_command("MGET", *keys)
    else:
        values = [await _get_one(server, keys[0])]
    if not isinstance(values, list) or len(values) != len(keys):
        raise RedisConnectionError("not as many values as keys")
    return [value if isinstance(value, bytes) else None for value in values]


async def _info(server: _Commands) -> Mapping[str, object]:
    said = await server.execute_command("INFO")
    return said if isinstance(said, dict) else {}


async def _get_one(server: _Commands, key: str) -> object:
    try:
        return await server.execute_command("GET", key)
    except ResponseError as error:
        # MGET says nil to what is no string; so do we.
        if str(error).startswith("WRONGTYPE"):
            return None
        raise


def _limits(deadline_seconds: float) -> dict[str, Any]:  # redis-py's own keywords, of many types
    return {
        "socket_timeout": deadline_seconds,
        "socket_connect_timeout": _DEADLINES_TO_CONNECT * deadline_seconds,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": False,
        # RESP 2 and no driver name: a new connection costs no HELLO, no CLIENT SETINFO and no
        # CLIENT MAINT_NOTIFICATIONS, each of which would be paid from some request's budget.
        "protocol": 2,
        "driver_info": None,
    }


def _pool(address: RedisAddress, server: dict[str, Any]) -> ConnectionPool:
    if address.kind == "unix":
        return ConnectionPool(
            connection_class=UnixDomainSocketConnection, path=address.path, **server
        )
    host, port = address.hosts[0]
    if address.tls:
        server = {**server, **address.options, "connection_class": SSLConnection}
    return ConnectionPool(host=host, port=port, **server)


def _sentinel(address: RedisAddress, limits: dict[str, Any]) -> Sentinel:
    asked = {
        **limits,
        **_tls(address),
        "username": address.options.get("sentinel_username"),
        "password": address.options.get("sentinel_password"),
    }
    return Sentinel(  # type: ignore[no-untyped-call]  # not typed there
        list(address.hosts), sentinel_kwargs=asked
    )


def _cluster(address: RedisAddress, server: dict[str, Any]) -> RedisCluster:
    return RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in address.hosts],
        # What is left of a cluster is of use.
        require_full_coverage=False,
        **server,
        **_tls(address),
    )


def _tls(address: RedisAddress) -> dict[str, Any]:
    if not address.tls:
        return {}
    files = {name: path for name, path in address.options.items() if name.startswith("ssl_")}
    return {"ssl": True, **files}
