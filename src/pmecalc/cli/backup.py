"""`pme backup`: a copy of the data folder, taken while it is served."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pmecalc.cli.exits import Exit

if TYPE_CHECKING:
    import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "back up the data folder, also while it is served"
    parser = commands.add_parser("backup", help=text, description=text)
    parser.add_argument("target", metavar="DEST", help="folder of the backup; a second one is fast")
    parser.add_argument("--data", metavar="FOLDER", help="default: the user's data folder")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Exit:
    """Back up, and say what was copied and what the data folder had lost already."""
    from pmecalc.cli import folders  # noqa: PLC0415  (the other commands need no service packages)
    from pmecalc.store import By, Store  # noqa: PLC0415

    with Store.open(folders.existing(given)) as store:
        done = store.backup(Path(given.target), by=By(actor="local", via="cli"))
    print(
        f"{len(done.manifest.files)} files ({done.copied} new, {done.dropped} dropped), "
        f"catalog of {done.manifest.catalog_bytes} bytes, "
        f"audit head {done.manifest.audit_n}:{done.manifest.audit_hash[:16]}"
    )
    for file in done.manifest.missing:
        print(f"pme backup: {file.area} {file.hash} is missing in the data folder", file=sys.stderr)
    return Exit.REFUSED if done.manifest.missing else Exit.OK
