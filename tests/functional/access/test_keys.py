"""API keys: made, shown once, listed, narrowed, ended (SECURITY 3)."""

from __future__ import annotations

import json
import re

import pytest

from functional.access.conftest import BY, bearer, key_settings, opened
from pmecalc.cli import main
from pmecalc.service import secret_text
from pmecalc.service.keys import Keys
from pmecalc.store import audit
from pmecalc.store.errors import TenantErasedError
from pmecalc.store.store import Store

KEY = re.compile(r"pme_[0-9A-Za-z]{10}_[0-9A-Za-z_-]{43}")
DAY_MS = 24 * 3600 * 1000


def test_key_is_written_as_specified():
    """A key has ten letters of id and 256 random bits, and two never agree."""
    made = {str(secret_text.new_key()) for _ in range(200)}
    assert len(made) == 200
    assert all(KEY.fullmatch(text) for text in made)
    assert all(str(secret_text.parsed(text)) == text for text in made)


def test_slips_of_the_pen_are_caught_by_the_checksum():
    """A letter changed or two exchanged, anywhere, is no key: nothing is looked up for it."""
    text = str(secret_text.new_key())
    for place in [*range(4, 14), *range(15, len(text))]:
        other = "A" if text[place] != "A" else "B"
        assert secret_text.parsed(text[:place] + other + text[place + 1 :]) is None


def test_only_a_hash_is_kept(folder, keys):
    """No file of the data folder holds a secret, nor does the list of keys."""
    texts = [secret_text.parsed(text).secret.encode() for text in keys.values()]
    with opened(key_settings(folder)) as client:
        listed = client.get("/v1/keys", headers=bearer(keys["alpha", "admin"])).content
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(secret in content for secret in texts for content in [*contents, listed])


def test_new_key_works_and_is_shown_once(service, keys):
    """The answer to a new key holds it; no later answer does."""
    admin = bearer(keys["alpha", "admin"])
    made = service.post("/v1/keys", json={"name": "robot", "role": "viewer"}, headers=admin)
    assert made.status_code == 201
    body = made.json()
    assert service.get("/v1/funds", headers=bearer(body["key"])).status_code == 200
    again = service.get(made.headers["Location"], headers=admin)
    assert again.json()["id"] == body["id"]
    assert "key" not in again.json()
    assert body["expires"] - body["created"] == 90 * DAY_MS


def test_scopes_narrow_a_role(service, keys):
    """A key may do what its role and its scopes both list, and cannot give away more."""
    admin = bearer(keys["alpha", "admin"])
    body = {"name": "uploads only", "role": "analyst", "scopes": ["write"]}
    narrow = bearer(service.post("/v1/keys", json=body, headers=admin).json()["key"])
    assert service.get("/v1/funds", headers=narrow).status_code == 403
    file = {"file": ("a.csv", "date,amount\n2020-01-01,-1\n2021-01-01,2\n")}
    assert service.post("/v1/imports", files=file, headers=narrow).status_code == 201
    beyond = {"name": "x", "role": "admin", "scopes": ["operate"]}
    assert service.post("/v1/keys", json=beyond, headers=admin).status_code == 403
    operator = {"name": "x", "role": "operator"}
    assert service.post("/v1/keys", json=operator, headers=admin).status_code == 422


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"role": "admin"}, 403),
        ({"role": "analyst"}, 403),
        ({"role": "viewer"}, 201),
        ({"role": "admin", "scopes": ["keys", "delete"]}, 403),
        ({"role": "admin", "scopes": ["keys", "read"]}, 201),
    ],
)
def test_narrow_key_makes_no_wider_one(service, keys, wanted, status):
    """A key without scopes may do all of its role, so only who may do all of that makes it."""
    body = {"name": "keys only", "role": "admin", "scopes": ["keys", "read"]}
    made = service.post("/v1/keys", json=body, headers=bearer(keys["alpha", "admin"]))
    answer = service.post(
        "/v1/keys", json={"name": "x", **wanted}, headers=bearer(made.json()["key"])
    )
    assert answer.status_code == status


