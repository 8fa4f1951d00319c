"""Workbooks and API answers as rows of raw text, for the same typing as flat files.

A workbook knows which cells are numbers and dates; an API answer knows which values are numbers. Their digits are
handed on so that nothing can be read two ways: 1.234 of a number cell is never a thousand.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import python_calamine

from workbench import files, flatfile, specs
from workbench.flatfile import NotReadable, Problem, Raw
from workbench.specs import UnknownReport

NUMERIC = ("count", "money", "number")


def workbook(data: pa.Buffer) -> Raw:
    """The sheet of an .xlsx file that is a report. Numbers keep the digits of the cell; dates become 2025-12-31.

    Sheets that are no report are noted; a second report in the same workbook is refused, for no row may go missing. A row
    with an error (#N/A) or a formula whose value was not saved is set aside; a word in merged cells counts in each row.
    """
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
        read = {name: sheet.to_python(skip_empty_area=False) for name, sheet in sheets.items()}
        odd = _odd_cells(data)
    except Exception as error:  # calamine raises its own kinds for every way a workbook can be damaged
        raise NotReadable(f"not a readable workbook ({error}). Save it again as .xlsx or .csv.") from error
    found: dict[str, Raw] = {}
    failure: UnknownReport | None = None
    other = []
    for name, rows in read.items():
        if not any(cell != "" for row in rows for cell in row):
            continue
        try:
            merged = _spread(rows, sheets[name].merged_cell_ranges or ())
            found[name] = _raw([(number, list(row)) for number, row in enumerate(rows, 1)], "xlsx", odd.get(name, {}))
            found[name].problems.extend(_merged(found[name], merged))
        except UnknownReport as error:
            failure = failure or error
            other.append(name)
    if len(found) > 1:
        hidden = {sheet.name for sheet in book.sheets_metadata if sheet.visible != python_calamine.SheetVisibleEnum.Visible}
        shown = " and ".join(f"{name} (hidden)" if name in hidden else name for name in found)
        raise NotReadable(f"the sheets {shown} are reports of their own. Save each as a file, or delete what is old.")
    if not found:
        raise failure or UnknownReport("the workbook has no sheet")
    raw = next(iter(found.values()))
    raw.problems.extend(Problem(0, "", name, f"the sheet {name!r} is no report and was not read", "note") for name in other)
    return raw


_ERROR = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]*\bt="e"[^>]*>.*?(?:<v>([^<]*)</v>)?\s*</c>')
_UNSAVED = re.compile(rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]*>\s*<f\b[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>')


def _odd_cells(data: pa.Buffer) -> dict[str, dict[tuple[int, int], str]]:
    """Sheet -> (line, position) -> why its cell has no value, for errors and for formulas saved without their value: both
    look like blank cells to whoever reads values only."""
    found: dict[str, dict[tuple[int, int], str]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        targets = dict(_named(archive.read("xl/_rels/workbook.xml.rels"), rb"Relationship", b"Id", b"Target"))
        for name, key in _named(archive.read("xl/workbook.xml"), rb"(?:\w+:)?sheet", b"name", rb"\w+:id"):
            place = targets.get(key, "").removeprefix("/xl/")
            if f"xl/{place}" not in archive.namelist():
                continue
            text = archive.read(f"xl/{place}")
            cells = {}
            if b't="e"' in text:
                cells |= {(int(line), files.column_number(letters)): f"the spreadsheet's error {str(word, 'utf-8')}"
                          for letters, line, word in _ERROR.findall(text)}
            if b"<f" in text:
                cells |= {(int(line), files.column_number(letters)): "a formula whose value was not saved: open the file "
                          "in Excel and save it again" for letters, line in _UNSAVED.findall(text)}
            found[html.unescape(name)] = cells
    return found


def _named(text: bytes, tag: bytes, *names: bytes) -> list[tuple[str, ...]]:
    """The attributes `names` of every element `tag`."""
    return [tuple(str(found[1], "utf-8") if (found := re.search(rb'\s' + name + rb'="([^"]*)"', entry)) else ""
                  for name in names) for entry in re.findall(rb"<" + tag + rb"\s[^>]*>", text)]


def _spread(rows: list[list], ranges: Sequence) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Writes a word that stands in merged cells of one column into each of its rows; gives the ranges ((line, position) of
    the first and the last cell). Numbers are left alone: one quantity over three rows is not three."""
    for (top, left), (bottom, right) in ranges:
        if left == right and top < len(rows) and isinstance(rows[top][left], str | dt.date):
            for line in range(top + 1, min(bottom + 1, len(rows))):
                rows[line][left] = rows[top][left]
    return [((top + 1, left), (bottom + 1, right)) for (top, left), (bottom, right) in ranges]


def _merged(raw: Raw, ranges: list[tuple[tuple[int, int], tuple[int, int]]]) -> list[Problem]:
    """What merged cells below the header mean for the columns that are read."""
    found = []
    for (top, left), (bottom, right) in ranges:
        inside = [position for position in raw.cells if left <= position <= right]
        if not inside or not len(raw.lines) or top < int(raw.lines[0]):
            continue
        column = raw.match.columns.get(inside[0])
        whole = left == right and not (column and column.type in NUMERIC)
        why = ("merged down: the value counts in each of these rows" if whole
               else "merged: only the first of them holds a value. Unmerge them and fill in each")
        found.append(Problem(top, raw.header[inside[0]], "", f"cells of the lines {top} to {bottom} are {why}",
                             "note" if whole else "doubt"))
    return found


def answers(data: pa.Buffer) -> Raw:
    """API answers, one a line (or one for the whole file): the records under the paths that a spec names.

    A record's inner objects become columns named by their path (salesByDate.unitsOrdered), and so do the values that
    stand once above the records (reportSpecification.dataStartTime).
    """
    read, problems, twice, places = _answers(str(memoryview(data), "utf-8-sig"))
    paths = sorted({path for spec in specs.reports().values() for path in spec.json})
    records: list[tuple[int, dict[str, str]]] = []
    lacking: dict[str, list[int]] = {}
    for line, answer in read:
        lists = [found for path in paths if isinstance(found := _under(answer, path), list)]
        above = {name: text for name, text in _flat({key: value for key, value in answer.items() if not _is_records(value)})
                 if name not in paths} if lists and isinstance(answer, dict) else {}
        bare = [answer] if isinstance(answer, dict) else answer if isinstance(answer, list) else []
        for group in lists or [bare]:
            flat = [(places.get(id(record), line), above | dict(_flat(record))) for record in group
                    if isinstance(record, dict)]
            _note_lacking(flat, lacking)
            records += flat
            if len(flat) < len(group):
                problems.append(Problem(line, "", "", f"{len(group) - len(flat)} of {len(group)} records are no objects: "
                                        "the answer is damaged. Download it again.", "doubt"))
    if not records:
        if problems:
            raise NotReadable(f"not a whole JSON answer ({problems[0].why}): it was cut off or damaged. Download it again.")
        raise UnknownReport("no known API answer: none of " + ", ".join(paths) + " is in it")
    records = _spelled_once(records)
    header = list(dict.fromkeys(key for _, record in records for key in record))
    raw = _raw([(0, header), *((line, [record.get(key, "") for key in header]) for line, record in records)], "utf-8")
    raw.problems.extend(problems)
    raw.problems.extend(Problem(0, key, "", "a record says this twice: the last counts. Download it again.", "doubt")
                        for key in twice)
    raw.problems.extend(Problem(line, raw.match.spec.known[specs.fold(key)].name, "", f"{key} is missing in {count} of {of}"
                                " records beside ones that have it: unknown there", "note")
                        for key, (line, count, of) in lacking.items() if specs.fold(key) in raw.match.spec.known)
    return raw


def _note_lacking(records: list[tuple[int, dict[str, str]]], lacking: dict[str, list[int]]) -> None:
    """Adds the keys that some records of one list have and others lack: the line of the first, how many lack it, of how
    many."""
    keys = dict.fromkeys(key for _, record in records for key in record)
    for key in keys if any(len(record) < len(keys) for _, record in records) else ():
        without = [line for line, record in records if key not in record]
        if without:
            line, count, of = lacking.get(key, (without[0], 0, 0))
            lacking[key] = [line, count + len(without), of + len(records)]


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


def _raw(rows: list[tuple[int, list]], encoding: str, odd: dict[tuple[int, int], str] | None = None) -> Raw:
    """Rows of cells (line number, cells) whose first known header line begins the table. `odd`: (line, position) -> why a
    cell has no value; its row is set aside where the column is read."""
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
        aside = {number: Problem(number, header[position], "", why) for (number, position), why in (odd or {}).items()
                 if number > line and position in wanted and specs.fold(header[position])}
        blank = body[-1][0] - rows[at][0] - len(body) if body and encoding == "xlsx" else 0
        body = [(number, row) for number, row in body if number not in aside]
        texts = {p: _column([row[p] for _, row in body], match, p, encoding) for p in wanted}
        problems = [*aside.values()]
        problems += [Problem(line, name, "", "a column nobody knows yet: kept as text", "note")
                    for position, name in match.unknown.items() if specs.fold(header[position])]
        problems += [Problem(line, name, "", "this header stands there twice; the first column counts", "note")
                     for name in match.repeated]
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
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1 << 53 else _digits(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def _digits(number: float) -> str:
    """A float without a power of ten where it has none in the cell: 0.00001, not 1e-05. Beyond the digits a cell holds it
    is written as spreadsheets write it (1.23457E+17): as an identifier it has lost its last digits."""
    return np.format_float_positional(number, trim="-") if 1e-15 < abs(number) < 1e15 else f"{number:.15G}"


# ---------------------------------------------------------------------------------------------------- JSON

def _answers(text: str) -> tuple[list[tuple[int, object]], list[Problem], list[str], dict[int, int]]:
    """(line, answer) of a whole JSON document or of JSON lines, numbers as they are written; lines that are none; keys that
    one object has twice; in a document of several lines, the line where each object (by id) begins."""
    twice: dict[str, None] = {}
    objects: list[dict] = []

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        known = dict(pairs)
        objects.append(known)
        if len(known) < len(pairs):
            keys = [key for key, _ in pairs]
            twice.update((key, None) for key in known if keys.count(key) > 1)
        return known

    def read(piece: str) -> object:
        return json.loads(piece, parse_float=str, parse_int=str, object_pairs_hook=once)

    try:
        whole = read(text)
        return [(1, whole)], [], list(twice), dict(zip(map(id, objects), _begins(text), strict=True))
    except json.JSONDecodeError:
        twice.clear()
    found: list[tuple[int, object]] = []
    problems = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append((number, read(line)))
        except json.JSONDecodeError as error:
            problems.append(Problem(number, "", line[:200], f"not a JSON answer ({error.msg})"))
    return found, problems, list(twice), {}


def _begins(text: str) -> Iterator[int]:
    """The line on which each object of a JSON document begins, in the order in which they end."""
    line, open_on = 1, []
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\n]', text):
        match token[0]:
            case "\n":
                line += 1
            case "{":
                open_on.append(line)
            case "}":
                yield open_on.pop()


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
