"""Workbooks and API answers of every report, and every kind of damage they may have suffered."""

from __future__ import annotations

import datetime as dt
import functools
import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import xlsxwriter

from tests.whole_files import Sample, samples
from workbench import specs

Change = Callable[[xlsxwriter.Workbook, "xlsxwriter.worksheet.Worksheet"], None]
DAMAGE: dict[str, dict[str, Callable]] = {"workbook": {}, "answer": {}}  # shape -> name -> damage
BARE = "campaigns"  # the report whose answers are a list of records without a path


def damage(shape: str, name: str) -> Callable[[Callable], Callable]:
    def known(function: Callable) -> Callable:
        DAMAGE[shape][name] = function
        return function
    return known


def records(names: tuple[str, ...] = ()) -> Iterator[Sample]:
    """Every report as a workbook, and as an API answer where Amazon gives one."""
    for sample in samples(names):
        if sample.shape == "tab":
            yield replace(sample, shape="workbook")
            if specs.reports()[sample.spec].json or sample.spec == BARE:
                yield replace(sample, shape="answer")


def whole(sample: Sample) -> bytes:
    """The sample as a file."""
    return workbook(sample) if sample.shape == "workbook" else answer(sample)


@functools.cache
def kinds(name: str) -> dict[str, str]:
    """Header -> the type of its column; amounts that become rows of their own are money."""
    spec = specs.reports()[name]
    return {header: column.type for column in spec.columns for _, header in column.headers} | {
        item.amount: "money" for item in spec.unfold}


def typed(sample: Sample, column: int, text: str) -> object:
    """The value a workbook or an answer holds for a cell's text."""
    kind = kinds(sample.spec).get(sample.header[column], "text")
    if kind == "count" and text:
        return int(text)
    return float(text) if kind in ("money", "number") and text else text


# ---------------------------------------------------------------------------------------------------- workbooks

