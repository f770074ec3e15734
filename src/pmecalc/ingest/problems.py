"""What is wrong with a file, all of it together: the first fifty of each code, and a count."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from pmecalc.core.errors import (
    BenchmarkError,
    CashFlowError,
    InputError,
    NeedsInputError,
    Problem,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN = 50
_VALUE_CHARS = 80
_LAST_ROW = 1 << 62
_CLASSES: dict[str, type[InputError]] = {
    "NO_FLOWS": CashFlowError,
    "NON_FINITE": CashFlowError,
    "NEGATIVE_AMOUNT": CashFlowError,
    "NAV_DUPLICATE": CashFlowError,
    "INDEX_INVALID": BenchmarkError,
    "INDEX_DUPLICATE": BenchmarkError,
}


class Problems:
    """Collects problems while a file is read; bounded, however bad the file is."""

    def __init__(self) -> None:
        self._found: defaultdict[tuple[str, str | None], list[Problem]] = defaultdict(list)
        self._counts: Counter[str] = Counter()
        self.rows: set[int] = set()  # of the slice that is being read

    def add(self, problem: Problem) -> None:
        """Note one more problem."""
        self._counts[problem.code] += 1
        if problem.row is not None:
            self.rows.add(problem.row)
        # Rows come in order within a column only: keep enough of each to name the first fifty.
        kept = self._found[problem.code, problem.column]
        if len(kept) < _SHOWN:
            kept.append(problem)

    def listed(self) -> tuple[Problem, ...]:
        """The problems in the order of the file, then how many more there are of each code."""
        shown: list[Problem] = []
        for code, count in self._counts.items():
            found = [p for (key, _), kept in self._found.items() if key == code for p in kept]
            shown += in_file_order(found)[:_SHOWN]
            if more := max(0, count - _SHOWN):
                shown.append(Problem(code, f"{more:,} more of this kind.", count=more))
        return in_file_order(shown)


def in_file_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by row; those of no row (counts, whole funds) last, otherwise as they came."""
    return tuple(sorted(problems, key=lambda p: p.row if p.row is not None else _LAST_ROW))


def error_of(problems: Sequence[Problem], *, file: str | None) -> InputError:
    """The error that carries all problems; the first one gives its fields.

    It is a question if nothing else is wrong: an answer does not help before that is mended.
    """
    wrong = [problem for problem in problems if not problem.choices]
    first = (wrong or problems)[0]
    if not wrong:
        return NeedsInputError(
            first.message,
            code=first.code,
            choices=first.choices,
            option=first.option,
            row=first.row,
            field=first.column,
            value=first.value,
            hint=first.hint,
            file=file,
            problems=problems,
        )
    return _CLASSES.get(first.code, InputError)(
        first.message,
        code=first.code,
        row=first.row,
        field=first.column,
        value=first.value,
        hint=first.hint,
        file=file,
        problems=problems,
    )


def shown(value: object) -> str:
    """A cell as a message quotes it: one line, not long, nothing invisible."""
    try:
        text = str(value)
    except ValueError:  # an integer of more digits than Python prints
        return "a number of thousands of digits"
    if len(text) > _VALUE_CHARS:
        text = text[: _VALUE_CHARS - 1] + "…"
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
