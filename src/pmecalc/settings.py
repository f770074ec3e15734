"""Every setting, its default, its help. Names in the environment start with PME_."""

from __future__ import annotations

import json
import re
import stat
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from platformdirs import user_data_path
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    IPvAnyNetwork,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pmecalc.cache.address import RedisAddress, parse_redis_url
from pmecalc.cache.workers import cores

Computing: TypeAlias = Literal["process", "thread"]

HOST_FORM = "an address or a host name without scheme and port, such as 127.0.0.1 or ::1"
HOSTS_FORM = (
    "host names without scheme and port, separated by commas, such as pme.example, 127.0.0.1, [::1]"
)
NETWORKS_FORM = (
    "addresses or networks (CIDR, host bits zero), separated by commas, such as 10.0.0.5, "
    "10.1.0.0/16, fd00::/8"
)
_MIB = 2**20
_TIB = 2**40
_DAY = 86_400
_YEAR = 365 * _DAY
_MILLION = 1_000_000
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")


def _words(given: object) -> object:
    """The items of a list: text with commas, or JSON as earlier versions asked for."""
    if not isinstance(given, str):
        return given
    try:
        listed = json.loads(given)
    except ValueError:
        listed = None
    if isinstance(listed, list):
        return listed
    words = [word.strip() for word in given.split(",")]
    if not all(words) and words != [""]:
        raise ValueError("there is nothing between two commas")
    return [word for word in words if word]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _host(text: str) -> str:
    if not _is_address(text) and _HOST_NAME.fullmatch(text) is None:
        raise ValueError(HOST_FORM)
    return text


