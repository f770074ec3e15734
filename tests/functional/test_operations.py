"""Backup, restore, doctor and erasure as an operator types them, while a server works."""

from __future__ import annotations

import json
import shutil
import socket
import threading

import httpx2

from functional.test_cli import pme
from pmecalc.cli import main
from pmecalc.store import Store
from redis_server import RedisServer
from requirements import require
from server import Server

HEADER = "date,contribution,distribution,nav\n"


def fund_file(folder, number):
    path = folder / "grower.csv"
    path.write_text(f"{HEADER}2020-01-01,{100 + number},0,\n2021-01-01,0,0,{150 + number}\n")
    return path


def test_backup_under_load(tmp_path):
    """A backup under load restores to a sound folder with all that was current (S-17)."""
    with Server(tmp_path / "data", "--demo") as served:
        back_up(served, tmp_path)


def back_up(served, tmp_path):
    fund = served.upload(fund_file(tmp_path, 0)).json()["datasets"][0]["id"]
    ended = threading.Event()
    made = []

    def write():
        while not ended.is_set():
            answer = served.upload(fund_file(tmp_path, len(made) + 1), dataset=fund)
            made.append((answer.status_code, answer.json()["datasets"][0]["sequence"]))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        known = {item["id"]: item["sequence"] for item in funds(served)}
        backed = pme("backup", tmp_path / "copy", "--data", served.data)
    finally:
        ended.set()
        writer.join(60)
    assert (backed.returncode, backed.stderr) == (0, "")
    assert made == [(201, number + 2) for number in range(len(made))]
    restored = pme("restore", tmp_path / "copy", tmp_path / "new")
    assert (restored.returncode, restored.stderr) == (0, "")
    examined = pme("doctor", "--deep", "--json", "--data", tmp_path / "new")
    assert examined.returncode == 0, examined.stdout
    assert {finding["level"] for finding in json.loads(examined.stdout)} == {"fine"}
    with Store.open(tmp_path / "new") as other:
        current = {row.id: row for row in other.datasets("default", "fund").items}
        for row in current.values():
            other.load("default", "fund", row.id, row.revision)
    assert all(current[dataset].sequence >= sequence for dataset, sequence in known.items())
    damage(tmp_path / "new")


def damage(folder):
    """A damaged folder is not fine, mended or not, and the doctor says which object."""
    pack = next((folder / "objects").rglob("*.parquet"))
    pack.write_bytes(pack.read_bytes()[:-1])
    examined = pme("doctor", "--fix", "--data", folder)
    assert examined.returncode == 2
    assert pack.stem in examined.stdout


def funds(server):
    return httpx2.get(f"{server.url}/v1/funds", timeout=60).json()["items"]


def test_folder_that_is_none(tmp_path, capsys):
    """A command never makes a data folder of a mistyped name."""
    for command in (("backup", str(tmp_path / "x")), ("doctor",), ("erase", "default", "--yes")):
        assert main([*command, "--data", str(tmp_path / "nowhere")]) == 3
        assert "is no data folder" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_setting_that_cannot_be_used(tmp_path):
    """A command names the setting that it cannot use, in a sentence."""
    done = pme("doctor", PME_PORT="abc")
    assert done.returncode == 3
    assert done.stderr.startswith("PME_PORT cannot be used: ")


def test_unknown_setting_is_named_once(tmp_path):
    """A command that reads the settings twice warns of a mistyped name once."""
    Store.open(tmp_path / "data").close()
    done = pme("doctor", PME_DATA=str(tmp_path / "data"), PME_REDIS_ULR="redis://secret@h")
    assert done.stderr.count("PME_REDIS_ULR is not a setting") == 1
    assert "did you mean PME_REDIS_URL?" in done.stderr
    assert "secret" not in done.stderr


def test_erase(tmp_path, data):
    """An erased tenant is gone from the folder and from Redis, after it was agreed to."""
    require("redis", present=shutil.which("redis-server") is not None)
    with RedisServer() as redis:
        address = {"PME_REDIS_URL": redis.url}
        with Server(tmp_path / "data", "--demo", environment=address) as server:
            fund = funds(server)[0]["id"]
            httpx2.get(f"{server.url}/v1/metrics/irr_pme?fund={fund}").raise_for_status()
            refused = pme("erase", "default", "--data", server.data, **address)
            assert (refused.returncode, len(funds(server)) > 0) == (4, True)
            erased = pme("erase", "default", "--yes", "--data", server.data, **address)
            assert (erased.returncode, erased.stderr) == (0, "")
            assert "Redis: 1 answers removed" in erased.stdout
            assert funds(server) == []
            answer = server.upload(data / "sample_fund_quarterly.csv")
            assert answer.json()["code"] == "TENANT_ERASED"
        assert list((tmp_path / "data" / "objects").rglob("*.parquet")) == []


def test_killed_during_an_upload(tmp_path, data):
    """A server that is killed in the middle of an upload leaves no trace of it (S-03)."""
    body = (data / "sample_fund_quarterly.csv").read_bytes()
    with Server(tmp_path / "data") as server:
        before = stored(server.data)
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = (
                "POST /v1/imports?commit=true HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n"
                f"Content-Length: {len(body) + 10_000}\r\n\r\n"
                '--x\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n'
            )
            connection.sendall(head.encode() + body)
            server.kill()
        assert stored(server.data) == before
        server.start()
        answer = server.upload(data / "sample_fund_quarterly.csv")
        assert answer.status_code == 201
        assert len(stored(server.data)) == len(before) + 2


def stored(folder):
    """The files of uploads, packs and unfinished writes."""
    return [
        path
        for area in ("objects", "raw", "tmp")
        for path in (folder / area).rglob("*")
        if path.is_file()
    ]
