"""The neutral description of a chart: roles and units, never colours."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["fund", "benchmark", "call", "dist", "nav", "net", "parity"]
Unit: TypeAlias = Literal["rate", "multiple", "money", "share", "level"]
Kind: TypeAlias = Literal["line", "bar", "step", "area", "waterfall"]
Value: TypeAlias = float | None
X: TypeAlias = str | float


@dataclass(frozen=True, slots=True)
class Axis:
    """A vertical axis.

    `span` is set where an axis shows less than all values, and a note says so, or where its zero
    is that of the other axis; `step` is the distance of its ticks then.
    """

    id: Literal["left", "right"]
    title: str
    unit: Unit
    span: tuple[float, float] | None = None
    step: float | None = None


@dataclass(frozen=True, slots=True)
class Across:
    """A horizontal axis that is not one of dates: rates, years of age, or labels in order."""

    title: str
    unit: Literal["rate", "years", "label"]


@dataclass(frozen=True, slots=True)
class Series:
    """Values over dates (ISO text), or over what `across` says; a null value has its status.

    Areas stand on each other. A waterfall goes from its first value by steps to its last.
    """

    name: str
    role: Role
    axis: Literal["left", "right"]
    kind: Kind
    x: tuple[X, ...]
    y: tuple[Value, ...]
    shown: bool = True
    statuses: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A level across the chart, or a point on it."""

    kind: Literal["level", "point"]
    axis: Literal["left", "right"]
    value: float
    label: str
    role: Role
    x: X | None = None


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """One chart, the only source of every rendering."""

    chart: str
    title: str
    subtitle: str
    currency: str | None
    axes: tuple[Axis, ...]
    series: tuple[Series, ...]
    summary: str
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    across: Across | None = None

    def to_dict(self) -> dict[str, object]:
        """JSON-able values; `across` only where the horizontal axis is not one of dates."""
        shown = asdict(self)
        if self.across is None:
            del shown["across"]
        return shown
