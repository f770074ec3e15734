"""A process that computes for the service: `python -m pmecalc.service.computer FOLDER LOOPS`.

Its standard input is a socket: orders come in there, and the answers go out (cache/child.py).
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

from pmecalc.cache.frames import Answer, Kind, answer_frame, orders
from pmecalc.cache.workers import made
from pmecalc.core import engine
from pmecalc.service.analyses import Answers, Order
from pmecalc.store.store import Store

Loops: TypeAlias = Literal["compiled", "plain"]

_NICEST = 19


def command(folder: Path, *, loops: Loops) -> tuple[str, ...]:
    """What starts such a process; `-P`: nothing is imported from the working directory."""
    return (sys.executable, "-P", "-m", __name__, str(folder), loops)


def main(folder: str, loops: str) -> None:
    """Compute until the service hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICEST)  # the event loop, and all else in this session, come first
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as wire:
        threading.Thread(target=_end_with, args=(wire,), daemon=True).start()
        with Store.open(Path(folder)) as store:
            compiled = loops == "compiled" and engine.load()
            gc.freeze()
            wire.sendall(answer_frame(Answer.ready(compiled=compiled, notice=engine.notice())))
            answers = Answers(store)
            for order in orders(wire):
                wire.sendall(answer_frame(answered(answers, order)))


def answered(answers: Answers, order: bytes) -> Answer:
    """The answer to an order."""
    try:
        done = made(partial(answers.compute, Order.decoded(order)))
    except Exception:  # noqa: BLE001  (the service does it again, and says what is wrong)
        return Answer(Kind.DECLINED)
    return Answer.made(done.bodies, done.seconds)


def _end_with(wire: socket.socket) -> None:
    """The service hung up or is no more: nobody waits for what is being computed."""
    hung_up = select.poll()
    hung_up.register(wire, 0)
    hung_up.poll()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
