"""Whose name a request bears, and where it began."""

from __future__ import annotations

import pytest

from pmecalc.api.auth import LOCAL
from pmecalc.api.checks import Checks

PROXY = "10.0.0.1"


def asked(*headers, client="192.0.2.1", **options):
    """The refusal, and the scope with what was settled."""
    checks = Checks(
        identify=lambda _scope: LOCAL,
        allowed_hosts=("127.0.0.1", "[::1]", "pme.example"),
        refuse_forwarded=False,
        **options,
    )
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/funds",
        "raw_path": b"/v1/funds",
        "query_string": b"",
        "scheme": "http",
        "client": (client, 4000),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    return checks.check(scope), scope


@pytest.mark.parametrize("proxies", [(), (PROXY,)], ids=["direct", "behind a proxy"])
@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["pme.example"], None),
        (["PME.example:8000"], None),
        (["[::1]"], None),
        (["[::1]:8000"], None),
        (["127.0.0.1:"], None),
        ([], 400),
        (["pme.example", "pme.example"], 400),
        (["pme.example", "evil.example"], 400),
        (["evil.example"], 421),
        (["pme.example:80:evil.example"], 421),
        (["pme.example:evil"], 421),
        (["[::1]evil.example"], 421),
        (["[::1]evil:80"], 421),
        (["evil.example@pme.example"], 421),
        (["pme.example, evil.example"], 421),
        ([""], 421),
    ],
)
def test_one_name_of_ours(hosts, status, proxies):
    """Anything but one name that is served is refused, trusted proxies or not."""
    headers = [("host", host) for host in hosts]
    refusal, _ = asked(*headers, client=PROXY, trusted_proxies=proxies)
    assert (refusal and refusal.status) == status


@pytest.mark.parametrize(
    ("peer", "hops", "address"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # not from a proxy: not believed
        (PROXY, "198.51.100.7", "198.51.100.7"),
        (f"::ffff:{PROXY}", "198.51.100.7", "198.51.100.7"),
        (PROXY, "203.0.113.1, 198.51.100.7:5000", "198.51.100.7"),
        (PROXY, "198.51.100.7, 10.0.0.1:80", "198.51.100.7"),
        (PROXY, "[2001:db8::1]:443", "2001:db8::1"),
        (PROXY, "::ffff:198.51.100.7", "198.51.100.7"),
        (PROXY, "unknown", PROXY),
        (PROXY, "203.0.113.1, <script>", PROXY),
        (PROXY, "", PROXY),
    ],
)
def test_address_is_one_whatever_its_form(peer, hops, address):
    """A port or another form of the same address is no other client; what is none is not kept."""
    headers = [("host", "pme.example"), ("x-forwarded-for", hops)]
    refusal, scope = asked(*headers, client=peer, trusted_proxies=(PROXY,))
    assert (refusal, scope["pme.address"]) == (None, address)
