"""Who asks: a principal, from the credential of a request and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import Any

Role: TypeAlias = Literal["viewer", "analyst", "admin", "operator"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose data, what may be done with them, and the name that the audit keeps."""

    tenant: str
    role: Role
    actor: str


Identify: TypeAlias = "Callable[[MutableMapping[str, Any]], Principal]"  # of an ASGI scope

LOCAL = Principal(tenant="default", role="admin", actor="local")


def local(_scope: MutableMapping[str, Any]) -> Principal:
    """Local mode has one tenant, and no credential to read it from."""
    return LOCAL
