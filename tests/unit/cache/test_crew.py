"""Processes that compute: real ones, killed and missing ones; nobody is left without an answer."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from fakes import until
from pmecalc.cache.compute_errors import ComputeDeadlineError, ComputeError, ComputeLostError
from pmecalc.cache.crew import MAX_FAILURES, Crew
from pmecalc.cache.fair_queue import Workload
from pmecalc.cache.workers import ComputePool
from server import children, is_there

TESTS = Path(__file__).parents[2]
COMPUTER = (sys.executable, str(TESTS / "fake_computer.py"))
PARENT = """
import asyncio, sys
from pmecalc.cache.crew import Crew

async def hold():
    crew = Crew(sys.argv[1:], size=1)
    crew.start()
    while not crew.stats()["ready"]:
        await asyncio.sleep(0.01)
    print("ready", flush=True)
    await crew.ask(b"say nothing")

asyncio.run(hold())
"""


@asynccontextmanager
async def manned(command=COMPUTER, **options):
    """A crew that has started, as far as it can."""
    crew = Crew(command, **{"size": 1, "first_pause_seconds": 0.01, **options})
    try:
        crew.start()
        await until(lambda: crew.stats()["ready"] == crew.stats()["size"])
        yield crew
    finally:
        await crew.close()


@contextmanager
def no_descriptors():
    """As many files are open as may be."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
        try:
            while True:
                taken.append(os.dup(0))
        except OSError:
            yield
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_orders_beyond_the_crew_wait_for_their_turn():
    """Fifty orders at once to two processes: each gets the answer to its own order."""

    async def story():
        async with manned(size=2) as crew:
            answers = await asyncio.gather(*(crew.ask(b"%d" % number) for number in range(50)))
            assert [a.bodies["identity"] for a in answers] == [b"%d" % n for n in range(50)]
            failed = {"failures": 0, "lost": 0, "declined": 0, "restarts": 0}
            assert crew.stats() == {"size": 2, "ready": 2, "made": 50, **failed}

    asyncio.run(story())


def test_a_process_that_dies_over_an_order_is_replaced():
    """Its order is tried once more and no longer, those behind it go elsewhere."""

    async def story():
        async with manned() as crew:
            orders = (b"die", b"behind", b"behind")
            asked = asyncio.gather(*map(crew.ask, orders), return_exceptions=True)
            died, *behind = await asked
            assert isinstance(died, ComputeLostError)
            assert behind == [None, None]
            await until(lambda: crew.stats()["ready"] == 1)
            assert (await crew.ask(b"again")).bodies["identity"] == b"again"
            assert crew.stats()["lost"] == crew.stats()["restarts"] == 2

    asyncio.run(story())


def test_a_process_that_dies_idle_is_replaced():
    """No order is lost over it."""

    async def story():
        async with manned() as crew:
            (child,) = children(os.getpid(), b"fake_computer")
            os.kill(child, signal.SIGKILL)
            await until(lambda: crew.stats()["restarts"] == 1 and crew.stats()["ready"] == 1)
            assert (await crew.ask(b"again")).bodies["identity"] == b"again"
            assert crew.stats()["lost"] == 0

    asyncio.run(story())


def test_a_process_that_never_answers_is_replaced():
    """It is tried once more, until the deadline of both attempts."""

    async def story():
        async with manned(silence_seconds=0.05, deadline_seconds=0.2) as crew:
            with pytest.raises(ComputeDeadlineError):
                await crew.ask(b"say nothing")
            await until(lambda: crew.stats()["restarts"] == 2 and crew.stats()["ready"] == 1)
            assert crew.stats()["lost"] == 2
            assert (await crew.ask(b"again")).bodies["identity"] == b"again"

    asyncio.run(story())


def test_an_estimate_beyond_the_deadline_is_one_attempt():
    """A process may work until the deadline, and is not tried again."""

    async def story():
        async with manned(silence_seconds=0.05, deadline_seconds=0.2) as crew:
            with pytest.raises(ComputeDeadlineError):
                await crew.ask(b"say nothing", Workload("a", cost_seconds=60.0))
            assert crew.stats()["lost"] == 1

    asyncio.run(story())


