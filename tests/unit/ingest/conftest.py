"""How the tests of this room hand over a file and take its refusal."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest

from pmecalc.core.errors import InputError
from pmecalc.ingest.upload import read_upload

Refused = Callable[..., InputError]


@pytest.fixture
def refused() -> Refused:
    """The error of a file that cannot be read."""

    def refusal(content: str | bytes, *, filename: str = "alpha.csv", **options) -> InputError:
        data = content.encode() if isinstance(content, str) else content
        with pytest.raises(InputError) as caught:
            read_upload(data, filename=filename, **options)
        return caught.value

    return refusal


@pytest.fixture
def workbook() -> Callable[..., bytes]:
    """An .xlsx file of sheets, each a list of rows."""

    def made(*sheets: list[list[object]], hidden: tuple[int, ...] = ()) -> bytes:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for place, rows in enumerate(sheets):
            sheet = book.create_sheet(f"Sheet {place}")
            sheet.sheet_state = "hidden" if place in hidden else "visible"
            for row in rows:
                sheet.append(row)
        file = BytesIO()
        book.save(file)
        return file.getvalue()

    return made
