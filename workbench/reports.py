"""The one door in: any file a seller has, read into one tidy table, or refused with a reason.

    report = read("ledger.txt")
    report.table       # pandas, one row per line of the file, with `line`
    report.problems    # pandas, one row per thing that was set aside: line, column, value, why, kind

Which report it is, in which language, encoding, separator and quoting, is found out here and nowhere else. Rows read =
rows in the table + rows in `problems`; a settlement line that unfolds into several amounts counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench import currencies, dates, denomination, doubts, files, flatfile, numerals, records, specs, values
from workbench import seller as sellers
from workbench.cells import as_codes, is_empty
from workbench.dates import Ambiguous
from workbench.files import Part, Refused
from workbench.flatfile import NotReadable, Problem, Raw
from workbench.specs import UnknownReport

__all__ = ["Ambiguous", "NotReadable", "Refused", "Report", "UnknownReport",
           "blank", "empty", "frame", "read", "read_part"]


@dataclass(frozen=True)
class Report:
    """One file, read."""

    spec: specs.Spec
    part: Part
    data: pa.Table  # typed, with `line`; instants in UTC beside their printed day
    rows: int  # lines read below the header, blank lines apart
    encoding: str
    found: tuple[Problem, ...]
    kept: Path | None = None  # the file of the cache that `data` is mapped from

    @property
    def loaded(self) -> int:
        """Rows that were loaded; the amounts of a settlement line are one row. The others of `rows` were set aside."""
        if not self.spec.unfold:
            return self.data.num_rows
        return int(np.count_nonzero(np.diff(self.data.column("line").to_numpy()))) + bool(self.data.num_rows)

    @property
    def table(self) -> pd.DataFrame:
        """One row per line (settlement V1: per amount), typed as specs/columns.toml says."""
        return frame(self.data)

    @property
    def problems(self) -> pd.DataFrame:
        """One row per thing set aside or worth knowing: file, line, column, value, why, kind."""
        rows = [(self.part.label, p.line, p.column, p.value, p.why, p.kind) for p in self.found]
        return pd.DataFrame(rows, columns=["file", "line", "column", "value", "why", "kind"])


def read(path: str | Path, *, region: str = "") -> Report:
    """The report in the file at `path` (plain, .gz, or a .zip with one member).

    `region` (US, EU, JP …) helps only where the file leaves open its encoding or the order of day and month. Raises
    UnknownReport (no known header, or two that fit), Ambiguous (03/04/2025 and nothing decides), NotReadable or Refused
    (damaged, oversized).

    >>> import tempfile, pathlib
    >>> sheet = pathlib.Path(tempfile.mkdtemp()) / "costs.csv"
    >>> _ = sheet.write_text("sku,unit_cost,currency\\n00123,9.50,USD\\nNA,x,USD\\n")
    >>> read(sheet).table[["msku", "unit_cost", "line"]].values.tolist()
    [['00123', 9.5, 2]]
    >>> read(sheet).problems["why"].tolist()
    ["found 'x', expected a number like 12.34"]
    """
    held = files.parts(Path(path))
    if len(held) != 1:
        raise NotReadable(f"{path} holds {len(held)} files. Read them one by one: "
                          "for part in files.parts(path): reports.read_part(part).")
    return read_part(held[0], region=region)


def read_part(part: Part, *, region: str = "") -> Report:
    """The report in one export. Raises as `read` does; every message begins with the file's label."""
    try:
        suffix = Path(part.name).suffix.lower()
        if suffix in (".xlsx", ".json", ".jsonl"):
            raw = _records(part, suffix)
        else:
            raw = flatfile.read(part.pieces, region=region)
        return _typed(raw, part, sellers.regions().get(region, {}).get("dates", ""))
    except Refused:
        raise
    except (UnicodeDecodeError, RecursionError) as error:
        raise NotReadable(f"{part.label}: the file is damaged ({error}). Download it again.") from error
    except (UnknownReport, NotReadable, Ambiguous) as error:
        raise type(error)(f"{part.label}: {error}") from error


def _records(part: Part, suffix: str) -> Raw:
    data = part.data()
    if not data.size:
        raise NotReadable(flatfile.EMPTY)
    if suffix != ".xlsx":
        return records.answers(data)
    files.check_workbook(data, part.label)
    return records.workbook(data)


