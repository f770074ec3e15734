"""What every request must pass before anything answers it, on whichever lane it comes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from pmecalc.api.auth import Identify

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_PARAMETERS = 64
MAX_URL_BYTES = 8192
MAX_COOKIE_BYTES = 4096
KEY = re.compile(rb"pme_[0-9A-Za-z]{10}_[0-9A-Za-z_-]{43}")
_ADDRESSES = 4096  # remembered, since reading one costs more than all other checks
# Headers with one value: two lines would be two claims, of which a reader takes either.
_SINGLE_HEADERS = frozenset(
    (
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"last-event-id",
        b"origin",
        b"sec-fetch-site",
    )
)
_FORMS = ("application/x-www-form-urlencoded", "text/plain")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused; `retry_seconds` where it may come again."""

    status: int
    code: str
    detail: str
    retry_seconds: int | None = None


KEY_MISPLACED = Refusal(
    400,
    "KEY_MISPLACED",
    "An API key is sent in the header Authorization: Bearer and nowhere else. Revoke this one.",
)


HOST_MISSING = Refusal(400, "HOST_MISSING", "Send the name of this service in the header Host.")

TLS_REQUIRED = Refusal(
    403,
    "TLS_REQUIRED",
    "A credential came over plain HTTP from another machine. Use https, through a proxy that "
    "PME_TRUSTED_PROXIES names, and revoke this key.",
)


LARGE_COOKIES = Refusal(
    431,
    "HEADERS_TOO_LARGE",
    f"The header Cookie has more than {MAX_COOKIE_BYTES:,} bytes. Delete this site's cookies.",
)


def _admit(_scope: Scope) -> Refusal | None:
    return None


