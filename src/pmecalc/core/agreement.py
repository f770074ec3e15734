"""All PME methods side by side: which say the fund beat the index, how sound each is, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, Unpack

from pmecalc.core.conventions import Options
from pmecalc.core.methods import METHODS, any_method
from pmecalc.core.pme.mpme import estimated_share
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.metric import Metric
    from pmecalc.core.valuation import Valuation

Verdict: TypeAlias = Literal["ahead", "behind", "level"]
PARITY = {
    "ks_pme": 1.0,
    "nfv": 0.0,
    "direct_alpha": 0.0,
    "ln_spread": 0.0,
    "pme_plus_spread": 0.0,
    "mpme_spread": 0.0,
    "scaled_pme_spread": 0.0,
}
_SPREADS = ("ln_spread", "pme_plus_spread", "mpme_spread", "scaled_pme_spread")
_RATE_OF = {name: name.removesuffix("_spread") + "_irr" for name in _SPREADS}
_LEVEL = 1e-11  # what rounding leaves of a rate or ratio that is at parity
MARKS: dict[str, str] = {
    "LN_SHORT": "the Long-Nickels index position is short",
    "LAMBDA_NEGATIVE": "PME+ has a negative factor, as the NAV exceeds the index value of all "
    "contributions",
    "MPME_NAV_ESTIMATED": "mPME sells by NAVs that were rolled forward",
    "NAV_ROLLED_FORWARD": "the NAV at the end is rolled forward",
    "NEAR_DOUBLE_ROOT": "a stream touches zero within rounding instead of crossing it",
    "RATE_AGAINST_GAIN": "a rate has the opposite sign of the gain",
    "multiple": "an IRR has several roots",
}


@dataclass(frozen=True, slots=True)
class MethodView:
    """One method's answer.

    Parameters
    ----------
    name, title
        Of the measure.
    metric
        The outcome: a ratio (`ks_pme`), money (`nfv`) or a rate per year.
    verdict
        `ahead` of the index, `behind` or `level`; None where there is no value.
    marks
        What makes it doubtful: codes of METHODS 11.2, or the status of a rate it stands on.
    rate
        Of a spread: the IRR of the index investor, which is taken off the fund's.
    """

    name: str
    title: str
    metric: Metric
    verdict: Verdict | None
    marks: tuple[str, ...]
    rate: Metric | None = None

    def to_dict(self) -> dict[str, object]:
        """JSON-able values, with unit and source from the table of measures."""
        row = any_method(self.name)
        shown: dict[str, object] = {
            "name": self.name,
            "title": self.title,
            "unit": row.unit,
            "source": row.source,
            **self.metric.to_dict(),
            "verdict": self.verdict,
            "marks": [{"code": code, "message": MARKS[code]} for code in self.marks],
        }
        if self.rate is not None:
            shown["rate"] = {"name": _RATE_OF[self.name], **self.rate.to_dict()}
        return shown


@dataclass(frozen=True, slots=True)
class Agreement:
    """What all methods say.

    Parameters
    ----------
    views
        One a method, in a fixed order.
    unanimous
        Whether all methods that have a value give one verdict.
    estimated_share
        The share of distributions whose NAV was rolled forward, from 0 to 1 (mPME).
    sentence
        What they say together, and why they differ, in words.
    """

    views: tuple[MethodView, ...]
    unanimous: bool
    estimated_share: float
    sentence: str

    def to_dict(self) -> dict[str, object]:
        """JSON-able values: the sentence, and a row a method with its marks in words."""
        return {
            "sentence": self.sentence,
            "unanimous": self.unanimous,
            "estimated_share": self.estimated_share,
            "methods": [view.to_dict() for view in self.views],
        }


def agreement(
    fund: Fund,
    benchmark: Benchmark,
    *,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> Agreement:
    """Every PME method's verdict on a fund, with marks of its health and a sentence.

    Parameters
    ----------
    fund, benchmark
        As for `evaluate`.
    as_of
        The valuation date; by default the latest NAV's.
    **options
        As for `evaluate`.

    Returns
    -------
    Agreement
        KS-PME, value added, direct alpha and the spreads of the four index replicas.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 4.1-4.10; docs/methods/agreement.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 0, 50)]
    >>> found = agreement(Fund.of(flows=flows, navs=[("2022-01-01", 100)]), world)
    >>> found.unanimous, {view.verdict for view in found.views}
    (True, {'ahead'})
    >>> found.sentence
    'All 7 methods put the fund ahead of the index; their spreads are 30.00 % per year.'
    """
    return agreement_at(value(fund, benchmark, as_of=as_of, options=Options.of(**options)))


def agreement_at(at: Valuation) -> Agreement:
    """The verdicts of a prepared valuation with a benchmark; see `agreement`."""
    views = tuple(_view(at, name) for name in PARITY)
    verdicts = {view.verdict for view in views} - {None}
    return Agreement(
        views=views,
        unanimous=len(verdicts) == 1,
        estimated_share=estimated_share(at),
        sentence=_sentence(views),
    )


def _view(at: Valuation, name: str) -> MethodView:
    row = any_method(name)
    metric = row.measure.at(at)
    rate = METHODS[_RATE_OF[name]].measure.at(at) if name in _RATE_OF else None
    return MethodView(name, row.title, metric, _verdict(at, name, metric), _marks(at, name), rate)


def _verdict(at: Valuation, name: str, metric: Metric) -> Verdict | None:
    if metric.value is None:
        return None
    ahead = metric.number - PARITY[name]
    if abs(ahead) <= _rounding(at, name):
        return "level"
    return "ahead" if ahead > 0 else "behind"


def _rounding(at: Valuation, name: str) -> float:
    """The distance from parity that counts as level; of NFV the one at which KS-PME is level."""
    paid = METHODS["fv_contributions"].measure.at(at).number if name == "nfv" else 1.0
    return _LEVEL * abs(paid)


def _marks(at: Valuation, name: str) -> tuple[str, ...]:
    """Warnings of the measure and of the rate it stands on; `multiple` where that has roots."""
    rates = {"irr", _RATE_OF[name]} if name in _RATE_OF else {name}
    metrics = [METHODS[rate].measure.at(at) for rate in sorted(rates)]
    several = ["multiple"] if any(metric.status == "multiple" for metric in metrics) else []
    warned = [code for metric in metrics for code in metric.warnings]
    ended = [code for code in at.warnings if code == "NAV_ROLLED_FORWARD"]
    return tuple(dict.fromkeys([*warned, *several, *ended]))


def _sentence(views: tuple[MethodView, ...]) -> str:
    sides = {
        verdict: [view.title for view in views if view.verdict == verdict]
        for verdict in ("ahead", "level", "behind")
    }
    said = {verdict: titles for verdict, titles in sides.items() if titles}
    parts = [_opinions(said), _spread(views), _missing(views), _doubts(views)]
    return "; ".join(part for part in parts if part) + "."


def _opinions(said: dict[str, list[str]]) -> str:
    words = {"ahead": "ahead of", "level": "level with", "behind": "behind"}
    if len(said) == 1:
        ((verdict, titles),) = said.items()
        count = f"All {len(titles)} methods put" if len(titles) > 1 else f"{titles[0]} puts"
        return f"{count} the fund {words[verdict]} the index"
    return "The methods disagree: " + ", ".join(
        f"{words[verdict]} the index by {_listed(titles)}" for verdict, titles in said.items()
    )


def _spread(views: tuple[MethodView, ...]) -> str:
    """How far the replicas are apart, and what each of them does otherwise."""
    spreads = sorted(
        view.metric.number
        for view in views
        if view.name in _SPREADS and view.metric.value is not None
    )
    if not spreads:
        return ""
    low, high = _percent(spreads[0]), _percent(spreads[-1])
    if low == high:
        return f"their spreads are {low} per year"
    return (
        f"their spreads run from {low} to {high} per year, because Long-Nickels keeps the fund's "
        "flows, PME+ scales its distributions, mPME sells in proportion and scaled PME scales its "
        "contributions"
    )


def _percent(rate: float) -> str:
    """A rate in percent with two decimals; without a sign where they are zero."""
    return f"{round(rate * 100, 2) + 0.0:.2f} %"


def _missing(views: tuple[MethodView, ...]) -> str:
    absent = [view for view in views if view.metric.value is None]
    if not absent:
        return ""
    reasons = dict.fromkeys(view.metric.reason or view.metric.status for view in absent)
    return f"no value of {_listed([view.title for view in absent])}: {', '.join(reasons)}"


def _doubts(views: tuple[MethodView, ...]) -> str:
    codes = dict.fromkeys(code for view in views for code in view.marks)
    doubts = [MARKS[code] for code in codes]
    return f"take care: {', '.join(doubts)}" if doubts else ""


def _listed(titles: list[str]) -> str:
    if len(titles) == 1:
        return titles[0]
    return f"{', '.join(titles[:-1])} and {titles[-1]}"
