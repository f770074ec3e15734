"""How much a tenant has stored."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.store.sqlite import Connection


class Usage(NamedTuple):
    """Live funds, their flows and NAVs, and the bytes of all objects."""

    funds: int
    rows: int
    bytes: int


def usage(db: Connection, tenant: str, *, beside: Sequence[str] = ()) -> Usage:
    """What the tenant has now; the funds beside these, which are about to be replaced."""
    funds, rows = db.execute(
        "SELECT count(*), coalesce(sum(rows), 0) FROM live WHERE tenant = ? AND kind = 'fund' "
        "AND id NOT IN (SELECT value FROM json_each(?))",
        (tenant, json.dumps(beside)),
    ).fetchone()
    stored = db.execute("SELECT coalesce(sum(bytes), 0) FROM object WHERE tenant = ?", (tenant,))
    return Usage(funds, rows, stored.fetchone()[0])
