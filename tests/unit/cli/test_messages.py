"""Messages of the commands name options as they are typed."""

from __future__ import annotations

import pytest

from pmecalc.cli import main

HEADER = "date,contribution,distribution,nav\n"
FUND = HEADER + "2015-01-01,100,0,\n2016-01-01,0,0,90\n2020-01-01,0,180,\n"
LOST = HEADER + "2015-01-01,100,0,\n2020-01-01,0,0,0\n"
TWO = "fund,date,contribution,distribution\na,2015-01-01,100,0\nb,2016-01-01,5,0\n"
OLD = "date,level\n2015-01-01,100\n2016-01-01,110\n"


@pytest.fixture
def files(tmp_path):
    """Small files by name."""
    texts = {"fund": FUND, "lost": LOST, "two": TWO, "old": OLD}
    paths = {name: tmp_path / f"{name}.csv" for name in texts}
    for name, path in paths.items():
        path.write_text(texts[name])
    return paths


def test_a_remedy_is_an_option(files, capsys):
    """`--max-staleness-days`, where the library says max_staleness_days."""
    given = ["analyze", str(files["fund"]), "--index", str(files["old"]), "--as-of", "2021-01-01"]
    assert main(given) == 3
    told = capsys.readouterr().err
    assert "or allow older levels (--max-staleness-days).  [INDEX_STALE]" in told
    assert "max_staleness_days" not in told


@pytest.mark.parametrize("command", [["analyze"], ["batch", "--csv"]])
def test_an_option_that_is_refused_stands_first(command, files, capsys):
    """Once, as it was typed."""
    assert main([*command, str(files["fund"]), "--nav-growth=index", "--as-of=2021-01-01"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("--nav-growth: 'index' is not offered.")
    assert "nav_growth" not in told


def test_an_option_that_does_not_fit_the_file_is_no_column(files, capsys):
    """A file of two funds has no one commitment."""
    assert main(["analyze", str(files["two"]), "--commitment", "5"]) == 3
    told = capsys.readouterr().err
    assert told.startswith("two.csv, --commitment: The file holds 2 funds")


def test_measures_may_have_spaces_between(files, capsys):
    """And no name may be missing."""
    assert main(["batch", str(files["fund"]), "--csv", "--measures", "irr, tvpi"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == ["irr", "tvpi"]
    with pytest.raises(SystemExit) as caught:
        main(["batch", str(files["fund"]), "--csv", "--measures", "irr,,tvpi"])
    assert caught.value.code == 2
    assert "argument --measures: 'irr,,tvpi' has a comma without a name" in capsys.readouterr().err


def test_a_rate_that_is_shown_is_not_called_missing(files, capsys):
    """-100 % is a value; its reason stands below without n/a."""
    assert main(["analyze", str(files["lost"])]) == 0
    told = capsys.readouterr().out
    assert "Net IRR         −100.0%" in told
    assert "  Net IRR: nothing came back  total_loss" in told
