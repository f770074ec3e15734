"""`pme batch` as users type it: folders in, one file out."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
import subprocess
import sys
import termios

import numpy as np
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from pmecalc import evaluate, read_benchmark, read_fund, read_funds
from pmecalc.cli import main
from pmecalc.core.methods import METHODS, any_method
from pmecalc.core.valuation import value

COMMAND = [sys.executable, "-c", "import sys; from pmecalc.cli import main; sys.exit(main())"]
INDEX = "sample_index_quarterly.csv"
EQUAL = 1e-12  # of 1 + value: the two engines
EVIL = '=HYPERLINK("http://127.0.0.1/","x")'


def pme(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "batch", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path, data):
    """Two real funds, the index, a file of two funds, one that is refused, and what is no fund."""
    made = tmp_path / "funds"
    (made / "more").mkdir(parents=True)
    for name in ("sample_fund_quarterly.csv", "sample_fund_daily.csv", INDEX):
        shutil.copy(data / name, made / name)
    rows = "fund,date,contribution,distribution,nav\n"
    (made / "more" / "two.csv").write_text(
        f"{rows}Zeta,2016-01-04,100,0,\nZeta,2021-12-31,0,0,150\n"
        f"{json.dumps(EVIL).replace(chr(92) + chr(34), chr(34) * 2)},2016-01-04,50,0,\n"
        f"{json.dumps(EVIL).replace(chr(92) + chr(34), chr(34) * 2)},2020-06-30,0,70,\n",
        encoding="utf-8",
    )
    (made / "broken.csv").write_text(
        "date,contribution,distribution\n2020-02-30,5,0\n", encoding="utf-8"
    )
    (made / "~$lock.xlsx").write_bytes(b"in use")
    (made / "notes.txt").write_text("no fund", encoding="utf-8")
    return made


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_a_folder_becomes_one_file_of_what_analyze_says(folder, tmp_path, suffix):
    """Each fund has a row; values and statuses are those of `evaluate`; the rest is listed."""
    target = tmp_path / f"result{suffix}"
    done = pme(folder, "--index", folder / INDEX, "--out", target)
    assert done.returncode == 3
    assert done.stdout == ""
    seen = "result.xlsx › Import" if suffix == ".xlsx" else "result.import.csv"
    assert done.stderr.splitlines()[-1].endswith(f"1 file refused (see {seen})")
    measures, statuses, imports = _read_back(target)
    assert [row["fund"] for row in measures] == [
        "Zeta",
        EVIL,
        "sample_fund_daily",
        "sample_fund_quarterly",
    ]
    assert statuses[2]["ks_pme_status"] == "index_not_covered"
    indexes = None, read_benchmark(folder / INDEX)
    for index, row, status in zip(indexes, measures[2:], statuses[2:], strict=True):
        report = evaluate(read_fund(row["file"]), index)
        assert row["as_of"] == report.as_of
        assert row["warnings"].split() == list(report.warnings)
        for name in METHODS:
            metric = report.metrics[name]
            expected = metric.status.replace("no_index", "index_not_covered")
            assert status[f"{name}_status"] == expected
            if isinstance(metric.value, float):
                apart = abs(float(row[name]) - metric.value)
                assert apart <= EQUAL * (1 + abs(metric.value)), name
            else:
                assert (row[name] or None) == metric.value
    refused = [row for row in imports if row["state"] == "refused"]
    assert [(row["file"], row["code"], int(float(row["row"]))) for row in refused] == [
        (str(folder / "broken.csv"), "BAD_DATE", 2)
    ]
    assert sum(int(float(row["funds"])) for row in imports) == 4
    assert not list(tmp_path.glob(".result*"))


def test_user_text_is_text_in_every_form(folder, tmp_path):
    """A name that looks like a formula is a string cell, and marked in CSV."""
    book = tmp_path / "result.xlsx"
    pme(folder / "more", "--out", book)
    shown = subprocess.run(["unzip", "-p", book], capture_output=True, check=True).stdout
    assert b"<f>" not in shown
    assert b"<hyperlink" not in shown
    pme(folder / "more", "--out", tmp_path / "result.csv")
    rows = csv.DictReader(io.StringIO((tmp_path / "result.csv").read_text(encoding="utf-8")))
    assert [row["fund"] for row in rows] == ["Zeta", f"'{EVIL}"]


def test_standard_output_has_the_forms_of_the_other_commands(folder):
    """`--csv` has a row a measure, `--json` is a list of objects; the refusals are told."""
    listed = pme(folder, "--index", folder / INDEX, "--csv", "--as-of", "2019-12-31")
    rows = list(csv.DictReader(io.StringIO(listed.stdout)))
    assert len(rows) == 4 * len(METHODS)
    assert "broken.csv" in listed.stderr
    assert "[BAD_DATE]" in listed.stderr
    objects = json.loads(pme(folder / "more", "--json").stdout)
    assert [one["fund"] for one in objects] == ["Zeta", EVIL]
    assert objects[0]["metrics"]["ks_pme"] == {"value": None, "status": "no_index"}
    assert objects[0]["metrics"]["tvpi"] == {"value": 1.5, "status": "ok"}
    assert objects[1]["warnings"] == [{"code": "NAV_ASSUMED_ZERO"}]


def test_conventions_are_those_of_evaluate(folder, capsys):
    """Day count, netting and look-up reach the numbers."""
    file = folder / "sample_fund_quarterly.csv"
    options = {"day_count": "ACT/ACT ISDA", "netting": "same_day", "lookup": "linear"}
    words = [word for name, chosen in options.items() for word in (_option(name), chosen)]
    assert main(["batch", str(file), "--index", str(folder / INDEX), "--json", *words]) == 0
    shown = json.loads(capsys.readouterr().out)[0]
    report = evaluate(read_fund(file), read_benchmark(folder / INDEX), **options)
    for name in ("irr", "ks_pme", "mpme_irr"):
        np.testing.assert_allclose(
            shown["metrics"][name]["value"], report.metrics[name].value, rtol=1e-12
        )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("funds/sample_fund_quarterly.csv", "--csv"), 0),
        (("funds/sample_fund_quarterly.csv", "--csv", "--strict"), 1),
        (("none.csv", "--csv"), 3),
        (("funds", "--out", "result.doc"), 2),
        (("funds", "--out", "none/result.csv"), 3),
        (("suspect.csv", "--csv"), 4),
        (("suspect.csv", "--csv", "--sign", "gp"), 0),
    ],
)
@pytest.mark.usefixtures("folder")
def test_exit_codes_say_what_happened(words, code, tmp_path):
    """0 done, 1 undefined under --strict, 2 wrong usage, 3 refused, 4 needs an answer."""
    suspect = "date,amount\n2020-01-01,100\n2021-01-01,-120\n"
    (tmp_path / "suspect.csv").write_text(suspect, encoding="utf-8")
    names = [str(tmp_path / word) if "." in word or word == "funds" else word for word in words]
    assert main(["batch", *names]) == code


@pytest.mark.parametrize("words", [(), ("--csv", "--day-count", "ACT/364"), ("--csv", "--json")])
def test_wrong_usage_is_code_2(words, tmp_path):
    """Without a form, with two, or with a convention that is not offered."""
    with pytest.raises(SystemExit) as caught:
        main(["batch", str(tmp_path), *words])
    assert caught.value.code == 2


def test_progress_is_shown_on_a_terminal_only(folder):
    """A pipe gets the summary line alone; a terminal a bar before it."""
    arguments = [*COMMAND, "batch", str(folder / "more"), "--csv"]
    assert pme(folder / "more", "--csv").stderr == "2 funds of 1 file, 1 with warnings\n"
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = _until_closed(ours)
        assert process.wait(60) == 0
    assert "files:" in shown
    assert "2 funds of 1 file" in shown


def _until_closed(terminal):
    parts = []
    try:
        while part := os.read(terminal, 4096):
            parts.append(part)
    except OSError:  # how a terminal says that the other side is gone
        pass
    finally:
        os.close(terminal)
    return b"".join(parts).decode()


def _option(name):
    return f"--{name.replace('_', '-')}"


def _read_back(path):
    if path.suffix == ".xlsx":
        book = CalamineWorkbook.from_path(path)
        return [_rows(book.get_sheet_by_name(name)) for name in ("Measures", "Status", "Import")]
    beside = path.with_name("result.import.csv").read_text(encoding="utf-8")
    imports = list(csv.DictReader(io.StringIO(beside)))
    if path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        rows = [{name: cell.removeprefix("'") for name, cell in row.items()} for row in rows]
    else:
        rows = [{k: _text(v) for k, v in row.items()} for row in pq.read_table(path).to_pylist()]
    return rows, rows, imports


def _rows(sheet):
    header, *rows = sheet.to_python()
    return [dict(zip(header, map(_text, row), strict=True)) for row in rows]


def _text(cell):
    return "" if cell is None else str(cell)


def test_named_measures_come_alone_further_ones_too(folder, tmp_path):
    """In the order asked, as `evaluate` has them; dates are dates in a file of typed columns."""
    target = tmp_path / "result.parquet"
    asked = ["twr", "irr", "j_trough_date", "volatility"]
    done = pme(folder / "more", "--measures", ",".join(asked), "--threads", 1, "--out", target)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "2 funds of 1 file, 1 with warnings"
    table = pq.read_table(target)
    assert [name for name in table.column_names if f"{name}_status" in table.column_names] == asked
    assert str(table.schema.field("j_trough_date").type) == "date32[day]"
    (zeta,) = (row for row in table.to_pylist() if row["fund"] == "Zeta")
    (fund,) = (fund for fund in read_funds(folder / "more" / "two.csv") if fund.name == "Zeta")
    for name in asked:
        metric = any_method(name).measure.at(value(fund))
        assert zeta[f"{name}_status"] == metric.status
        if name in {"twr", "irr"}:
            assert zeta[name] == pytest.approx(metric.value, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--measures", "irr,twrr"], "no measure named 'twrr'; near: twr"),
        (["--threads", "0"], "'0' is no whole number from 1"),
        (["--threads", "two"], "'two' is no whole number from 1"),
        (["--max-staleness-days", "two"], "'two' is neither a number of days nor `none`"),
    ],
    ids=["measure", "none", "threads", "days"],
)
def test_what_cannot_be_meant_is_refused(folder, arguments, said):
    """With the near name, or the range."""
    done = pme(folder / "more", *arguments, "--csv")
    assert done.returncode == 2
    assert said in done.stderr


def test_a_folder_without_funds_is_no_batch(tmp_path):
    """Nothing to compute is said, not written."""
    (tmp_path / "empty").mkdir()
    done = pme(tmp_path / "empty", "--out", tmp_path / "result.csv")
    assert done.returncode == 3
    assert "There is no CSV or XLSX file of funds." in done.stderr
    assert not (tmp_path / "result.csv").exists()
