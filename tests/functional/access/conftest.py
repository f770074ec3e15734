"""The service in the mode `key`, with two tenants and keys of every role."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from pmecalc.app import create_app, prepare
from pmecalc.service.keys import Keys
from pmecalc.settings import Settings
from pmecalc.store.store import Store
from pmecalc.store.values import By

BY = By(actor="test", via="test")
ROLES = ("viewer", "analyst", "admin", "operator")


def key_settings(folder, **more):
    """The mode `key` on a folder, without limits that tests would run into."""
    plain = {
        "mode": "key",
        "warm_engine": False,
        "compute": "thread",
        "rate_reads_per_s": 100_000,
        "rate_reads_burst": 100_000,
        "rate_imports_burst": 10_000,
        "rate_imports_per_min": 100_000,
        "rate_keys_per_h": 10_000,
        "rate_jobs_per_min": 10_000,
        "rate_sessions_per_min": 10_000,
        "rate_edits_per_min": 100_000,
        "rate_failures_per_min": 100_000,
    }
    return Settings(data=folder, _env_file=None, **(plain | more))


def make_keys(folder):
    """A key of every role for the tenants `alpha` and `beta`, by (tenant, role)."""
    with Store.open(folder) as store:
        keys = Keys(store)
        return {
            (tenant, role): keys.create(tenant, role=role, name=role, by=BY).text
            for tenant in ("alpha", "beta")
            for role in ROLES
        }


def first_key(settings):
    """Prepare a new data folder; the key in the file that the first start wrote."""
    return prepare(settings).read_text("ascii").strip()


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def opened(settings, **options):
    """A client on the loopback."""
    return TestClient(
        create_app(settings),
        base_url="http://127.0.0.1",
        client=options.pop("client", ("127.0.0.1", 50_000)),
        **options,
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def keys(folder):
    return make_keys(folder)


@pytest.fixture
def service(folder, keys):
    """The application in the mode `key`."""
    with opened(key_settings(folder)) as client:
        yield client
