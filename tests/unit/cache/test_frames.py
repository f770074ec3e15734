"""The frames between the service and its processes: whole, or not there yet."""

from __future__ import annotations

import socket
import threading

import pytest

from pmecalc.cache.frames import Answer, Kind, answer_frame, answer_in, order_frame, orders
from pmecalc.cache.reply import compressed


@pytest.mark.parametrize("body", [b"", b"null", b"0123456789" * 30_000], ids=len)
def test_an_answer_comes_as_it_was_made(body):
    """Bodies in every encoding and the seconds survive the frame."""
    answer = Answer.made(compressed(body), 0.25)
    received = answer_in(bytearray(answer_frame(answer)))
    assert received == answer
    assert received.bodies == compressed(body)


def test_a_piece_of_an_answer_is_none():
    """Whatever the length of the piece, there is no answer before the last byte."""
    frame = answer_frame(Answer.made(compressed(b"[1,2,3]"), 1.0))
    assert [answer_in(bytearray(frame[:length])) for length in range(len(frame))] == [None] * len(
        frame
    )
    assert answer_in(bytearray(frame)).kind is Kind.MADE


def test_orders_come_in_turn_until_the_other_side_hangs_up():
    """Each order once and whole; one that was cut off is not one."""
    here, there = socket.socketpair()
    sent = [b"", b"one", b"x" * 300_000]

    def send():
        with here:
            here.sendall(b"".join(map(order_frame, sent)) + order_frame(b"cut off")[:-1])

    sender = threading.Thread(target=send)
    sender.start()
    with there:
        assert list(orders(there)) == sent
    sender.join()
