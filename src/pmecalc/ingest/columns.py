"""The columns of a tidy file (INTERFACE 4), and which of them a header names."""

from __future__ import annotations

from dataclasses import dataclass, replace
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


# Whether a column of levels is one of returns is judged by all rows together, not by its bounds.
NUMBERS = {
    column.name: column
    for column in (
        NumberColumn("contribution", 0.0, _AMOUNT),
        NumberColumn("distribution", 0.0, _AMOUNT),
        NumberColumn("amount", -_AMOUNT, _AMOUNT),
        NumberColumn("nav", -_AMOUNT, _AMOUNT),
        NumberColumn("recallable", 0.0, _AMOUNT),
        NumberColumn("level", -_LEVEL, _LEVEL),
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
_OF_FUNDS = frozenset(ACCEPTED["fund"]) - {"date", "currency"}
# Headers of index files that are not read by these names, but tell an index from a fund.
_OF_INDICES = frozenset(
    (
        *("level", "levels", "close", "close/last", "adj close", "adjusted close", "open", "high"),
        *("low", "price", "last price", "index", "index level", "index value", "value", "volume"),
        *("change %", "return", "returns", "total return", "total return index", "net return"),
    )
)
# Headers of columns whose words decide what an amount is: a table cannot be read without them.
_TELLING = frozenset(
    (
        *("type", "transaction type", "transaction", "cash flow type", "flow type", "kind"),
        *("category", "status", "direction", "side", "dr/cr", "debit/credit", "s/h", "sign"),
        *("soll/haben", "unit", "units", "scale", "art", "typ", "state"),
    )
)
FILE_ADVICE = "One that does not, such as a note, can be taken out of the file."
FRAME_ADVICE = (
    'One that does not, such as a note, is left out by extra="ignore"; columns= says which of the '
    "table's columns is one of those accepted."
)
_SPLIT = (
    "A column that says what the amounts are (a type, a status, a unit, a total) decides how they "
    "count: split the amounts by it into contribution and distribution."
)
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
class Form:
    """What a file leaves open: which sheet is read, and whether reversals are taken."""

    sheet: str | None = None
    reversals: bool = False


PLAIN = Form()


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


def layout_of(
    header: Sequence[object], *, kind: Kind | None, row: int | None, advice: str = FILE_ADVICE
) -> Layout:
    """The layout that the header names, or the error that says what is missing or too much.

    Without a `kind` the columns say whether it is a fund or an index.
    """
    titles = tuple(shown(str(cell).strip()) for cell in header)
    words = [word_of(title) for title in titles]
    found = kind or _kind_of(words)
    problems = [*_missing(titles, words, found, row), *_unknown(titles, words, found, row, advice)]
    if problems:
        raise error_of(problems, file=None)
    return Layout(found or "fund", tuple(word or None for word in words), titles)


def number_column(name: str, *, reversals: bool) -> NumberColumn:
    """A column of numbers; with `reversals` contributions and distributions may be negative."""
    column = NUMBERS[name]
    if reversals and name in {"contribution", "distribution"}:
        return replace(column, low=-column.high)
    return column


def word_of(title: str) -> str:
    """The name of ours that a header stands for, or the header in lower case."""
    word = " ".join(title.split()).casefold()
    return ALIASES.get(word, word)


def _kind_of(words: list[str]) -> Kind | None:
    if "level" in words or (_OF_INDICES.intersection(words) and not _OF_FUNDS.intersection(words)):
        return "benchmark"
    return "fund" if _OF_FUNDS.intersection(words) else None


def _missing(
    titles: Sequence[str], words: list[str], kind: Kind | None, row: int | None
) -> list[Problem]:
    problems = []
    form = f"{FUND_FORMS}; of an index: {INDEX_FORM}"
    form = INDEX_FORM if kind == "benchmark" else form
    found = f" Found: {', '.join(title or 'no header' for title in titles)}."
    if "date" not in words:
        problems.append(
            Problem(
                "NO_DATE_COLUMN",
                f"No column is called date.{found}",
                row=row,
                hint=f"Expected: {form}."
                if row is None
                else f"The first row names the columns, separated by commas or semicolons: {form}.",
            )
        )
    why = _no_amounts(words, kind)
    if why and (not problems or set(words) & set(ACCEPTED[kind or "fund"])):
        problems.append(
            Problem("NO_AMOUNT_COLUMN", why + found, row=row, hint=f"Expected: {form}.")
        )
    return problems


def _no_amounts(words: list[str], kind: Kind | None) -> str | None:
    if kind == "benchmark":
        return None if "level" in words else "No column is called level."
    if "amount" in words:
        return None
    if "level" in words:
        return "No column holds amounts: with its column of levels it looks like an index."
    missing = [word for word in ("contribution", "distribution") if word not in words]
    if len(missing) == 1:
        return f"No column is called {missing[0]}."
    if kind is None:
        return "No column holds amounts of a fund or levels of an index."
    return "No column holds amounts." if missing else None


def _unknown(
    titles: Sequence[str], words: list[str], kind: Kind | None, row: int | None, advice: str
) -> list[Problem]:
    accepted = ACCEPTED[kind or "fund"]
    if not set(words) & set(accepted):
        return []  # no header at all: one sentence says it, and says it better
    problems = []
    for place, (title, word) in enumerate(zip(titles, words, strict=True)):
        if word in accepted and word in words[:place]:
            why, hint = f"Two columns are called {word}.", "Only one of them can be read as that."
        elif word == "amount" and {"contribution", "distribution"} & set(words):
            why = "The amounts stand twice: signed, and as contributions or distributions."
            hint = "Give them in one form, after checking that both say the same."
        else:
            continue
        problems.append(Problem("AMBIGUOUS_MAPPING", why, row, title, title, hint))
    if kind is not None:
        problems += _not_read(titles, words, kind, row, advice)
    return problems


def _not_read(
    titles: Sequence[str], words: list[str], kind: Kind, row: int | None, advice: str
) -> list[Problem]:
    """One finding for all the columns that nothing reads."""
    accepted = ACCEPTED[kind]
    found = [(t, w) for t, w in zip(titles, words, strict=True) if w and w not in accepted]
    if not found:
        return []
    if kind == "benchmark":
        hint = (
            "A file holds one index: its levels, those with dividends where there are others, "
            "belong into the column level, and the file holds nothing else."
        )
    elif all(word in _TELLING for _, word in found):
        hint = _SPLIT
    else:
        hint = f"{_SPLIT} {advice}"
    one = len(found) == 1
    names = ", ".join(title for title, _ in found)
    why = f"The column {names} is not read." if one else f"Columns that are not read: {names}."
    hint = f"Accepted: {', '.join(accepted)}. {hint}"
    return [Problem("AMBIGUOUS_MAPPING", why, row, found[0][0] if one else None, names, hint)]
