"""`pme template`: an example of the tidy file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pmecalc.cli.exits import Exit
from pmecalc.ingest.template import template_csv

if TYPE_CHECKING:
    import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "print an example of a fund file"
    commands.add_parser("template", help=text, description=text).set_defaults(run=run)


def run(_: argparse.Namespace) -> Exit:
    """Print the example."""
    sys.stdout.write(template_csv())
    return Exit.OK
