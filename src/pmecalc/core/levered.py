"""PME against the benchmark levered to a beta: how much of the excess is market exposure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import BenchmarkError, InputError
from pmecalc.core.fund import LEAST, MOST, frozen
from pmecalc.core.pme.direct_alpha import direct_alpha
from pmecalc.core.pme.kaplan_schoar import ks_pme
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.metric import Metric

BETAS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
_DAY_COUNT = "ACT/365F"


@dataclass(frozen=True, slots=True)
class BetaPoint:
    """PME against the benchmark at one beta.

    Parameters
    ----------
    beta
        Exposure to the benchmark, no unit.
    ks_pme
        A ratio, or its status.
    direct_alpha
        An annual rate, or its status.
    """

    beta: float
    ks_pme: Metric
    direct_alpha: Metric


def levered(benchmark: Benchmark, beta: float, *, risk_free: float = 0.0) -> Benchmark:
    """The benchmark held with a constant beta, the rest in (or borrowed at) the risk-free rate.

    Parameters
    ----------
    benchmark
        The index; the new one has levels on the same dates and starts at the same level.
    beta
        Any finite exposure: 0 is cash, 1 the benchmark itself, 2 twice its log return less cash.
    risk_free
        An annual effective rate, `> -1`; its logarithm is the `r_f` of the formula.

    Returns
    -------
    Benchmark
        `d ln I_beta = r_f + beta (d ln I - r_f)` between its dates.

    Raises
    ------
    InputError
        `UNSUPPORTED_OPTION`: beta is not finite, or the rate not above -1.
    BenchmarkError
        `INDEX_INVALID`: so much leverage that levels leave the range of numbers.

    References
    ----------
    METHODS 8; docs/methods/levered.md.

    Examples
    --------
    Twice the log return of +20 % is +44 %:

    >>> from pmecalc import Benchmark
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> [round(level, 9) for level in levered(world, 2).levels.tolist()]
    [500.0, 720.0]
    """
    if not math.isfinite(beta):
        raise _refused("beta", beta, "A finite number.")
    if not -1 < risk_free < math.inf:
        raise _refused("risk_free", risk_free, "An annual rate above -1.")
    if beta == 1:
        return benchmark
    years = year_fractions(int(benchmark.days[0]), benchmark.days, _DAY_COUNT)
    gains = beta * np.log(benchmark.levels / benchmark.levels[0])
    logs = gains + (1.0 - beta) * math.log1p(risk_free) * years
    with np.errstate(over="ignore", under="ignore"):
        levels = benchmark.levels[0] * np.exp(logs)
    if not ((levels >= LEAST) & (levels <= MOST)).all():
        raise BenchmarkError(
            f"With a beta of {beta:g} the levels of the index leave the range of numbers.",
            code="INDEX_INVALID",
            field="beta",
            value=beta,
            hint="Choose a beta nearer to 1.",
        )
    name = f"{benchmark.name or 'Index'} at beta {beta:g}"
    return replace(benchmark, levels=frozen(levels), name=name)


def beta_sensitivity(
    fund: Fund,
    benchmark: Benchmark,
    *,
    betas: Sequence[float] = BETAS,
    risk_free: float = 0.0,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> tuple[BetaPoint, ...]:
    """KS-PME and direct alpha against the benchmark at each beta of a grid.

    Parameters
    ----------
    fund, benchmark
        As for `evaluate`.
    betas
        The grid.
    risk_free
        An annual effective rate.
    as_of
        The valuation date; by default the latest NAV's.
    **options
        As for `evaluate`.

    Returns
    -------
    tuple[BetaPoint, ...]
        One a beta, in the order given.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`, `INDEX_INVALID`.
    InputError
        `UNSUPPORTED_OPTION`, `BAD_DATE`.

    References
    ----------
    METHODS 8; docs/methods/levered.md.

    Examples
    --------
    A fund with 44 % against an index with 20 % has no excess at a beta of 2:

    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 144)])
    >>> points = beta_sensitivity(fund, world, betas=[1, 2])
    >>> [round(point.ks_pme.value, 9) for point in points]
    [1.2, 1.0]
    """
    made = Options.of(**options)
    points = []
    for beta in betas:
        held = levered(benchmark, beta, risk_free=risk_free)
        at = value(fund, held, as_of=as_of, options=made)
        points.append(BetaPoint(beta, ks_pme.at(at), direct_alpha.at(at)))
    return tuple(points)


def _refused(field: str, given: float, hint: str) -> InputError:
    return InputError(
        f"{field}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=field,
        value=given,
        hint=hint,
    )
