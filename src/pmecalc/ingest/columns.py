"""The columns of a tidy file (INTERFACE 4), and which of them a header names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pmecalc.core.errors import Problem
from pmecalc.ingest.problems import error_of, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind: TypeAlias = Literal["fund", "benchmark"]

LEAST = 1e-30  # the core's bound (core/fund.py), which the child cannot import

_AMOUNT = 1e15
_LEVEL = 1e12

FUND_FORMS = "date, contribution, distribution, nav or date, amount, nav"
INDEX_FORM = "date, level"


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of numbers and its bounds, both included; but for 0, none is below LEAST."""

    name: str
    low: float
    high: float


NUMBERS = {
    column.name: column
    for column in (
        NumberColumn("contribution", 0.0, _AMOUNT),
        NumberColumn("distribution", 0.0, _AMOUNT),
        NumberColumn("amount", -_AMOUNT, _AMOUNT),
        NumberColumn("nav", -_AMOUNT, _AMOUNT),
        NumberColumn("recallable", 0.0, _AMOUNT),
        NumberColumn("level", LEAST, _LEVEL),
    )
}
ACCEPTED: dict[Kind, tuple[str, ...]] = {
    "fund": (
        "date",
        "contribution",
        "distribution",
        "amount",
        "nav",
        "recallable",
        "fund",
        "currency",
    ),
    "benchmark": ("date", "level", "currency"),
}
# What the notices of ILPA's template call the part of a distribution that may be called again.
ALIASES = dict.fromkeys(
    (
        "recallable distribution",
        "recallable distributions",
        "recallable return of capital",
        "subject to recall",
    ),
    "recallable",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """What each column of a file is; None for a column without a header, which must be blank."""

    kind: Kind
    names: tuple[str | None, ...]
    header: tuple[str, ...]

    def place(self, name: str) -> int | None:
        """Where the column stands, from 0."""
        return self.names.index(name) if name in self.names else None

    def title(self, place: int) -> str:
        """The column as the file calls it."""
        if place < len(self.header) and self.header[place]:
            return self.header[place]
        return f"column {place + 1}"


def layout_of(header: Sequence[object], *, kind: Kind | None, row: int) -> Layout:
    """The layout that the header names, or the error that says what is missing or too much."""
    titles = tuple(shown(str(cell).strip()) for cell in header)
    words = [_word(title) for title in titles]
    found: Kind = kind or ("benchmark" if "level" in words else "fund")
    problems = [*_missing(words, found, row), *_unknown(titles, words, found, row)]
    if problems:
        raise error_of(problems, file=None)
    return Layout(found, tuple(word or None for word in words), titles)


def _word(title: str) -> str:
    word = " ".join(title.split()).casefold()
    return ALIASES.get(word, word)


def _missing(words: list[str], kind: Kind, row: int) -> list[Problem]:
    problems = []
    form = INDEX_FORM if kind == "benchmark" else FUND_FORMS
    if "date" not in words:
        problems.append(
            Problem(
                "NO_DATE_COLUMN",
                "No column is called date.",
                row=row,
                hint="The first row names the columns, separated by commas or semicolons: "
                f"{form}; of an index: {INDEX_FORM}."
                if kind == "fund"
                else f"The first row names the columns: {form}.",
            )
        )
    if (why := _no_amounts(words, kind)) and (not problems or set(words) & set(ACCEPTED[kind])):
        problems.append(Problem("NO_AMOUNT_COLUMN", why, row=row, hint=f"Expected: {form}."))
    return problems


def _no_amounts(words: list[str], kind: Kind) -> str | None:
    if kind == "benchmark":
        return None if "level" in words else "No column is called level."
    if "amount" in words:
        return None
    if "level" in words:
        return "No column holds amounts: with its column of levels it looks like an index."
    missing = [word for word in ("contribution", "distribution") if word not in words]
    if len(missing) == 1:
        return f"No column is called {missing[0]}."
    return "No column holds amounts." if missing else None


def _unknown(titles: Sequence[str], words: list[str], kind: Kind, row: int) -> list[Problem]:
    accepted = ACCEPTED[kind]
    if not set(words) & set(accepted):
        return []  # no header at all: one sentence says it, and says it better
    hint = f"Accepted: {', '.join(accepted)}. Rename the column or remove it."
    problems = []
    for place, (title, word) in enumerate(zip(titles, words, strict=True)):
        if word and word not in accepted:
            why = "This column is not one that is read."
        elif word and word in words[:place]:
            why = f"Two columns are called {word}."
        elif word == "amount" and {"contribution", "distribution"} & set(words):
            why = "The amounts stand twice: signed, and as contributions or distributions."
        else:
            continue
        problems.append(Problem("AMBIGUOUS_MAPPING", why, row, title, title, hint))
    return problems
