"""How large an input may be, and what its reader may use (SECURITY 6)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one read; an input over one of them is refused."""

    stored_bytes: int = 50 << 20
    inline_bytes: int = 1 << 20  # a larger text is read in a child, as is every workbook
    unpacked_bytes: int = 200 << 20
    ratio: int = 100
    ratio_from_bytes: int = 10 << 20
    entries: int = 1_000
    sheets: int = 64
    cells: int = 20_000_000
    columns: int = 2_000
    rows: int = 2_000_000
    line_chars: int = 1 << 20
    cell_chars: int = 64 << 10
    funds: int = 50_000
    name_chars: int = 200
    memory_bytes: int = 1 << 30
    cpu_seconds: int = 20
    wall_seconds: float = 30.0
    output_bytes: int = 256 << 20


def megabytes(count: int) -> str:
    """The size as a user reads it."""
    return f"{count / (1 << 20):,.0f} MiB"