def test_the_order_of_a_stopped_process_is_answered_by_another(tmp_path):
    """SIGSTOP over an order: one replacement, two attempts, one answer."""
    seen = tmp_path / "attempts"

    async def story():
        async with manned(silence_seconds=0.2, deadline_seconds=30) as crew:
            answer = await crew.ask(b"once " + bytes(seen))
            assert answer.bodies["identity"] == b"[]"
            assert (crew.stats()["lost"], crew.stats()["restarts"]) == (1, 1)
        first, second = seen.read_text().splitlines()
        assert first != second
        assert not is_there(int(first))

    asyncio.run(story())


def test_an_order_that_stops_every_process_is_tried_twice():
    """It never has a third process, and never a thread."""

    async def story():
        async with manned(silence_seconds=0.1, deadline_seconds=0.5) as crew:
            pool = ComputePool(workers=1, crew=crew)
            computed = []
            with pytest.raises(ComputeError):
                await pool.make(lambda: computed.append(1), lambda: b"stop")
            await until(lambda: crew.stats()["ready"] == 1)
            assert (crew.stats()["lost"], computed) == (2, [])
            made = await pool.make(lambda: b"", lambda: b"next")
            assert made.bodies["identity"] == b"next"
            pool.close()

    asyncio.run(story())


def test_replacements_are_no_failed_starts(caplog):
    """Processes that we end again and again leave no pause and no error of the installation."""

    async def story():
        options = {"silence_seconds": 0.05, "deadline_seconds": 0.1, "first_pause_seconds": 3600}
        async with manned(**options) as crew:
            for _ in range(MAX_FAILURES):
                with pytest.raises(ComputeError):
                    await crew.ask(b"say nothing")
                await until(lambda: crew.stats()["ready"] == 1)
            assert crew.stats()["failures"] == 0
            assert not crew.failing

    asyncio.run(story())
    assert "in a row" not in caplog.text


def test_a_process_that_cannot_be_started_for_want_of_descriptors_is_tried_again(caplog):
    """EMFILE: nobody hangs, one line is logged, and a process comes once there are some again."""

    async def story():
        async with manned() as crew:
            pool = ComputePool(workers=1, crew=crew)
            await pool.run(lambda: None)  # its thread is there
            (child,) = children(os.getpid(), b"fake_computer")
            with no_descriptors():
                os.kill(child, signal.SIGKILL)
                await until(lambda: crew.stats()["restarts"] >= 3)
                made = [await pool.make(lambda: b"[]", lambda: b"order") for _ in range(3)]
                assert [each.bodies["identity"] for each in made] == [b"[]"] * 3
            await until(lambda: crew.stats()["ready"] == 1)
            assert (await crew.ask(b"again")).bodies["identity"] == b"again"
            pool.close()

    asyncio.run(story())
    logged = [message for message in caplog.messages if "did not start" in message]
    assert len(logged) == 1
    assert "Too many open files" in logged[0]


def test_an_order_lost_without_descriptors_is_refused_in_time():
    """EMFILE while its process is replaced: it waits no longer than allowed."""

    async def story():
        async with manned(deadline_seconds=0.3) as crew:
            with no_descriptors(), pytest.raises(ComputeLostError):
                await crew.ask(b"die")
            await until(lambda: crew.stats()["ready"] == 1)
            assert (await crew.ask(b"again")).bodies["identity"] == b"again"

    asyncio.run(story())


def test_tenants_take_turns_at_the_processes():
    """One order of B is answered before the third of sixty that A asked before."""

    async def story():
        answered = []
        async with manned() as crew:

            async def ask(tenant):
                await crew.ask(b"order", Workload(tenant))
                answered.append(tenant)

            await asyncio.gather(*(ask("a") for _ in range(60)), ask("b"))
        return answered.index("b")

    assert asyncio.run(story()) <= 2


