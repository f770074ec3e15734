"""`pme compile`: the numeric loops, compiled for this machine beforehand."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from pmecalc.cli.exits import Exit
from pmecalc.core import engine

if TYPE_CHECKING:
    import argparse


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "compile the numeric loops into PME_CACHE_DIR, so that nothing waits for a compiler"
    commands.add_parser("compile", help=text, description=text).set_defaults(run=run)


def run(_: argparse.Namespace) -> Exit:
    """Compile what is on no disk yet; print where the loops are and how long it took."""
    if not engine.importable():
        return _refuse("the compiled loops need Numba: pip install 'pmecalc[fast]'", Exit.USAGE)
    began, began_cpu = time.perf_counter(), time.process_time()
    if not engine.load():
        return _refuse(
            f"{engine.failure()}: set PME_CACHE_DIR to a folder that can be written to",
            Exit.REFUSED,
        )
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    print(f"{engine.folder()}: {seconds:.1f} s, {cpu_seconds:.1f} s of processor time")
    return Exit.OK


def _refuse(sentence: str, code: Exit) -> Exit:
    print(f"pme: {sentence}", file=sys.stderr)
    return code
