"""`pme load-test`: the service under many users, with figures."""

from __future__ import annotations

import argparse
import ipaddress
import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pmecalc.cli.exits import Exit
from pmecalc.cli.values import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_USERS = 10_000
_MOST_FUNDS = 1000
_MOST_SECONDS = 3600
_MIXES = ("hit", "miss", "mixed", "zipf")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    text = "load the service with many users on this machine, and print how it fares"
    parser = commands.add_parser("load-test", help=text, description=text)
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--self",
        action="store_true",
        help="start a service of its own on synthetic funds (the default)",
    )
    where.add_argument("--url", type=_address, help="a service on this machine that runs already")
    parser.add_argument(
        "--users",
        type=_users,
        default=(50, 100, 250, 500, 1000),
        metavar="N,N",
        help="levels; default: 50,100,250,500,1000",
    )
    parser.add_argument("--seconds", type=_seconds, default=10.0, help="a level; default: 10")
    parser.add_argument(
        "--mix",
        choices=_MIXES,
        help="what is asked; default: hit, and zipf with a fault",
    )
    parser.add_argument("--funds", type=_funds, default=20, metavar="N", help="default: 20")
    parser.add_argument(
        "--fault",
        metavar="FAULT",
        help="kill-redis, stop-redis or slow-redis:100ms in the middle third of each level",
    )
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> Exit:
    """Load it; the service's packages are needed for this."""
    try:
        from pmecalc.cli.load import children, faults, run, tables  # noqa: PLC0415  (as in serve)
    except ModuleNotFoundError as error:
        missing = f"{error.name} is missing: pip install 'pmecalc[serve]'"
        return _refuse(missing)
    if given.fault is not None and (given.url or not faults.is_known(given.fault)):
        return _refuse(f"--fault is one of {faults.FAULTS}, without --url")
    plan = run.Plan(
        users=given.users,
        seconds=given.seconds,
        mix=given.mix or ("zipf" if given.fault else "hit"),
        funds=given.funds,
        fault=given.fault,
        address=given.url,
    )
    try:
        figures = run.run(plan, show=_silent if given.json else tables.show)
    except children.LoadTestError as error:
        return _refuse("\n".join([str(error), *getattr(error, "__notes__", ())]))
    if given.json:
        print(json.dumps(figures, indent=1))
    return Exit.UNDEFINED if run.lost(figures) else Exit.OK


def _silent(_part: str, _figures: Mapping[str, Any]) -> None:
    """With --json nothing is printed before the end."""


def _refuse(sentence: str) -> Exit:
    print(f"pme load-test: {sentence}", file=sys.stderr)
    return Exit.USAGE


def _address(text: str) -> tuple[str, int]:
    """Host and port of a plain URL of this machine."""
    parts = urlsplit(text)
    host = parts.hostname or ""
    if parts.scheme != "http" or parts.path not in {"", "/"} or not _is_loopback(host):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not like http://127.0.0.1:8000; only this machine may be loaded"
        )
    return host, parts.port or 80


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _users(text: str) -> tuple[int, ...]:
    return tuple(whole(part, most=_MOST_USERS) for part in text.split(","))


def _funds(text: str) -> int:
    return whole(text, most=_MOST_FUNDS)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no time up to {_MOST_SECONDS} seconds")
    return seconds
