"""The URLs of Redis: what each means, and one sentence for each that means nothing."""

from __future__ import annotations

import pytest

from pmecalc.cache.address import parse_redis_url

SECRET = "pass-w0rd"  # noqa: S105  (what no message may show)


def test_one_server():
    """Host, port, database, user and password, percent-decoded."""
    address = parse_redis_url("redis://me:p%40ss%2Fw@example.org:6380/3")
    assert address.kind == "standalone"
    assert address.hosts == (("example.org", 6380),)
    assert (address.db, address.tls) == (3, False)
    assert (address.username, address.password) == ("me", "p@ss/w")


def test_what_is_left_out_has_the_usual_value():
    """Port 6379, database 0, no log-in; 26379 for sentinels."""
    assert parse_redis_url("rediss://h").hosts == (("h", 6379),)
    assert parse_redis_url("rediss://h").tls
    assert parse_redis_url("redis://h").db == 0
    assert parse_redis_url("redis://h").password is None
    assert parse_redis_url("redis+sentinel://a,b/main").hosts == (("a", 26379), ("b", 26379))


def test_a_socket():
    """Its path, and the database as an option."""
    address = parse_redis_url("unix:///run/redis.sock?db=2")
    assert (address.kind, address.path, address.db) == ("unix", "/run/redis.sock", 2)
    assert address.is_local


def test_the_sentinels_of_a_service():
    """All sentinels, the service, the database, and the sentinels' own log-in."""
    address = parse_redis_url(
        "redis+sentinel://:secret@s1:26379,[::1]:26380,s3/cache/1?sentinel_password=other"
    )
    assert address.kind == "sentinel"
    assert address.hosts == (("s1", 26379), ("::1", 26380), ("s3", 26379))
    assert (address.service, address.db, address.password) == ("cache", 1, "secret")
    assert address.options == {"sentinel_password": "other"}


def test_the_nodes_of_a_cluster():
    """Some nodes are enough; TLS by its scheme, with files."""
    address = parse_redis_url("rediss+cluster://u:p@n1:7000,n2:7001/0?ssl_ca_certs=/ca.pem")
    assert (address.kind, address.tls) == ("cluster", True)
    assert address.hosts == (("n1", 7000), ("n2", 7001))
    assert address.options == {"ssl_ca_certs": "/ca.pem"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "scheme"),
        ("localhost:6379", "scheme"),
        (f"http://:{SECRET}@h", "scheme"),
        (f"redis://:{SECRET}@", "no host"),
        (f"redis://:{SECRET}@h:0", "port 0"),
        (f"redis://:{SECRET}@h:x", "port"),
        (f"redis://:{SECRET}@h:70000", "port"),
        (f"redis://:{SECRET}/more@h:6379", "port"),
        (f"redis://{SECRET}@h", "user:password"),
        (f"redis://:{SECRET}@a,b", "several hosts"),
        (f"redis://:{SECRET}@h/main", "whole number"),
        (f"redis://:{SECRET}@h/0/1", "nothing may follow"),
        (f"redis://:{SECRET}@h?socket_timeout=60", "not allowed"),
        (f"rediss://:{SECRET}@h?ssl_cert_reqs=none", "may only be"),
        (f"redis+sentinel://:{SECRET}@h", "no service"),
        (f"redis+sentinel://:{SECRET}@h,/main", "no host"),
        (f"redis+cluster://:{SECRET}@h/1", "no database but 0"),
        (f"unix://:{SECRET}@", "third slash|no socket"),
        ("unix://", "no socket"),
        ("unix://run/redis.sock", "third slash"),
    ],
)
def test_what_means_nothing_is_refused_with_a_sentence(url, said):
    """The sentence names the fault and never the password."""
    with pytest.raises(ValueError, match=said) as refused:
        parse_redis_url(url)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("redis://localhost", True),
        ("redis://127.0.0.9", True),
        ("redis://[::1]:6379", True),
        ("redis://10.0.0.1", False),
        ("redis://redis", False),
        ("redis+cluster://127.0.0.1,10.0.0.1", False),
    ],
)
def test_what_is_local(url, local):
    """Only if every host is the loopback does nothing leave the machine."""
    assert parse_redis_url(url).is_local is local


def test_no_secret_in_its_repr():
    """Neither log-in shows."""
    url = f"redis+sentinel://:{SECRET}@h/main?sentinel_password={SECRET}"
    assert SECRET not in repr(parse_redis_url(url))
