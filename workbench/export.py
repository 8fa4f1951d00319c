"""Files whole or not at all, and tables as files that open in Excel with nothing executed: CSV and XLSX.

Text that a spreadsheet would run (it begins with = + - @ or a control character) gets a leading apostrophe in CSV, the
OWASP rule; in XLSX it is written as text. Identifiers stay text, dates ISO, unknown numbers blank.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

RISKY = ("=", "+", "-", "@", "\t", "\r")


def write(table: pd.DataFrame, path: Path, **more: pd.DataFrame) -> None:
    """Write `table` to `path` (.csv or .xlsx; `more` become further sheets of an .xlsx), replacing it in one step.

    Raises ValueError for another ending, OSError when the folder cannot be written; an earlier file then stays.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise ValueError(f"{path}: expected a name that ends in .csv or .xlsx.")
    with replacing(path) as temporary:
        if kind == ".csv":
            inert(table).to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")
        else:
            _workbook({path.stem[:31]: table, **more}, temporary)


def write_json(answer: Mapping, path: Path) -> None:
    """Write `answer` to `path` as JSON, replacing it in one step; a number that JSON cannot hold is an error."""
    write_bytes((json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode(), path)


def write_bytes(data: bytes, path: Path) -> None:
    """Write `data` to `path`, replacing it in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write instead of `path`, which takes its place once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = unfinished(path)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def unfinished(path: Path) -> Path:
    """The name under which this process writes what will stand at `path`; it ends alike, and `runs.sweep` knows it."""
    return path.with_name(f".{path.name}.{host()}-{os.getpid()}.part{path.suffix}")


def host() -> str:
    """This machine's name, fit for a file name."""
    return re.sub(r"\W+", "_", socket.gethostname())[:40]


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """The table with dates as ISO text and every text cell safe to open in a spreadsheet.

    >>> inert(pd.DataFrame({"sku": ["=cmd()", "00123"], "units": [-1, 2]})).values.tolist()
    [["'=cmd()", -1], ['00123', 2]]
    """
    safe = {}
    for name, column in table.items():
        if pd.api.types.is_datetime64_any_dtype(column):
            safe[name] = column.dt.strftime("%Y-%m-%d")
        elif pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
            safe[name] = column
        else:
            text = column.astype("str").where(column.notna(), "")
            safe[name] = text.where(~text.str.startswith(RISKY), "'" + text)
    return pd.DataFrame(safe, index=table.index)


def _workbook(sheets: Mapping[str, pd.DataFrame], path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False,
                                           "strings_to_numbers": False, "nan_inf_to_errors": False})
    book.set_properties({"created": dt.datetime(2000, 1, 1)})  # the same table gives the same bytes
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for name, table in sheets.items():
        sheet = book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(table), 1), max(len(table.columns) - 1, 0))
        for at, (header, column) in enumerate(table.items()):
            sheet.write_string(0, at, str(header), bold)
            if pd.api.types.is_datetime64_any_dtype(column):
                column = column.dt.strftime("%Y-%m-%d")
            number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
            for row, value in enumerate(column.tolist(), start=1):
                if pd.isna(value):
                    continue
                if number:
                    sheet.write_number(row, at, value)
                else:
                    sheet.write_string(row, at, str(value), text)
            sheet.set_column(at, at, min(max(len(str(header)), 10) + 2, 40))
    book.close()
