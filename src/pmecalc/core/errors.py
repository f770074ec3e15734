"""The family of errors.

::

    PmeError
    |- InputError (ValueError)           the caller can mend it
    |  |- CashFlowError                  empty, not finite, wrong sign, two NAVs on a day
    |  |- BenchmarkError                 no level on or before a flow; too old; not positive
    |  |- NeedsInputError                two readings are possible; carries the choices
    |- NotDefinedError (ArithmeticError) valid input, but this measure has no value
    |- NotFoundError (LookupError)       no such fund, benchmark, method; lists the near ones
    |- StoreError                        disk or database would not
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_KEYWORD = re.compile(r'\b([a-z_]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where, what, why, and what to do.

    Parameters
    ----------
    code
        One of the codes of METHODS 11.3 or UX 4.5.
    message
        A sentence for the user.
    row
        The row of the file, or the place in the list, counted from 1.
    column
        The header of the column, or the name of the field.
    value
        What stood there, as text.
    hint
        What was expected, or what to do.
    choices
        The readings of a question, empty where the input is simply wrong.
    option
        The keyword that takes one of the choices as its answer; None where the input itself has to
        be changed.
    count
        How many problems this one stands for: above 1 where the others are not listed.
    """

    code: str
    message: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    hint: str | None = None
    choices: tuple[str, ...] = ()
    option: str | None = None
    count: int = 1

    def advice(self, written: Callable[[str, str], str] | None = None) -> str | None:
        """The hint, and how to answer a question: each choice as `written(option, choice)`.

        >>> Problem("SIGN_SUSPECT", "Odd.", choices=("lp", "gp"), option="sign").advice()
        'Say sign="lp" or sign="gp".'
        """
        hint = self.hint
        if written and hint:  # a hint names options as keywords
            hint = _KEYWORD.sub(lambda found: written(found[1], found[2]), hint)
        if self.option is None or not self.choices:
            return hint
        form = written or '{}="{}"'.format
        answers = " or ".join(form(self.option, choice) for choice in self.choices)
        return " ".join(part for part in (hint, f"Say {answers}.") if part)


class PmeError(Exception):
    """The root of the family."""

    code = "ERROR"

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        # Exceptions pickle as a call with their `args`, which are not the arguments of __init__.
        return _revived, (type(self), self.args, self.__dict__)


def _revived(
    kind: type[PmeError], args: tuple[object, ...], state: Mapping[str, object]
) -> PmeError:
    made = kind.__new__(kind, *args)
    made.__dict__.update(state)
    return made


def counted(count: int, noun: str) -> str:
    """A number with its noun in the singular or the plural.

    Examples
    --------
    >>> counted(1, "flow"), counted(0, "NAV")
    ('1 flow', '0 NAVs')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


class InputError(PmeError, ValueError):
    """The caller can mend it: names the row, the field, the value and what was expected.

    Parameters
    ----------
    message
        A sentence for the user.
    code
        One of the codes of METHODS 11.3 or UX 4.5.
    row, field, value, hint
        Where it is, what stood there, what was expected.
    file
        The file's name, where the input is a file.
    problems
        Everything found wrong, this first one included.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        row: int | None = None,
        field: str | None = None,
        value: object = None,
        hint: str | None = None,
        file: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.row = row
        self.field = field
        self.value = value
        self.hint = hint
        self.file = file
        text = None if value is None else str(value)
        self.problems = tuple(problems) or (Problem(code, message, row, field, text, hint),)

    def __str__(self) -> str:
        where = ", ".join(
            part
            for part in (
                self.file,
                f"row {self.row}" if self.row is not None else None,
                f'"{self.field}"' if self.field is not None else None,
            )
            if part
        )
        text = f"{where}: {self.message}" if where else self.message
        advice = self.advice()
        return f"{text} {advice}" if advice else text

    def advice(self) -> str | None:
        """The hint of the first problem."""
        return self.hint


class CashFlowError(InputError):
    """The fund's flows or NAVs cannot be used."""


class BenchmarkError(InputError):
    """The benchmark's levels cannot be used, or do not cover the fund."""


class NeedsInputError(InputError):
    """Two readings are possible; `choices` lists them, `option` is the keyword that takes one."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        choices: Sequence[str] = (),
        option: str | None = None,
        row: int | None = None,
        field: str | None = None,
        value: object = None,
        hint: str | None = None,
        file: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        text = None if value is None else str(value)
        question = Problem(code, message, row, field, text, hint, tuple(choices), option)
        super().__init__(
            message,
            code=code,
            row=row,
            field=field,
            value=value,
            hint=hint,
            file=file,
            problems=problems or (question,),
        )
        self.choices = tuple(choices)
        self.option = option
        self._question = question

    def advice(self) -> str | None:
        """The hint, and the keywords that answer the question."""
        return self._question.advice()


class NotDefinedError(PmeError, ArithmeticError):
    """Valid input, but this measure has no value; `status` is one of METHODS 11.1."""

    def __init__(self, measure: str, status: str, reason: str | None = None) -> None:
        # With `ok` what was asked for has not happened yet, such as a payback.
        said = "has no value" if status == "ok" else f"is not defined ({status})"
        super().__init__(f"{measure} {said}" + (f": {reason}" if reason else ""))
        self.code = status
        self.measure = measure
        self.status = status
        self.reason = reason


class NotFoundError(PmeError, LookupError):
    """No such fund, benchmark or method; `near` lists the names that look like it."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, name: object, known: Iterable[str] = ()) -> None:
        self.kind = kind
        self.name = name
        self.near = tuple(get_close_matches(str(name), list(known), n=3))
        suffix = f"; near: {', '.join(self.near)}" if self.near else ""
        super().__init__(f"no {kind} named {name!r}{suffix}")


class StoreError(PmeError):
    """The disk or the database would not."""

    code = "STORE_UNAVAILABLE"
