"""Who asks, and what a role may do: a principal comes from the credential and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

Role: TypeAlias = Literal["viewer", "analyst", "admin", "operator"]
Permission: TypeAlias = Literal[
    "public", "self", "read", "write", "run", "delete", "keys", "operate"
]
ALL: tuple[Permission, ...] = get_args(Permission)

_READ: frozenset[Permission] = frozenset({"public", "self", "read"})
_WRITE: frozenset[Permission] = frozenset({*_READ, "write", "run"})
PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        "viewer": _READ,
        "analyst": _WRITE,
        "admin": frozenset({*_WRITE, "delete", "keys"}),
        "operator": frozenset({"public", "self", "operate"}),  # runs the instance, sees no data
    }
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose data, what may be done with them, and the name that the audit keeps."""

    tenant: str
    role: Role | None
    actor: str
    instance: bool = False  # may also run the instance, beside what the role says
    scopes: frozenset[str] | None = None  # a key may be narrower than its role
    via: str = "local"

    def may(self, permission: Permission) -> bool:
        """Whether this is allowed; what no role lists is allowed to nobody."""
        if permission == "public":
            return True
        if self.role is None:
            return False
        if self.scopes is not None and permission not in self.scopes and permission != "self":
            return False
        return permission in PERMISSIONS[self.role] or (self.instance and permission == "operate")


Identify: TypeAlias = Callable[[MutableMapping[str, Any]], Principal]  # of an ASGI scope

LOCAL = Principal(tenant="default", role="admin", actor="local", instance=True)
ANONYMOUS = Principal(tenant="", role=None, actor="anonymous")


def local(_scope: MutableMapping[str, Any]) -> Principal:
    """Local mode has one tenant, and no credential to read it from."""
    return LOCAL