def test_revoked_key_is_refused_at_once_by_this_worker(service, keys):
    """The worker that revokes a key forgets it immediately."""
    admin, viewer = bearer(keys["alpha", "admin"]), keys["alpha", "viewer"]
    assert service.get("/v1/funds", headers=bearer(viewer)).status_code == 200
    name = secret_text.parsed(viewer).id
    assert service.delete(f"/v1/keys/{name}", headers=admin).status_code == 204
    assert service.get("/v1/funds", headers=bearer(viewer)).status_code == 401
    assert service.get(f"/v1/keys/{name}", headers=admin).json()["revoked"] is not None


def test_keys_of_another_tenant_are_unknown(service, keys):
    """An admin sees and ends the keys of its own tenant alone."""
    admin, other = bearer(keys["alpha", "admin"]), secret_text.parsed(keys["beta", "viewer"]).id
    assert service.get(f"/v1/keys/{other}", headers=admin).status_code == 404
    assert service.delete(f"/v1/keys/{other}", headers=admin).status_code == 404
    assert service.get("/v1/funds", headers=bearer(keys["beta", "viewer"])).status_code == 200
    names = [row["id"] for row in service.get("/v1/keys", headers=admin).json()["items"]]
    assert len(names) == 3
    assert other not in names


def test_keys_come_in_pages(service, keys):
    """The list goes on at its cursor, in the body and in the header Link."""
    admin, seen, path = bearer(keys["alpha", "admin"]), [], "/v1/keys?limit=2"
    while path:
        page = service.get(path, headers=admin)
        seen += [row["id"] for row in page.json()["items"]]
        link = page.headers.get("Link", "")
        assert bool(link) is (page.json()["next"] is not None)
        path = link.partition("<")[2].partition(">")[0]
    assert len(seen) == len(set(seen)) == 3


@pytest.mark.parametrize("cursor", ["AAAA", "MTI6", "%00", "zz", "OTk5OTk5OTk5OTk5OTk5OTk5OTk6eA"])
def test_strange_cursors_are_refused_or_end_the_list(service, keys, cursor):
    """A cursor that this service never gave is a 400 or an answer, never a failure."""
    answer = service.get(f"/v1/keys?after={cursor}", headers=bearer(keys["alpha", "admin"]))
    assert answer.status_code in {200, 400}


def test_every_failure_is_the_same_answer(folder, keys):
    """Unknown, wrong, malformed, expired and revoked keys get one body (SECURITY 3)."""
    known = secret_text.parsed(keys["alpha", "viewer"])
    with Store.open(folder) as store:
        manager = Keys(store)
        ended = manager.create("alpha", role="admin", name="ended", by=BY)
        manager.revoke("alpha", ended.row.id, by=BY)
        past = Store.open(folder, clock=lambda: store.now() - 400 * DAY_MS)
        with past:
            expired = Keys(past).create("alpha", role="admin", name="expired", by=BY)
    random = known.id[:6]
    secret = secret_text.new_key().secret
    wrong = f"pme_{random}{secret_text._checksum(random + secret)}_{secret}"
    assert secret_text.parsed(wrong).id[:6] == random
    bad = {
        "unknown": str(secret_text.new_key()),
        "wrong": wrong,
        "malformed": "pme_nonsense",
        "expired": expired.text,
        "revoked": ended.text,
    }
    same_id = {"X-Request-Id": "the-same-id"}
    with opened(key_settings(folder)) as client:
        none = client.get("/v1/funds", headers=same_id)
        bodies = {
            name: client.get("/v1/funds", headers={**bearer(text), **same_id})
            for name, text in bad.items()
        }
        others = [
            client.get("/v1/funds", headers={"Authorization": value, **same_id})
            for value in ("Basic abc", "Bearer", "", f"Token {keys['alpha', 'admin']}")
        ]
    for answer in [none, *bodies.values(), *others]:
        assert answer.status_code == 401
        assert answer.content == none.content
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_key_is_taken_from_its_header_alone(service, keys):
    """A valid key in the address, a cookie or a body opens nothing."""
    key = keys["alpha", "admin"]
    assert service.get(f"/v1/funds?key={key}").status_code == 400
    assert service.get("/v1/funds", headers={"Cookie": f"pme={key}"}).status_code == 401
    assert service.get("/v1/funds", headers={"X-Api-Key": key}).status_code == 401
    body = {"name": key, "role": "viewer"}
    refused = service.post("/v1/keys", json=body, headers=bearer(key))
    assert (refused.status_code, refused.json()["code"]) == (400, "KEY_MISPLACED")