def frame(data: pa.Table, *, copy: bool = True) -> pd.DataFrame:
    """An arrow table as pandas, with the types that specs/columns.toml promises whatever the rows hold.

    Codes and identifiers are categories ("" where blank), dates datetime64[s], counts int64 (Int64 where a cell may be
    blank), money float64, high-cardinality text `str`.
    """
    columns = {}
    for field in data.schema:
        array = data.column(field.name)
        nullable = (field.metadata or {}).get(b"nullable") == b"1"
        if pa.types.is_dictionary(field.type):
            columns[field.name] = array.to_pandas()
        elif pa.types.is_date32(field.type):
            columns[field.name] = array.cast(pa.timestamp("s")).to_pandas()
        elif pa.types.is_timestamp(field.type):
            columns[field.name] = array.to_pandas().dt.tz_localize("UTC")
        elif pa.types.is_int64(field.type) and nullable:
            columns[field.name] = array.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        elif pa.types.is_string(field.type):
            columns[field.name] = array.to_pandas().astype("str")
        else:
            columns[field.name] = array.to_pandas()
    return pd.DataFrame(columns, copy=copy)


def empty(table: str) -> pa.Table:
    """The table without rows, with all its columns: what an absent report looks like."""
    fields = [field for column in specs.tables()[table] for field in _fields(column)]
    return pa.table([pa.array([], field.type) for field in fields] + [pa.array([], pa.int32())],
                    schema=pa.schema([*fields, pa.field("line", pa.int32())]))


def _fields(column: specs.Column) -> list[pa.Field]:
    """The tidy field (for an instant: two) that a column becomes."""
    kind = {"count": pa.int64(), "money": pa.float64(), "number": pa.float64(), "date": pa.date32(), "month": pa.date32(),
            "instant": pa.timestamp("s")}.get(column.type)
    if kind is None:
        kind = pa.string() if column.many else pa.dictionary(pa.int32(), pa.string())
    metadata = {b"nullable": b"1"} if column.type == "count" and not column.filled else None
    fields = [pa.field(column.name, kind, metadata=metadata)]
    return [*fields, pa.field(column.day, pa.date32())] if column.type == "instant" else fields


# ---------------------------------------------------------------------------------------------------- typing

