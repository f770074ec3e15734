"""The clients of redis-py: our limits for each kind, and which errors mean what."""

from __future__ import annotations

import asyncio

import pytest
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, ResponseError, SlotNotCoveredError
from redis.exceptions import ConnectionError as RedisConnectionError

from pmecalc.cache.address import parse_redis_url
from pmecalc.cache.client import ClusterClient, connect


def connections(url):
    """A connection of every kind that the client would open."""
    client = connect(parse_redis_url(url), pool_size=20, deadline_seconds=0.025)
    if isinstance(client, ClusterClient):
        nodes = client._servers.startup_nodes.values()
        assert all(node.max_connections == 20 for node in nodes)
        return [node.acquire_connection() for node in nodes]
    assert client.pool.max_connections == 20
    assert not client.pool.maint_notifications_enabled()
    sentinels = client._sentinel.sentinels if hasattr(client, "_sentinel") else []
    pools = [client.pool, *(sentinel.connection_pool for sentinel in sentinels)]
    return [pool.make_connection() for pool in pools]


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret@example.org:6380/3",
        "rediss://:secret@example.org:6380/3",
        "unix://:secret@/run/redis.sock?db=3",
        "redis+sentinel://:secret@example.org:6380/main/3",
        "rediss+sentinel://:secret@example.org:6380/main/3",
        "redis+cluster://:secret@example.org:6380",
        "rediss+cluster://:secret@example.org:6380",
    ],
)
def test_every_kind_has_our_limits(url):
    """Time-outs, health checks, no retries, RESP 2 and bytes, TLS where the scheme says so."""
    for connection in connections(url):
        assert connection.socket_timeout == 0.025
        assert connection.socket_connect_timeout == 0.050
        assert connection.health_check_interval == 15
        assert connection.retry.get_retries() == 0
        assert connection.protocol == 2
        assert connection.driver_info is None
        assert not connection.encoder.decode_responses
        assert hasattr(connection, "ssl_context") is url.startswith("rediss")


def test_log_ins_go_where_they_belong():
    """The password is the servers', the sentinels have their own."""
    url = "redis+sentinel://me:secret@h/main/3?sentinel_username=you&sentinel_password=other"
    master, sentinel = connections(url)
    assert (master.username, master.password, master.db) == ("me", "secret", 3)
    assert (sentinel.username, sentinel.password, sentinel.db) == ("you", "other", 0)


class Node:
    """A cluster's node that answers from a list of errors and values."""

    name = "node"

    def __init__(self, *answers):
        self.answers = list(answers)
        self.words = []

    async def execute_command(self, *words):
        self.words.append(words)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def cluster_of(node):
    """A client whose every slot is the node's."""
    client = connect(parse_redis_url("redis+cluster://h"), pool_size=1, deadline_seconds=1)
    client._servers.slots_cache = {slot: [node] for slot in range(16384)}
    return client


def asked(node, question):
    async def story():
        client = cluster_of(node)
        try:
            return await question(client)
        finally:
            await client.aclose()

    return asyncio.run(story())


@pytest.mark.parametrize(
    "error", [AskError("5 h:1"), ResponseError("WRONGTYPE not a string")], ids=repr
)
def test_a_slot_on_the_move_and_a_value_of_another_type_are_misses(error):
    """Neither is an error of Redis: the key has no value that we could use."""
    assert asked(Node(error), lambda client: client.get(["k"])) == [None]


def test_a_write_into_a_slot_on_the_move_is_not_taken():
    """It is refused without an error, so no breaker opens for it."""
    assert asked(Node(AskError("5 h:1")), lambda client: client.set("k", b"", px=1)) is False


def test_a_server_that_moved_is_followed_once():
    """The owner that MOVED names is asked in the same call: here one where nobody listens."""
    slot = key_slot(b"k")
    with pytest.raises(RedisConnectionError, match=r"127\.0\.0\.1:1"):
        asked(Node(MovedError(f"{slot} 127.0.0.1:1")), lambda client: client.get(["k"]))


def test_an_unknown_slot_is_an_error():
    """Before the map is known nothing can be asked."""

    async def story():
        client = connect(parse_redis_url("redis+cluster://h"), pool_size=1, deadline_seconds=1)
        with pytest.raises(SlotNotCoveredError):
            await client.get(["k"])
        await client.aclose()

    asyncio.run(story())


def test_each_server_of_a_cluster_has_a_probe_key():
    """Three owners of the slots, three keys, one in a slot of each."""

    class Owner:
        def __init__(self, name):
            self.name = name

    owners = [Owner(name) for name in "abc"]

    async def story():
        client = connect(parse_redis_url("redis+cluster://h"), pool_size=1, deadline_seconds=1)
        client._servers.slots_cache = {slot: [owners[slot * 3 // 16384]] for slot in range(16384)}
        keys = client.probe_keys()
        assert {client._servers.slots_cache[client.shard_of(key)][0].name for key in keys} == {
            *"abc"
        }
        assert len(keys) == 3

    asyncio.run(story())
