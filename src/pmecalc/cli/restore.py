"""`pme restore`: a data folder out of a backup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pmecalc.cli.exits import Exit

if TYPE_CHECKING:
    import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "make a new data folder of a backup, every byte verified"
    parser = commands.add_parser("restore", help=text, description=text)
    parser.add_argument("source", metavar="SRC", help="folder of the backup")
    parser.add_argument("folder", metavar="DATA", help="data folder to make; it must be empty")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Exit:
    """Restore, or refuse without leaving a trace."""
    from pmecalc.store import By, Store  # noqa: PLC0415  (the other commands need no service packages)

    by = By(actor="local", via="cli")
    manifest = Store.restore(Path(given.source), Path(given.folder), by=by)
    print(f"{given.folder}: {len(manifest.files)} files as of {manifest.made}")
    return Exit.OK
