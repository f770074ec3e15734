"""`pme analyze`: every measure of a fund file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pmecalc.cli.exits import Exit
from pmecalc.cli.figures import everything, headline, side_by_side
from pmecalc.cli.readings import add_fund_options, add_index_options, fund_reading, read_index
from pmecalc.cli.values import currency, days
from pmecalc.core.conventions import BEFORE_FIRST_NAVS, NAV_GROWTHS, NETTINGS, RECALLABLES
from pmecalc.core.daycount import DAY_COUNTS
from pmecalc.core.errors import InputError
from pmecalc.core.evaluate import evaluate
from pmecalc.core.lookup import LOOKUPS
from pmecalc.ingest.files import read_funds
from pmecalc.report.methods import methods_csv, methods_json
from pmecalc.report.save import to_csv, to_json

if TYPE_CHECKING:
    import argparse

    from pmecalc.core.conventions import Conventions
    from pmecalc.core.evaluate import Report


_CONVENTIONS = {
    "day_count": (tuple(DAY_COUNTS), "how long a year is; default: ACT/365F"),
    "netting": (NETTINGS, "flows of one day; default: gross"),
    "lookup": (tuple(LOOKUPS), "the index level that counts on a day; default: previous"),
    "nav_growth": (NAV_GROWTHS, "of a NAV that is rolled forward; default: none"),
    "recallable": (RECALLABLES, "net: offset against later calls in the multiples"),
    "before_first_nav": (BEFORE_FIRST_NAVS, "cost: paid in less received, where no NAV is known"),
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "IRR, multiples and PME of a fund file"
    parser = commands.add_parser("analyze", help=text, description=text)
    parser.add_argument("fund", metavar="FUND", help="tidy CSV or XLSX of one or several funds")
    parser.add_argument("--index", metavar="INDEX", help="tidy CSV or XLSX of an index")
    parser.add_argument("--as-of", metavar="DATE", help="valuation date; default: the last NAV's")
    parser.add_argument("--name", help="name of the fund; default: the file's")
    parser.add_argument(
        "--currency", type=currency, metavar="CODE", help="currency of the fund, such as EUR"
    )
    parser.add_argument("--commitment", type=float, metavar="MONEY", help="money promised")
    add_fund_options(parser)
    add_index_options(parser)
    parser.add_argument(
        "--max-staleness-days",
        type=days,
        default=100,
        metavar="N",
        help="oldest index level that may be used; `none` for no limit; default: 100",
    )
    parser.add_argument(
        "--methods", action="store_true", help="every PME method side by side; needs --index"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 if a measure is undefined")
    for name, (choices, text) in _CONVENTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", choices=choices, help=text)
    parser.add_argument(
        "--all", action="store_true", help="the further measures too; alone: a table of all"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the measures as JSON")
    form.add_argument("--csv", action="store_true", help="fund,metric,value,status,estimated")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Exit:
    """Read, evaluate, print."""
    funds = read_funds(
        _path(given.fund),
        name=given.name,
        currency=given.currency,
        commitment=given.commitment,
        **fund_reading(given),
    )
    benchmark = read_index(_path(given.index), given) if given.index else None
    reports = [
        evaluate(
            fund,
            benchmark,
            as_of=given.as_of,
            **_conventions(given),
        )
        for fund in funds
    ]
    sys.stdout.write(_shown(reports, given))
    undefined = any(
        metric.value is None and metric.status != "ok"
        for report in reports
        for metric in report.outcomes(further=given.all).values()
    )
    return Exit.UNDEFINED if given.strict and undefined else Exit.OK


def _shown(reports: list[Report], given: argparse.Namespace) -> str:
    if given.methods:
        return _methods(reports, given)
    if given.json:
        return to_json(reports[0] if len(reports) == 1 else reports, further=given.all)
    if given.csv:
        return to_csv(reports, further=given.all)
    shown = everything if given.all else headline
    return "\n".join(shown(report) for report in reports)


def _conventions(given: argparse.Namespace) -> Conventions:
    """Those that were said; the others are left to the library."""
    told = {name: said for name in _CONVENTIONS if (said := getattr(given, name)) is not None}
    told["max_staleness_days"] = given.max_staleness_days
    return cast("Conventions", told)  # argparse has checked the choices


def _methods(reports: list[Report], given: argparse.Namespace) -> str:
    if not given.index:
        raise InputError(
            "The methods compare with an index.",
            code="NO_BENCHMARK",
            field="index",
            hint="Add --index FILE.",
        )
    if given.csv:
        return methods_csv(reports)
    if given.json:
        return methods_json(reports[0] if len(reports) == 1 else reports)
    return "\n".join(side_by_side(report) for report in reports)


def _path(text: str) -> Path:
    path = Path(text)
    if path.is_dir():
        raise InputError(
            "This is a folder.", code="NO_SUCH_FILE", file=text, hint="pme batch takes folders."
        )
    if not path.is_file():
        raise InputError(
            "There is no such file.", code="NO_SUCH_FILE", file=text, hint="Check the path."
        )
    return path
