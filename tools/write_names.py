"""Write the files that list public names again for type checkers: `make names`.

`src/pmecalc/__init__.pyi` comes from the table in `src/pmecalc/__init__.py`, and
`src/pmecalc/core/named_outcomes.py` from the table of measures in `core/methods.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pmecalc
from pmecalc.core.methods import FURTHER, METHODS, AnyMethod

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKAGE = Path(pmecalc.__file__).parent
_BY = "Written by `make names`; do not edit."
_UNITS = {
    "money": "in fund currency",
    "multiple": "a multiple",
    "rate": "per year",
    "return": "over the whole time",
    "years": "in years",
    "date": "ISO text",
    "ratio": "a ratio",
}


def stub() -> str:
    """Text of `__init__.pyi`: every public name, imported from the module that defines it."""
    imports = "\n".join(
        _import(module, _in_order(names.split()))
        for module, names in sorted(pmecalc.PUBLIC.items())
    )
    listed = "".join(f'    "{name}",\n' for name in _in_order(pmecalc.__all__))
    return f"# {_BY}\n\n{imports}\n\n__all__ = [\n{listed}]\n"


def _import(module: str, names: list[str]) -> str:
    line = f"from {module} import " + ", ".join(names)
    if len(line) <= 100:  # noqa: PLR2004  (the length of a line)
        return line
    listed = "".join(f"    {name},\n" for name in names)
    return f"from {module} import (\n{listed})"


def _in_order(names: Iterable[str]) -> list[str]:
    """Classes first, numbers in names by their size: the order that ruff asks for."""

    def key(name: str) -> tuple[bool, list[tuple[bool, int, str]]]:
        parts = [each for each in re.split(r"(\d+)", name) if each]
        numbers = [(not each.isdigit(), int(each) if each.isdigit() else 0, each) for each in parts]
        return not name[0].isupper(), numbers

    return sorted(names, key=key)


def named_outcomes() -> str:
    """Text of `core/named_outcomes.py`: one typed property for each measure."""
    rows = [*METHODS.values(), *FURTHER.values()]
    return _HEADER + "".join(_property(row) for row in rows)


def _property(row: AnyMethod) -> str:
    answer = row.measure.answer
    kind = {"float": "NUMBER", "str": "DATE"}[answer.annotation]
    annotation, read = answer.annotation, "value_of"
    if answer.may_be_none:
        kind, annotation, read = f"{kind}_OR_NONE", f"{annotation} | None", "value_or_none"
    return f'''
    @property
    def {row.name}(self) -> {annotation}:
        """{row.title}, {_UNITS[row.unit]}."""
        return {read}({kind}, "{row.name}", self["{row.name}"])
'''


_HEADER = f'''"""The value of every measure as a typed property. {_BY}"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.core.measure import (
    DATE,
    DATE_OR_NONE,
    NUMBER,
    NUMBER_OR_NONE,
    value_of,
    value_or_none,
)

if TYPE_CHECKING:
    from pmecalc.core.metric import Metric


class NamedOutcomes:
    """Base of `Report`: the value of each measure, or NotDefinedError where it has none."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Metric:
        """The outcome of a measure."""
        raise NotImplementedError
'''


def main() -> None:
    """Write both files."""
    (PACKAGE / "__init__.pyi").write_text(stub())
    (PACKAGE / "core" / "named_outcomes.py").write_text(named_outcomes())


if __name__ == "__main__":
    main()
