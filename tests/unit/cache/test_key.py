"""Keys: one text for one question, another text for every other question."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmecalc.cache.key import Scope, canonical_json, make_cache_key

SCOPE = Scope("acme", ("alpha-iv",), ("r1", "r2"), 7)
PARAMS = {"benchmark": "sp500-tr", "as_of": date(2024, 12, 31), "levels": [1, 1.5, None, True]}

# The digests were made with coreutils' b2sum over the canonical JSON, not with this code.
GOLDEN_JSON = (
    '["acme",["alpha-iv"],"irr_pme",7,["r1","r2"],'
    '{"as_of":"2024-12-31","benchmark":"sp500-tr","levels":[1,1.5,null,true]}]'
)
GOLDEN_ONE = (
    "pme:v1:{acme.alpha-iv}:irr_pme:7:"
    "2a7ec121565dfcd4f98342f0f80a277352a2ca14e6bb8656173dffc7fdce4fd7"
)
GOLDEN_MANY = (
    "pme:v1:{acme.d8f141e4ef8a533b1994f88d4ca33b0f}:screen:1:"
    "29031b8fbd8738b569382341844a115eb58cd2ecc27e408e8b7fc374c69ccaf2"
)
HASH_SEED_SCRIPT = """
from datetime import date
from pmecalc.cache.key import Scope, make_cache_key
params = {"benchmark": "sp500-tr", "as_of": date(2024, 12, 31), "levels": [1, 1.5, None, True]}
scope = Scope("acme", ("alpha-iv",), ("r1", "r2"), 7)
print(make_cache_key("irr_pme", params, scope=scope).text)
"""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)


class Colour(StrEnum):
    RED = "red"


def test_golden_key_of_one_dataset():
    """The key of one dataset is the golden one, byte for byte."""
    assert make_cache_key("irr_pme", PARAMS, scope=SCOPE).text == GOLDEN_ONE


def test_golden_canonical_json():
    """The canonical JSON has sorted names, no spaces and ISO dates."""
    parts = ["acme", ["alpha-iv"], "irr_pme", 7, ["r1", "r2"], PARAMS]
    assert canonical_json(parts) == GOLDEN_JSON


def test_golden_key_of_many_datasets():
    """Many datasets stand in the hash tag as their digest."""
    scope = Scope("acme", ("a", "b"), ("r",), 1)
    assert make_cache_key("screen", {}, scope=scope).text == GOLDEN_MANY


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_key_does_not_depend_on_the_hash_seed(seed):
    """Processes with different hash seeds build the same key."""
    process = subprocess.run(
        [sys.executable, "-c", HASH_SEED_SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.strip() == GOLDEN_ONE


def test_key_does_not_depend_on_the_order_of_the_parameters():
    """The same parameters in another order give the same key."""
    turned = dict(reversed(PARAMS.items()))
    assert make_cache_key("irr_pme", turned, scope=SCOPE).text == GOLDEN_ONE


def test_equal_values_of_different_types_have_different_keys():
    """1, 1.0, "1", true, [1] and null are six questions."""
    texts = {
        make_cache_key("v", {"x": value}, scope=SCOPE).text
        for value in (1, 1.0, "1", True, [1], None)
    }
    assert len(texts) == 6


def test_everything_in_the_scope_is_in_the_digest():
    """Tenant, dataset, revision, engine and view each change the digest."""
    scopes = (
        SCOPE,
        Scope("other", ("alpha-iv",), ("r1", "r2"), 7),
        Scope("acme", ("alpha-v",), ("r1", "r2"), 7),
        Scope("acme", ("alpha-iv",), ("r1", "r3"), 7),
        Scope("acme", ("alpha-iv",), ("r1", "r2"), 8),
    )
    digests = {make_cache_key("irr_pme", PARAMS, scope=scope).digest for scope in scopes}
    digests.add(make_cache_key("summary", PARAMS, scope=SCOPE).digest)
    assert len(digests) == 6


def test_a_dot_in_a_name_does_not_join_two_tenants():
    """Tenant "a.b" with dataset "c" and tenant "a" with dataset "b.c" have different keys."""
    left = make_cache_key("v", {}, scope=Scope("a.b", ("c",), ("r",), 1))
    right = make_cache_key("v", {}, scope=Scope("a", ("b.c",), ("r",), 1))
    assert left.text != right.text
    assert left.digest != right.digest


def test_etag_is_weak_and_holds_the_digest():
    """The ETag is the digest, marked weak."""
    key = make_cache_key("irr_pme", PARAMS, scope=SCOPE)
    assert key.etag == f'W/"{key.digest.hex()}"'
    assert len(key.digest) == 32


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        b"bytes",
        datetime(2024, 1, 1),  # noqa: DTZ001  (naive on purpose)
        Decimal(1),
        {1},
        object(),
        np.float64(1.0),
        np.int64(1),
        Colour.RED,
        {1: "x"},
        [[float("nan")]],
    ],
    ids=lambda value: "object()" if type(value) is object else repr(value),
)
def test_a_value_without_one_text_is_refused(value):
    """NaN, infinity, bytes, naive datetimes and unknown types are a TypeError."""
    with pytest.raises(TypeError):
        make_cache_key("v", {"x": value}, scope=SCOPE)


def test_an_aware_datetime_is_iso_text():
    """A datetime with its offset stands as ISO 8601."""
    assert canonical_json(datetime(2024, 1, 2, tzinfo=UTC)) == '"2024-01-02T00:00:00+00:00"'


@pytest.mark.parametrize("bad", ["a{b", "a}b", "a:b", "a b", "a\nb", "a\0b", ""])
def test_names_that_would_break_the_key_are_refused(bad):
    """Braces, colons, spaces and control characters are a ValueError in every name."""
    with pytest.raises(ValueError, match=r"tenant"):
        Scope(bad, ("d",), ("r",), 1)
    with pytest.raises(ValueError, match=r"dataset"):
        Scope("t", (bad,), ("r",), 1)
    with pytest.raises(ValueError, match=r"view"):
        make_cache_key(bad, {}, scope=SCOPE)


def test_no_key_without_tenant_dataset_or_revision():
    """A scope that lacks its tenant, datasets, revisions or a whole engine fails closed."""
    for tenant, datasets, revisions, engine in (
        (None, ("d",), ("r",), 1),
        ("t", (), ("r",), 1),
        ("t", "d", ("r",), 1),
        ("t", ("d",), (), 1),
        ("t", ("d",), ("r",), True),
        ("t", ("d",), ("r",), -1),
    ):
        with pytest.raises(ValueError, match=r"no tenant|at least one|engine"):
            Scope(tenant, datasets, revisions, engine)


@given(JSON, JSON)
def test_canonical_json_is_injective(left, right):
    """Two values share a text only when they are the same value of the same types."""
    same_text = canonical_json(left) == canonical_json(right)
    assert same_text == (typed(left) == typed(right))


def typed(value):
    """The value with its types spelled out, so that 1, 1.0 and true differ."""
    if isinstance(value, list):
        return ["list", *map(typed, value)]
    if isinstance(value, dict):
        return {"dict": {name: typed(item) for name, item in value.items()}}
    return (type(value).__name__, repr(value))
