"""Starts the worker processes of `pme serve`, replaces those that end, and ends them all."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from typing import TYPE_CHECKING, Self

from pmecalc.cli import worker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from pmecalc.service.shared_metrics import SharedMetrics

HUNG_SECONDS = 30.0  # a worker that is silent so long is replaced
_LOOK_SECONDS = 1.0
START_SECONDS = 120.0  # a worker that does not serve by then is replaced
_FIRST_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 1.0, 60.0  # before a start after one that failed
_SOUND_SECONDS = 10.0  # a worker that lived so long did not end because of its start
_ENDS = (signal.SIGINT, signal.SIGTERM)
_LOG = logging.getLogger(__name__)
_spawn = multiprocessing.get_context("spawn")


@dataclass(slots=True, eq=False)
class Worker:
    """A process, its slot of the statistics, and what it has told."""

    process: SpawnProcess
    pipe: Connection
    slot: int
    started: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    is_ready: bool = False
    is_leaving: bool = False
    is_killed: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether it serves, and has for a while."""
        return self.is_ready and time.monotonic() - self.started > _SOUND_SECONDS

    def hear(self) -> None:
        """Read what it has told since."""
        with suppress(EOFError, OSError):
            while self.pipe.poll():
                self.is_ready = self.pipe.recv_bytes() == worker.READY
                self.heard = time.monotonic()

    def terminate(self) -> None:
        """Tell it to finish what it has begun, and to end."""
        self.is_leaving = True
        self.process.terminate()

    def kill(self) -> None:
        """End it at once; it is reaped as soon as it has gone."""
        self.is_killed = True
        self.process.kill()


class Manager:
    """`count` workers on one listening socket, which stays open whatever becomes of them.

    A restart replaces them one after the other, each when its successor serves. `metrics` has two
    slots for each worker. Workers that end are replaced at once, all of them; after a start that
    failed there is a pause, which doubles until all workers serve again. A worker that does not
    serve after `start_seconds` is killed and replaced.
    """

    def __init__(
        self,
        listener: socket.socket,
        metrics: SharedMetrics,
        *,
        count: int,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._listener = listener
        self._metrics = metrics
        self._count = count
        self._workers: list[Worker] = []
        self._outdated: list[Worker] = []
        self._successor: Worker | None = None
        self._start_seconds = start_seconds
        self._next_start = 0.0
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._ends = False
        self._failed = False

    def run(self) -> bool:
        """Serve until a signal; False where a worker could not start."""
        with _Signals((*_ENDS, signal.SIGHUP)) as signals:
            while self._workers or not self._ends:
                for number in signals.taken():
                    self._obey(number)
                for each in self._workers:
                    each.hear()
                self._reap()
                self._kill_silent()
                self._kill_late()
                if not self._ends:
                    self._fill()
                    self._restart_next()
                self._wait(signals)
        return not self._failed

    def _wait(self, signals: _Signals) -> None:
        pipes = [each.pipe for each in self._workers if not each.pipe.closed]
        sentinels = [each.process.sentinel for each in self._workers]
        if self._workers or not self._ends:
            connection.wait([signals.fileno(), *pipes, *sentinels], _LOOK_SECONDS)

    def _obey(self, number: int) -> None:
        if number == signal.SIGHUP and not self._ends:
            _LOG.info("workers are replaced one after the other")
            self._outdated = [each for each in self._workers if each is not self._successor]
        elif number in _ENDS and self._ends:  # asked twice
            for each in self._workers:
                each.kill()
        elif number in _ENDS:
            self._end()

    def _end(self) -> None:
        self._ends = True
        for each in self._workers:
            each.terminate()

    def _reap(self) -> None:
        for each in [each for each in self._workers if each.process.exitcode is not None]:
            each.process.join()
            each.pipe.close()
            self._metrics.vacate(each.slot)
            self._workers.remove(each)
            if not each.is_leaving:
                self._mourn(each)

    def _mourn(self, ended: Worker) -> None:
        """Nobody told it to end."""
        code = ended.process.exitcode
        if ended is self._successor:
            self._successor = None
            self._outdated = []
            _LOG.error("a new worker could not start (exit code %s); the old ones go on", code)
        elif code == worker.FAILED_START and not any(each.is_ready for each in self._workers):
            _LOG.error("a worker could not start; the service ends")
            self._failed = True
            self._end()
        else:
            _LOG.warning("worker %s ended (exit code %s) and is replaced", ended.process.pid, code)
            self._metrics.note_replaced()
            if not ended.is_sound:
                self._back_off()

    def _kill_silent(self) -> None:
        now = time.monotonic()
        for each in self._workers:
            if now - each.heard > HUNG_SECONDS and not each.is_killed:
                _LOG.error("worker %s is silent and is killed", each.process.pid)
                each.kill()

    def _kill_late(self) -> None:
        now = time.monotonic()
        for each in self._workers:
            is_starting = not (each.is_ready or each.is_leaving or each.is_killed)
            if is_starting and now - each.started > self._start_seconds:
                _LOG.error(
                    "worker %s does not serve after %g s and is killed",
                    each.process.pid,
                    self._start_seconds,
                )
                each.kill()

    def _back_off(self) -> None:
        """Wait before the next start, longer each time; those that failed together count once."""
        now = time.monotonic()
        if now >= self._next_start:
            _LOG.warning("the next worker starts in %g s", self._pause_seconds)
            self._next_start = now + self._pause_seconds
            self._pause_seconds = min(2 * self._pause_seconds, _MAX_PAUSE_SECONDS)

    def _fill(self) -> None:
        serving = [w for w in self._workers if not w.is_leaving and w is not self._successor]
        if len(serving) == self._count and all(each.is_sound for each in serving):
            self._pause_seconds = _FIRST_PAUSE_SECONDS
        for _ in range(self._count - len(serving)):
            self._start()

    def _restart_next(self) -> None:
        if any(each.is_leaving for each in self._workers):
            return
        self._outdated = [each for each in self._outdated if each in self._workers]
        if self._successor is None and self._outdated:
            self._successor = self._start()
        elif self._successor is not None and self._successor.is_ready:
            surplus = self._outdated.pop(0) if self._outdated else self._successor
            self._successor = None
            surplus.terminate()

    def _start(self) -> Worker | None:
        """A new worker; None in a pause after a failed start, or where the system refuses one."""
        if time.monotonic() < self._next_start:
            return None
        used = {each.slot for each in self._workers}
        slot = next(slot for slot in range(2 * self._count) if slot not in used)
        ours, theirs = _spawn.Pipe(duplex=False)
        process = _spawn.Process(
            target=worker.run, args=(self._listener, self._metrics, slot, theirs)
        )
        try:
            process.start()
        except OSError as error:  # no descriptors or processes left, or it died before it began
            _LOG.error("a worker could not be started: %s", error)
            ours.close()
            self._back_off()
            return None
        finally:
            theirs.close()
        started = Worker(process, ours, slot)
        self._workers.append(started)
        return started


class _Signals:
    """Signals as numbers to be read, so that one wait hears of them and of the workers."""

    def __init__(self, numbers: Sequence[signal.Signals]) -> None:
        self._numbers = numbers
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, _do_nothing) for number in self._numbers}
        self._wakeup = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._ours.close()
        self._theirs.close()

    def fileno(self) -> int:
        return self._ours.fileno()

    def taken(self) -> list[int]:
        """The signals since the last call, in order."""
        try:
            return list(self._ours.recv(4096))
        except BlockingIOError:
            return []


def _do_nothing(*_: object) -> None:
    """The number is in the socket."""
