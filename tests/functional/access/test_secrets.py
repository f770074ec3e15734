"""Secrets and data of the service are its owner's alone, whatever the umask allows."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import httpx2
import pytest

from functional.test_workers import wait_for
from server import Server

PME = [sys.executable, "-c", "from pmecalc.cli import main; raise SystemExit(main())"]


@pytest.fixture
def open_umask():
    """A process whose new files everybody may read, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(root):
    """The files and folders below that others than the owner may use, and how many there are."""
    paths = [root, *root.rglob("*")]
    return [path for path in paths if stat.S_IMODE(path.lstat().st_mode) & 0o077], len(paths)


def test_nothing_that_is_stored_can_be_read_by_others(tmp_path, data, open_umask):
    """Data folder, backup and restored folder have no file for others, under any umask."""
    environment = {"PME_MODE": "key"}
    folder = tmp_path / "data"
    with Server(folder, "--demo", environment=environment) as server:
        key = (folder / "first-admin.key").read_text("ascii").strip()
        with httpx2.Client(base_url=server.url, timeout=60) as client:
            client.headers["Authorization"] = f"Bearer {key}"
            with (data / "sample_fund_quarterly.csv").open("rb") as file:
                assert client.post("/v1/imports?commit=true", files={"file": file}).is_success
            job = client.post("/v1/jobs", json={"kind": "batch"}).json()["id"]
            wait_for(lambda: client.get(f"/v1/jobs/{job}").json()["state"] == "done")
        backup, restored = tmp_path / "backup", tmp_path / "restored"
        for command in (["backup", backup, "--data", folder], ["restore", backup, restored]):
            subprocess.run([*PME, *map(str, command)], check=True, capture_output=True)
        for root in (folder, backup, restored):
            found, count = open_to_others(root)
            assert found == []
            assert count > 5
    assert not list(backup.rglob("first-admin.key"))


def test_password_on_the_command_line_is_warned_of(tmp_path):
    """What `ps` shows to everybody is said, and neither the log nor the warning repeats it."""
    url = "redis://user:topsecret@127.0.0.1:1/0"
    with Server(tmp_path / "data", "--redis-url", url) as server:
        wait_for(lambda: "redis does not answer" in server.output)
        assert server.output.count("PME_REDIS_URL_FILE") == 1
        server.stop()
        assert "topsecret" not in server.output
