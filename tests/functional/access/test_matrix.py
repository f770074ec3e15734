"""T-02: every operation of OpenAPI, asked with every kind of credential (SECURITY 4, 12)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from functional.access.conftest import BY, bearer, key_settings, make_keys, opened
from pmecalc.api.auth import PERMISSIONS
from pmecalc.service import secret_text
from pmecalc.service.demo import load_demo
from pmecalc.service.keys import Keys
from pmecalc.store.store import Store

SAME_ID = {"X-Request-Id": "one-id-for-all"}
METHODS = ("get", "post", "patch", "delete", "put")
LEVELS = {"file": ("i.csv", "date,level\n2010-01-01,1\n2030-01-01,2\n")}
BODIES = {  # what passes the reading of a body, so that the id alone decides
    ("post", "/v1/evaluate"): {
        "json": {"fund": {"flows": [["2020-01-01", -1], ["2021-01-01", 2]]}}
    },
    ("post", "/v1/imports"): {"files": LEVELS},
    ("post", "/v1/keys"): {"json": {"name": "made by the matrix", "role": "viewer"}},
    ("post", "/v1/jobs"): {"json": {"kind": "batch"}},
    ("patch", "/v1/funds/{dataset}"): {"json": {"strategy": "Buyout"}},
    ("patch", "/v1/benchmarks/{dataset}"): {"json": {"currency": "USD"}},
}
NEEDED = {  # query parameters without which a question is malformed
    "/v1/metrics/summary": ("fund",),
    "/v1/metrics/{chart}": ("fund",),
}


@dataclass(frozen=True)
class World:
    """A running service, what its two tenants own, and the keys of everyone."""

    client: object
    ids: dict[str, dict[str, str]]
    keys: dict[object, str]
    operations: list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    keys = dict(make_keys(folder).items())
    with Store.open(folder) as store:
        for tenant in ("alpha", "beta"):
            load_demo(store, tenant)
        ended = Keys(store).create("alpha", role="admin", name="ended", by=BY)
        Keys(store).revoke("alpha", ended.row.id, by=BY)
        with Store.open(folder, clock=lambda: store.now() - 400 * 86_400_000) as past:
            expired = Keys(past).create("alpha", role="admin", name="expired", by=BY)
        ids = {tenant: owned(store, tenant) for tenant in ("alpha", "beta")}
    keys |= {"revoked": ended.text, "expired": expired.text}
    keys |= {"bad": str(secret_text.new_key()), "garbage": "pme_?"}
    with opened(key_settings(folder)) as client:
        yield World(client, ids, keys, operations(client))


def owned(store, tenant):
    """An id of each kind that the tenant has."""
    return {
        "fund": store.datasets(tenant, "fund", limit=1).items[0].id,
        "benchmark": store.datasets(tenant, "benchmark", limit=1).items[0].id,
        "import": store.imports(tenant, limit=1).items[0].id,
        "key": Keys(store).page(tenant, limit=1, after=None)[0][0].id,
    }


def operations(client):
    """Method, path and permission of everything that OpenAPI lists."""
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method, path, item[method]["x-permission"])
        for path, item in paths.items()
        for method in METHODS
        if method in item
    ]


def ask(world, method, path, credential, ids):
    """The answer to an operation about these ids."""
    kind = "benchmark" if "benchmarks" in path else "fund"
    known = {"dataset": ids[kind], "fund": ids["fund"], "key": ids["key"], "chart": "irr_pme"}
    known |= {name: ids.get(name, "unknown") for name in ("job", "import")}
    address = path.format(**{**known, "import_id": known["import"]})
    query = {name: ids[name] for name in NEEDED.get(path, ())}
    headers = {**SAME_ID, **(bearer(world.keys[credential]) if credential else {})}
    return world.client.request(
        method.upper(), address, params=query, headers=headers, **BODIES.get((method, path), {})
    )


@pytest.mark.parametrize("credential", [None, "bad", "garbage", "expired", "revoked"])
def test_nothing_opens_without_a_valid_credential(world, credential):
    """Every operation that is not public answers 401 with one body, whatever is wrong."""
    reference = world.client.get("/v1/funds", headers=SAME_ID).content
    for method, path, permission in world.operations:
        answer = ask(world, method, path, credential, world.ids["alpha"])
        if permission == "public":
            assert answer.status_code < 400, (method, path)
        else:
            assert (answer.status_code, answer.content) == (401, reference), (method, path)


@pytest.mark.parametrize("role", PERMISSIONS)
def test_roles_do_what_they_may_and_nothing_else(world, role):
    """An operation is 403 for exactly the roles that lack its permission; nothing is changed."""
    spared = dict.fromkeys(("fund", "benchmark", "key", "import", "job"), "unknown")
    for method, path, permission in world.operations:
        ids = spared if method != "get" else world.ids["alpha"]
        answer = ask(world, method, path, ("alpha", role), ids)
        may = permission == "public" or permission in PERMISSIONS[role]
        assert (answer.status_code != 403) is may, (method, path, answer.text)
        assert answer.status_code not in {401, 422, 500}, (method, path, answer.text)


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_ids_of_another_tenant_are_unknown(world, warm):
    """What alpha owns answers beta byte for byte like an id that nobody has, cached or not."""
    theirs = world.ids["alpha"]
    nobodys = {name: value[::-1] for name, value in theirs.items()}
    if warm:
        for method, path, _ in world.operations:
            if method == "get":
                ask(world, method, path, ("alpha", "admin"), theirs)
    asked = 0
    for method, path, _ in world.operations:
        if "{" not in path and path not in NEEDED:
            continue
        foreign = ask(world, method, path, ("beta", "admin"), theirs)
        unknown = ask(world, method, path, ("beta", "admin"), nobodys)
        expected = unknown.text
        for name, value in theirs.items():
            expected = expected.replace(nobodys[name], value)
        assert (foreign.status_code, foreign.text) == (404, expected), (method, path)
        assert unknown.status_code == 404
        assert foreign.headers.keys() == unknown.headers.keys()
        asked += 1
    assert asked >= 12
    for name in ("fund", "benchmark"):
        path = f"/v1/{name}s/{theirs[name]}"
        assert (
            world.client.get(path, headers=bearer(world.keys["alpha", "viewer"])).status_code == 200
        )


def test_hit_lane_knows_who_asks(world):
    """An answer in memory is sent to its tenant alone; all others get what the slow lane says."""
    query = {"fund": world.ids["alpha"]["fund"], "as_of": "2020-12-31"}

    def answer(credential, **headers):
        given = bearer(world.keys[credential]) if credential else {}
        return world.client.get("/v1/metrics/irr_pme", params=query, headers={**given, **headers})

    own = [answer(("alpha", "viewer")) for _ in range(3)]
    assert [each.headers["X-Cache"] for each in own] == ["computed", "memory", "memory"]
    assert own[-1].headers["Server-Timing"] == 'cache;desc="memory"'
    condition = {"If-None-Match": own[-1].headers["ETag"]}
    assert answer(("alpha", "viewer"), **condition).status_code == 304
    refused = {None: 401, "bad": 401, "revoked": 401, "expired": 401}
    refused |= {("alpha", "operator"): 403, ("beta", "viewer"): 404, ("beta", "admin"): 404}
    for credential, status in refused.items():
        for headers in ({}, condition):
            hit, slow = answer(credential, **headers), answer(credential, **headers, **SAME_ID)
            assert hit.status_code == slow.status_code == status
            same = hit.text.replace(hit.headers["X-Request-Id"], SAME_ID["X-Request-Id"])
            assert same == slow.text
    wrong_host = {**bearer(world.keys["alpha", "viewer"]), "Host": "evil.example"}
    hit = world.client.get("/v1/metrics/irr_pme", params=query, headers=wrong_host)
    assert hit.status_code == 421


def test_a_foreign_benchmark_is_unknown_too(world):
    """A tenant's fund cannot be compared with another tenant's benchmark, nor get it as default."""
    own, foreign = world.ids["beta"]["fund"], world.ids["alpha"]["benchmark"]
    headers = bearer(world.keys["beta", "admin"])
    query = {"fund": own, "benchmark": foreign}
    for view in ("summary", "irr_pme"):
        answer = world.client.get(f"/v1/metrics/{view}", params=query, headers=headers)
        assert answer.status_code == 404
    edit = world.client.patch(f"/v1/funds/{own}", json={"benchmark": foreign}, headers=headers)
    assert edit.status_code == 404


def test_same_question_of_two_tenants_is_two_answers(world):
    """Equal data of two tenants are two entries of the cache: one's hit is the other's miss."""
    outcomes = []
    for tenant in ("alpha", "beta", "alpha", "beta"):
        query = {"fund": world.ids[tenant]["fund"], "as_of": "2021-12-31"}
        headers = bearer(world.keys[tenant, "viewer"])
        answer = world.client.get("/v1/metrics/irr_pme", params=query, headers=headers)
        outcomes.append(answer.headers["X-Cache"])
    assert outcomes == ["computed", "computed", "memory", "memory"]


def test_tenant_comes_from_the_credential_alone(world):
    """No parameter, header or body names a tenant."""
    headers = bearer(world.keys["beta", "viewer"])
    fund = world.ids["alpha"]["fund"]
    assert world.client.get("/v1/funds?tenant=alpha", headers=headers).status_code == 400
    answer = world.client.get(f"/v1/funds/{fund}", headers={**headers, "X-Tenant": "alpha"})
    assert answer.status_code == 404
