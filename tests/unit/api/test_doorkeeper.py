"""The doorkeeper by its own clock: whom it sends away, and when."""

from __future__ import annotations

import asyncio

import pytest

from fakes import FakeConnection
from pmecalc.api.doorkeeper import (
    CROWDED,
    FULL,
    SLOW_BODY,
    SLOW_HEAD,
    ConnectionLimits,
    Doorkeeper,
    Phase,
)

LIMITS = ConnectionLimits(
    connections=3, connections_per_address=2, exempt=("127.0.0.1", "192.168.0.0/16"), body_rate=100
)


def run(story):
    """Tell a story inside a loop, where the doorkeeper's timer lives."""

    async def told():
        doorkeeper = Doorkeeper(LIMITS)
        guests = story(doorkeeper)
        for guest in guests:
            doorkeeper.leave(guest)

    asyncio.run(told())


def looks(doorkeeper, guest, *phases):
    """Show the doorkeeper one phase a second."""
    for second, phase in enumerate(phases):
        guest.now = phase
        doorkeeper.look(100.0 + second)


def test_a_head_may_take_ten_seconds():
    """Half a head is sent away with a word after 10 s, not after 9."""

    def story(doorkeeper):
        guest = FakeConnection(request="a")
        doorkeeper.enter(guest, "10.0.0.1")
        looks(doorkeeper, guest, *[Phase.HEAD] * 10)
        assert guest.refusals == []
        doorkeeper.look(110.0)
        assert guest.refusals == [SLOW_HEAD]
        return [guest]

    run(story)


def test_who_says_nothing_is_told_nothing():
    """A connection that sent no byte, or waits between requests, is closed without a word."""

    def story(doorkeeper):
        silent, idle = FakeConnection(), FakeConnection(request="a")
        idle.now = Phase.IDLE
        for guest in (silent, idle):
            doorkeeper.enter(guest, "127.0.0.1")
        doorkeeper.look(100.0)
        doorkeeper.look(114.0)
        assert (silent.refusals, idle.refusals) == ([None], [])
        doorkeeper.look(115.0)
        assert idle.refusals == [None]
        return [silent, idle]

    run(story)


def test_an_answer_may_take_its_time():
    """While it is our turn nobody is sent away."""

    def story(doorkeeper):
        guest = FakeConnection(request="a")
        doorkeeper.enter(guest, "10.0.0.1")
        looks(doorkeeper, guest, *[Phase.ANSWER] * 1000)
        assert guest.refusals == []
        return [guest]

    run(story)


@pytest.mark.parametrize(("bytes_a_second", "refusals"), [(0, 1), (99, 1), (100, 0), (5000, 0)])
def test_a_body_must_keep_its_rate(bytes_a_second, refusals):
    """Over any 10 s a body brings 100 bytes a second, or it is refused."""

    def story(doorkeeper):
        guest = FakeConnection(request="a")
        guest.now = Phase.BODY
        doorkeeper.enter(guest, "10.0.0.1")
        for second in range(12):
            doorkeeper.look(100.0 + second)
            guest.received += bytes_a_second
            if guest.refusals:
                break
        assert guest.refusals == [SLOW_BODY] * refusals
        return [guest]

    run(story)


def test_a_large_start_does_not_pay_for_a_later_stall():
    """The average is of the last 10 s, whatever came before."""

    def story(doorkeeper):
        guest = FakeConnection(request="a")
        guest.now = Phase.BODY
        doorkeeper.enter(guest, "10.0.0.1")
        doorkeeper.look(100.0)
        guest.received += 10**6
        for second in range(1, 11):
            doorkeeper.look(100.0 + second)
        assert guest.refusals == []
        doorkeeper.look(111.0)
        assert guest.refusals == [SLOW_BODY]
        return [guest]

    run(story)


def test_a_body_that_we_hold_back_is_not_slow():
    """While we do not read, its rate does not count; the two minutes go on."""

    def story(doorkeeper):
        guest = FakeConnection(request="a")
        doorkeeper.enter(guest, "10.0.0.1")
        looks(doorkeeper, guest, *[Phase.BODY] * 5, *[Phase.HELD] * 90, *[Phase.BODY] * 10)
        assert guest.refusals == []
        guest.received += 10**6
        doorkeeper.look(219.0)
        assert guest.refusals == []
        guest.received += 10**6
        doorkeeper.look(220.0)
        assert guest.refusals == [SLOW_BODY]
        return [guest]

    run(story)


def test_places_are_counted_by_address_and_in_all():
    """The third of one address and the fourth of all are refused; exempt addresses count in all."""

    def story(doorkeeper):
        guests = [FakeConnection() for _ in range(6)]
        doorkeeper.enter(guests[0], "10.0.0.1")
        doorkeeper.enter(guests[1], "10.0.0.1")
        doorkeeper.enter(guests[2], "10.0.0.1")
        assert [guest.refusals for guest in guests[:3]] == [[], [], [CROWDED]]
        doorkeeper.leave(guests[2])
        doorkeeper.leave(guests[2])
        doorkeeper.enter(guests[3], "127.0.0.1")
        doorkeeper.enter(guests[4], "192.168.7.7")
        assert [guest.refusals for guest in guests[3:5]] == [[], [FULL]]
        doorkeeper.leave(guests[0])
        doorkeeper.leave(guests[4])
        doorkeeper.enter(guests[5], "10.0.0.1")
        assert guests[5].refusals == []
        return guests

    run(story)


def test_a_crowd_at_the_door_is_not_told_why():
    """Refused ones stay to read the reason; when they are as many as the places, nobody does."""

    def story(doorkeeper):
        guests = [FakeConnection() for _ in range(7)]
        for guest in guests:
            doorkeeper.enter(guest, "127.0.0.1")
        assert [len(guest.refusals) for guest in guests] == [0, 0, 0, 1, 1, 1, 0]
        assert [guest.aborted for guest in guests] == [False] * 6 + [True]
        return guests

    run(story)


def test_who_was_refused_and_does_not_go_is_put_out():
    """Two seconds are enough to read why."""

    def story(doorkeeper):
        guest = FakeConnection()
        guest.now = Phase.LEAVING
        doorkeeper.enter(guest, "127.0.0.1")
        doorkeeper.look(100.0)
        doorkeeper.look(101.9)
        assert not guest.aborted
        doorkeeper.look(102.0)
        assert guest.aborted
        return [guest]

    run(story)
