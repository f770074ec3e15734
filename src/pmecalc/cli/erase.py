"""`pme erase`: all that a tenant has, for good."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pmecalc.cli.exits import Exit

if TYPE_CHECKING:
    import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "erase all that a tenant has; it cannot be brought back"
    parser = commands.add_parser("erase", help=text, description=text)
    parser.add_argument("tenant", metavar="TENANT", help="whose data; in local mode: default")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--data", metavar="FOLDER", help="default: the user's data folder")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Exit:
    """Ask, erase in the data folder, then in Redis where one is set."""
    if not given.yes and not _agreed(given.tenant):
        print("pme erase: nothing was erased", file=sys.stderr)
        return Exit.NEEDS_ANSWER
    from pmecalc.cli import folders, shared_cache  # noqa: PLC0415  (packages of the service)
    from pmecalc.store import By, Store  # noqa: PLC0415

    with Store.open(folders.existing(given)) as store:
        erased = store.erase(given.tenant, by=By(actor="local", via="cli"))
    rows = ", ".join(f"{count} {table}" for table, count in erased.rows.items()) or "none"
    print(f"rows: {rows}")
    print(
        f"files: {erased.files} removed, {erased.shared} kept for other tenants, "
        f"{erased.copies} copies of the catalog removed"
    )
    return shared_cache.forget_tenant(given.tenant)


def _agreed(tenant: str) -> bool:
    """Whether the user types the name again; no terminal, no agreement."""
    if not sys.stdin.isatty():
        print("pme erase: give --yes where nobody can be asked", file=sys.stderr)
        return False
    return input(f"Erase all data of {tenant!r}? Type the name to agree: ") == tenant
