"""`pme doctor`: what is wrong with a data folder, and what may be mended without a choice."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from pmecalc.cli.exits import Exit

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pmecalc.store.doctor import Finding

_EXITS = {"fine": Exit.OK, "warning": Exit.UNDEFINED, "damage": Exit.USAGE}  # 0, 1, 2 (STORAGE 11)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "examine the data folder: exit 0 fine, 1 warnings, 2 damage"
    parser = commands.add_parser("doctor", help=text, description=text)
    parser.add_argument("--data", metavar="FOLDER", help="default: the user's data folder")
    parser.add_argument("--deep", action="store_true", help="read and compare every byte")
    parser.add_argument("--json", action="store_true", help="findings as JSON")
    parser.add_argument(
        "--fix", action="store_true", help="drop shared answers, orphans and stuck leases first"
    )
    # Its exit code 2 says that something is damaged.
    parser.set_defaults(run=run, wrong_setting=Exit.REFUSED)


def run(given: argparse.Namespace) -> Exit:
    """Examine, after mending where that was asked."""
    from pmecalc.cli import folders, shared_cache  # noqa: PLC0415  (packages of the service)
    from pmecalc.store.doctor import Finding, examine, worst  # noqa: PLC0415

    folder = folders.existing(given)
    if given.fix:
        _mend(folder)
        shared_cache.forget_all()
    found = examine(folder, now=time.time_ns() // 1_000_000, deep=given.deep)
    redis = shared_cache.version()
    if redis is not None:
        reached = not redis.startswith("not")
        found.append(Finding("Redis", "fine" if reached else "warning", redis))
    _print(found, as_json=given.json)
    return _EXITS[worst(found)]


def _mend(folder: Path) -> None:
    from pmecalc.store import Store  # noqa: PLC0415

    with Store.open(folder) as store:
        orphans, leases = store.mend()
    print(f"mended: {orphans} orphans removed, {leases} leases freed", file=sys.stderr)


def _print(found: list[Finding], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(finding) for finding in found], indent=1))
        return
    for finding in found:
        print(f"{finding.level:8} {finding.check:16} {finding.text}")
