"""Every setting, its default, its help. Names in the environment start with PME_."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Literal, Self, TypeAlias

from platformdirs import user_data_path
from pydantic import Field, IPvAnyNetwork, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pmecalc.cache.address import RedisAddress, parse_redis_url
from pmecalc.cache.workers import cores

Computing: TypeAlias = Literal["process", "thread"]

_MIB = 2**20


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

    data: Path = Field(default_factory=_default_data, description="data folder")
    demo: bool = Field(default=False, description="put the synthetic demo funds into the store")
    mode: Literal["local", "key"] = Field(
        default="local", description="who may call: this machine, or holders of API keys"
    )
    host: str = Field(
        default="127.0.0.1", description="address to listen on; a loopback one in the mode `local`"
    )
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    workers: int = Field(default=1, ge=1, le=64, description="worker processes")
    allowed_hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"), description="Host names that are answered"
    )
    upload_bytes: int = Field(
        default=50 * _MIB, ge=1024, description="largest request body of an import"
    )
    body_bytes: int = Field(default=_MIB, ge=1024, description="largest request body elsewhere")
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
    redis_pool: int = Field(default=20, ge=1, le=1000, description="connections to Redis a worker")
    redis_budget_ms: float = Field(
        default=50.0, gt=0, le=1000, description="longest wait of a request for Redis"
    )
    allow_plain_redis: bool = Field(
        default=False, description="let a Redis on the network do without password or TLS"
    )
    cache_ttl_s: float = Field(default=300.0, gt=0, description="life of an unused answer")
    cache_memory_bytes: int = Field(
        default=256 * _MIB, ge=_MIB, description="answers kept in memory, a worker"
    )
    cache_max_entry: int = Field(
        default=8 * _MIB, ge=1024, description="largest answer that is kept"
    )
    slow_request_s: float = Field(
        default=1.0,
        gt=0,
        description="an answer that begins later than this leaves a line in the log",
    )
    cache_tenant_share: float = Field(
        default=0.40,
        gt=0,
        le=1,
        description="share of the memory that no tenant exceeds while others' answers have to go",
    )
    compute_queue: int = Field(
        default=256, ge=1, description="computations that may wait; beyond it 503"
    )
    compute: Computing = Field(
        default_factory=_default_computing,
        description="where answers are computed: in processes beside each worker, or in threads",
    )

    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(), description="addresses whose X-Forwarded-For and -Proto are believed"
    )
    tls: bool = Field(default=False, description="clients come over TLS: a proxy ends it")
    insecure_no_auth_i_understand: bool = Field(
        default=False, description="let the mode `local` answer a network: anyone may do anything"
    )
    rate_reads_per_s: int = Field(default=100, ge=1, description="requests a second and key")
    rate_reads_burst: int = Field(default=500, ge=1, description="requests at once, a key")
    rate_imports_per_min: int = Field(default=30, ge=1, description="imports a minute and key")
    rate_imports_burst: int = Field(default=10, ge=1, description="imports at once, a key")
    rate_jobs_per_min: int = Field(default=10, ge=1, description="new jobs a minute and key")
    rate_keys_per_h: int = Field(default=10, ge=1, description="new API keys an hour and key")
    rate_failures_per_min: int = Field(
        default=10, ge=1, description="refused credentials a minute and address; then 60 s of 429"
    )

    head_s: float = Field(default=10.0, gt=0, description="longest arrival of a request's head")
    head_bytes: int = Field(default=32 * 1024, ge=1024, description="largest head of a request")
    request_s: float = Field(default=120.0, gt=0, description="longest arrival of a body")
    request_window_s: float = Field(
        default=10.0, gt=0, description="time over which the rate of a body is averaged"
    )
    request_rate: float = Field(
        default=1024.0, ge=0, description="bytes a second that a body must arrive with"
    )
    keep_alive_s: float = Field(default=15.0, gt=0, description="life of an unused connection")
    unread_s: float = Field(
        default=60.0, gt=0, description="longest wait for a client that reads nothing"
    )
    connections: int = Field(default=2000, ge=1, description="open connections a worker; then 503")
    connections_per_address: int = Field(
        default=100, ge=1, description="the same, an address; loopback and proxies are exempt"
    )
    form_files: int = Field(default=20, ge=1, description="files of an upload")
    form_fields: int = Field(default=50, ge=1, description="fields of an upload beside its files")
    form_field_bytes: int = Field(
        default=64 * 1024, ge=1024, description="largest field of an upload that is no file"
    )
    warm_engine: bool = Field(
        default=True,
        description="load the compiled loops of the extra `fast` beside the first computation",
    )

    quota_funds: int = Field(default=50_000, ge=1, description="funds a tenant may have")
    quota_rows: int = Field(
        default=20_000_000, ge=1, description="flows and NAVs a tenant may have"
    )
    quota_bytes: int = Field(
        default=20 * 2**30, ge=1024, description="bytes of stored objects a tenant may have"
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
            raise ValueError("PME_CACHE_MAX_ENTRY is larger than PME_CACHE_MEMORY_BYTES")
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
    except (OSError, ValueError) as error:
        raise ValueError(f"{setting}={path} cannot be read: {error}") from error
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
