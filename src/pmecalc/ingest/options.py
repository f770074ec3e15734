"""What a caller says about a file's fund or index; it goes before what the file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pmecalc.core.benchmark import KINDS
from pmecalc.core.errors import CashFlowError, InputError
from pmecalc.core.fund import amount

if TYPE_CHECKING:
    from pmecalc.core.benchmark import IndexKind

Sign: TypeAlias = Literal["lp", "gp"]


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

    def __post_init__(self) -> None:
        if self.index_kind is not None and self.index_kind not in KINDS:
            raise _not_offered("index_kind", self.index_kind, KINDS)
        if self.sign not in {None, "lp", "gp"}:
            raise _not_offered("sign", self.sign, ("lp", "gp"))
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


def _not_offered(field: str, value: object, offered: tuple[str, ...]) -> InputError:
    return InputError(
        f"{field}={value!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=field,
        value=value,
        hint=f"Offered: {', '.join(offered)}.",
    )
