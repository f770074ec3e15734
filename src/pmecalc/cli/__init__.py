"""The commands, a file each."""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import TYPE_CHECKING

from pmecalc._version import __version__
from pmecalc.cli import (
    analyze,
    backup,
    batch,
    compile,  # noqa: A004  (a command has the name of its file)
    doctor,
    erase,
    keys,
    load_test,
    restore,
    serve,
    template,
)
from pmecalc.cli.exits import Exit
from pmecalc.cli.wording import line_of
from pmecalc.core.errors import (
    InputError,
    NeedsInputError,
    NotFoundError,
    PmeError,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.errors import Problem


_COMMANDS = (
    *(analyze, batch, serve, template, keys),
    *(backup, restore, doctor, erase, load_test, compile),
)


_EXITS = ((NotFoundError, Exit.USAGE), (StoreError, Exit.REFUSED), (PmeError, Exit.INTERNAL))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code of UX 7."""
    parser = argparse.ArgumentParser(
        prog="pme", description="Public market equivalents, IRRs and multiples of private funds."
    )
    parser.add_argument("--version", action="version", version=f"pme {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add(commands)
    given = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(given)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"pme: {message}", file=sys.stderr)


def _run(given: argparse.Namespace) -> int:
    try:
        return int(given.run(given))
    except NeedsInputError as error:
        _complain(error, given)
        return Exit.NEEDS_ANSWER
    except InputError as error:
        _complain(error, given)
        return _exit_of(error, given)
    except PmeError as error:
        print(f"pme: {error}  [{error.code}]", file=sys.stderr)
        return next(code for kind, code in _EXITS if isinstance(error, kind))
    except BrokenPipeError:
        sys.stderr.close()
        return Exit.OK
    except OSError as error:
        print(f"pme: {error.filename or ''}: {error.strerror}", file=sys.stderr)
        return Exit.REFUSED


def _exit_of(error: InputError, given: argparse.Namespace) -> Exit:
    """Wrong options and settings are wrong usage; what a file says is refused."""
    if error.code == "WRONG_SETTING":
        return Exit(getattr(given, "wrong_setting", Exit.USAGE))
    wrong = all(_is_option(error, problem, given) for problem in error.problems)
    return Exit.USAGE if wrong else Exit.REFUSED


def _complain(error: InputError, given: argparse.Namespace) -> None:
    """Every problem on a line of its own: where, what, why, what to do, code."""
    for problem in error.problems:
        option = _is_option(error, problem, given) or _is_refused_option(problem, given)
        line = line_of(problem, file=error.file, options=vars(given), is_option=option)
        print(line, file=sys.stderr)


def _is_refused_option(problem: Problem, given: argparse.Namespace) -> bool:
    """Whether an option does not fit the file that was read."""
    return problem.code == "UNSUPPORTED_OPTION" and problem.column in vars(given)


def _is_option(error: InputError, problem: Problem, given: argparse.Namespace) -> bool:
    """Whether the problem is what was typed, not what a file says."""
    return error.file is None and problem.row is None and problem.column in vars(given)
