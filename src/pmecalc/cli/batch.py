"""`pme batch`: every measure of many funds, into one file."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from pmecalc.cli.exits import Exit
from pmecalc.cli.readings import add_fund_options, add_index_options, fund_reading, read_index
from pmecalc.cli.values import days, names, whole
from pmecalc.cli.wording import line_of, sentences_of
from pmecalc.core.batch import as_ofs, batch, cautions
from pmecalc.core.conventions import BEFORE_FIRST_NAVS, NAV_GROWTHS, NETTINGS, RECALLABLES, Options
from pmecalc.core.daycount import DAY_COUNTS
from pmecalc.core.errors import InputError, NeedsInputError, Problem
from pmecalc.core.lookup import LOOKUPS
from pmecalc.core.methods import METHODS
from pmecalc.core.ragged import Ragged
from pmecalc.ingest.files import read_funds
from pmecalc.ingest.folders import files_of
from pmecalc.report.batch_file import BatchTables, check_target, measure_columns, write_batch
from pmecalc.report.save import mark_cell, text_cell

if TYPE_CHECKING:
    import argparse

    from pmecalc.core.fund import Fund
    from pmecalc.report.batch_file import Columns

_MOST_THREADS = 1024
_OPTIONS = ("index_kind", "max_staleness_days")  # that a problem of a file may name
# The measures that the warnings of a fund come from
_CAUTIOUS = ("ln_short_from", "pme_plus_lambda", "irr", "gain", "direct_alpha", "nfv")
_CONVENTIONS = (
    ("day_count", tuple(DAY_COUNTS), "convention of year fractions; default: ACT/365F"),
    ("netting", NETTINGS, "same_day nets the flows of a day first; default: gross"),
    ("lookup", tuple(LOOKUPS), "index level of a day without one; default: previous"),
    ("nav_growth", NAV_GROWTHS, "how a NAV moves between reports; default: none"),
    ("recallable", RECALLABLES, "net offsets recallable distributions; default: gross"),
    ("before_first_nav", BEFORE_FIRST_NAVS, "cost: paid in less received, where no NAV is known"),
)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "every measure of many funds, into one file"
    parser = commands.add_parser("batch", help=text, description=text)
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="tidy CSV or XLSX files, of one or many funds each, or folders of them",
    )
    parser.add_argument("--index", type=Path, metavar="INDEX", help="tidy CSV or XLSX of an index")
    parser.add_argument("--as-of", metavar="DATE", help="valuation date; default: each last NAV's")
    add_fund_options(parser)
    add_index_options(parser)
    parser.add_argument(
        "--max-staleness-days",
        type=days,
        default=100,
        metavar="N",
        help="oldest index level that may be used; `none` for no limit; default: 100",
    )
    for name, choices, what in _CONVENTIONS:
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            choices=choices,
            default=getattr(Options(), name),
            help=what,
        )
    parser.add_argument(
        "--measures",
        type=names,
        metavar="NAME,NAME",
        help="only these, further ones such as twr among them; default: those of a report",
    )
    parser.add_argument(
        "--threads",
        type=partial(whole, most=_MOST_THREADS),
        metavar="N",
        help="default: as many as there are processors",
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 if a measure is undefined")
    form = parser.add_mutually_exclusive_group(required=True)
    form.add_argument("--out", type=Path, metavar="FILE", help="write .xlsx, .parquet or .csv")
    form.add_argument("--json", action="store_true", help="all measures as JSON")
    form.add_argument("--csv", action="store_true", help="fund,metric,value,status,estimated")
    parser.set_defaults(run=run)


@dataclass(slots=True)
class _Read:
    """The funds read so far, the file of each, and what became of the files."""

    funds: list[Fund] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    imports: list[tuple[str, str, int, Problem | None, str]] = field(default_factory=list)
    refusals: list[tuple[str, InputError]] = field(default_factory=list)


def run(given: argparse.Namespace) -> Exit:
    """Read all that can be read, compute once, write, and say what was refused."""
    if given.out:
        check_target(given.out)
    index = read_index(given.index, given) if given.index else None
    read = _read(files_of(given.paths, leaving_out=given.index), given)
    conventions = {name: getattr(given, name) for name, _, _ in _CONVENTIONS}
    conventions["max_staleness_days"] = given.max_staleness_days
    ragged = Ragged.of_funds(read.funds)
    asked = dict.fromkeys(given.measures or METHODS)
    made = batch(
        ragged,
        index,
        as_of=given.as_of,
        measures=dict.fromkeys((*asked, *_CAUTIOUS)),
        threads=given.threads,
        **conventions,
    )
    warned = cautions(made, read.funds, index, as_of=given.as_of, options=Options.of(**conventions))
    made = replace(made, columns={name: made.columns[name] for name in asked})
    values, statuses = measure_columns(
        made, read.funds, read.files, as_ofs(ragged, given.as_of), warned
    )
    seen = ""
    if given.out:
        seen = write_batch(BatchTables(values, statuses, _imports(read)), given.out)
    elif given.json:
        _print_json(values, statuses, read.funds)
    else:
        _print_csv(values, statuses)
    _sum_up(read, sum(map(bool, warned)), seen)
    return _exit(read, statuses, strict=given.strict)


def _read(files: list[Path], given: argparse.Namespace) -> _Read:
    read = _Read()
    for path in tqdm(files, desc="files", unit="file", file=sys.stderr, disable=None, leave=False):
        try:
            funds = read_funds(path, **fund_reading(given))
        except InputError as error:
            read.refusals.append((str(path), error))
            read.imports += [(str(path), "refused", 0, problem, "") for problem in error.problems]
            continue
        read.funds += funds
        read.files += [str(path)] * len(funds)
        read.imports.append((str(path), "read", len(funds), None, _shared_notes(funds)))
    return read


def _shared_notes(funds: list[Fund]) -> str:
    """What was understood of a file: the notes that all its funds have."""
    shared = [note for note in funds[0].notes if all(note in fund.notes for fund in funds)]
    return " ".join(shared)


def _imports(read: _Read) -> Columns:
    problems = [problem for _, _, _, problem, _ in read.imports]
    return {
        "file": [file for file, *_ in read.imports],
        "state": [state for _, state, *_ in read.imports],
        "funds": [count for _, _, count, *_ in read.imports],
        "code": [problem.code if problem else None for problem in problems],
        "row": [problem.row if problem else None for problem in problems],
        "column": [problem.column if problem else None for problem in problems],
        "message": [
            sentences_of(problem, options=_OPTIONS) if problem else None for problem in problems
        ],
        "notes": [notes or None for *_, notes in read.imports],
    }


def _print_json(values: Columns, statuses: Columns, funds: list[Fund]) -> None:
    """A list of objects of the shape of INTERFACE 2, as far as a batch knows."""
    shown = [
        {
            "fund": values["fund"][place],
            "currency": values["currency"][place],
            "as_of": str(values["as_of"][place]),
            "metrics": {
                name: _outcome(name, values, statuses, place)
                for name in _measures(values, statuses)
            },
            "warnings": [{"code": code} for code in str(values["warnings"][place]).split()],
            "notes": list(fund.notes),
        }
        for place, fund in enumerate(funds)
    ]
    json.dump(shown, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False, default=str)
    sys.stdout.write("\n")


def _outcome(name: str, values: Columns, statuses: Columns, place: int) -> dict[str, object]:
    shown: dict[str, object] = {
        "value": values[name][place],
        "status": statuses[f"{name}_status"][place],
    }
    if _is_estimated(name, statuses, place):
        shown["estimated"] = True
    return shown


def _is_estimated(name: str, statuses: Columns, place: int) -> bool:
    marks = statuses.get(f"{name}_estimated")
    return marks is not None and bool(marks[place])


def _print_csv(values: Columns, statuses: Columns) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["fund", "metric", "value", "status", "estimated"])
    for place, fund in enumerate(values["fund"]):
        for name in _measures(values, statuses):
            cell, status = values[name][place], statuses[f"{name}_status"][place]
            mark = mark_cell(_is_estimated(name, statuses, place))
            writer.writerow(
                [text_cell(str(fund or "")), name, "" if cell is None else cell, status, mark]
            )


def _measures(values: Columns, statuses: Columns) -> list[str]:
    return [name for name in values if f"{name}_status" in statuses]


def _sum_up(read: _Read, warned: int, seen: str) -> None:
    files = len(read.refusals) + sum(state == "read" for _, state, *_ in read.imports)
    line = f"{_counted(len(read.funds), 'fund')} of {_counted(files, 'file')}"
    if warned:
        line += f", {warned:,} with warnings"
    if read.refusals:
        line += f", {_counted(len(read.refusals), 'file')} refused"
        line += f" (see {seen})" if seen else ""
    print(line, file=sys.stderr)
    if not seen:
        for file, error in read.refusals:
            for problem in error.problems:
                print(line_of(problem, file=file, options=_OPTIONS), file=sys.stderr)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _exit(read: _Read, statuses: Columns, *, strict: bool) -> Exit:
    errors = [error for _, error in read.refusals]
    if errors:
        asked = all(isinstance(error, NeedsInputError) for error in errors)
        return Exit.NEEDS_ANSWER if asked else Exit.REFUSED
    names = [name for name in statuses if name.endswith("_status")]
    undefined = any(status not in _VALUED for name in names for status in statuses[name])
    return Exit.UNDEFINED if strict and undefined else Exit.OK


_VALUED = frozenset({"ok", "multiple", "total_loss"})