def _typed(raw: Raw, part: Part, local: str) -> Report:
    """Raw text to typed columns; rows with a cell that cannot be read go to the problems. `local`: how the seller's region
    writes dates, where that is known."""
    spec = raw.match.spec
    raw = doubts.unglued(raw)
    problems = [*raw.problems, *_swallowed(raw.match)]
    rows = len(raw.lines) + len({p.line for p in problems if p.kind == "row"})
    bad = np.zeros(len(raw.lines), bool)
    arrays: dict[str, pa.Array] = {}
    proven = raw.encoding not in ("cp1252", "latin-1")
    for row, why in _remarks(raw):
        problems.append(Problem(int(raw.lines[row]), "", "", why))
        bad[row] = True
    amounts = [position for position, column in raw.match.columns.items() if column.type == "money"]
    decimal = numerals.decimal_mark((raw.cells[position] for position in (*amounts, *raw.match.unfold)),
                                    raw.match.language, semicolons=raw.delimiter == ";")
    marks = []

    def told() -> str:
        return dates.day_order(raw.cells[position] for position, column in raw.match.columns.items()
                               if column.type in ("date", "instant"))

    def convert(position: int, column: specs.Column) -> pa.Array:
        cells = raw.cells[position]
        if column.down:
            cells = _filled_down(cells)
            lost = np.flatnonzero(is_empty(cells))
            if len(lost):
                problems.append(Problem(int(raw.lines[lost[0]]), column.name, "", "the row above that says it for all is "
                                        f"missing or was set aside: unknown in {len(lost)} rows", "doubt"))
        if column.sole:
            cells = _filled_with_the_one(cells)
        found = values.typed(cells, column, dates=spec.dates, decimal=decimal, local=local, told=told)
        fresh = np.flatnonzero(found.bad & ~bad)
        texts = cells.take(pa.array(fresh)).to_pylist()
        problems.extend(Problem(int(raw.lines[row]), column.name, text[:200], f"found {text[:80]!r}, expected "
                                f"{found.expected}") for row, text in zip(fresh, texts, strict=True))
        problems.extend(Problem(0, column.name, "", note, "note") for note in found.notes)
        problems.extend(Problem(0, column.name, "", doubt, "doubt") for doubt in found.doubts)
        bad[fresh] = True
        arrays.update(found.arrays)
        if column.type == "count":
            problems.extend(doubts.counts(found.arrays[column.name], column, raw.lines))
        if column.type in ("id", "code", "text"):
            problems.extend(doubts.cells(found.arrays[column.name], column, raw.lines, proven=proven))
        if found.currency is not None:
            marks.append((found.currency, found.arrays[column.name]))
        return found.arrays[column.name]

    for position, column in raw.match.columns.items():
        convert(position, column)
    amounts = []
    for position, (described, item) in raw.match.unfold.items():
        amount = convert(position, specs.money_column(item.amount))
        arrays.pop(item.amount)
        amounts.append((amount, None if described is None else raw.cells[described], item))
        if described is not None:
            named = specs.Column(raw.header[described], "code", ())
            problems.extend(doubts.cells(raw.cells[described], named, raw.lines, proven=proven))
    for position, header in raw.match.unknown.items():
        if specs.fold(raw.header[position]):
            arrays[header] = raw.cells[position]
        elif not is_empty(raw.cells[position]).all():
            arrays[header] = raw.cells[position]
            problems.append(Problem(0, header, "", "a column without a header holds values: kept as text", "note"))
    if "currency" not in arrays:
        arrays |= denomination.of_file(raw, marks)
    elif marks:
        arrays["currency"], contradicted = denomination.filled(raw, arrays["currency"], marks)
        problems += contradicted
    table = _assembled(spec, arrays, raw, len(raw.lines))
    keep = ~bad
    problems += doubts.cut_by_a_sheet(raw.lines)
    if amounts:
        table, keep = _unfolded(table, amounts, keep)
    if not keep.all():
        table = table.filter(pa.array(keep))
    if not rows:
        problems.append(Problem(0, "", "", "the report is empty: a header and no row", "empty"))
    table, finer = _rounded(table)
    problems = sorted([*problems, *finer], key=lambda problem: problem.line)
    return Report(spec, part, table, rows, raw.encoding, tuple(problems))


def _swallowed(match: specs.Match) -> list[Problem]:
    """Columns that are not there, where a new name for them would pass for one of those that are not loaded."""
    present = {column.name for column in match.columns.values()}
    _, starts, ends = match.spec.skipped
    return [Problem(0, column.name, "", "this column is not in the file: unknown", "note") for column in match.spec.columns
            if column.name not in present and any(specs.fold(text).startswith(starts or ("\0",)) or
                                                  specs.fold(text).endswith(ends or ("\0",)) for _, text in column.headers)]


def _remarks(raw: Raw) -> list[tuple[int, str]]:
    """Rows that are no records: totals, and lines with a single filled cell."""
    texts = [raw.cells[p] for p, column in sorted(raw.match.columns.items()) if column.type in ("id", "code", "text")]
    found = {}
    alone = np.ones(len(raw.lines), bool)
    for cells in [raw.cells[p] for p in sorted(raw.cells)][1:]:
        if not alone.any():
            break
        alone &= is_empty(cells)
    if len(raw.cells) > 2:
        found = {int(row): "only one cell is filled: a remark, not a record" for row in np.flatnonzero(alone)}
    for cells in texts[:1]:
        coded = as_codes(cells)
        totals = doubts.is_total(coded.dictionary)
        if totals.any():
            found |= {int(row): "a total, not a record" for row in np.flatnonzero(totals[coded.indices.to_numpy()])}
    return sorted(found.items())


