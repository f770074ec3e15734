"""PME_REDIS_URL: refused with one sentence, kept secret, and guarded where others reach it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pmecalc.cache.address import parse_redis_url
from pmecalc.settings import Settings, check_redis_is_guarded

PASSWORD = "pass-w0rd"  # noqa: S105  (what no message may show)


def test_a_wrong_url_stops_the_start_with_a_sentence():
    """It names the setting and the fault, and does not show the password."""
    with pytest.raises(ValidationError) as refused:
        Settings(redis_url=f"redis://:{PASSWORD}@a,b", _env_file=None)
    sentence = refused.value.errors()[0]["msg"]
    assert sentence.endswith(
        "PME_REDIS_URL cannot be used: several hosts need redis+sentinel:// or redis+cluster://"
    )
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize("url", [None, ""])
def test_no_url_is_no_redis(url):
    """Absent and empty mean the same."""
    assert Settings(redis_url=url, _env_file=None).redis_address is None


def test_settings_do_not_show_the_password():
    """Printed settings have stars in its place."""
    settings = Settings(redis_url=f"redis://:{PASSWORD}@h", _env_file=None)
    assert PASSWORD not in repr(settings)
    assert PASSWORD not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("url", "missing"),
    [
        ("redis://example.org", "without TLS and without a password"),
        ("redis://:p@example.org", "without TLS:"),
        ("rediss://example.org", "without a password:"),
        ("redis+cluster://:p@127.0.0.1,example.org", "without TLS:"),
    ],
)
def test_a_redis_on_the_network_needs_both(url, missing):
    """Password and TLS, or the word that the network may be trusted."""
    address = parse_redis_url(url)
    with pytest.raises(ValueError, match=missing):
        check_redis_is_guarded(address, allow_plain=False)
    check_redis_is_guarded(address, allow_plain=True)


@pytest.mark.parametrize(
    "url", ["rediss://:p@example.org", "redis://localhost", "unix:///run/redis.sock"]
)
def test_a_guarded_or_local_redis_is_accepted(url):
    """Both given, or nothing leaves the machine."""
    check_redis_is_guarded(parse_redis_url(url), allow_plain=False)
