"""The child: its limits, its end, and what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from pmecalc.core.errors import Problem
from pmecalc.ingest import child
from pmecalc.ingest.columns import PLAIN
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.sandbox import read_apart
from pmecalc.ingest.text import read_text
from pmecalc.ingest.upload import read_upload
from pmecalc.ingest.wire import decode, encode

TEXT = b"fund,date,amount,nav,currency\nA,2020-01-01,-1,,EUR\nB,2020-01-02,-2,5,\n"


def children() -> set[int]:
    """The processes that this one started and that are not gone, zombies among them."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for path in found for pid in path.read_text().split()}


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(inline_bytes=0, memory_bytes=20 << 20), "broke off"),
        (Limits(inline_bytes=0, wall_seconds=0.0), "more than 0 seconds"),
        (Limits(inline_bytes=0, cpu_seconds=0), "too long"),
        (Limits(inline_bytes=0, output_bytes=100), "of rows"),
    ],
)
def test_child_over_its_limits_is_a_file_error(refused, limits, why):
    """Out of memory, time or room, the child ends as a file error and leaves no zombie."""
    before = children()
    error = refused(TEXT, limits=limits)
    assert error.code == "CORRUPT_FILE"
    assert why in error.message
    assert children() == before


def test_child_reads_what_the_parent_reads():
    """A large text gives the same funds out of the child as a small one out of this process."""
    apart = read_upload(TEXT, filename="a", limits=Limits(inline_bytes=0))
    here = read_upload(TEXT, filename="a")
    assert [repr(fund) for fund in apart.funds] == [repr(fund) for fund in here.funds]
    assert [fund.notes for fund in apart.funds] == [fund.notes for fund in here.funds]


def test_path_is_read_by_the_child(tmp_path):
    """The child gets the open file itself; nothing is copied or left beside it."""
    path = tmp_path / "alpha.csv"
    path.write_bytes(TEXT)
    upload = read_upload(path, filename="alpha.csv", limits=Limits(inline_bytes=0))
    assert len(upload.funds) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_frame_round_trip():
    """A table travels as bytes and arrives as it was, problems and all."""
    table = read_text(TEXT + b"A,x,y,,\n", kind=None, limits=Limits())
    again = decode(encode(table))
    assert again.problems == table.problems
    assert isinstance(again.problems[0], Problem)
    assert again.numbers["nav"].tobytes() == table.numbers["nav"].tobytes()
    assert (again.rows, again.days, again.titles) == (table.rows, table.days, table.titles)
    assert list(again.labels["fund"].names) == ["A", "B"]


@pytest.mark.parametrize("cut", [0, 3, 30, -1])
def test_cut_frame_is_refused(cut):
    """A frame that is not whole is a ValueError."""
    data = encode(read_text(TEXT, kind=None, limits=Limits()))
    with pytest.raises(ValueError, match="frame"):
        decode(data[:cut])
    with pytest.raises(ValueError, match="frame"):
        decode(data + b"x")


def test_child_imports_no_numpy():
    """The child has no room for numpy, nor for the package's public names."""
    code = (
        "import sys, runpy; sys.argv = ['child', sys.argv[1]];"
        f"runpy.run_path({child.__file__!r}, run_name='__main__');"
        "print('numpy' in sys.modules, 'pmecalc.core.fund' in sys.modules, file=sys.stderr)"
    )
    limits = {name: getattr(Limits(), name) for name in Limits.__slots__}
    options = {"kind": None, "form": asdict(PLAIN), "limits": limits}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, json.dumps(options)],
        input=TEXT,
        capture_output=True,
        env={},
        check=True,
    )
    assert done.stderr == b"False False\n"
    assert len(decode(done.stdout).rows) == 2


def test_child_has_no_environment_and_few_files():
    """The child limits itself: no core, no files to write, little memory."""
    code = (
        f"import runpy, resource as r; m = runpy.run_path({child.__file__!r}, run_name='child');"
        "m['_limit'](memory_bytes=1 << 30, cpu=20);"
        "print([r.getrlimit(k)[1] for k in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE,"
        " r.RLIMIT_NOFILE, r.RLIMIT_CORE)])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == [1 << 30, 21, 0, 32, 0]


def test_refusal_inside_the_child_arrives(tmp_path):
    """What the child finds wrong is told as if it had been found here."""
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7 " + b"x" * 100)
    with path.open("rb") as file:
        table = read_apart(file, kind=None, limits=Limits())
    assert [problem.code for problem in table.problems] == ["UNSUPPORTED_FORMAT"]