class Checks:
    """Host, proxies, sizes, origin, address, credential, rate: in this order, without waiting.

    `admit_address` comes before the credential is read, `admit` knows whose it is.

    The verdict stays in the scope, so two lanes that both ask count a request once.
    """

    def __init__(
        self,
        *,
        identify: Identify,
        allowed_hosts: tuple[str, ...],
        trusted_proxies: tuple[str, ...] = (),
        refuse_forwarded: bool = True,
        refuse_clear: bool = False,
        tls: bool = False,
        admit: Callable[[Scope], Refusal | None] = _admit,
        admit_address: Callable[[Scope], Refusal | None] = _admit,
    ) -> None:
        self._identify = identify
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        proxies = tuple(ip_network(proxy) for proxy in trusted_proxies)
        self._has_proxies = bool(proxies)
        self._is_proxy = lru_cache(_ADDRESSES)(partial(_is_within, proxies))
        self._refuse_forwarded = refuse_forwarded
        self._refuse_clear = refuse_clear
        self._tls = tls
        self._admit = admit
        self._admit_address = admit_address

    def check(self, scope: Scope) -> Refusal | None:
        """None, and `scope["pme.principal"]` says who asks; or why the request is refused."""
        if "pme.refusal" not in scope:
            scope["pme.refusal"] = self._verdict(scope)
        refusal: Refusal | None = scope["pme.refusal"]
        return refusal

    def _verdict(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        refusal = (
            _repeated(scope)
            or self._wrong_host(headers)
            or self._forwarded(headers)
            or _too_long(scope)
            or _key(scope)
        )
        if refusal is not None:
            return refusal
        self._settle_client(scope, headers)
        if self._refuse_clear and _is_overheard(scope, headers):
            return TLS_REQUIRED
        if self._refuse_clear and _has_large_cookies(headers):
            return LARGE_COOKIES
        if scope["method"] not in SAFE:
            refusal = _cross_site(scope, headers) or _foreign_form(headers)
            if refusal is not None:
                return refusal
        if has_credential(headers):
            refusal = self._admit_address(scope)
            if refusal is not None:
                return refusal
        scope["pme.principal"] = self._identify(scope)
        return self._admit(scope)

    def _wrong_host(self, headers: Headers) -> Refusal | None:
        host = headers.get("host")
        if host is None:
            return HOST_MISSING
        if _host_name(host) in self._allowed_hosts:
            return None
        return Refusal(
            421,
            "WRONG_HOST",
            "This name is not served here. Use http://127.0.0.1 or add it to PME_ALLOWED_HOSTS.",
        )

    def _forwarded(self, headers: Headers) -> Refusal | None:
        if not self._refuse_forwarded:
            return None
        if "forwarded" not in headers and "x-forwarded-for" not in headers:
            return None
        return Refusal(
            403,
            "FORWARDED",
            "The request came through a proxy; the local mode has no accounts and answers this "
            "machine alone. Start the service with PME_MODE=key to serve others.",
        )

    def _settle_client(self, scope: Scope, headers: Headers) -> None:
        """Where the request began and over what: a trusted proxy is believed, nobody else."""
        given = (scope.get("client") or ("", 0))[0]
        peer = plain_address(given) or given
        scope["pme.address"] = peer
        scope["pme.secure"] = self._tls or scope["scheme"] == "https"
        scope["pme.clear"] = scope["scheme"] != "https"  # the credential could be read on its way
        if not self._has_proxies or not self._is_proxy(peer):
            return
        hops = map(plain_address, _listed(headers, "x-forwarded-for"))
        foreign = [hop for hop in hops if not self._is_proxy(hop)]
        scope["pme.address"] = (foreign and foreign[-1]) or peer
        protocols = _listed(headers, "x-forwarded-proto")
        is_https = bool(protocols) and protocols[-1].lower() == "https"  # as the last proxy saw it
        scope["pme.secure"] = self._tls or is_https
        scope["pme.clear"] = not is_https


@lru_cache(_ADDRESSES)
def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own; a Unix socket has none and is."""
    try:
        return not address or ip_address(address).is_loopback
    except ValueError:
        return False


def has_credential(headers: Headers) -> bool:
    """Whether a request names a key or a session, which nobody has looked at yet."""
    return "authorization" in headers or any("pme=" in line for line in headers.getlist("cookie"))


def _is_overheard(scope: Scope, headers: Headers) -> bool:
    """Whether a credential came in clear over a network."""
    is_foreign = scope["pme.clear"] and not is_loopback(scope["pme.address"])
    return is_foreign and has_credential(headers)


def _has_large_cookies(headers: Headers) -> bool:
    """Whether there is more of cookies than a session of ours needs.

    Refused and not passed over: a session that is not seen would look like one that has ended. The
    mode `local` reads no cookie, and a browser sends it those of all services of the machine.
    """
    return sum(map(len, headers.getlist("cookie"))) > MAX_COOKIE_BYTES


def _listed(headers: Headers, name: str) -> list[str]:
    """The words of a header that is a list, of all its lines: a proxy may add one of its own."""
    words = ",".join(headers.getlist(name)).split(",")
    return [word.strip() for word in words if word.strip()]


def _is_within(networks: tuple[IPv4Network | IPv6Network, ...], address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _host_name(host: str) -> str:
    """The Host header without its port; "" where what follows the name is no port."""
    bracketed, bracket, port = host.rpartition("]")
    name, colon, digits = port.partition(":")
    if (colon and digits and not digits.isdecimal()) or (bracket and name):
        return ""
    return (bracketed + bracket + name).lower()


@lru_cache(_ADDRESSES)
def plain_address(hop: str) -> str:
    """The address of a peer or of a hop without a port, IPv4 as IPv4; "" where it is none.

    Examples
    --------
    >>> plain_address("192.0.2.1:5000"), plain_address("[2001:db8::1]:80")
    ('192.0.2.1', '2001:db8::1')
    >>> plain_address("::ffff:192.0.2.1"), plain_address("unknown")
    ('192.0.2.1', '')
    """
    bare = hop.partition(":")[0] if hop.count(":") == 1 else hop
    if hop.startswith("["):
        bare = hop[1:].partition("]")[0]
    try:
        parsed = ip_address(bare)
    except ValueError:
        return ""
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _repeated(scope: Scope) -> Refusal | None:
    names = [name for name, _ in scope["headers"] if name in _SINGLE_HEADERS]
    if len(set(names)) == len(names):
        return None
    twice = next(name for name in names if names.count(name) > 1).decode()
    return Refusal(400, "REPEATED_HEADER", f"Send the header {twice} once, not more often.")


def _too_long(scope: Scope) -> Refusal | None:
    query: bytes = scope["query_string"]
    if len(query) + len(scope.get("raw_path") or b"") > MAX_URL_BYTES:
        return Refusal(414, "URL_TOO_LONG", f"An address has at most {MAX_URL_BYTES:,} bytes.")
    if query.count(b"&") >= MAX_PARAMETERS:
        return Refusal(
            400, "TOO_MANY_PARAMETERS", f"A query has at most {MAX_PARAMETERS} parameters."
        )
    return None


def _key(scope: Scope) -> Refusal | None:
    """Addresses are logged and remembered everywhere: a key in one is burnt."""
    address = (scope.get("raw_path") or b"") + b"?" + scope["query_string"]
    if (b"pme_" in address or b"%" in address) and KEY.search(unquote_to_bytes(address)):
        return KEY_MISPLACED
    return None


def _cross_site(scope: Scope, headers: Headers) -> Refusal | None:
    """Requests of other sites' pages; a client that sends neither header is no browser."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    own = f"{'https' if scope['pme.secure'] else 'http'}://{headers.get('host', '')}"
    if site is not None:
        foreign = site not in {"same-origin", "none"}
    else:
        foreign = origin is not None and origin != own
    if not foreign:
        return None
    return Refusal(403, "CROSS_SITE", "Another site's page sent this request; it is refused.")


def _foreign_form(headers: Headers) -> Refusal | None:
    kind = headers.get("content-type", "").lower()
    if not kind.startswith(_FORMS):
        return None
    return Refusal(415, "CONTENT_TYPE", "Send JSON, or multipart/form-data for a file.")
