"""Columns of names: funds and currencies."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError
from pmecalc.ingest.cells import CellError
from pmecalc.ingest.names import invisible, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.ingest.cells import Where
    from pmecalc.ingest.limits import Limits

NO_NAME = -1


@dataclass(slots=True)
class Labels:
    """Names in the order in which they first stand, and for each row the place of its name.

    `whole` says that a frame gave whole numbers for names.
    """

    names: dict[str, int] = field(default_factory=dict)
    codes: array[int] = field(default_factory=lambda: array("q"))
    upper: bool = False
    whole: bool = False

    def codes_of(self, cells: Sequence[object], where: Where, limits: Limits) -> array[int]:
        """The places of the names in the cells, `NO_NAME` where a cell is blank or no name."""
        distinct = {cell: name_of(cell) for cell in dict.fromkeys(cells)}
        bad = {c: why for c, name in distinct.items() if (why := _problem(c, name, limits))}
        if bad:
            for row, cell in zip(where.rows, cells, strict=True):
                if cell in bad:
                    where.report(row, cell, *bad[cell])
        known = {c: NO_NAME if c in bad else self._place(name) for c, name in distinct.items()}
        if len(self.names) > limits.funds:
            raise InputError(
                f"It names more than {limits.funds:,} funds.",
                code="FILE_TOO_LARGE",
                field=where.title,
                hint="Split the file.",
            )
        return array("q", map(known.__getitem__, cells))

    def _place(self, name: str) -> int:
        name = name.upper() if self.upper else name
        return self.names.setdefault(name, len(self.names)) if name else NO_NAME


def _problem(cell: object, name: str, limits: Limits) -> tuple[str, str, str] | None:
    """Code, reason and remedy of a name that is refused."""
    if isinstance(cell, CellError):
        return cell.problem
    if character := invisible(name):
        why = f"The name holds the invisible character {character}."
        return "NOT_TEXT", why, "Type the name anew."
    if len(name) > limits.name_chars:
        why = f"The name has {len(name):,} characters."
        return "FILE_TOO_LARGE", why, f"At most {limits.name_chars} are read."
    return None
