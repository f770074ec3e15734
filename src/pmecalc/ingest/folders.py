"""Which files of the paths given hold funds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SUFFIXES = frozenset({".csv", ".xlsx"})


def files_of(paths: Sequence[Path], *, leaving_out: Path | None = None) -> list[Path]:
    """The files named, and the CSV and XLSX files below the folders named, each once, by name.

    Left out are hidden files, a spreadsheet's lock files, and the index.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise InputError(
                "There is no such file.",
                code="NO_SUCH_FILE",
                file=str(path),
                hint="Check the path.",
            )
        for file in _below(path) if path.is_dir() else [path]:
            found.setdefault(file.resolve(), file)
    if leaving_out is not None:
        found.pop(leaving_out.resolve(), None)
    if not found:
        raise InputError(
            "There is no CSV or XLSX file of funds.",
            code="NO_SUCH_FILE",
            file=", ".join(map(str, paths)),
            hint="Name the files, or a folder with such files below it.",
        )
    return list(found.values())


def _below(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES
        and path.is_file()
        and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
    )
