"""Several redis-servers that belong together: a service under sentinels, a cluster."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Self

from redis_server import HOST, POLL_SECONDS, RedisServer, SentinelServer, free_port

PATIENCE_SECONDS = 60.0
SLOTS = 16384


class Group:
    """Started together, ended together."""

    def __init__(self) -> None:
        self._servers = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as so_far:
            self._start(so_far)
            self._servers = so_far.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    def _start(self, servers: ExitStack) -> None:
        raise NotImplementedError


class SentinelGroup(Group):
    """A master, its replica, and three sentinels that call them `main`."""

    def _start(self, servers: ExitStack) -> None:
        self.master = servers.enter_context(RedisServer())
        self.replica = servers.enter_context(
            RedisServer("--replicaof", HOST, str(self.master.port))
        )
        _until(lambda: b"master_link_status:up" in self.replica.command("INFO", "replication"))
        self.sentinels = [servers.enter_context(SentinelServer()) for _ in range(3)]
        for sentinel in self.sentinels:
            others = [other for other in self.sentinels if other is not sentinel]
            sentinel.know(self.master, self.replica, others, down_after_ms=1000)
            sentinel.start()
        for sentinel in self.sentinels:
            _until(lambda sentinel=sentinel: self._knows_all(sentinel))

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/main/0"

    def master_port(self) -> int:
        """As a sentinel that answers says."""
        reply = self.sentinels[-1].command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")
        return int(reply[1])

    def _knows_all(self, sentinel: SentinelServer) -> bool:
        reply = sentinel.command("SENTINEL", "MASTER", "main")
        state = dict(zip(reply[::2], reply[1::2], strict=True))
        known = (state[b"flags"], state[b"num-slaves"], state[b"num-other-sentinels"])
        return known == (b"master", b"1", b"2")


class ClusterGroup(Group):
    """Three masters that share the slots."""

    def _start(self, servers: ExitStack) -> None:
        self.nodes = [
            servers.enter_context(
                RedisServer(
                    *("--cluster-enabled", "yes", "--cluster-node-timeout", "1000"),
                    *("--cluster-port", str(port)),
                )
            )
            for port in (free_port(), free_port(), free_port())
        ]
        for number, node in enumerate(self.nodes):
            first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
            assert node.command("CLUSTER", "ADDSLOTSRANGE", str(first), str(last)) == b"+OK"
            # Epochs apart: else the nodes settle a conflict first.
            assert node.command("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1)) == b"+OK"
        for node in self.nodes[1:]:
            self._meet(self.nodes[0], node)
        self.until_ok()

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    def until_ok(self) -> None:
        for node in self.nodes:
            _until(lambda node=node: self._is_ok(node))

    def move(self, slot: int, *, source: RedisServer, target: RedisServer) -> None:
        """As redis-cli reshards: the slot is on the move while its keys are carried over."""
        there, back = self._id(target), self._id(source)
        assert target.command("CLUSTER", "SETSLOT", str(slot), "IMPORTING", back) == b"+OK"
        assert source.command("CLUSTER", "SETSLOT", str(slot), "MIGRATING", there) == b"+OK"
        while keys := source.command("CLUSTER", "GETKEYSINSLOT", str(slot), "100"):
            names = [key.decode() for key in keys]
            place = (HOST, str(target.port), "", "0", "5000", "REPLACE", "KEYS")
            assert source.command("MIGRATE", *place, *names) in {b"+OK", b"+NOKEY"}
        for node in (target, source, *self.nodes):
            assert node.command("CLUSTER", "SETSLOT", str(slot), "NODE", there) == b"+OK"

    def _meet(self, node: RedisServer, other: RedisServer) -> None:
        port = other.command("CONFIG", "GET", "cluster-port")[1].decode()
        assert node.command("CLUSTER", "MEET", HOST, str(other.port), port) == b"+OK"

    def _id(self, node: RedisServer) -> str:
        return node.command("CLUSTER", "MYID").decode()

    def _is_ok(self, node: RedisServer) -> bool:
        info = node.command("CLUSTER", "INFO") or b""
        return b"cluster_state:ok" in info and b"cluster_known_nodes:3" in info


def _until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the servers did not find each other"
        time.sleep(POLL_SECONDS)
