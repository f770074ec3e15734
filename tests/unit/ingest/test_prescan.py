"""The look at a workbook before its reader: any bytes end as a scan or as a refusal."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmecalc.core.errors import InputError
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.prescan import Scan, scan_workbook


def plain_workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["date", "amount", "=1+1"])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def archive(sheet: bytes) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as made:
        made.writestr("[Content_Types].xml", b"<a/>")
        made.writestr("xl/workbook.xml", b'<x:sheet name="A" r:id="r1"/>')
        made.writestr(
            "xl/_rels/workbook.xml.rels",
            b'<Relationship Target="/xl/worksheets/one.xml" Id="r1"/>',
        )
        made.writestr("xl/worksheets/one.xml", sheet)
    return file.getvalue()


def scan(data: bytes, limits: Limits | None = None) -> Scan:
    return scan_workbook(BytesIO(data), size=len(data), limits=limits or Limits())


@pytest.mark.parametrize(
    ("cell", "hidden"),
    [
        (b'<c r="B2" t="e"><v>#N/A</v></c>', {(2, 2): "#N/A"}),
        (
            b"<x:c t='e' s='1' r='AA10'><x:f>1/0</x:f><x:v>#DIV/0!</x:v></x:c>",
            {(10, 27): "#DIV/0!"},
        ),
        (b'<c r="B2"><f>A1</f></c>', {(2, 2): ""}),
        (b'<c r="B2"><f>A1</f><v></v></c>', {(2, 2): ""}),
        (b'<c r="B2" s="3"><f t="shared" si="0"/><v/></c>', {(2, 2): ""}),
        (b'<c r="B2" t="str"><f>A1</f><v></v></c>', {}),
        (b'<c r="B2"><f>A1</f><v>5</v></c>', {}),
        (b'<c r="B2" s="1"/><c r="C2"><f>A1</f></c>', {(2, 3): ""}),
        (b'<c r="B2"><v>1</v></c>', {}),
        (b'<c r="B2" t="e"/><c r="C2"><v>1</v></c>', {}),
        (b'<c r="B2" t="e"></c><c r="C2" t="e"><v>#N/A</v></c>', {(2, 3): "#N/A"}),
        (b'<c r="B2" t="e"><f/><is><t/></is><v>#N/A</v></c>', {(2, 2): "#N/A"}),
    ],
)
def test_hidden_cells(cell, hidden):
    """Error cells and formulas without a value are found, whatever the form of the XML."""
    found = scan(archive(cell))
    assert found.parts == ("xl/worksheets/one.xml",)
    assert found.hidden["xl/worksheets/one.xml"] == hidden


def test_cell_across_two_pieces():
    """A cell is found wherever the pieces of a part end."""
    filler = b'<c r="A1"><v>12345</v></c>' * ((4 << 20) // 26)
    for cut in range(0, 40, 5):
        sheet = filler[: (4 << 20) - 40 + cut] + b'<c r="B7" t="e"><v>#REF!</v></c>'
        found = scan(archive(sheet))
        assert found.hidden["xl/worksheets/one.xml"] == {(7, 2): "#REF!"}


class TestNothingCrashes:
    """Whatever the archive, the outcome is a scan or an InputError."""

    WORKBOOK = plain_workbook()  # once: it holds the time it was made at

    @given(data=st.data())
    def test_mutations(self, data):
        """Changed bytes of a workbook are scanned or refused."""
        good = bytearray(self.WORKBOOK)
        places = st.integers(0, len(good) - 1)
        for place, value in data.draw(
            st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=10)
        ):
            good[place] = value
        self.check(bytes(good[: data.draw(places) + 1] if data.draw(st.booleans()) else good))

    @given(sheet=st.binary(max_size=100) | st.text(' <cvrf/>="ABte1', max_size=100).map(str.encode))
    def test_sheets(self, sheet):
        """Any bytes as a sheet are scanned or refused."""
        self.check(archive(sheet))

    def check(self, data: bytes) -> None:
        try:
            assert isinstance(scan(data), Scan)
        except InputError as error:
            assert error.problems  # noqa: PT017  (some inputs are scanned)
