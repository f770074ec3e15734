"""The file zoo (SECURITY T-05, T-11): whatever is handed in ends as an ordinary file error."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from pmecalc.core.errors import InputError
from pmecalc.ingest.upload import read_upload

if TYPE_CHECKING:
    from collections.abc import Callable

CONTENT_TYPES = b"""<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
</Types>"""
RELATIONS = b"""<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="%b"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%b"/>
</Relationships>"""
WORKBOOK = b"""<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets><sheet name="Flows" sheetId="1" r:id="rId1"/></sheets></workbook>"""
SHEET = b"""%b<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<sheetData>%b</sheetData></worksheet>"""
HEADER = (
    b'<row r="1"><c r="A1" t="inlineStr"><is><t>date</t></is></c>'
    b'<c r="B1" t="inlineStr"><is><t>amount</t></is></c></row>'
)
FLOW = (
    b'<row r="2"><c r="A2" t="inlineStr"><is><t>2020-01-01</t></is></c>'
    b'<c r="B2"><v>-5</v></c></row>'
)


def zipped(parts: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def workbook(rows: bytes, *, doctype: bytes = b"", **extra: bytes) -> bytes:
    return zipped(
        {
            "[Content_Types].xml": CONTENT_TYPES,
            "_rels/.rels": RELATIONS % (b"xl/workbook.xml", b"officeDocument"),
            "xl/workbook.xml": WORKBOOK,
            "xl/_rels/workbook.xml.rels": RELATIONS % (b"worksheets/sheet1.xml", b"worksheet"),
            "xl/worksheets/sheet1.xml": SHEET % (doctype, rows),
            **extra,
        }
    )


def encrypted(data: bytes) -> bytes:
    """The archive with the mark of encryption on each of its parts."""
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            (flags,) = struct.unpack_from("<H", data, at + offset)
            data = data[: at + offset] + struct.pack("<H", flags | 1) + data[at + offset + 2 :]
            at = data.find(signature, at + 4)
    return data


GOOD = workbook(HEADER + FLOW)
BILLION = b'<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

ZOO: dict[str, tuple[Callable[[], bytes], str]] = {
    "sparse sheet": (
        lambda: workbook(HEADER + FLOW + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "FILE_TOO_LARGE",
    ),
    "tall and wide sheet": (
        lambda: workbook(HEADER + b'<row r="1048576"><c r="AZ1048576"><v>1</v></c></row>'),
        "FILE_TOO_LARGE",
    ),
    "ratio bomb": (
        lambda: workbook(HEADER + FLOW, **{"xl/media/zeros.bin": bytes(20 << 20)}),
        "FILE_TOO_LARGE",
    ),
    "size bomb": (
        lambda: workbook(HEADER + FLOW, **{"xl/media/zeros.bin": bytes(210 << 20)}),
        "FILE_TOO_LARGE",
    ),
    "thousand parts": (
        lambda: workbook(HEADER, **{f"xl/{i}": b"" for i in range(1_000)}),
        "FILE_TOO_LARGE",
    ),
    "entity bomb": (
        lambda: workbook(
            HEADER + FLOW.replace(b"2020-01-01", b"&b;"), doctype=b"<?xml version='1.0'?>" + BILLION
        ),
        "CORRUPT_FILE",
    ),
    "unknown entity": (
        lambda: workbook(HEADER + FLOW.replace(b"2020-01-01", b"&b;")),
        "CORRUPT_FILE",
    ),
    "xml entity bomb": (lambda: BILLION + b"<w>&b;</w>", "UNSUPPORTED_FORMAT"),
    "nested zip": (lambda: zipped({"a.xlsx": GOOD}), "UNSUPPORTED_FORMAT"),
    "word document": (
        lambda: zipped({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}),
        "UNSUPPORTED_FORMAT",
    ),
    "open document": (
        lambda: zipped({"mimetype": b"application/vnd.oasis", "content.xml": b"<a/>"}),
        "UNSUPPORTED_FORMAT",
    ),
    "truncated zip": (lambda: GOOD[: len(GOOD) // 2], "CORRUPT_FILE"),
    "zip header only": (lambda: b"PK\x03\x04", "CORRUPT_FILE"),
    "broken deflate": (
        lambda: GOOD.replace(GOOD[60:90], bytes(30), 1),
        "CORRUPT_FILE",
    ),
    "no sheet part": (
        lambda: zipped({"[Content_Types].xml": CONTENT_TYPES, "xl/workbook.xml": WORKBOOK}),
        "CORRUPT_FILE",
    ),
    "encrypted zip": (lambda: encrypted(GOOD), "ENCRYPTED_FILE"),
    "encrypted workbook": (
        lambda: OLE + "EncryptedPackage".encode("utf-16-le") + bytes(100),
        "ENCRYPTED_FILE",
    ),
    "old workbook": (lambda: OLE, "UNSUPPORTED_FORMAT"),
    "pdf": (lambda: b"%PDF-1.7\n%\xe2\xe3", "UNSUPPORTED_FORMAT"),
    "parquet": (lambda: b"PAR1\x15\x04", "UNSUPPORTED_FORMAT"),
    "html": (lambda: b"\xef\xbb\xbf \r\n<HTML><table><tr><td>1", "UNSUPPORTED_FORMAT"),
    "html of Office": (lambda: b"<html xmlns:o='urn'><head>", "UNSUPPORTED_FORMAT"),
    "gzip": (lambda: b"\x1f\x8b\x08\x00", "UNSUPPORTED_FORMAT"),
    "json": (lambda: b'[{"date": "2020-01-01"}]', "UNSUPPORTED_FORMAT"),
    "NUL": (lambda: b"date,amount\n2020-01-01,-5\x00\n", "NOT_TEXT"),
    "NULs for ever": (lambda: bytes(5 << 20), "NOT_TEXT"),
    "bad UTF-8": (lambda: b"date,amount\n2020-01-01,-5,\xc3\x28\n", "NOT_TEXT"),
    "bad UTF-8, large": (
        lambda: b"date,amount\n" + b"2020-01-01,-5\n" * 100_000 + b"\xff",
        "NOT_TEXT",
    ),
    "bidi name": (
        lambda: b"date,amount,fund\n2020-01-01,-5,abc\xe2\x80\xaecba\n",
        "NOT_TEXT",
    ),
    "1e999": (lambda: b"date,amount\n2020-01-01,1e999\n", "NON_FINITE"),
    "400 digits": (lambda: b"date,amount\n2020-01-01," + b"9" * 400, "NON_FINITE"),
    "lone CR": (lambda: b"date,amount\n2020-01-01\r,-5\n", "RAGGED_ROW"),
    "open quote": (lambda: b'date,amount\n2020-01-01,"-5\n' * 3, "RAGGED_ROW"),
    "100k columns": (
        lambda: b",".join(b"c%d" % i for i in range(100_000)) + b"\n",
        "FILE_TOO_LARGE",
    ),
    "5 MB cell": (lambda: b"date,amount\n2020-01-01," + b"1" * 5_000_000, "FILE_TOO_LARGE"),
    "5 MB quoted cell": (
        lambda: b'date,amount\n2020-01-01,"' + b"1\n" * 2_500_000 + b'"',
        "FILE_TOO_LARGE",
    ),
    "60 MB": (lambda: bytes(60_000_000), "FILE_TOO_LARGE"),
    "3 M rows": (lambda: b"date,amount\n" + b"\n" * 3_000_000, "FILE_TOO_LARGE"),
    "empty": (lambda: b"", "EMPTY_FILE"),
    "blank": (lambda: b"\n \n", "EMPTY_FILE"),
    "header only": (lambda: b"date,amount\n", "NO_DATA_ROWS"),
    "header only, workbook": (lambda: workbook(HEADER), "NO_DATA_ROWS"),
    "empty workbook": (lambda: workbook(b""), "EMPTY_FILE"),
}


@pytest.mark.parametrize(("made", "code"), ZOO.values(), ids=ZOO.keys())
def test_zoo(made, code):
    """Every animal is refused under its own code, with a sentence and what to do."""
    with pytest.raises(InputError) as caught:
        read_upload(made(), filename="zoo.xls")
    error = caught.value
    assert error.code == code
    assert error.file == "zoo.xls"
    assert error.problems[0].message == error.message
    assert error.hint


@pytest.mark.parametrize(
    "extra",
    [
        {"../../evil.txt": b"x"},
        {"xl/vbaProject.bin": b"macro"},
        {"xl/externalLinks/externalLink1.xml": b"<a r:id='file:///etc/passwd'/>"},
        {"xl/embeddings/inner.xlsx": b"PK\x03\x04"},
    ],
)
def test_passengers_are_ignored(extra):
    """Macros, links, nested archives and wild paths in a workbook are neither followed nor run."""
    upload = read_upload(workbook(HEADER + FLOW, **extra), filename="alpha.xlsx")
    assert upload.funds[0].contributions.tolist() == [5.0]


def test_sparse_sheet_is_small():
    """The sheet that ends the fast reader's process is a file of a few kilobytes."""
    made, _ = ZOO["sparse sheet"]
    assert len(made()) < 4096


def test_killed_child_is_a_file_error():
    """Killed at any moment, the child is a file error: no hang, no zombie, no file."""
    data = b"date,amount\n" + b"2020-01-01,-5\n" * 400_000
    outcome: list[InputError] = []

    def read() -> None:
        try:
            read_upload(data, filename="alpha.csv")
        except InputError as error:
            outcome.append(error)

    before = children()
    reader = threading.Thread(target=read)
    reader.start()
    deadline = time.monotonic() + 60
    while not (children() - before) and reader.is_alive() and time.monotonic() < deadline:
        time.sleep(0.001)
    for pid in children() - before:
        os.kill(pid, signal.SIGKILL)
    reader.join(60)
    assert not reader.is_alive()
    assert [error.code for error in outcome] == ["CORRUPT_FILE"]
    assert children() == before


def test_importing_the_room_is_light():
    """The readers bring in no workbook reader: that is the child's."""
    code = (
        "import sys, pmecalc.ingest.upload, pmecalc.ingest.files, pmecalc.ingest.frames;"
        "print('python_calamine' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "False False\n"


def children() -> set[int]:
    """The processes that this one started and that are not gone, zombies among them."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for path in found for pid in path.read_text().split()}