def test_who_gives_up_hurts_nobody():
    """The process of an order that was given up is replaced; a waiting one just leaves."""

    async def story():
        async with manned() as crew:
            first = asyncio.create_task(crew.ask(b"say nothing"))
            second = asyncio.create_task(crew.ask(b"second"))
            await asyncio.sleep(0)
            second.cancel()
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
            await until(lambda: crew.stats()["restarts"] == 1 and crew.stats()["ready"] == 1)
            assert (await crew.ask(b"third")).bodies["identity"] == b"third"

    asyncio.run(story())


@pytest.mark.parametrize(
    "command", [(sys.executable, "-c", ""), (str(TESTS / "missing"),)], ids=["ends", "missing"]
)
def test_threads_compute_where_no_process_starts(command):
    """A start that fails is told once, and every computation is done."""

    async def story():
        told = []
        crew = Crew(
            command, size=1, first_pause_seconds=0.01, unmanned=lambda: told.append("unmanned")
        )
        pool = ComputePool(workers=1, crew=crew)
        made = [await pool.make(lambda: b"[]", lambda: b"order") for _ in range(3)]
        await until(lambda: crew.stats()["restarts"] >= 2)
        await crew.close()
        pool.close()
        assert [each.bodies["identity"] for each in made] == [b"[]"] * 3
        assert told == ["unmanned"]

    asyncio.run(story())


def test_processes_that_always_end_are_an_error_that_is_logged_once(caplog, tmp_path):
    """Pauses grow to their bound, threads compute, and the counter starts anew with an answer."""
    command = (sys.executable, str(TESTS / "fake_computer.py"), str(tmp_path / "broken"))
    (tmp_path / "broken").touch()

    async def story():
        crew = Crew(command, size=1, first_pause_seconds=0.001, max_pause_seconds=0.01)
        crew.start()
        await until(lambda: crew.stats()["failures"] >= MAX_FAILURES + 2)
        assert crew.failing
        assert await crew.ask(b"order") is None
        (tmp_path / "broken").unlink()
        await until(lambda: crew.stats()["ready"] == 1)
        assert crew.failing  # a start alone proves nothing
        assert (await crew.ask(b"order")).bodies["identity"] == b"order"
        assert not crew.failing
        assert crew.stats()["failures"] == 0
        await crew.close()

    asyncio.run(story())
    logged = [record.levelname for record in caplog.records if "in a row" in record.getMessage()]
    assert logged == ["ERROR"]
    assert caplog.messages.count("processes compute again") == 1


def test_a_notice_of_a_process_is_told():
    """The first answer may carry a sentence for the operator."""

    async def story():
        told = []
        async with manned((*COMPUTER, "", "no folder"), tell=told.append) as crew:
            assert crew.plain
            assert not crew.compiled
        return told

    assert asyncio.run(story()) == ["no folder"]


def test_what_a_process_declines_is_computed_by_a_thread():
    """The thread makes the answer, or says what is wrong."""

    async def story():
        async with manned() as crew:
            pool = ComputePool(workers=1, crew=crew)
            made = await pool.make(lambda: b"[]", lambda: b"decline")
            assert made.bodies["identity"] == b"[]"
            with pytest.raises(LookupError, match="wrong"):
                await pool.make(_wrong, lambda: b"decline")
            made = await pool.make(_wrong, lambda: b"by the process")
            assert made.bodies["identity"] == b"by the process"
            assert (pool.stats()["pending"], crew.stats()["declined"]) == (0, 2)
            pool.close()

    asyncio.run(story())


def test_a_closed_crew_leaves_no_process():
    """Neither idle ones nor one in the middle of an order."""

    async def story():
        async with manned(size=2) as crew:
            found = children(os.getpid(), b"fake_computer")
            asking = asyncio.create_task(crew.ask(b"say nothing"))
            await asyncio.sleep(0)
        with pytest.raises(ComputeLostError):
            await asking
        return found

    found = asyncio.run(story())
    assert len(found) == 2
    assert not any(map(is_there, found))


def test_a_process_ends_with_its_parent():
    """The parent is killed in the middle of an order, and the process sees it."""
    command = [sys.executable, "-c", PARENT, *COMPUTER]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"ready\n"
        (child,) = children(parent.pid, b"fake_computer")
        parent.kill()
    deadline = time.monotonic() + 60
    while is_there(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _wrong() -> bytes:
    raise LookupError("wrong")
