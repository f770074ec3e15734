"""T-13: what a user entrusts is in no log, in no settings dump and in no stranger's error."""

from __future__ import annotations

import logging

import pytest
from pydantic import ValidationError

from functional.access.conftest import bearer, key_settings, make_keys, opened
from pmecalc.service import secret_text
from pmecalc.settings import Settings

NAME, AMOUNT, QUERY = "MarkerNameFund", "98765432.25", "marker-in-query"
TEXT = f"date,amount,nav\n2020-01-01,-{AMOUNT},\n2021-01-01,1,87654321.75\n"


def test_logs_hold_no_values_names_or_keys(folder, caplog):
    """Uploads, questions, errors and refused credentials leave no trace of their content."""
    keys = make_keys(folder)
    headers = bearer(keys["alpha", "admin"])
    unknown = str(secret_text.new_key())
    with caplog.at_level(logging.DEBUG), opened(key_settings(folder)) as client:
        made = client.post("/v1/imports", files={"file": (f"{NAME}.csv", TEXT)}, headers=headers)
        fund = made.json()["datasets"][0]["id"]
        client.get(f"/v1/metrics/summary?fund={fund}", headers=headers)
        client.get(f"/v1/metrics/summary?fund={QUERY}", headers=headers)
        client.get(f"/v1/funds?{QUERY}=1", headers=headers)
        client.post("/v1/imports", files={"file": (f"{NAME}.csv", "date\nx\n")}, headers=headers)
        client.post("/v1/evaluate", content=f'{{"{NAME}": {AMOUNT}', headers=headers)
        client.get("/v1/funds", headers=bearer(unknown))
        signed = client.post("/v1/session", headers=headers)
        cookie = signed.headers["set-cookie"].partition("=")[2].partition(";")[0]
        client.cookies.clear()
        job = client.post("/v1/jobs", json={"kind": "batch"}, headers=headers).json()["id"]
        client.delete(f"/v1/jobs/{job}", headers=headers)
    # httpx2 is the test's own client: it logs what it asks.
    lines = [record for record in caplog.records if not record.name.startswith(("httpx", "httpc"))]
    text = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in lines)
    markers = [NAME, AMOUNT, "87654321", QUERY, cookie, unknown, *keys.values()]
    secrets = [key.split("_", 2)[2] for key in keys.values()]
    assert [marker for marker in [*markers, *secrets] if marker in text] == []


def test_settings_show_no_password():
    """A dump of the settings hides the password in an address."""
    settings = Settings(redis_url="redis://user:MarkerPassword@127.0.0.1:6379/0", _env_file=None)
    for dump in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "MarkerPassword" not in dump


def test_errors_tell_nothing_of_the_inside(service, keys):
    """No path, no SQL, no library and no traceback stands in an error."""
    headers = bearer(keys["alpha", "admin"])
    answers = [
        service.get("/v1/funds/unknown", headers=headers),
        service.get("/v1/funds?after=AAAA", headers=headers),
        service.post("/v1/imports", files={"file": ("x.xlsx", b"PK\x03\x04junk")}, headers=headers),
        service.post("/v1/evaluate", content=b"{", headers=headers),
        service.get("/v1/funds", headers=bearer("pme_x")),
        service.get("/v1/jobs/unknown/events", headers=headers),
        service.put("/v1/funds", headers=headers),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        for inside in ("Traceback", "site-packages", "/src/", "SELECT ", "sqlite", "pydantic"):
            assert inside not in answer.text


def test_secret_may_stand_in_a_file_of_its_owner_alone(tmp_path):
    """A file with an address is read; one that others may read stops the start, unread."""
    path = tmp_path / "redis-url"
    path.write_text("redis://user:MarkerPassword@127.0.0.1:6379/0\n")
    path.chmod(0o600)
    settings = Settings(redis_url_file=path, _env_file=None)
    assert settings.redis_address == "redis://user:MarkerPassword@127.0.0.1:6379/0"
    assert "MarkerPassword" not in repr(settings)
    for mode in (0o640, 0o604):
        path.chmod(mode)
        with pytest.raises(ValidationError, match="chmod 600") as refused:
            Settings(redis_url_file=path, _env_file=None)
        assert "MarkerPassword" not in str(refused.value)
