"""Fixtures that several rooms use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from starlette.testclient import TestClient

from effort import EFFORT
from pmecalc.app import create_app
from pmecalc.settings import Settings
from requirements import require
from server import Server

HERE = Path(__file__).parent
if EFFORT == "quick":
    sys.modules["numba"] = None  # type: ignore[assignment]  # compiling takes longer than all else
# No test leaves this machine, and a client without authorities to read is made 40 times as fast.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(HERE)
# Times never decide a test.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def data() -> Path:
    """The sample files that are free to ship."""
    return HERE / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of files that are read in place and never shipped."""
    folder = Path(os.environ.get("PME_SHARED", HERE.parents[1] / "shared"))
    require("shared", present=(folder / "spec").is_dir())
    return folder


@pytest.fixture
def client(tmp_path):
    """The application through its ASGI door, on an empty data folder."""
    settings = Settings(data=tmp_path / "data", warm_engine=False, compute="thread", _env_file=None)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as opened:
        yield opened


@pytest.fixture
def live_server(tmp_path):
    """A real server on an empty data folder."""
    with Server(tmp_path / "data") as server:
        yield server
