"""The commands as users type them."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import subprocess
import sys

import pytest

from pmecalc import __version__
from pmecalc.core.methods import FURTHER, METHODS

HEADER = "date,contribution,distribution,nav\n"


def pme(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PME_")}
    command = "import sys; from pmecalc.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**kept, **environment},
    )


def test_version():
    """`pme --version` says which."""
    assert pme("--version").stdout == f"pme {__version__}\n"


def test_analyze_shows_the_headline(data):
    """Without options: who, when, the main figures, and the warnings."""
    done = pme(
        "analyze",
        data / "sample_fund_quarterly.csv",
        "--index",
        data / "sample_index_quarterly.csv",
    )
    assert done.returncode == 0
    first = done.stdout.splitlines()[0]
    assert first == "sample_fund_quarterly · as of 2021-12-31 · vs sample_index_quarterly"
    assert "KS-PME            0.86x" in done.stdout
    assert "Direct alpha      −5.6%" in done.stdout


def test_analyze_json_is_the_report(data):
    """`--json` prints one object with every measure."""
    done = pme("analyze", data / "sample_fund_quarterly.csv", "--json", "--commitment", 100)
    shown = json.loads(done.stdout)
    assert list(shown["metrics"]) == list(METHODS)
    assert shown["metrics"]["ks_pme"]["status"] == "no_index"
    assert shown["metrics"]["pic"]["value"] == pytest.approx(0.6711)


def test_analyze_csv_has_a_row_a_measure(data):
    """`--csv` prints fund,metric,value,status,estimated."""
    rows = list(
        csv.DictReader(io.StringIO(pme("analyze", data / "sample_fund_daily.csv", "--csv").stdout))
    )
    assert [row["metric"] for row in rows] == list(METHODS)
    assert set(rows[0]) == {"fund", "metric", "value", "status", "estimated"}


def test_all_adds_the_further_measures(data):
    """`--all` goes with `--json` and `--csv`; alone it is a table with every title."""
    path = data / "sample_fund_daily.csv"
    names = [*METHODS, *FURTHER]
    assert list(json.loads(pme("analyze", path, "--all", "--json").stdout)["metrics"]) == names
    rows = csv.DictReader(io.StringIO(pme("analyze", path, "--all", "--csv").stdout))
    assert [row["metric"] for row in rows] == names
    table = pme("analyze", path, "--all").stdout
    assert all(f"  {row.title}  " in table for row in (*METHODS.values(), *FURTHER.values()))


def test_methods_side_by_side(data):
    """`--methods`: a line a method and the sentence; the same as JSON and as rows."""
    asked = (
        *("analyze", data / "sample_fund_quarterly.csv", "--methods"),
        *("--index", data / "sample_index_quarterly.csv"),
    )
    lines = pme(*asked).stdout.splitlines()
    assert [line.split("  ")[1] for line in lines[1:8]] == [
        *("KS-PME", "Value added, at the end", "Direct alpha", "LN-PME spread"),
        *("PME+ spread", "mPME spread", "Scaled PME spread"),
    ]
    shown = json.loads(pme(*asked, "--json").stdout)
    assert " ".join(line.strip() for line in lines[8:]) == shown["sentence"]
    assert shown["sentence"].startswith("All 7 methods put the fund behind the index")
    rows = list(csv.DictReader(io.StringIO(pme(*asked, "--csv").stdout)))
    assert [row["method"] for row in rows] == [each["name"] for each in shown["methods"]]
    assert [float(row["value"]) for row in rows] == [each["value"] for each in shown["methods"]]


def test_a_difference_above_zero_says_so(tmp_path):
    """Every spread of a fund that is ahead of a still index has its sign."""
    fund, index = tmp_path / "fund.csv", tmp_path / "index.csv"
    fund.write_text(
        "date,contribution,distribution,nav\n2020-01-01,100,0,100\n2021-01-01,0,10,120\n"
    )
    index.write_text("date,level\n2020-01-01,100\n2021-01-01,100\n")
    lines = pme("analyze", fund, "--index", index, "--methods", "--max-staleness-days", "none")
    signed = [line for line in lines.stdout.splitlines() if "spread" in line and "  ahead" in line]
    assert len(signed) == 4
    assert all(" +" in line for line in signed)


def test_conventions_are_options(data):
    """Each convention of `evaluate` can be said; the JSON repeats it."""
    said = {
        "day_count": "30E/360",
        "netting": "same_day",
        "lookup": "linear",
        "nav_growth": "index",
        "recallable": "net",
    }
    options = [part for name, value in said.items() for part in (f"--{name}", value)]
    done = pme(
        *("analyze", data / "sample_fund_quarterly.csv", "--json"),
        *("--index", data / "sample_index_quarterly.csv"),
        *(option.replace("_", "-") if option.startswith("--") else option for option in options),
    )
    inputs = json.loads(done.stdout)["inputs"]
    assert {name: inputs[name] for name in said} == said


def test_methods_need_an_index(data):
    """Without one there is nothing to compare with."""
    done = pme("analyze", data / "sample_fund_quarterly.csv", "--methods")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--index: ")
    assert "[NO_BENCHMARK]" in done.stderr


def test_several_funds_are_a_list(tmp_path):
    """A file of two funds gives two reports."""
    path = tmp_path / "two.csv"
    path.write_text(
        "fund,date,amount\nA,2020-01-01,-1\nA,2021-01-01,2\nB,2020-01-01,-1\nB,2021-01-01,3\n"
    )
    assert [each["fund"] for each in json.loads(pme("analyze", path, "--json").stdout)] == [
        "A",
        "B",
    ]


def test_strict_says_that_something_is_undefined(data):
    """`--strict` exits 1 where a measure has no value, 0 otherwise without it."""
    assert pme("analyze", data / "sample_fund_daily.csv").returncode == 0
    assert pme("analyze", data / "sample_fund_daily.csv", "--strict").returncode == 1


def test_reference_case_r31(shared):
    """The published fund on the published index agrees with case R31."""
    done = pme(
        "analyze",
        shared / "data/pedata_fund1.csv",
        "--index",
        shared / "data/sp500_tr_monthly.csv",
        "--json",
    )
    got = json.loads(done.stdout)["metrics"]
    cases = json.loads((shared / "spec/reference_cases_market.json").read_text())["cases"]
    expected = next(case for case in cases if case["id"].startswith("R31"))["expected"]
    compared = [name for name, value in expected.items() if name in got and value is not None]
    assert len(compared) > 20
    for name in compared:
        assert got[name]["value"] == pytest.approx(expected[name], rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "EMPTY_FILE", ""),
        (HEADER, "NO_DATA_ROWS", ""),
        ("when,amount\n2020-01-01,-1\n", "NO_DATE_COLUMN", "row 1"),
        ("date,note\n2020-01-01,x\n", "NO_AMOUNT_COLUMN", "row 1"),
        (HEADER + "2020-01-01,abc,,\n", "BAD_NUMBER", 'row 2, column "contribution"'),
        (HEADER + "2020-01-01,nan,,\n", "NON_FINITE", 'row 2, column "contribution"'),
        (HEADER + "1850-01-01,1,,\n", "BAD_DATE", 'row 2, column "date"'),
        (HEADER + "2020-02-30,1,,\n", "BAD_DATE", "2020-02-30"),
        (HEADER + "2020-01-01,-5,,\n", "NEGATIVE_AMOUNT", "row 2"),
    ],
)
def test_a_bad_file_is_one_clear_error(tmp_path, text, code, words):
    """Exit 3, nothing on stdout, and a line with the place, the value and the code."""
    path = tmp_path / "bad.csv"
    path.write_text(text)
    done = pme("analyze", path)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"[{code}]" in done.stderr
    assert words in done.stderr
    assert "bad.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_index_that_starts_late(tmp_path, data):
    """INDEX_NOT_COVERED names the dates."""
    path = tmp_path / "late.csv"
    path.write_text("date,level\n2016-01-01,1\n2022-01-01,2\n")
    done = pme("analyze", data / "sample_fund_quarterly.csv", "--index", path)
    assert done.returncode == 3
    assert "[INDEX_NOT_COVERED]" in done.stderr
    assert "2016-01-01" in done.stderr


def test_two_readings_ask(tmp_path):
    """A signed column that looks turned round exits 4."""
    path = tmp_path / "turned.csv"
    path.write_text("date,amount\n2020-01-01,100\n2021-01-01,-150\n")
    done = pme("analyze", path)
    assert done.returncode == 4
    assert "[SIGN_SUSPECT]" in done.stderr


def test_missing_file_and_bad_option(tmp_path):
    """A path that is not there exits 3, an unknown option 2."""
    assert pme("analyze", tmp_path / "nothing.csv").returncode == 3
    assert pme("analyze", "x.csv", "--nonsense").returncode == 2
    assert pme().returncode == 2
    done = pme("analyze", "x.csv", "--currency", "euro")
    assert done.returncode == 2
    assert "'euro' is no code of three capitals such as EUR" in done.stderr


def test_template_can_be_analyzed(tmp_path):
    """What `pme template` prints is a valid file."""
    path = tmp_path / "fund.csv"
    path.write_text(pme("template").stdout)
    assert pme("analyze", path).returncode == 0


def test_serve_says_in_a_sentence_that_the_port_is_taken(tmp_path):
    """A taken port stops the start with exit 2 and one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = pme("serve", "--port", port, "--data", tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--host", "0.0.0.0"], "loopback"),  # noqa: S104  (what is refused)
        (["--port", "99999"], "port"),
        (["--workers", "0"], "workers"),
    ],
)
def test_serve_refuses_what_is_not_safe(tmp_path, options, word):
    """No open address without accounts, no impossible port: exit 2 before anything listens."""
    done = pme("serve", "--data", tmp_path, *options)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_says_that_the_folder_cannot_be_used(tmp_path):
    """A data folder that is a file is one sentence."""
    path = tmp_path / "file"
    path.write_text("")
    done = pme("serve", "--port", "0", "--data", path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_import_is_light():
    """`import pmecalc` loads no web framework, no Arrow, no data frame library."""
    code = "import sys, pmecalc; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"fastapi", "pydantic", "pyarrow", "pandas", "polars", "redis", "uvicorn", "orjson"}
    assert not heavy & set(loaded.stdout.split())


TOTALS = HEADER + "".join(
    f"20{year}-12-31,{paid},{back},{nav}\n"
    for year, paid, back, nav in (
        (14, 20, 0, 21),
        (15, 50, 0, 55),
        (16, 80, 10, 90),
        (17, 80, 40, 70),
        (18, 100, 90, 60),
    )
)


def test_a_question_names_the_option_that_answers_it(tmp_path):
    """Exit code 4; each answer, typed as it is shown, leads to its figures."""
    file = tmp_path / "totals.csv"
    file.write_text(TOTALS)
    asked = pme("analyze", file)
    assert (asked.returncode, asked.stdout) == (4, "")
    assert "Say --amounts flows or --amounts cumulative.  [CUMULATIVE_AMOUNTS]" in asked.stderr
    done = pme("analyze", file, "--amounts", "cumulative", "--json")
    shown = json.loads(done.stdout)
    assert shown["metrics"]["dpi"]["value"] == 0.9
    assert "The amounts are running totals" in " ".join(shown["notes"]["fund"])
    batch = pme("batch", file, "--amounts", "cumulative", "--json")
    assert json.loads(batch.stdout)[0]["metrics"]["dpi"]["value"] == 0.9


def test_what_was_understood_is_shown(data, tmp_path):
    """Below the headline, in the list of files of a batch, and in its JSON."""
    file = data / "sample_fund_quarterly.csv"
    assert "  fund file: Read as CSV, separated by commas.\n" in pme("analyze", file).stdout
    target = tmp_path / "batch.csv"
    assert pme("batch", file, "--out", target).returncode == 0
    with (tmp_path / "batch.import.csv").open(encoding="utf-8", newline="") as imports:
        assert "Read as CSV" in next(csv.DictReader(imports))["notes"]
    shown = json.loads(pme("batch", file, "--json").stdout)
    assert "Read as CSV, separated by commas." in shown[0]["notes"]


def test_the_kind_of_an_index_is_shown_where_it_was_said(data):
    """A default of ours is no fact of the user's file."""
    files = data / "sample_fund_quarterly.csv", "--index", data / "sample_index_quarterly.csv"
    unsaid = pme("analyze", *files)
    assert "total return)" not in unsaid.stdout.splitlines()[0]
    assert json.loads(pme("analyze", *files, "--json").stdout)["inputs"]["index_kind"] is None
    said = pme("analyze", *files, "--index-kind", "total_return")
    assert said.stdout.splitlines()[0].endswith("(total return)")


def test_an_option_is_named_as_it_is_typed(data, tmp_path):
    """Not by the library's keyword."""
    index = tmp_path / "old.csv"
    index.write_text("date,level\n1990-01-01,100\n")
    stale = pme("analyze", data / "sample_fund_quarterly.csv", "--index", index)
    assert "--max-staleness-days" in stale.stderr
    assert "max_staleness_days" not in stale.stderr
