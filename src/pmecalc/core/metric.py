"""One measure's outcome: a value, or the reason why there is none."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pmecalc.core.rate_grid import annual_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LARGEST_LOG_RATE = math.log(sys.float_info.max)

REASONS = {
    "no_flows": "there is no money in or out up to the as-of date",
    "zero_duration": "everything happens on one day, so there is no time to earn a rate over",
    "no_investment": "nothing was paid in: every amount is positive",
    "no_root": "no discount rate brings the stream to zero",
    "uncertified": "the sign changes so often that not every root can be proved in bounded time",
    "no_contributions": "nothing was paid in",
    "no_distributions": "nothing was distributed",
    "no_index": "no benchmark was given",
    "no_commitment": "the commitment is not known",
    "total_loss": "nothing came back",
    "no_nav": "the NAV is not known",
    "too_young": "the fund is younger than the horizon",
    "stale_start": "the NAV that the horizon starts from is older than half of it",
}
NO_LOGARITHM = "the rate is -100 %, and ln(1+r) is minus infinity there"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure's outcome.

    Parameters
    ----------
    value
        The number (or an ISO date), None where it is undefined.
    status
        A code of METHODS 11.1.
    warnings
        Codes of METHODS 11.2 that belong to this measure.
    roots
        Every root, for rates; None for other measures.
    reason
        Why there is no value, or which of several it is.
    sign_consistent
        With several roots of an IRR: whether the chosen one has the sign of the undiscounted sum.
    log_rate
        `ln(1+r)` of a rate that a stream earns: it is exact where the rate itself rounds to -1.
    estimated
        Whether the value stands on a NAV that was rolled forward or taken at cost.
    """

    value: float | str | None
    status: str = "ok"
    warnings: tuple[str, ...] = ()
    roots: tuple[float, ...] | None = None
    reason: str | None = None
    sign_consistent: bool | None = None
    log_rate: float | None = None
    estimated: bool = False

    @property
    def number(self) -> float:
        """The value of a metric that is known to be a number."""
        return cast("float", self.value)  # only ln_short_from holds text, and no sum uses it

    def to_dict(self) -> dict[str, object]:
        """JSON-able values; `roots`, `reason` and `warnings` only where there are any."""
        shown: dict[str, object] = {"value": self.value, "status": self.status}
        if self.roots is not None:
            shown["roots"] = list(self.roots)
        if self.sign_consistent is not None:
            shown["sign_consistent"] = self.sign_consistent
        if self.reason:
            shown["reason"] = self.reason
        if self.warnings:
            shown["warnings"] = list(self.warnings)
        if self.estimated:
            shown["estimated"] = True
        return shown


def undefined(status: str, reason: str | None = None) -> Metric:
    """No value, for the usual reason of the status or a given one.

    Examples
    --------
    >>> undefined("no_index").reason
    'no benchmark was given'
    """
    return Metric(None, status, reason=reason or REASONS[status])


def first_status(*metrics: Metric) -> tuple[str, str | None]:
    """The first status other than `ok` among those a value is derived from, and its reason.

    Examples
    --------
    >>> first_status(Metric(1.0), Metric(None, "no_root", reason="none"))
    ('no_root', 'none')
    """
    for metric in metrics:
        if metric.status != "ok":
            return metric.status, metric.reason
    return "ok", None


def _without(status: str, metrics: Sequence[Metric]) -> Metric:
    """No value, for the reason of the one that has none; the status is the first, INTERFACE 1."""
    missing = next(metric for metric in metrics if metric.value is None)
    return Metric(None, status, reason=missing.reason)


def derived(combine: Callable[..., float], *metrics: Metric) -> Metric:
    """A value derived from others, None where one of them is.

    Examples
    --------
    >>> derived(lambda a, b: a - b, Metric(3.0), Metric(1.0)).value
    2.0
    """
    status, reason = first_status(*metrics)
    if any(metric.value is None for metric in metrics):
        return _without(status, metrics)
    value = combine(*(metric.value for metric in metrics))
    estimated = any(metric.estimated for metric in metrics)
    return Metric(value, status, reason=reason, estimated=estimated)


def rate_of(log_rate: float, status: str = "ok", reason: str | None = None) -> Metric:
    """The rate `r` of `ln(1+r)`; `overflow` where it exceeds a double.

    Examples
    --------
    >>> rate_of(0.0).value, rate_of(800.0).status
    (0.0, 'overflow')
    """
    if log_rate < LARGEST_LOG_RATE:
        return Metric(annual_rate(log_rate), status, reason=reason, log_rate=log_rate)
    why = f"the rate exceeds the largest double; ln(1+r) = {log_rate!r}"
    return Metric(None, "overflow", reason=why)


def several(text: str, beyond: Sequence[str]) -> str:
    """A sentence that counts roots, and names those that no double can list.

    Examples
    --------
    >>> several("2 rates bring the stream to zero", ["ln(1+r) = 800"])
    '2 rates bring the stream to zero; one is beyond the largest double and not listed: ln(1+r) =\
 800'
    """
    if not beyond:
        return text
    are = "one is" if len(beyond) == 1 else f"{len(beyond)} are"
    return f"{text}; {are} beyond the largest double and not listed: {', '.join(beyond)}"


def log_of(rate: Metric) -> Metric:
    """`ln(1+r)` of a rate, with its status; None for a rate of -100 %.

    Examples
    --------
    >>> log_of(rate_of(0.2)).value, log_of(Metric(-1.0, "total_loss")).reason
    (0.2, 'the rate is -100 %, and ln(1+r) is minus infinity there')
    """
    known = rate.value is None or rate.log_rate is not None
    return Metric(rate.log_rate, rate.status, reason=rate.reason if known else NO_LOGARITHM)


def derived_rate(combine: Callable[..., float], *metrics: Metric) -> Metric:
    """A rate whose logarithm is derived from those of others, None where one of them has none.

    Examples
    --------
    >>> derived_rate(lambda a, b: a - b, rate_of(0.2), rate_of(0.2)).value
    0.0
    """
    status, reason = first_status(*metrics)
    if any(metric.value is None for metric in metrics):
        return _without(status, metrics)
    if any(metric.log_rate is None for metric in metrics):
        return Metric(None, status, reason=NO_LOGARITHM)
    return rate_of(combine(*(metric.log_rate for metric in metrics)), status, reason)