def workbook(sample: Sample, *, top: int = 0, gap: int = 1, change: Change | None = None,
             cell: Callable[[int, int, object], object] = lambda row, column, value: value) -> bytes:
    """The sample as .xlsx: the header `top` rows down, a row every `gap`; `cell` may change a value, `change` the book."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("Report")
        sheet.write_row(top, 0, sample.header)
        for row, texts in enumerate(sample.rows):
            for column, text in enumerate(texts):
                value = cell(row, column, typed(sample, column, text))
                if value is not None:
                    write = sheet.write_string if isinstance(value, str) else sheet.write
                    write(top + (row + 1) * gap, column, value)
        if change:
            change(book, sheet)
    return stream.getvalue()


def _place(sample: Sample, dice: random.Random, *wanted: str) -> tuple[int, int] | None:
    """A cell of a column of one of the types `wanted`."""
    columns = [at for at, header in enumerate(sample.header) if kinds(sample.spec).get(header, "text") in wanted]
    return (dice.randrange(len(sample.rows)), dice.choice(columns)) if columns else None


def _one(sample: Sample, place: tuple[int, int] | None, value: object) -> bytes | None:
    return place and workbook(sample, cell=lambda row, column, was: value if (row, column) == place else was)


@damage("workbook", "a word in a number's cell")
def _word(sample, dice):
    return _one(sample, _place(sample, dice, "count", "money", "number"), "n/a yet")


@damage("workbook", "numbers stored as text")
def _as_text(sample, dice):
    return workbook(sample, cell=lambda row, column, value: sample.rows[row][column])


@damage("workbook", "a date as a day's number")
def _serial(sample, dice):
    return _one(sample, _place(sample, dice, "date", "instant"), 46145)


@damage("workbook", "dates as dates")
def _dates(sample, dice):
    """Only of columns of days: a moment loses its zone in a workbook, which is another value."""
    def cell(row, column, value):
        if kinds(sample.spec).get(sample.header[column]) != "date":
            return value
        form = "%m/%d/%Y" if "/" in value else "%Y-%m-%d"
        return dt.datetime.strptime(value, form)
    return workbook(sample, cell=cell)


@damage("workbook", "a number in an identifier's cell")
def _long_number(sample, dice):
    return _one(sample, _place(sample, dice, "id"), 123456789012345678)


@damage("workbook", "a formula whose value was not saved")
def _formula(sample, dice):
    place = _place(sample, dice, "count", "money", "number")
    return place and workbook(sample, change=lambda _, sheet: sheet.write_formula(place[0] + 1, place[1], "=A1", None, ""))


@damage("workbook", "an error in a cell")
def _error(sample, dice):
    row, column = _place(sample, dice, *specs.TYPES)
    return workbook(sample, change=lambda _, sheet: sheet.write_formula(row + 1, column, "=NA()", None, "#N/A"))


@damage("workbook", "merged cells")
def _merged(sample, dice):
    row, column = dice.randrange(len(sample.rows) - 2), dice.randrange(len(sample.header))
    first = typed(sample, column, sample.rows[row][column])
    return workbook(sample, cell=lambda at, where, value: None if where == column and row <= at <= row + 2 else value,
                    change=lambda _, sheet: sheet.merge_range(row + 1, column, row + 3, column, first))


@damage("workbook", "hidden rows and columns")
def _hidden(sample, dice):
    def change(_, sheet):
        sheet.set_row(dice.randrange(1, len(sample.rows)), None, None, {"hidden": True})
        sheet.set_column(1, 1, None, None, {"hidden": True})
    return workbook(sample, change=change)


@damage("workbook", "a sheet beside it")
def _beside(sample, dice):
    return workbook(sample, change=lambda book, _: book.add_worksheet("Pivot").write_row(0, 0, ["Sum", 12]))


@damage("workbook", "an old copy in a hidden sheet")
def _old_copy(sample, dice):
    def change(book, _):
        old = book.add_worksheet("Old")
        old.write_row(0, 0, sample.header)
        old.write_row(1, 0, sample.rows[0])
        old.hide()
    return workbook(sample, change=change)


@damage("workbook", "header row further down")
def _shifted(sample, dice):
    return workbook(sample, top=dice.randrange(1, 9), change=lambda _, sheet: sheet.write(0, 0, "May 2026"))


@damage("workbook", "blank rows between")
def _blank_rows(sample, dice):
    return workbook(sample, gap=dice.randrange(2, 4))


@damage("workbook", "a total row of formulas")
def _total(sample, dice):
    def change(_, sheet):
        sheet.write(len(sample.rows) + 1, 0, "Total")
        for column in range(1, len(sample.header)):
            sheet.write_formula(len(sample.rows) + 1, column, "=SUM(B2:B7)", None, dice.choice([9, ""]))
    return workbook(sample, change=change)


@damage("workbook", "one row moved a cell to the right")
def _row_moved(sample, dice):
    moved = dice.randrange(len(sample.rows))

    def cell(row, column, value):
        return value if row != moved else typed(sample, column - 1, sample.rows[row][column - 1]) if column else None
    return workbook(sample, cell=cell)


@damage("workbook", "workbook, cut")
def _cut_book(sample, dice):
    data = workbook(sample)
    return data[:dice.randrange(len(data))]


@damage("workbook", "workbook, one bit flipped")
def _flipped(sample, dice):
    data = bytearray(workbook(sample))
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(data)


# ---------------------------------------------------------------------------------------------------- answers

def tree(sample: Sample) -> list[dict]:
    """The sample's rows as records: a header's points are the way down (salesByDate.unitsOrdered)."""
    found = []
    for texts in sample.rows:
        record: dict = {}
        for at, text in enumerate(texts):
            *way, last = sample.header[at].split(".")
            inner = record
            for key in way:
                inner = inner.setdefault(key, {})
            inner[last] = typed(sample, at, text)
        found.append(record)
    return found


def answer(sample: Sample, rows: list[dict] | None = None) -> bytes:
    """The records as an API answer, under the first path of the report."""
    held: object = tree(sample) if rows is None else rows
    for key in reversed(specs.reports()[sample.spec].json[0].split(".") if sample.spec != BARE else ()):
        held = {key: held}
    return json.dumps(held, indent=1, ensure_ascii=False).encode()


def _record(sample: Sample, dice: random.Random, *wanted: str) -> tuple[list[dict], dict, str]:
    """All records, the innermost object of one of them and a key of it whose column has one of the types."""
    rows = tree(sample)
    at = dice.choice([at for at, header in enumerate(sample.header) if kinds(sample.spec).get(header) in wanted])
    inner = dice.choice(rows)
    *way, last = sample.header[at].split(".")
    for key in way:
        inner = inner[key]
    return rows, inner, last


@damage("answer", "a key dropped in one record")
def _key_dropped(sample, dice):
    rows, inner, key = _record(sample, dice, *specs.TYPES)
    del inner[key]
    return answer(sample, rows)


@damage("answer", "a key renamed in one record")
def _key_renamed(sample, dice):
    rows, inner, key = _record(sample, dice, *specs.TYPES)
    inner[f"{key}New"] = inner.pop(key)
    return answer(sample, rows)


@damage("answer", "a key twice")
def _key_twice(sample, dice):
    rows, inner, key = _record(sample, dice, "count", "money", "number")
    inner[key], inner["TWICE"] = inner[key], 77
    return answer(sample, rows).replace(b'"TWICE"', json.dumps(key).encode())


@damage("answer", "another type for a number")
def _other_type(sample, dice):
    rows, inner, key = _record(sample, dice, "count", "money", "number")
    inner[key] = dice.choice(["three", [3, 4], {"value": 3}, True])
    return answer(sample, rows)


@damage("answer", "numbers as text")
def _number_text(sample, dice):
    rows, inner, key = _record(sample, dice, "count", "money", "number")
    inner[key] = json.dumps(inner[key])
    return answer(sample, rows)


@damage("answer", "an answer, cut")
def _cut_answer(sample, dice):
    data = answer(sample)
    return data[:dice.randrange(1, len(data))]


@damage("answer", "a record that is none")
def _no_record(sample, dice):
    rows = tree(sample)
    rows.insert(dice.randrange(len(rows)), dice.choice([None, "lost", 3]))
    return answer(sample, rows)


@damage("answer", "record dropped")
def _record_dropped(sample, dice):
    rows = tree(sample)
    del rows[dice.randrange(len(rows))]
    return answer(sample, rows)


@damage("answer", "record doubled")
def _record_doubled(sample, dice):
    rows = tree(sample)
    return answer(sample, [*rows, dice.choice(rows)])


@damage("answer", "one answer a line")
def _lines(sample, dice):
    return b"".join(json.dumps(json.loads(answer(sample, [row]))).encode() + b"\n" for row in tree(sample))


@damage("answer", "an answer with a byte order mark")
def _marked(sample, dice):
    return b"\xef\xbb\xbf" + answer(sample)


@damage("answer", "an error answer after it")
def _error_after(sample, dice):
    return answer(sample) + b'\n{"errors": [{"code": "QuotaExceeded"}]}\n'
