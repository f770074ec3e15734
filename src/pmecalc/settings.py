"""Every setting, its default, its help. Names in the environment start with PME_."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from platformdirs import user_data_path
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_MIB = 2**20


def _default_data() -> Path:
    return user_data_path("pmecalc")


class Settings(BaseSettings):
    """Read once at the outer edge, then passed on as plain values; no setting is required."""

    model_config = SettingsConfigDict(env_prefix="PME_", frozen=True, extra="ignore")

    data: Path = Field(default_factory=_default_data, description="data folder")
    demo: bool = Field(default=False, description="put the synthetic demo funds into the store")
    host: str = Field(default="127.0.0.1", description="loopback address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    workers: int = Field(default=1, ge=1, le=64, description="worker processes")
    allowed_hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"), description="Host names that are answered"
    )
    upload_bytes: int = Field(
        default=50 * _MIB, ge=1024, description="largest request body of an import"
    )
    body_bytes: int = Field(default=_MIB, ge=1024, description="largest request body elsewhere")
    redis_url: SecretStr | None = Field(
        default=None, description="Redis to share answers in; empty: none"
    )
    redis_pool: int = Field(default=20, ge=1, le=1000, description="connections to Redis a worker")
    redis_budget_ms: float = Field(
        default=50.0, gt=0, le=1000, description="longest wait of a request for Redis"
    )
    cache_ttl_s: float = Field(default=300.0, gt=0, description="life of an unused answer")
    cache_memory_bytes: int = Field(
        default=256 * _MIB, ge=_MIB, description="answers kept in memory, a worker"
    )
    cache_max_entry: int = Field(
        default=8 * _MIB, ge=1024, description="largest answer that is kept"
    )
    compute_queue: int = Field(
        default=256, ge=1, description="computations that may wait; beyond it 503"
    )

    warm_engine: bool = Field(
        default=True, description="load the compiled loops of the extra `fast` in the background"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.cache_max_entry > self.cache_memory_bytes:
            raise ValueError("PME_CACHE_MAX_ENTRY is larger than PME_CACHE_MEMORY_BYTES")
        if self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError(
                f"PME_HOST={self.host} is not a loopback address: without accounts anyone on the "
                "network could read and delete the data. Use 127.0.0.1, and a tunnel or a proxy "
                "with log-in in front"
            )
        return self

    @property
    def redis_address(self) -> str | None:
        """The URL of Redis in clear, or None."""
        return self.redis_url.get_secret_value() or None if self.redis_url else None
