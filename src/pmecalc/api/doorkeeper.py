"""Who may stay connected, and how slowly: one doorkeeper a worker (SECURITY 8)."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Protocol

from pmecalc.api.checks import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_SECONDS = 1.0
_LOOKS_PER_LIMIT = 8  # shorter limits are looked at more often
_LEAVING_SECONDS = 2.0  # to read why it was refused
_CROWD = 2  # times the connections allowed: from there on nobody is told why

FULL = Refusal(503, "BUSY", "Too many connections are open; try again.")
CROWDED = Refusal(503, "BUSY", "Too many connections are open from your address; close some.")
SLOW_HEAD = Refusal(408, "TIMEOUT", "The head of the request did not arrive in time.")
SLOW_BODY = Refusal(408, "TIMEOUT", "The body of the request arrives too slowly.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """How slowly, how much and how many."""

    head_seconds: float = 10.0
    body_seconds: float = 120.0
    body_window_seconds: float = 10.0
    body_rate: float = 1024.0
    idle_seconds: float = 15.0
    head_bytes: int = 32 * 1024
    connections: int = 2000
    connections_per_address: int = 100
    exempt: tuple[str, ...] = ()  # addresses that many users share: a proxy's, this host's


class Phase(Enum):
    """What a connection is about."""

    HEAD = auto()  # the client's turn to say what it wants; from the connection on
    BODY = auto()
    HELD = auto()  # a body that waits for us
    ANSWER = auto()  # our turn
    IDLE = auto()
    LEAVING = auto()  # refused and not gone yet


class Connection(Protocol):
    """What the doorkeeper looks at, and does."""

    received: int  # bytes of bodies since it was opened

    def phase(self) -> tuple[Phase, object]:
        """What it is about, and which request; None before the first."""

    def refuse(self, refusal: Refusal | None) -> None:
        """Say why, and go."""

    def abort(self) -> None:
        """Go at once."""


class Doorkeeper:
    """Looks at every connection once a second, so that a request pays nothing for its limits."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._exempt = tuple(ip_network(each) for each in limits.exempt)
        self._inside: dict[Connection, _Visit] = {}
        self._addresses: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self.drains = False  # the server ends: every connection closes after what it has begun

    def drain(self) -> None:
        """From the next request on, each connection is told to close."""
        self.drains = True

    def enter(self, connection: Connection, address: str) -> None:
        """Let it in, or refuse it; `leave` must follow either way."""
        refusal = self._refusal(address)
        self._inside[connection] = _Visit(address)
        self._addresses[address] += 1
        if refusal is not None and len(self._inside) > _CROWD * self.limits.connections:
            connection.abort()
        elif refusal is not None:
            connection.refuse(refusal)
        if self._timer is None:
            self._look_later()

    def leave(self, connection: Connection) -> None:
        """Forget it; a second time does nothing."""
        visit = self._inside.pop(connection, None)
        if visit is None:
            return
        self._addresses[visit.address] -= 1
        if not self._addresses[visit.address]:
            del self._addresses[visit.address]

    def look(self, now: float) -> None:
        """Send away whoever took too long."""
        for connection, visit in tuple(self._inside.items()):
            phase, request = connection.phase()
            visit.see(phase, request, now)
            _JUDGES[phase](self.limits, connection, visit, now)

    def _refusal(self, address: str) -> Refusal | None:
        if len(self._inside) >= self.limits.connections:
            return FULL
        if self._addresses[address] < self.limits.connections_per_address:
            return None
        shared = any(ip_address(address) in network for network in self._exempt)
        return None if shared else CROWDED

    def _look_later(self) -> None:
        limits = self.limits
        shortest = min(limits.head_seconds, limits.body_window_seconds, limits.idle_seconds)
        seconds = min(_LOOK_SECONDS, shortest / _LOOKS_PER_LIMIT)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self.look(asyncio.get_running_loop().time())
        if self._inside:
            self._look_later()


class _Visit:
    """Since when a connection is in its phase, and what came in meanwhile."""

    __slots__ = ("address", "phase", "received", "request", "since")

    def __init__(self, address: str) -> None:
        self.address = address
        self.phase: Phase | None = None
        self.request: object = None
        self.since = 0.0
        self.received: deque[tuple[float, int]] = deque()

    def see(self, phase: Phase, request: object, now: float) -> None:
        """A body that was held, or goes on after it, is the same body."""
        begun = Phase.BODY if phase is Phase.HELD else phase
        if begun is self.phase and request is self.request:
            return
        self.phase, self.request, self.since = begun, request, now
        self.received.clear()


def _head(limits: ConnectionLimits, connection: Connection, visit: _Visit, now: float) -> None:
    if now - visit.since >= limits.head_seconds:
        connection.refuse(SLOW_HEAD if visit.request is not None else None)


def _body(limits: ConnectionLimits, connection: Connection, visit: _Visit, now: float) -> None:
    seen = visit.received
    seen.append((now, connection.received))
    while len(seen) > 1 and seen[1][0] <= now - limits.body_window_seconds:
        seen.popleft()
    then, before = seen[0]
    enough = limits.body_rate * limits.body_window_seconds
    stalls = now - then >= limits.body_window_seconds and connection.received - before < enough
    if stalls or now - visit.since >= limits.body_seconds:
        connection.refuse(SLOW_BODY)


def _held(_limits: ConnectionLimits, _it: Connection, visit: _Visit, _now: float) -> None:
    visit.received.clear()


def _answer(_limits: ConnectionLimits, _it: Connection, _visit: _Visit, _now: float) -> None:
    """Our turn: nothing to ask of the client."""


def _idle(limits: ConnectionLimits, connection: Connection, visit: _Visit, now: float) -> None:
    if now - visit.since >= limits.idle_seconds:
        connection.refuse(None)


def _leaving(_limits: ConnectionLimits, connection: Connection, visit: _Visit, now: float) -> None:
    if now - visit.since >= _LEAVING_SECONDS:
        connection.abort()


_JUDGES: dict[Phase, Callable[[ConnectionLimits, Connection, _Visit, float], None]] = {
    Phase.HEAD: _head,
    Phase.BODY: _body,
    Phase.HELD: _held,
    Phase.ANSWER: _answer,
    Phase.IDLE: _idle,
    Phase.LEAVING: _leaving,
}