def test_audit_tells_of_keys_and_of_refused_credentials(folder, keys):
    """Making and ending a key, and a credential that opens nothing, are rows of the audit."""
    with opened(key_settings(folder)) as client:
        admin = bearer(keys["alpha", "admin"])
        made = client.post("/v1/keys", json={"name": "x", "role": "viewer"}, headers=admin).json()
        client.delete(f"/v1/keys/{made['id']}", headers=admin)
        client.get("/v1/funds", headers=bearer(str(secret_text.new_key())))
    with Store.open(folder) as store:
        rows = store.read(
            lambda db: db.execute("SELECT action, outcome, actor FROM audit ORDER BY n").fetchall()
        )
        assert list(store.read(lambda db: list(audit.faults(db)))) == []
    actor = f"key:{secret_text.parsed(keys['alpha', 'admin']).id}"
    assert rows[8:] == [
        ("key.create", "ok", actor),
        ("key.revoke", "ok", actor),
        ("log-in", "refused", "anonymous"),
    ]


def test_uses_are_written_down(folder, keys):
    """When a key was last used stands in the list after the service has put it down."""
    with opened(key_settings(folder)) as client:
        client.get("/v1/funds", headers=bearer(keys["alpha", "viewer"]))
    with Store.open(folder) as store:
        rows, _ = Keys(store).page("alpha", limit=10, after=None)
    assert [row.role for row in rows if row.last_used] == ["viewer"]


def test_commands_make_list_and_end_keys(folder, capsys):
    """`pme keys` works on the folder itself, while a service may be running on it."""
    place = ["--data", str(folder)]
    assert main(["keys", "create", "robot", "--role", "analyst", "--tenant", "gamma", *place]) == 0
    text = capsys.readouterr().out.strip()
    with opened(key_settings(folder)) as client:
        session = client.get("/v1/session", headers=bearer(text)).json()
        assert (session["tenant"], session["role"]) == ("gamma", "analyst")
        main(["keys", "list", "--tenant", "gamma", "--json", *place])
        (row,) = json.loads(capsys.readouterr().out)
        assert row["name"] == "robot"
        assert "hash" not in row
        assert main(["keys", "revoke", row["id"], "--tenant", "gamma", *place]) == 0
    with opened(key_settings(folder)) as client:
        assert client.get("/v1/funds", headers=bearer(text)).status_code == 401
    main(["keys", "list", "--tenant", "gamma", *place])
    assert "revoked" in capsys.readouterr().out
    assert main(["keys", "create", "x", "--days", "366", *place]) == 2
    assert main(["keys", "create", "x", "--tenant", "_instance", *place]) == 2


def test_operators_keys_belong_to_no_tenant(folder, capsys):
    """A key of the instance is in no tenant's list, and only the command lists and ends it."""
    place = ["--data", str(folder)]
    main(["keys", "create", "ops", "--role", "operator", *place])
    text = capsys.readouterr().out.strip()
    main(["keys", "list", "--operators", "--json", *place])
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["ops"]
    with opened(key_settings(folder)) as client:
        assert client.get("/v1/system/cache", headers=bearer(text)).status_code == 200
        assert client.get("/v1/funds", headers=bearer(text)).status_code == 403


def test_erased_tenant_gets_no_more_keys(folder, keys):
    """Erasing a tenant ends its keys, and none is made for it again."""
    with opened(key_settings(folder)) as client:
        assert client.get("/v1/funds", headers=bearer(keys["alpha", "viewer"])).status_code == 200
    with Store.open(folder) as store:
        store.erase("alpha", by=BY)
        with pytest.raises(TenantErasedError):
            Keys(store).create("alpha", role="viewer", name="late", by=BY)
    with opened(key_settings(folder)) as client:
        assert client.get("/v1/funds", headers=bearer(keys["alpha", "viewer"])).status_code == 401
        assert client.get("/v1/funds", headers=bearer(keys["beta", "viewer"])).status_code == 200
