"""The conventions of a calculation: what may be chosen, and the defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches
from numbers import Real
from typing import Literal, TypeAlias, TypedDict

from pmecalc.core.daycount import DayCount, convention_of
from pmecalc.core.errors import InputError
from pmecalc.core.lookup import Lookup, rule_of

Netting: TypeAlias = Literal["gross", "same_day"]
NETTINGS: tuple[Netting, ...] = ("gross", "same_day")
NavGrowth: TypeAlias = Literal["none", "index"]
NAV_GROWTHS: tuple[NavGrowth, ...] = ("none", "index")
Recallable: TypeAlias = Literal["gross", "net"]
RECALLABLES: tuple[Recallable, ...] = ("gross", "net")
BeforeFirstNav: TypeAlias = Literal["none", "cost"]
BEFORE_FIRST_NAVS: tuple[BeforeFirstNav, ...] = ("none", "cost")
_CHOICES = {
    "netting": NETTINGS,
    "nav_growth": NAV_GROWTHS,
    "recallable": RECALLABLES,
    "before_first_nav": BEFORE_FIRST_NAVS,
}


class Conventions(TypedDict, total=False):
    """Keywords of `evaluate` that other functions pass on; the defaults are those of `Options`."""

    day_count: DayCount
    netting: Netting
    lookup: Lookup
    max_staleness_days: int | None
    nav_growth: NavGrowth
    recallable: Recallable
    before_first_nav: BeforeFirstNav


@dataclass(frozen=True, slots=True)
class Options:
    """The conventions of a calculation; build one with `Options.of`.

    Parameters
    ----------
    day_count
        See `year_fractions`.
    netting
        `gross`, or `same_day` to net contributions against distributions of one day first.
    lookup, max_staleness_days
        See `levels_on`.
    nav_growth
        `none`, or `index` to let a NAV grow with the index while it is rolled forward.
    recallable
        `gross`, or `net` to offset recallable distributions against later calls in the multiples.
    before_first_nav
        `none`: measures that need a NAV have no value before the first one. `cost`: the NAV is
        contributions less distributions, at least 0.
    """

    day_count: DayCount = "ACT/365F"
    netting: Netting = "gross"
    lookup: Lookup = "previous"
    max_staleness_days: int | None = 100
    nav_growth: NavGrowth = "none"
    recallable: Recallable = "gross"
    before_first_nav: BeforeFirstNav = "none"

    @classmethod
    def of(cls, **options: object) -> Options:
        """The conventions, checked.

        Raises
        ------
        InputError
            `UNSUPPORTED_OPTION`.
        TypeError
            An option of that name does not exist.
        """
        for name in options.keys() - cls.__dataclass_fields__.keys():
            known = [each.name for each in fields(cls)]
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
            raise TypeError(f"there is no option {name!r}{hint}")
        made = cls(**options)  # type: ignore[arg-type]  # checked below
        convention_of(made.day_count)
        for name, choices in _CHOICES.items():
            given = getattr(made, name)
            if given not in choices:
                raise refused(name, given, ", ".join(choices))
        rule_of(made.lookup)
        limit: object = made.max_staleness_days
        if limit is not None and not (isinstance(limit, Real) and float(limit) >= 0):
            raise refused("max_staleness_days", made.max_staleness_days, "0 or more, or None")
        return made


def refused(name: str, given: object, offered: str) -> InputError:
    """The error of an option that is not offered.

    Examples
    --------
    >>> refused("netting", "net", "gross, same_day").code
    'UNSUPPORTED_OPTION'
    """
    return InputError(
        f"{name}={given!r} is not offered.",
        code="UNSUPPORTED_OPTION",
        field=name,
        value=given,
        hint=f"Offered: {offered}.",
    )
