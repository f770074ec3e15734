"""A redis-server for the tests of this folder."""

from __future__ import annotations

import gc
import warnings

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


@pytest.fixture(autouse=True)
def _lost_transports():
    """Lets go of transports that asyncio lost: a connect that is cancelled in the turn it succeeds.

    The collector closes them; here it does so before the next test, and without a warning.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
