"""What a caller says about a file's fund or index; it goes before what the file says."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from pmecalc.core.benchmark import KINDS
from pmecalc.core.errors import CashFlowError, InputError
from pmecalc.core.fund import amount
from pmecalc.ingest.columns import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pmecalc.core.benchmark import IndexKind
    from pmecalc.core.fund import Reversals

Sign: TypeAlias = Literal["lp", "gp"]
Amounts: TypeAlias = Literal["flows", "cumulative"]
Levels: TypeAlias = Literal["levels", "growth_factors", "returns", "percent_returns"]

SIGNS: tuple[Sign, ...] = ("lp", "gp")
AMOUNTS: tuple[Amounts, ...] = ("flows", "cumulative")
LEVELS: tuple[Levels, ...] = ("levels", "growth_factors", "returns", "percent_returns")
REVERSALS: tuple[Reversals, ...] = ("reject", "net")


@dataclass(frozen=True, slots=True)
class Options:
    """Checked when built; None where the caller says nothing."""

    name: str | None = None
    currency: str | None = None
    commitment: float | None = None
    vintage: int | None = None
    strategy: str | None = None
    index_kind: IndexKind | None = None
    sign: Sign | None = None
    amounts: Amounts | None = None
    levels: Levels | None = None
    reversals: Reversals = "reject"
    sheet: str | None = None

    def __post_init__(self) -> None:
        for field, offered in _OFFERED.items():
            value = getattr(self, field)
            if value is not None and value not in offered:
                raise not_offered(field, value, offered)
        if self.commitment is not None and (
            amount(self.commitment, row=None, field="commitment") <= 0
        ):
            raise CashFlowError(
                f"The commitment {self.commitment:g} is not positive.",
                code="NEGATIVE_AMOUNT",
                field="commitment",
                value=self.commitment,
                hint="Leave it out where it is not known.",
            )

    @property
    def form(self) -> Form:
        """What the reader of a file has to know."""
        return Form(self.sheet, self.reversals == "net")

    def check_for(self, funds: int, *, file: str) -> None:
        """A name or a commitment belongs to one fund; it cannot be said of several."""
        for field in ("name", "commitment"):
            if funds > 1 and getattr(self, field) is not None:
                raise InputError(
                    f"The file holds {funds:,} funds, so {field} cannot be said of it.",
                    code="UNSUPPORTED_OPTION",
                    field=field,
                    file=file,
                    hint=f"Leave {field} out, or give a file of one fund.",
                )


def not_offered(field: str, value: object, offered: tuple[str, ...]) -> InputError:
    """The error of an option that takes none but the words offered."""
    return InputError(
        f"{field}={value!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=field,
        value=value,
        hint=f"Offered: {', '.join(offered)}.",
    )


_OFFERED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "index_kind": KINDS,
        "sign": SIGNS,
        "amounts": AMOUNTS,
        "levels": LEVELS,
        "reversals": REVERSALS,
    }
)
