"""A redis-server for the tests of this folder."""

from __future__ import annotations

import gc
import warnings

import pytest

from fault_proxy import FaultProxy
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


@pytest.fixture
def proxy(redis_server):
    """A wire to that server, good until a test makes it bad."""
    with FaultProxy(redis_server.port) as between:
        yield between


# asyncio loses the transport of a connect that is cancelled in the turn it succeeds; the collector
# closes it, with a warning, whenever it comes by.
LOST_TRANSPORTS = "ignore:unclosed:ResourceWarning"


def pytest_itemcollected(item):
    """Under faults connects are cancelled all the time."""
    item.add_marker(pytest.mark.filterwarnings(LOST_TRANSPORTS))


@pytest.fixture(autouse=True, scope="module")
def _collected():
    """What was lost here is not found by the tests of others."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
