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


Amounts = tuple[pa.Array, pa.Array | None, specs.Unfold]  # of one kind in wide lines, what describes each, their spec


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
    columns = _Columns(raw, local)
    rows = len(raw.lines) + len({p.line for p in columns.problems if p.kind == "row"})
    columns.set_aside_remarks()
    for position, column in raw.match.columns.items():
        columns.type_column(position, column)
    amounts = [columns.type_amounts(position, described, item) for position, (described, item) in raw.match.unfold.items()]
    columns.keep_unknown()
    columns.tell_currency()
    table, keep = _assembled(spec, columns.arrays, raw, len(raw.lines)), ~columns.bad
    if amounts:
        table, keep = _unfolded(table, amounts, keep)
    if not keep.all():
        table = table.filter(pa.array(keep))
    table, finer = _rounded(table)
    problems = [*columns.problems, *doubts.cut_by_a_sheet(raw.lines)]
    if not rows:
        problems.append(Problem(0, "", "", "the report is empty: a header and no row", "empty"))
    problems = sorted([*problems, *finer], key=lambda problem: problem.line)
    return Report(spec, part, table, rows, raw.encoding, tuple(problems))


class _Columns:
    """The columns of one file while they are typed: `arrays` by their tidy names, the `problems` found, and which rows are
    `bad`, so that they go to the problems and not into the table."""

    def __init__(self, raw: Raw, local: str) -> None:
        self.raw, self.local = raw, local
        self.problems = [*raw.problems, *_swallowed(raw.match)]
        self.bad = np.zeros(len(raw.lines), bool)
        self.arrays: dict[str, pa.Array] = {}
        self.marks: list[tuple[pa.Array, pa.Array]] = []  # what the currency marks of amounts name, and these amounts
        self.proven = raw.encoding not in ("cp1252", "latin-1")
        money = [position for position, column in raw.match.columns.items() if column.type == "money"]
        self.decimal = numerals.decimal_mark((raw.cells[position] for position in (*money, *raw.match.unfold)),
                                             raw.match.language, semicolons=raw.delimiter == ";")

    def set_aside_remarks(self) -> None:
        """Totals and remarks are no records."""
        for row, why in _remarks(self.raw):
            self.problems.append(Problem(int(self.raw.lines[row]), "", "", why))
            self.bad[row] = True

    def type_column(self, position: int, column: specs.Column) -> pa.Array:
        """The column that stands at a position, typed and looked over; the rows that cannot be read are bad."""
        cells = self._filled(position, column)
        found = values.typed(cells, column, dates=self.raw.match.spec.dates, decimal=self.decimal, local=self.local,
                             told=self._day_order)
        fresh = np.flatnonzero(found.bad & ~self.bad)
        texts = cells.take(pa.array(fresh)).to_pylist()
        self.problems.extend(Problem(int(self.raw.lines[row]), column.name, text[:200], f"found {text[:80]!r}, expected "
                                     f"{found.expected}") for row, text in zip(fresh, texts, strict=True))
        self.problems.extend(Problem(0, column.name, "", note, "note") for note in found.notes)
        self.problems.extend(Problem(0, column.name, "", doubt, "doubt") for doubt in found.doubts)
        self.bad[fresh] = True
        self.arrays.update(found.arrays)
        array = found.arrays[column.name]
        if column.type == "count":
            self.problems.extend(doubts.counts(array, column, self.raw.lines))
        if column.type in ("id", "code", "text"):
            self.problems.extend(doubts.cells(array, column, self.raw.lines, proven=self.proven))
        if found.currency is not None:
            self.marks.append((found.currency, array))
        return array

    def type_amounts(self, position: int, described: int | None, item: specs.Unfold) -> Amounts:
        """One kind of amount of a wide line."""
        amounts = self.type_column(position, specs.money_column(item.amount))
        self.arrays.pop(item.amount)
        if described is None:
            return amounts, None, item
        named, texts = specs.Column(self.raw.header[described], "code", ()), self.raw.cells[described]
        self.problems.extend(doubts.cells(texts, named, self.raw.lines, proven=self.proven))
        return amounts, texts, item

    def keep_unknown(self) -> None:
        """Columns that no spec knows stay as text; one without a header only where it holds something."""
        for position, header in self.raw.match.unknown.items():
            cells = self.raw.cells[position]
            if specs.fold(self.raw.header[position]):
                self.arrays[header] = cells
            elif not is_empty(cells).all():
                self.arrays[header] = cells
                self.problems.append(Problem(0, header, "", "a column without a header holds values: kept as text", "note"))

    def tell_currency(self) -> None:
        """Every row's currency, as far as the file tells it."""
        if "currency" not in self.arrays:
            self.arrays |= denomination.of_file(self.raw, self.marks)
        elif self.marks:
            self.arrays["currency"], contradicted = denomination.filled(self.raw, self.arrays["currency"], self.marks)
            self.problems += contradicted

    def _filled(self, position: int, column: specs.Column) -> pa.Array:
        """The cells at a position; blank ones filled where the column says one value for several rows."""
        cells = self.raw.cells[position]
        if column.down:
            cells = _filled_down(cells)
            lost = np.flatnonzero(is_empty(cells))
            if len(lost):
                self.problems.append(Problem(int(self.raw.lines[lost[0]]), column.name, "", "the row above that says it "
                                             f"for all is missing or was set aside: unknown in {len(lost)} rows", "doubt"))
        return _filled_with_the_one(cells) if column.sole else cells

    def _day_order(self) -> str:
        """What the file's dates say of the order of day and month."""
        return dates.day_order(self.raw.cells[position] for position, column in self.raw.match.columns.items()
                               if column.type in ("date", "instant"))


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


def _unfolded(table: pa.Table, amounts: list[Amounts], keep: np.ndarray) -> tuple[pa.Table, np.ndarray]:
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
