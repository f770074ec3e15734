"""Problems as lines of a terminal: options are named as they are typed."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from pmecalc.core.errors import Problem


def line_of(
    problem: Problem,
    *,
    file: str | None,
    options: Collection[str] = (),
    is_option: bool = False,
) -> str:
    """Where, what, why, what to do, and the code.

    `options` are the keywords of the command's options; a sentence that names one names the option.
    `is_option` says that the problem is one of an option, not of the file.
    """
    column = f'column "{problem.column}"' if problem.column else None
    if is_option and problem.column:
        column = _typed(problem.column)
    where = [file, f"row {problem.row}" if problem.row is not None else None, column]
    place = ", ".join(part for part in where if part)
    prefix = f"{place}: " if place else ""
    message = problem.message
    if is_option:  # the place names it already
        message = message.removeprefix(f"{problem.column}=")
    return f"{prefix}{_sentences(message, problem, options)}  [{problem.code}]"


def sentences_of(problem: Problem, *, options: Collection[str] = ()) -> str:
    """What is wrong, and what to do."""
    return _sentences(problem.message, problem, options)


def _sentences(message: str, problem: Problem, options: Collection[str]) -> str:
    advice = problem.advice(lambda option, choice: f"{_typed(option)} {shlex.quote(choice)}") or ""
    for name in options:  # nav_growth='index' is typed --nav-growth index
        advice = re.sub(rf"\b{name}='?([\w./ -]+?)'?(?=[\s.,;]|$)", rf"{_typed(name)} \1", advice)
    text = f"{message} {advice}" if advice else message
    long = [name for name in options if "_" in name]  # a keyword of one word may be a mere word
    return re.sub(rf"(?<![\w-])({'|'.join(long)})\b", _of_keyword, text) if long else text


def _of_keyword(found: re.Match[str]) -> str:
    return _typed(found[1])


def _typed(option: str) -> str:
    return f"--{option.replace('_', '-')}"
