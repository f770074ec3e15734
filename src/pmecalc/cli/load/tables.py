"""The figures as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES = ("avg_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms")
_LAGS = ("loop_lag_p99_ms", "loop_lag_max_ms")
_HEADER = (
    f"{'users':>6} {'phase':<6}{'requests':>9} {'ok':>7} {'req/s':>8}"
    + "".join(f" {name.removesuffix('_ms'):>8}" for name in _TIMES)
    + f" {'hits':>7} {'lag99':>6} {'lagmax':>6} {'cpu':>5} {'rss':>8}  from"
)
_UNITS = "times in ms; lag: how late timers of the service's event loop came, an upper bound"


def show(part: str, figures: Mapping[str, Any]) -> None:
    """Print a part of the figures as soon as it is there."""
    if part == "first":
        lines = [*_first_lines(figures), ""]
    elif part == "levels":
        lines = [_HEADER]
    elif part == "end":
        lines = [_UNITS]
    else:
        lines = _level_lines(figures)
    print("\n".join(lines), flush=True)


def _level_lines(level: Mapping[str, Any]) -> list[str]:
    """A level, and below it its phases if it has any."""
    rows = [_row(level["users"], "", level)]
    rows += [_row("", name, phase) for name, phase in level.get("phases", {}).items()]
    return rows


def _first_lines(first: Mapping[str, Any]) -> list[str]:
    """What was claimed before, what has to be reached, what was measured."""
    ten, fifty, warm = first["ten_users"], first["fifty_users"], first["after_warm_up"]
    rows = (
        ("", "earlier claim", "target", "measured"),
        ("first request (miss), 1 user, p50", "~17 ms", "≤ 5 ms", _ms(first["uncached"]["p50_ms"])),
        ("the very first of the process", "", "", _ms(first["first_of_all_ms"])),
        ("later requests, 1 user, p50", "~16 ms", "≤ 1 ms", _ms(first["cached"]["p50_ms"])),
        (
            "10 users × 5: success, average, max",
            "100 %, 16.4, < 25 ms",
            "lower in each",
            f"{_share(ten['success_rate'])}, {ten['avg_ms']}, {ten['max_ms']} ms",
        ),
        (
            f"50 users: requests/s (bare server, {fifty['bytes']} bytes)",
            "> 100",
            "beside bare",
            "{requests_per_s:.0f} ({bare_requests_per_s:.0f}; ratio {ratio})".format(**fifty),
        ),
        (
            "hit rate after warm-up, 50 / 200 users",
            "> 95 %",
            "≥ 99.5 %",
            f"{_share(warm['50']['hit_rate'])} / {_share(warm['200']['hit_rate'])}",
        ),
        ("uncached / cached, averages", "37.5 ×", "", f"{first['uncached_to_cached']} ×"),
    )
    return [f"{work:<44} {before:<22} {target:<14} {now}" for work, before, target, now in rows]


def _row(users: object, phase: str, figures: Mapping[str, Any]) -> str:
    memory = figures.get("server_rss_bytes")
    cells = [
        f"{users!s:>6} {phase:<6}{figures['requests']:>9}",
        f"{_share(figures['success_rate']):>7}",
        f"{_number(figures['requests_per_s'], 0):>8}",
        *(f"{_number(figures[name]):>8}" for name in _TIMES),
        f"{_share(figures['hit_rate']):>7}",
        *(f"{_number(figures.get(name), 0):>6}" for name in _LAGS),
        f"{_share(figures.get('server_cpu'), 0):>5}",
        f"{'' if memory is None else f'{memory / 2**20:.0f} MiB':>8}",
        f" {_sources(figures)}",
    ]
    return " ".join(cells).rstrip()


def _sources(figures: Mapping[str, Any]) -> str:
    answered = sum(figures["tiers"].values()) or 1
    tiers = sorted(figures["tiers"].items(), key=lambda tier: -tier[1])
    parts = [f"{tier} {count / answered:.2%}" for tier, count in tiers]
    parts += [f"FAILED {kind}: {count}" for kind, count in figures["failures"].items()]
    return ", ".join(parts)


def _number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _share(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}%}"


def _ms(value: float | None) -> str:
    return "none" if value is None else f"{value} ms"