def _assembled(spec: specs.Spec, arrays: dict[str, pa.Array], raw: Raw, size: int) -> pa.Table:
    """All columns the table has, in its order; those this export lacks are blank."""
    fields = [field for column in specs.tables()[spec.table] for field in _fields(column)]
    columns = []
    for field in fields:
        array = arrays.get(field.name)
        if array is None:
            array = blank(field.type, size)
        elif not pa.types.is_dictionary(field.type) and array.type != field.type:
            array = array.cast(field.type)
        columns.append(array)
    extra = [name for name in raw.match.unknown.values() if name in arrays.keys() - {field.name for field in fields}]
    fields += [pa.field(name, arrays[name].type) for name in extra] + [pa.field("line", pa.int32())]
    columns += [arrays[name] for name in extra] + [pa.array(raw.lines)]
    return pa.table(columns, schema=pa.schema(fields))


def blank(kind: pa.DataType, size: int) -> pa.Array:
    """`size` blank cells: "" for text, null for the rest."""
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), pa.array([""], pa.string()))
    return pa.array([""] * size, kind) if pa.types.is_string(kind) else pa.nulls(size, kind)


def _filled_down(cells: pa.Array) -> pa.Array:
    """Blank cells take the value above: settlements write their currency once."""
    coded = as_codes(cells)
    plain = pc.utf8_trim_whitespace(coded.dictionary).take(coded.indices)
    filled = pc.fill_null_forward(pc.if_else(pc.equal(pc.binary_length(plain), 0), None, plain))
    return pc.fill_null(filled, "").dictionary_encode()


def _filled_with_the_one(cells: pa.Array) -> pa.Array:
    """Blank cells take the column's value where it has only one."""
    words = {text for text in pc.unique(cells).to_pylist() if text}
    if len(words) != 1:
        return cells
    return pa.array([words.pop()] * len(cells), pa.string()).dictionary_encode()


def _unfolded(table: pa.Table, amounts: list, keep: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    """One row per amount of a wide line; a line without any amount keeps one row, so that nothing is lost."""
    size = table.num_rows
    filled = [pc.is_valid(amount).to_numpy(zero_copy_only=False) for amount, _, _ in amounts]
    rows = [np.flatnonzero(mask) for mask in filled]
    none = np.flatnonzero(~np.logical_or.reduce(filled))
    order_key = np.concatenate([*rows, none])
    order = np.argsort(order_key, kind="stable")
    take = order_key[order]

    def stacked(pieces: list[pa.Array], kind: pa.DataType, blank: object) -> pa.Array:
        joined = pa.concat_arrays([piece.cast(kind) for piece in pieces] + [pa.array([blank] * len(none), kind)])
        return joined.take(pa.array(order))

    texts = [_plain(described, size) for _, described, _ in amounts]
    table = table.take(pa.array(take))
    new = {
        "amount_type": stacked([pa.array([item.type] * len(at), pa.string())
                                for (_, _, item), at in zip(amounts, rows, strict=True)],
                               pa.string(), "").dictionary_encode(),
        "amount_description": stacked([text.take(pa.array(at)) for text, at in zip(texts, rows, strict=True)],
                                      pa.string(), "").dictionary_encode(),
        "amount": stacked([amount.take(pa.array(at)) for (amount, _, _), at in zip(amounts, rows, strict=True)],
                          pa.float64(), None),
    }
    for name, array in new.items():
        table = table.set_column(table.schema.get_field_index(name), name, array)
    return table, keep[take]


def _plain(cells: pa.Array | None, size: int) -> pa.Array:
    if cells is None:
        return pa.array([""] * size, pa.string())
    return cells.dictionary.take(cells.indices) if isinstance(cells, pa.DictionaryArray) else cells


def _rounded(table: pa.Table) -> tuple[pa.Table, list[Problem]]:
    """Amounts at the minor unit of the row's currency (2 digits where the table has none); doubts about finer ones."""
    money = [name for name in table.schema.names if specs.registry().get(name, {}).get("type") == "money"]
    finer: list[Problem] = []
    if not money or not table.num_rows:
        return table, finer
    currency = table.column("currency").to_pandas() if "currency" in table.schema.names else ""
    for name in money:
        amounts = table.column(name).to_numpy()
        finer += doubts.fractions(amounts, currencies.digits_of(currency), name, table.column("line").to_numpy())
        at = table.schema.get_field_index(name)
        array = pa.array(currencies.rounded(amounts, currency) + 0.0, from_pandas=True)  # + 0.0: no minus zero
        table = table.set_column(at, table.schema.field(at), array)
    return table, finer
