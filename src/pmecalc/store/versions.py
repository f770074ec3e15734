"""The version of a stored row, and the condition that a change applies to that version alone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

from pmecalc._version import __version__
from pmecalc.store.errors import PreconditionFailedError

if TYPE_CHECKING:
    from pmecalc.store.jobs import JobRow
    from pmecalc.store.keys import KeyRow
    from pmecalc.store.values import DatasetRow

    Row: TypeAlias = DatasetRow | JobRow | KeyRow

_DIGEST_BYTES = 12


def version_of(row: Row) -> str:
    """The digest of every field of a row: two states that differ anywhere have different ones."""
    # Another release may show the same row otherwise, and an ETag stands for what is shown.
    text = json.dumps([__version__, asdict(row)], sort_keys=True)
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()


@dataclass(frozen=True, slots=True)
class Expected:
    """The versions that a change may meet (RFC 9110, If-Match); None: any version that exists."""

    versions: frozenset[str] | None = None

    def check(self, row: Row) -> None:
        """Raise PreconditionFailedError unless the row has one of the versions.

        Called inside the transaction that makes the change, so nothing moves in between.
        """
        current = version_of(row)
        if self.versions is not None and current not in self.versions:
            raise PreconditionFailedError(row.id, current)


ANY = Expected()
