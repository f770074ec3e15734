"""Answers in Redis that must go; commands may scan for them, requests never do."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from redis import Redis
from redis.exceptions import RedisError

from pmecalc.cache.key import FORMAT
from pmecalc.cli.exits import Exit
from pmecalc.cli.folders import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 500


def forget_tenant(tenant: str) -> Exit:
    """Remove the tenant's answers from the shared cache, if there is one."""
    return _forget(f"{FORMAT}:{{{_literal(tenant)}.*")


def forget_all() -> Exit:
    """Remove every answer of this program from the shared cache, if there is one."""
    return _forget(f"{FORMAT}:{{*")


def version() -> str | None:
    """The version of the Redis that is set, None where none is."""
    address = settings().redis_address
    if address is None:
        return None
    try:
        with Redis.from_url(address, socket_timeout=5) as client:
            return str(client.info("server")["redis_version"])
    except RedisError as error:
        return f"not reachable ({type(error).__name__})"


def _forget(pattern: str) -> Exit:
    address = settings().redis_address
    if address is None:
        return Exit.OK
    try:
        with Redis.from_url(address, socket_timeout=5) as client:
            count = 0
            for keys in _batches(client, pattern):
                client.unlink(*keys)
                count += len(keys)
    except RedisError as error:
        name = type(error).__name__
        print(f"pme: Redis keeps its answers until they expire ({name})", file=sys.stderr)
        return Exit.REFUSED
    print(f"Redis: {count} answers removed")
    return Exit.OK


def _batches(client: Redis, pattern: str) -> Iterator[list[bytes]]:
    keys: list[bytes] = []
    for key in client.scan_iter(match=pattern, count=_BATCH):
        keys.append(key)
        if len(keys) == _BATCH:
            yield keys
            keys = []
    if keys:
        yield keys


def _literal(text: str) -> str:
    """The text as a pattern that matches itself alone."""
    return re.sub(r"([\\*?\[\]^])", r"\\\1", text)
