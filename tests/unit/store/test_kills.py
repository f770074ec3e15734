from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from dataclasses import dataclass

import pytest

from pmecalc.store import Store
from pmecalc.store.doctor import examine
from pmecalc.store.sqlite import VERSION
from unit.store.writer import write

WRITERS = 4
UNFIXED = (3, 40, 1)
TWO_DAYS_MS = 2 * 24 * 3600 * 1000


@dataclass
class Toll:
    """What was done to the writers, and what became of what they were promised."""

    kills: int
    acknowledged: int
    lost: int
    unfine: list[str]


def kill_writers(folder, *, version, kills, seconds):
    """Kill random writers and start others, so often and so long at least; then look at it."""
    context = multiprocessing.get_context("forkserver")
    # Arrow looks for pandas at its first array: a second of each short life.
    context.set_forkserver_preload(["pmecalc.store", "pandas"])
    chance = random.Random(1)  # noqa: S311  (a choice, no secret)
    data, notes = folder / "data", folder / "notes"
    notes.mkdir()
    with Store.open(data, sqlite_version=version):
        pass
    numbers = iter(range(1_000_000))

    def start():
        number = next(numbers)
        arguments = (str(data), str(notes / str(number)), version, number)
        process = context.Process(target=write, args=arguments)
        process.start()
        return process, notes / str(number)

    writers = [start() for _ in range(WRITERS)]
    done, ends = 0, time.monotonic() + seconds
    while done < kills or time.monotonic() < ends:
        place = chance.randrange(WRITERS)
        process, note = writers[place]
        if wrote(note, process):
            time.sleep(chance.random() * 0.1)
            kill(process)
            writers[place] = start()
            done += 1
    for process, _ in writers:
        kill(process)
    return examined(data, notes, version, done)


def wrote(note, process):
    """Whether this writer has come as far as an acknowledgement, waited for a moment."""
    assert process.exitcode is None, f"a writer ended by itself: {process.exitcode}"
    time.sleep(0.005)
    return note.exists() and note.stat().st_size > 0


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)


def examined(data, notes, version, kills):
    """Every acknowledged sequence must be there, and the doctor find nothing after a collection."""
    promised = [
        tuple(line.split())
        for note in notes.iterdir()
        for line in note.read_text().splitlines()
        if len(line.split()) == 3
    ]
    age(data)
    later = time.time_ns() // 1_000_000 + TWO_DAYS_MS
    with Store.open(data, sqlite_version=version, clock=lambda: later) as store:
        sql = "SELECT dataset, seq, rev FROM revision"
        kept = {(dataset, str(seq), rev) for dataset, seq, rev in rows(store, sql)}
        kept |= {
            ("undone", name, name)
            for (name,) in rows(store, "SELECT id FROM import WHERE state = 'undone'")
        }
        assert store.collect_garbage() is not None
    found = examine(data, now=later, deep=True)
    return Toll(
        kills=kills,
        acknowledged=len(promised),
        lost=len(set(promised) - kept),
        unfine=[f"{f.check}: {f.text}" for f in found if f.level != "fine"],
    )


def rows(store, sql):
    return store.read(lambda db: db.execute(sql).fetchall())


def age(data):
    """Make every file two days older than the collection that follows."""
    past = time.time() - 1
    for area in ("objects", "raw", "tmp"):
        for path in (data / area).rglob("*"):
            if path.is_file():
                os.utime(path, (past, past))


def test_writers_are_killed(tmp_path):
    """Of what killed writers were promised nothing is lost, and nothing is damaged (S-01)."""
    toll = kill_writers(tmp_path, version=VERSION, kills=8, seconds=0)
    assert toll.acknowledged >= 8
    assert (toll.lost, toll.unfine) == (0, [])


@pytest.mark.soak
@pytest.mark.parametrize("version", [VERSION, UNFIXED], ids=["WAL", "TRUNCATE"])
def test_writers_are_killed_for_a_minute(tmp_path, version):
    """The same for a minute and a hundred kills, in both journal modes (S-01, S-21)."""
    toll = kill_writers(tmp_path, version=version, kills=100, seconds=60)
    print(f"\nkills {toll.kills}, acknowledged {toll.acknowledged}, lost {toll.lost}")
    assert toll.kills >= 100
    assert (toll.lost, toll.unfine) == (0, [])


def test_unmended_library_survives_kills(tmp_path):
    """With a truncated journal nothing is lost either (S-21)."""
    toll = kill_writers(tmp_path, version=UNFIXED, kills=5, seconds=0)
    assert (toll.lost, toll.unfine) == (0, [])
