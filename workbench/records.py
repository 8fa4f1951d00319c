"""Workbooks and API answers as rows of raw text, for the same typing as flat files.

A workbook knows which cells are numbers and dates; an API answer knows which values are numbers. Their digits are
handed on so that nothing can be read two ways: 1.234 of a number cell is never a thousand.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import python_calamine

from workbench import flatfile, specs
from workbench.flatfile import NotReadable, Problem, Raw
from workbench.specs import UnknownReport

NUMERIC = ("count", "money", "number")


def workbook(data: pa.Buffer) -> Raw:
    """The sheet of an .xlsx file that is a report. Numbers keep the digits of the cell; dates become 2025-12-31.

    Sheets that are no report are noted; a second report in the same workbook is refused, for no row may go missing.
    """
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
    except Exception as error:  # calamine raises its own kinds for every way a workbook can be damaged
        raise NotReadable(f"not a readable workbook ({error}). Save it again as .xlsx or .csv.") from error
    found: dict[str, Raw] = {}
    failure: UnknownReport | None = None
    other = []
    for name, rows in sheets.items():
        if not any(cell != "" for row in rows for cell in row):
            continue
        try:
            found[name] = _raw([(number, list(row)) for number, row in enumerate(rows, 1)], "xlsx")
        except UnknownReport as error:
            failure = failure or error
            other.append(name)
    if len(found) > 1:
        raise NotReadable(f"the sheets {' and '.join(found)} are reports of their own. Save each as a file.")
    if not found:
        raise failure or UnknownReport("the workbook has no sheet")
    raw = next(iter(found.values()))
    raw.problems.extend(Problem(0, "", name, f"the sheet {name!r} is no report and was not read", "note") for name in other)
    return raw


def answers(data: pa.Buffer) -> Raw:
    """API answers, one a line (or one for the whole file): the records under the paths that a spec names.

    A record's inner objects become columns named by their path (salesByDate.unitsOrdered), and so do the values that
    stand once above the records (reportSpecification.dataStartTime).
    """
    read, problems = _answers(str(memoryview(data), "utf-8-sig"))
    paths = sorted({path for spec in specs.reports().values() for path in spec.json})
    records: list[tuple[int, dict[str, str]]] = []
    for line, answer in read:
        lists = [found for path in paths if isinstance(found := _under(answer, path), list)]
        above = dict(_flat({key: value for key, value in answer.items() if not _is_records(value)})) \
            if lists and isinstance(answer, dict) else {}
        bare = [answer] if isinstance(answer, dict) else answer if isinstance(answer, list) else []
        records += [(line, above | dict(_flat(record))) for record in (sum(lists, []) if lists else bare)
                    if isinstance(record, dict)]
    if not records:
        raise UnknownReport("no known API answer: none of " + ", ".join(paths) + " is in it")
    records = _spelled_once(records)
    header = list(dict.fromkeys(key for _, record in records for key in record))
    raw = _raw([(0, header), *((line, [record.get(key, "") for key in header]) for line, record in records)], "utf-8")
    raw.problems.extend(problems)
    return raw


def _spelled_once(records: list[tuple[int, dict[str, str]]]) -> list[tuple[int, dict[str, str]]]:
    """The records with one spelling per column, for lists of one answer may spell it each its own way
    (salesByDate.unitsOrdered, salesByAsin.unitsOrdered). A record that uses two keeps both."""
    known = specs.match(list(dict.fromkeys(key for _, record in records for key in record))).spec.known
    spelled = {}
    for key in {key for _, record in records for key in record}:
        column = known.get(specs.fold(key))
        spelled[key] = column.headers[0][1] if column else key
    return [(line, record) if len({spelled[key] for key in record}) < len(record)
            else (line, {spelled[key]: value for key, value in record.items()}) for line, record in records]


def _raw(rows: list[tuple[int, list]], encoding: str) -> Raw:
    """Rows of cells (line number, cells) whose first known header line begins the table."""
    failure: UnknownReport | None = None
    for at, (line, cells) in enumerate(rows[:flatfile.PREAMBLE_LINES]):
        header = [_shown(cell) for cell in cells]
        try:
            match = specs.match(header)
        except UnknownReport as error:
            if failure is None or "Nearest" in str(error) and "Nearest" not in str(failure):
                failure = error
            continue
        body = [(number, row + [""] * (len(header) - len(row))) for number, row in rows[at + 1:]
                if any(cell != "" for cell in row)]
        wanted = sorted({*match.columns, *match.unknown, *match.unfold,
                         *(p for p, _ in match.unfold.values() if p is not None)})
        texts = {p: _column([row[p] for _, row in body], match, p, encoding) for p in wanted}
        problems = [Problem(line, name, "", "a column nobody knows yet: kept as text", "note")
                    for position, name in match.unknown.items() if specs.fold(header[position])]
        problems += [Problem(line, name, "", "this header stands there twice; the first column counts", "note")
                     for name in match.repeated]
        blank = body[-1][0] - rows[at][0] - len(body) if body and encoding == "xlsx" else 0
        if blank:
            problems.append(Problem(0, "", "", f"{blank} blank rows between the others were passed over", "note"))
        above = "\n".join(" ".join(_shown(cell) for cell in cells) for _, cells in rows[:at])
        lines = np.array([number for number, _ in body], np.int32)
        return Raw(match, header, texts, lines, encoding, problems, above)
    raise failure or UnknownReport("no line looks like a header")


def _column(cells: list, match: specs.Match, position: int, encoding: str) -> pa.Array:
    """One column as text. The decimals of true numbers are never three, which would leave 1.234 open."""
    column = match.columns.get(position)
    numeric = position in match.unfold or column is not None and column.type in NUMERIC
    texts = [_shown(cell) for cell in cells]
    if numeric:
        texts = [f"{text}0" if (encoding != "xlsx" or isinstance(cell, float)) and re.fullmatch(r"-?\d+\.\d{3}", text)
                 else text for cell, text in zip(cells, texts, strict=True)]
    return flatfile.text(texts, many=bool(column and column.many))


def _shown(cell: object) -> str:
    """A cell as the text a CSV would hold."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else _digits(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def _digits(number: float) -> str:
    """A float without a power of ten where it has none in the cell: 0.00001, not 1e-05."""
    return np.format_float_positional(number, trim="-") if 1e-15 < abs(number) < 1e15 else repr(number)


# ---------------------------------------------------------------------------------------------------- JSON

def _answers(text: str) -> tuple[list[tuple[int, object]], list[Problem]]:
    """(line, answer) of a whole JSON document or of JSON lines; numbers as they are written."""
    def read(piece: str) -> object:
        return json.loads(piece, parse_float=str, parse_int=str)

    try:
        return [(1, read(text))], []
    except json.JSONDecodeError:
        pass
    found: list[tuple[int, object]] = []
    problems = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append((number, read(line)))
        except json.JSONDecodeError as error:
            problems.append(Problem(number, "", line[:200], f"not a JSON answer ({error.msg})"))
    return found, problems


def _flat(record: dict, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every value of a record; lists of plain values are joined by semicolons."""
    for key, value in record.items():
        name = f"{path}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list):
            yield name, ";".join(_shown(item) if not isinstance(item, dict | list) else json.dumps(item) for item in value)
        else:
            yield name, _shown(value)


def _is_records(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value) or value == []


def _under(answer: object, path: str) -> object:
    for key in path.split("."):
        answer = answer.get(key) if isinstance(answer, dict) else None
    return answer
