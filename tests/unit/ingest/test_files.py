"""The public readers of files, and the shared sample data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pmecalc.core.errors import InputError, NeedsInputError
from pmecalc.ingest.files import read_benchmark, read_fund, read_funds
from requirements import require

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("PME_SHARED", ROOT.parent / "shared")) / "data"
TWO = "fund,date,amount\nA,2020-01-01,-1\nB,2020-01-01,-2\n"


@pytest.mark.parametrize(
    ("file", "flows", "navs", "paid_in"),
    [
        ("sample_fund_daily.csv", 32, 46, None),
        ("sample_fund_quarterly.csv", 32, 32, None),
        ("pedata_fund1.csv", 67, 1, None),
        ("pedata_fund2.csv", 23, 1, None),
    ],
)
def test_sample_funds(file, flows, navs, paid_in):
    """Every sample fund is read, valuations apart from flows."""
    require("shared", SHARED.is_dir())
    fund = read_fund(SHARED / file)
    assert (len(fund.days), len(fund.navs), fund.name) == (flows, navs, Path(file).stem)


@pytest.mark.parametrize(
    ("file", "levels"), [("sample_index_quarterly.csv", 32), ("sp500_tr_monthly.csv", 402)]
)
def test_sample_indices(file, levels):
    """Every sample index is read; what kind it is nobody has said."""
    require("shared", SHARED.is_dir())
    benchmark = read_benchmark(SHARED / file)
    assert (len(benchmark.days), benchmark.kind) == (levels, None)


def test_several_funds_want_read_funds(tmp_path):
    """A file of several funds is not one fund: the choices are named."""
    path = tmp_path / "two.csv"
    path.write_text(TWO)
    with pytest.raises(NeedsInputError) as caught:
        read_fund(path)
    assert caught.value.choices == ("A", "B")
    assert caught.value.code == "AMBIGUOUS_MAPPING"
    assert [fund.name for fund in read_funds(str(path))] == ["A", "B"]


def test_index_is_no_fund(tmp_path):
    """A reader of funds refuses an index, and the other way round."""
    path = tmp_path / "world.csv"
    path.write_text("date,level\n2020-01-01,1\n")
    assert read_benchmark(path, name="World", index_kind="price").name == "World"
    with pytest.raises(InputError) as caught:
        read_fund(path)
    assert caught.value.code == "NO_AMOUNT_COLUMN"


def test_what_is_no_file(tmp_path):
    """A pipe is refused without waiting for it; a missing file is the system's error."""
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError) as caught:
        read_fund(tmp_path / "pipe.csv")
    assert caught.value.code == "UNSUPPORTED_FORMAT"
    with pytest.raises(FileNotFoundError):
        read_fund(tmp_path / "none.csv")
    with pytest.raises(IsADirectoryError):
        read_fund(tmp_path)
