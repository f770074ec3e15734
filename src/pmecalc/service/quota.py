"""How much a tenant may store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError
from pmecalc.core.fund import Fund

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.store.usage import Usage
    from pmecalc.store.values import NewDataset


class QuotaError(InputError):
    """The import would take the tenant over its share."""

    def __init__(self, what: str, *, wanted: int, most: int) -> None:
        super().__init__(
            f"With this import there would be {wanted:,} {what}; {most:,} are allowed.",
            code="QUOTA_EXCEEDED",
            value=wanted,
            hint="Delete what is no longer needed, or ask who runs the service.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The most a tenant may have of each (SECURITY 4).

    It is compared before the commit: imports at the same moment may pass it together once.
    """

    funds: int = 50_000
    rows: int = 20_000_000
    bytes: int = 20 * 2**30

    def check(self, used: Usage, datasets: Sequence[NewDataset], size: int) -> None:
        """Refuse what goes over: these datasets and bytes on top of what is used beside them."""
        new = [each.value for each in datasets if isinstance(each.value, Fund)]
        rows = used.rows + sum(len(fund.days) + len(fund.nav_days) for fund in new)
        for what, wanted, most in (
            ("funds", used.funds + len(new), self.funds),
            ("flows and NAVs", rows, self.rows),
            ("bytes", used.bytes + size, self.bytes),
        ):
            if wanted > most:
                raise QuotaError(what, wanted=wanted, most=most)
