"""The door by counts: who is let in at one turn, whatever the loop."""

from __future__ import annotations

import asyncio
import pickle
import socket
from contextlib import ExitStack
from multiprocessing import reduction

import pytest
import uvloop

from fakes import until
from pmecalc.api.door import Door

LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


class Guest(asyncio.Protocol):
    """Tells its house that it came in; one who is unwelcome goes at once."""

    def __init__(self, house: list[Guest], *, welcome: bool = True) -> None:
        self._house = house
        self._welcome = welcome

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._house.append(self)
        self.transport = transport
        if not self._welcome:
            transport.abort()


@pytest.fixture(params=LOOPS)
def runner(request):
    """Both loops that may run the server; what a loop complains of fails the test."""
    complaints = []
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
        yield runner
    assert complaints == []


@pytest.fixture
def listener():
    """A queue on the loopback with room for all."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        yield listening


@pytest.fixture
def callers(listener):
    """Makes connections that wait in the queue; they last as long as the test."""
    with ExitStack() as stack:

        def call(number):
            address = listener.getsockname()
            return [stack.enter_context(socket.create_connection(address)) for _ in range(number)]

        yield call


def test_twice_as_many_come_in_at_each_turn(runner, listener, callers):
    """Of 200 who wait, the calls let in 1, 2, 4 and so on; the last 73, and then 1 again."""
    callers(200)
    house = []

    async def turn(door):
        before = len(house)
        assert isinstance(door(house=house), Guest)
        await until(lambda: door._coming == set())
        return len(house) - before

    async def story():
        door = Door(Guest, listener)
        crowd = [await turn(door) for _ in range(8)]
        callers(2)
        later = [await turn(door) for _ in range(2)]
        for guest in house:
            guest.transport.close()
        return crowd, later

    assert runner.run(story()) == ([1, 2, 4, 8, 16, 32, 64, 73], [1, 1])


def test_a_turn_lets_in_so_many_and_no_more(runner, listener, callers):
    """Those inside wait for 256 at most, however many stand at the door."""
    callers(300)
    house = []

    async def story():
        door = Door(Guest, listener)
        door._together = 256
        door(house=house)
        await until(lambda: door._coming == set())
        for guest in house:
            guest.transport.close()
        return len(house), door._together

    assert runner.run(story()) == (256, 256)


def test_who_is_sent_away_at_once_leaves_no_complaint(runner, listener, callers):
    """A connection that its protocol aborts when it comes is closed without a word in the log."""
    calling = callers(3)
    house = []

    async def story():
        door = Door(Guest, listener)
        for _ in range(2):
            door(house=house, welcome=False)
        await until(lambda: len(house) == 3)
        await asyncio.sleep(0)

    runner.run(story())
    assert [caller.recv(1) for caller in calling] == [b"", b"", b""]


def test_a_queue_that_cannot_be_asked_is_left_to_the_server(runner, listener, callers):
    """When accepting fails, the server still gets the protocol that it asked for."""
    callers(2)
    house = []

    async def story():
        door = Door(Guest, listener)
        listener.close()
        return door(house=house)

    assert isinstance(runner.run(story()), Guest)
    assert house == []


def test_a_door_goes_to_a_worker_with_its_queue(runner, listener, callers):
    """Pickled for another process, it opens onto the same queue."""
    callers(3)
    house = []
    door = Door(Guest, listener)
    sent = pickle.loads(reduction.ForkingPickler.dumps(door))  # noqa: S301  (our own)

    async def story():
        for _ in range(2):
            sent(house=house)
        await until(lambda: len(house) == 3)
        for guest in house:
            guest.transport.close()

    runner.run(story())
    sent._listener.close()
