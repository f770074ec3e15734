"""`pme serve`: the service and its page."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pmecalc.cli.exits import Exit

if TYPE_CHECKING:
    import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "start the service and its page on this machine"
    parser = commands.add_parser("serve", help=text, description=text)
    parser.add_argument("--demo", action="store_true", help="add synthetic demo funds")
    parser.add_argument("--mode", choices=("local", "key"), help="who may call; default: local")
    parser.add_argument("--host", help="default: 127.0.0.1; others only in the mode key")
    parser.add_argument("--port", type=int, help="default: 8000")
    parser.add_argument("--data", metavar="FOLDER", help="default: the user's data folder")
    parser.add_argument("--workers", type=int, metavar="N", help="processes; default: 1")
    parser.add_argument("--redis-url", metavar="URL", help="share answers through Redis")
    parser.add_argument(
        "--insecure-no-auth-i-understand",
        action="store_true",
        help="let a network in without accounts: anyone may read and delete everything",
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Exit:
    """Serve until interrupted; the other commands work without the service's packages."""
    try:
        from pmecalc.cli import server  # noqa: PLC0415  (STYLE 1: the app is imported here alone)
    except ModuleNotFoundError as error:
        print(f"pme serve: {error.name} is missing: pip install 'pmecalc[serve]'", file=sys.stderr)
        return Exit.USAGE
    return server.serve(given)
