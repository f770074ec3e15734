"""`pme keys`: make, list and revoke API keys of a data folder, the service running or not."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pmecalc.cli.exits import Exit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from pmecalc.service.keys import Keys
    from pmecalc.store.keys import KeyRow
    from pmecalc.store.values import By

_PAGE = 1000


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "make, list and revoke API keys"
    parser = commands.add_parser("keys", help=text, description=text)
    verbs = parser.add_subparsers(title="what to do", metavar="VERB", required=True)
    create = verbs.add_parser("create", help="make a key and print it once")
    create.add_argument("name", help="what the key is for")
    create.add_argument(
        "--role", choices=("viewer", "analyst", "admin", "operator"), default="viewer"
    )
    create.add_argument("--days", type=int, default=90, help="life, at most 365; default: 90")
    create.set_defaults(run=_create)
    listing = verbs.add_parser("list", help="list the keys, ended ones too")
    listing.set_defaults(run=_list)
    revoke = verbs.add_parser("revoke", help="end a key within a second")
    revoke.add_argument("id", help="the ten letters after pme_")
    revoke.set_defaults(run=_revoke)
    for verb in (listing, revoke):
        verb.add_argument("--operators", action="store_true", help="keys of the role operator")
    for verb in (create, listing, revoke):
        verb.add_argument("--data", metavar="FOLDER", type=Path, help="default: PME_DATA")
        verb.add_argument("--tenant", default="default", help="whose keys; default: default")
        verb.add_argument("--json", action="store_true", help="print JSON")


def _create(given: argparse.Namespace) -> Exit:
    with _opened(given, new=True) as (keys, by):
        made = keys.create(given.tenant, role=given.role, name=given.name, days=given.days, by=by)
    print(json.dumps({**_shown(made.row), "key": made.text}) if given.json else made.text)
    print(f"Shown once; valid until {_day(made.row.expires)}.", file=sys.stderr)
    return Exit.OK


def _list(given: argparse.Namespace) -> Exit:
    with _opened(given) as (keys, _):
        rows = list(_all(keys, _owner(given)))
    if given.json:
        print(json.dumps([_shown(row) for row in rows]))
        return Exit.OK
    for row in rows:
        state = f"revoked {_day(row.revoked)}" if row.revoked else f"until {_day(row.expires)}"
        used = f"used {_day(row.last_used)}" if row.last_used else "never used"
        print(f"{row.id}  {row.role:8}  {state:18}  {used:15}  {row.name}")
    return Exit.OK


def _revoke(given: argparse.Namespace) -> Exit:
    with _opened(given) as (keys, by):
        keys.revoke(_owner(given), given.id, by=by)
    print(f"{given.id} is revoked.", file=sys.stderr)
    return Exit.OK


@contextmanager
def _opened(given: argparse.Namespace, *, new: bool = False) -> Iterator[tuple[Keys, By]]:
    """The keys of the data folder, made if it may be new, and how the audit names this command."""
    # Here, since the other commands work without the service's packages.
    from pmecalc.cli import folders  # noqa: PLC0415
    from pmecalc.service.keys import Keys  # noqa: PLC0415
    from pmecalc.store.store import Store  # noqa: PLC0415
    from pmecalc.store.values import By  # noqa: PLC0415

    folder = (given.data or folders.settings().data) if new else folders.existing(given)
    with Store.open(folder) as store:
        yield Keys(store), By(actor="cli", via="cli")


def _owner(given: argparse.Namespace) -> str:
    from pmecalc.service.keys import INSTANCE  # noqa: PLC0415  (as above)

    return INSTANCE if given.operators else str(given.tenant)


def _all(keys: Keys, tenant: str) -> Iterator[KeyRow]:
    after = None
    while True:
        rows, after = keys.page(tenant, limit=_PAGE, after=after)
        yield from rows
        if after is None:
            return


def _shown(row: KeyRow) -> dict[str, object]:
    return {name: value for name, value in asdict(row).items() if name != "hash"}


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
