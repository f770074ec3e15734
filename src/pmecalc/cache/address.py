"""Where Redis is, read from a URL; no message and no repr shows a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind: TypeAlias = Literal["standalone", "unix", "sentinel", "cluster"]

_PORT = 6379
_SENTINEL_PORT = 26379
_SCHEMES: Mapping[str, tuple[Kind, bool]] = MappingProxyType(
    {
        "redis": ("standalone", False),
        "rediss": ("standalone", True),
        "unix": ("unix", False),
        "redis+sentinel": ("sentinel", False),
        "rediss+sentinel": ("sentinel", True),
        "redis+cluster": ("cluster", False),
        "rediss+cluster": ("cluster", True),
    }
)
_TLS_FILES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
_SENTINEL_LOGIN = frozenset({"sentinel_username", "sentinel_password"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """One server, the sentinels of a service, or some nodes of a cluster."""

    kind: Kind
    tls: bool = False
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    service: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether nothing leaves this machine on the way there."""
        return all(_is_loopback(host) for host, _ in self.hosts)


def parse_redis_url(url: str) -> RedisAddress:
    """The address that a URL names; ValueError with one sentence, which never repeats the URL."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"its scheme has to be one of {', '.join(_SCHEMES)}")
    kind, tls = _SCHEMES[parts.scheme]
    login, _, places = parts.netloc.rpartition("@")
    username, password = _login(login)
    # Hosts first: an unescaped / in the password ends them, and the message for that is theirs.
    hosts = _hosts(kind, places)
    service, db = _service_and_db(kind, parts)
    return RedisAddress(
        kind=kind,
        tls=tls,
        hosts=hosts,
        path=_socket_path(kind, parts),
        service=service,
        db=db,
        username=username,
        password=password,
        options=_options(kind, parts.query, tls=tls),
    )


def _login(login: str) -> tuple[str | None, str | None]:
    username, colon, password = login.partition(":")
    if username and not colon:
        raise ValueError("the part before @ has to be user:password or :password")
    return unquote(username) or None, unquote(password) or None


def _hosts(kind: Kind, places: str) -> tuple[tuple[str, int], ...]:
    if kind == "unix":
        if places:
            raise ValueError("a socket's path begins with the third slash: unix:///path/to/socket")
        return ()
    if kind == "standalone" and "," in places:
        raise ValueError("several hosts need redis+sentinel:// or redis+cluster://")
    default = _SENTINEL_PORT if kind == "sentinel" else _PORT
    return tuple(_host(place, default) for place in places.split(","))


def _host(place: str, default: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            "a port has to be a number up to 65535; in a password / ? # @ : are written %2F %3F "
            "%23 %40 %3A"
        ) from None
    if not host:
        raise ValueError("it names no host")
    if port == 0:
        raise ValueError("port 0 cannot be connected to")
    return unquote(host), default if port is None else port


def _socket_path(kind: Kind, parts: SplitResult) -> str:
    if kind != "unix":
        return ""
    if parts.path in {"", "/"}:
        raise ValueError("it names no socket: unix:///path/to/socket")
    return unquote(parts.path)


def _service_and_db(kind: Kind, parts: SplitResult) -> tuple[str, int]:
    if kind == "unix":
        return "", _db(dict(parse_qsl(parts.query)).get("db", "0"))
    words = [unquote(word) for word in parts.path.split("/") if word]
    service = ""
    if kind == "sentinel":
        if not words:
            raise ValueError("it names no service: redis+sentinel://host:port,host:port/service/0")
        service = words.pop(0)
    if len(words) > 1:
        raise ValueError("after the database's number nothing may follow")
    db = _db(words[0]) if words else 0
    if kind == "cluster" and db:
        raise ValueError("a cluster has no database but 0")
    return service, db


def _db(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise ValueError("the database has to be a whole number, as in redis://host:6379/0")
    return int(text)


def _options(kind: Kind, query: str, *, tls: bool) -> Mapping[str, str]:
    allowed = {
        *(_TLS_FILES if tls else ()),
        *(_SENTINEL_LOGIN if kind == "sentinel" else ()),
        *(("db",) if kind == "unix" else ()),
    }
    options = dict(parse_qsl(query, keep_blank_values=True))
    if not options.keys() <= allowed:
        may = f"may only be {', '.join(sorted(allowed))}" if allowed else "are not allowed here"
        raise ValueError(f"options after ? {may}; time limits and pool are settings of ours")
    options.pop("db", None)
    return MappingProxyType(options)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
