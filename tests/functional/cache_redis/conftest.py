"""A redis-server for the tests of this folder."""

from __future__ import annotations

import pytest

from redis_server import RedisServer, redis_server_path
from requirements import require


@pytest.fixture
def redis_program():
    """Skips, or fails where Redis is required, when there is no redis-server."""
    require("redis", present=redis_server_path() is not None)


@pytest.fixture
def redis_server(redis_program):
    """A server that runs."""
    with RedisServer() as server:
        yield server