def _hosts(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as the header Host has them; an IPv6 address stands in brackets there."""
    for name in names:
        bare = name[1:-1] if name.startswith("[") and name.endswith("]") else ""
        is_ipv6 = ":" in bare and _is_address(bare)
        if not is_ipv6 and _HOST_NAME.fullmatch(name) is None:
            raise ValueError(HOSTS_FORM)
    if not names:
        raise ValueError("without a name nobody would be answered")
    return names


def _network(given: object) -> object:
    """An address or a network whose host bits are clear: 10.1.2.3/8 is one or the other."""
    return ip_network(given) if isinstance(given, str) else given


def _folder(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise ValueError("it is not a folder")
    return path


def _default_data() -> Path:
    return user_data_path("pmecalc")


def _default_computing() -> Computing:
    return "process" if cores() > 1 else "thread"


class Settings(BaseSettings):
    """Read once at the outer edge, then passed on as plain values; no setting is required."""

    model_config = SettingsConfigDict(
        env_prefix="PME_",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # inputs hold passwords
    )

    data: Annotated[Path, AfterValidator(_folder)] = Field(
        default_factory=_default_data, description="data folder"
    )
    demo: bool = Field(default=False, description="put the synthetic demo funds into the store")
    mode: Literal["local", "key"] = Field(
        default="local", description="who may call: this machine, or holders of API keys"
    )
    host: Annotated[str, AfterValidator(_host)] = Field(
        default="127.0.0.1", description="address to listen on; a loopback one in the mode `local`"
    )
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    workers: int = Field(default=1, ge=1, le=64, description="worker processes")
    worker_start_s: float = Field(
        default=120.0,
        gt=0,
        le=_DAY,
        description="a worker, of several, that does not serve so long after its start is replaced",
    )
    allowed_hosts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_hosts)
    ] = Field(
        default=("localhost", "127.0.0.1", "[::1]"), description="Host names that are answered"
    )
    upload_bytes: int = Field(
        default=50 * _MIB, ge=1024, le=_TIB, description="largest request body of an import"
    )
    body_bytes: int = Field(
        default=_MIB, ge=1024, le=_TIB, description="largest request body elsewhere"
    )
    raw_days: int = Field(
        default=90, ge=0, le=36500, description="days that uploads are kept as received; 0: never"
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis to share answers in; empty: none"
    )
    redis_url_file: Path | None = Field(
        default=None, description="file that holds PME_REDIS_URL; only its owner may read it"
    )
    first_key_file: Path | None = Field(
        default=None,
        description="file for the first admin's key; default: first-admin.key in the data folder",
    )
    cache_seal_file: Path | None = Field(
        default=None,
        description="file of the keys that seal answers in Redis; default: cache-seal.keys in the "
        "data folder",
    )
    redis_pool: int = Field(default=20, ge=1, le=1000, description="connections to Redis a worker")
    redis_budget_ms: float = Field(
        default=50.0, gt=0, le=1000, description="longest wait of a request for Redis"
    )
    allow_plain_redis: bool = Field(
        default=False, description="let a Redis on the network do without password or TLS"
    )
    cache_ttl_s: float = Field(
        default=300.0, gt=0, le=_YEAR, description="life of an unused answer"
    )
    cache_memory_bytes: int = Field(
        default=256 * _MIB, ge=_MIB, le=_TIB, description="answers kept in memory, a worker"
    )
    cache_max_entry: int = Field(
        default=8 * _MIB, ge=1024, le=_TIB, description="largest answer that is kept"
    )
    slow_request_s: float = Field(
        default=1.0,
        gt=0,
        le=_DAY,
        description="an answer that begins later than this leaves a line in the log",
    )
    cache_tenant_share: float = Field(
        default=0.40,
        gt=0,
        le=1,
        description="share of the memory that no tenant exceeds while others' answers have to go",
    )
    fast_lanes: bool = Field(
        default=True,
        description="answer hits and misses before the framework; off: every answer by its route",
    )
    compute_queue: int = Field(
        default=256, ge=1, le=_MILLION, description="computations that may wait; beyond it 503"
    )
    compute_queue_tenant: int = Field(
        default=256, ge=1, le=_MILLION, description="the same of one tenant"
    )
    compute_s: float = Field(
        default=30.0,
        gt=0,
        le=_DAY,
        description="longest time of a computation; then 503",
    )
    compute_silence_s: float = Field(
        default=5.0,
        gt=0,
        le=_DAY,
        description="a process that is silent for so much longer than estimated is replaced",
    )
    compute: Computing = Field(
        default_factory=_default_computing,
        description="where answers are computed: in processes beside each worker, or in threads",
    )

    trusted_proxies: Annotated[
        tuple[Annotated[IPvAnyNetwork, BeforeValidator(_network)], ...],
        NoDecode,
        BeforeValidator(_words),
    ] = Field(
        default=(),
        description="addresses and networks whose X-Forwarded-For and -Proto are believed",
    )
    tls: bool = Field(default=False, description="clients come over TLS: a proxy ends it")
    insecure_no_auth_i_understand: bool = Field(
        default=False, description="let the mode `local` answer a network: anyone may do anything"
    )
    rate_reads_per_s: int = Field(
        default=100, ge=1, le=_MILLION, description="requests a second and key"
    )
    rate_reads_burst: int = Field(
        default=500, ge=1, le=_MILLION, description="requests at once, a key"
    )
    rate_imports_per_min: int = Field(
        default=30, ge=1, le=_MILLION, description="imports a minute and key"
    )
    rate_imports_burst: int = Field(
        default=10, ge=1, le=_MILLION, description="imports at once, a key"
    )
    rate_jobs_per_min: int = Field(
        default=10, ge=1, le=_MILLION, description="new jobs a minute and key"
    )
    rate_keys_per_h: int = Field(
        default=10, ge=1, le=_MILLION, description="new API keys an hour and key"
    )
    rate_sessions_per_min: int = Field(
        default=10, ge=1, le=_MILLION, description="new sessions a minute and key"
    )
    rate_edits_per_min: int = Field(
        default=120, ge=1, le=_MILLION, description="edits, deletes and undos a minute and key"
    )
    rate_tenant_requests: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="times the requests of a key that all keys of a tenant may use together",
    )
    rate_tenant_imports: int = Field(
        default=3,
        ge=1,
        le=1000,
        description="times the imports of a key that all keys of a tenant may use together",
    )
    rate_tenant_jobs: int = Field(
        default=3,
        ge=1,
        le=1000,
        description="times the new jobs of a key that all keys of a tenant may use together",
    )
    rate_tenant_keys: int = Field(
        default=2,
        ge=1,
        le=1000,
        description="times the new API keys of a key that all keys of a tenant may use together",
    )
    rate_tenant_sessions: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="times the new sessions of a key that all keys of a tenant may use together",
    )
    rate_tenant_edits: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="times the edits of a key that all keys of a tenant may use together",
    )
    rate_failures_per_min: int = Field(
        default=10,
        ge=1,
        le=_MILLION,
        description="refused credentials a minute and address; then 60 s of 429",
    )

    head_s: float = Field(
        default=10.0, gt=0, le=_DAY, description="longest arrival of a request's head"
    )
    head_bytes: int = Field(
        default=32 * 1024, ge=1024, le=_MIB, description="largest head of a request"
    )
    request_s: float = Field(default=120.0, gt=0, le=_DAY, description="longest arrival of a body")
    request_window_s: float = Field(
        default=10.0, gt=0, le=_DAY, description="time over which the rate of a body is averaged"
    )
    request_rate: float = Field(
        default=1024.0, ge=0, le=_TIB, description="bytes a second that a body must arrive with"
    )
    keep_alive_s: float = Field(
        default=15.0, gt=0, le=_DAY, description="life of an unused connection"
    )
    unread_s: float = Field(
        default=60.0, gt=0, le=_DAY, description="longest wait for a client that reads nothing"
    )
    connections: int = Field(
        default=2000, ge=1, le=_MILLION, description="open connections a worker; then 503"
    )
    connections_per_address: int = Field(
        default=100,
        ge=1,
        le=_MILLION,
        description="the same, an address; loopback and proxies are exempt",
    )
    form_files: int = Field(default=20, ge=1, le=_MILLION, description="files of an upload")
    form_fields: int = Field(
        default=50, ge=1, le=_MILLION, description="fields of an upload beside its files"
    )
    form_field_bytes: int = Field(
        default=64 * 1024,
        ge=1024,
        le=_TIB,
        description="largest field of an upload that is no file",
    )
    cache_dir: Path | None = Field(
        default=None,
        description="folder of the compiled loops, which `pme compile` fills; the library reads it",
    )
    warm_engine: bool = Field(
        default=True,
        description="load the compiled loops of the extra `fast` beside the first computation",
    )

    quota_funds: int = Field(default=50_000, ge=1, le=_TIB, description="funds a tenant may have")
    quota_rows: int = Field(
        default=20_000_000, ge=1, le=_TIB, description="flows and NAVs a tenant may have"
    )
    quota_bytes: int = Field(
        default=20 * 2**30,
        ge=1024,
        le=_TIB * _MILLION,
        description="bytes of stored objects a tenant may have",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secrets(cls, given: dict[str, object]) -> dict[str, object]:
        file = given.get("redis_url_file")
        if not file or given.get("redis_url"):
            return given
        return {**given, "redis_url": secret_in(Path(str(file)), "PME_REDIS_URL_FILE")}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.cache_max_entry > self.cache_memory_bytes:
            raise ValueError(
                f"PME_CACHE_MAX_ENTRY={self.cache_max_entry} is larger than "
                f"PME_CACHE_MEMORY_BYTES={self.cache_memory_bytes}: one answer has to fit"
            )
        if self.mode == "local" and not self.is_loopback and not self.is_unprotected:
            raise ValueError(
                f"PME_HOST={self.host} is not a loopback address: without accounts anyone on the "
                "network could read and delete the data. Use PME_MODE=key, which asks for API "
                "keys, or 127.0.0.1"
            )
        return self

    @model_validator(mode="after")
    def _redis_can_be_named(self) -> Self:
        if self.redis_address:
            try:
                address = parse_redis_url(self.redis_address)
            except ValueError as error:
                raise ValueError(f"PME_REDIS_URL cannot be used: {error}") from None
            if self.mode == "key":
                check_redis_is_guarded(address, allow_plain=self.allow_plain_redis)
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.host in {"127.0.0.1", "::1", "localhost"}

    @property
    def is_unprotected(self) -> bool:
        """Whether somebody said that a network may come in without accounts."""
        return self.mode == "local" and self.insecure_no_auth_i_understand

    @property
    def redis_address(self) -> str | None:
        """The URL of Redis in clear, or None."""
        return self.redis_url.get_secret_value() or None if self.redis_url else None


def secret_in(path: Path, setting: str) -> str:
    """What a file holds that its owner alone may read; ValueError where others may."""
    try:
        mode, text = path.stat().st_mode, path.read_text("utf-8").strip()
    except OSError as error:
        raise ValueError(f"{setting}={path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # whose words may quote what the file holds
        raise ValueError(f"{setting}={path} cannot be read: it is not text in UTF-8") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"{setting}={path} can be read by others: chmod 600 it")
    return text


def check_redis_is_guarded(address: RedisAddress, *, allow_plain: bool) -> None:
    """ValueError unless a Redis that others can reach asks for a password over TLS (SECURITY 10).

    Who can write to it could forge answers, who can listen reads them.
    """
    if allow_plain or address.is_local:
        return
    missing = [
        what
        for what, given in (("TLS", address.tls), ("a password", address.password))
        if not given
    ]
    if missing:
        raise ValueError(
            f"PME_REDIS_URL leads over the network without {' and without '.join(missing)}: use "
            "rediss://user:password@host, or set PME_ALLOW_PLAIN_REDIS=true if the network is yours"
        )
