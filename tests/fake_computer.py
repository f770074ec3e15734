"""A process that takes orders as the computing one does; an order says what happens to it."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

from pmecalc.cache.frames import Answer, Kind, answer_frame, orders
from pmecalc.cache.reply import compressed


def main(broken: str = "", notice: str = "") -> None:
    if broken and Path(broken).exists():
        sys.exit("broken")
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as wire:
        wire.sendall(answer_frame(Answer.ready(compiled=False, notice=notice)))
        for order in orders(wire):
            if order == b"die":
                os.kill(os.getpid(), signal.SIGKILL)
            elif order == b"stop":
                os.kill(os.getpid(), signal.SIGSTOP)
            elif order.startswith(b"once "):
                _once(Path(order[5:].decode()), wire)
            elif order == b"decline":
                wire.sendall(answer_frame(Answer(Kind.DECLINED)))
            elif order != b"say nothing":
                wire.sendall(answer_frame(Answer.made(compressed(order), 0.5)))


def _once(seen: Path, wire: socket.socket) -> None:
    """Stop over an order, but answer it when it comes again; the file has a line an attempt."""
    with seen.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if len(seen.read_text().splitlines()) == 1:
        os.kill(os.getpid(), signal.SIGSTOP)
    wire.sendall(answer_frame(Answer.made(compressed(b"[]"), 0.5)))


if __name__ == "__main__":
    main(*sys.argv[1:])
