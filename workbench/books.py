"""A seller's books: every export in a folder, overlaps settled, one tidy table per report.

    books = open("sellers/acme", through="2026-06-30")
    books["ledger_detail"]        # pandas; every row with its `file` and `line`
    books.files, books.problems   # what was read, and what was not
    books.is_absent("returns")    # known to be absent: its table is empty, and no zero may be made of it

Where two exports of one report cover the same day, the newest owns the day: newest by the time in Amazon's own file
name, else by the file's (or archive member's) modification time, else by the later last event. Identical files count
once. Identical rows inside one export are separate events. Settlements, inbound shipments and the analyst's sheets
are owned by their ids instead of by days.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench import cache, encoding, files, lines, reports, specs
from workbench import seller as sellers

EPOCH = dt.date(1970, 1, 1)


@dataclass
class _Export:
    """One read export and what it owns."""

    report: reports.Report
    sha: str
    first: int | None = None  # days since 1970, in the marketplace's calendar
    last: int | None = None
    begin: int | None = None  # its first and last moment (seconds since 1970), where its rows have moments
    end: int | None = None
    stamp: float = 0.0  # when it was exported
    named: dt.date | None = None  # the day in its own file name
    keep: np.ndarray | None = None  # rows it owns; None: all
    later: int = 0  # rows after `through`


@dataclass(frozen=True)
class Books:
    """One seller, everything known up to and including `through`. Immutable; tables load when first asked for."""

    seller: sellers.Seller
    through: dt.date
    files: pd.DataFrame  # one row per file: file, report, status, rows, rows_used, rows_set_aside, first_day, …
    problems: pd.DataFrame  # one row per thing set aside or worth knowing: file, line, column, value, why, kind
    _exports: dict[str, list[_Export]] = field(repr=False)
    _frames: dict[tuple, pd.DataFrame] = field(default_factory=dict, repr=False)
    _near: dict[str, tuple[int, list[bytes]]] = field(default_factory=dict, repr=False)  # where `line` looked last

    def __getitem__(self, table: str) -> pd.DataFrame:
        """The whole tidy table; empty, with all its columns, where no file holds it."""
        return self.table(table)

    def table(self, name: str, columns: Sequence[str] | None = None, *, cut: bool = True,
              where: tuple[str, Sequence[str]] | None = None,
              days: tuple[dt.date, dt.date] | None = None) -> pd.DataFrame:
        """The tidy table `name` with `columns` (all when None), always with `file` and `line`.

        Rows are in the order of their exports' first days and of their lines. `cut=False` keeps rows after `through`,
        for checks of whole files. `where`: a column of codes and the words wanted in it; `days`: the first and the last
        day wanted, in the marketplace's calendar. Other rows are left out before anything is made of them, and exports
        without such a day are not looked at. Raises KeyError for a table nobody knows.
        """
        if name not in specs.tables():
            raise KeyError(f"no table {name!r}; there are {', '.join(sorted(specs.tables()))}")
        key = (name, None if columns is None else tuple(columns), cut, where and (where[0], *where[1]), days)
        if key not in self._frames:
            self._frames[key] = self._frame(name, columns, cut, where, days)
        return self._frames[key].copy(deep=False)

    def is_absent(self, table: str) -> bool:
        """No readable file of this report is in the folder. An empty report (a header only) is not absent."""
        return not self._exports.get(table)

    def first_day(self, table: str) -> dt.date | None:
        """The first day any row of the table is dated; None when there is none."""
        days = [export.first for export in self._exports.get(table, ()) if export.first is not None]
        return _date(min(days)) if days else None

    def last_day(self, table: str) -> dt.date | None:
        """The last day any row is dated, at most `through`; None when there is none."""
        days = [export.last for export in self._exports.get(table, ()) if export.last is not None]
        return min(_date(max(days)), self.through) if days else None

    def line(self, place: str) -> str:
        """The text of `file:line` as it stands in the seller's file (line 1 is its first); "" for a workbook's row and
        where there is no such line."""
        label, _, number = place.rpartition(":")
        found = [export.report for group in self._exports.values() for export in group if export.report.part.label == label]
        if not found or found[0].encoding == "xlsx" or not number.isdigit():
            return ""
        first, texts = self._near.get(label, (1, []))
        if not first <= int(number) < first + len(texts):
            wide = found[0].encoding == "utf-16"
            pieces = found[0].part.pieces()
            first, texts = lines.near(encoding.as_utf8(pieces, "utf-16") if wide else pieces, int(number))
            self._near[label] = first, texts
        if not first <= int(number) < first + len(texts):
            return ""
        return texts[int(number) - first].decode({"json": "utf-8-sig", "utf-16": "utf-8"}.get(
            found[0].encoding, found[0].encoding), "replace")

    def rivals(self, table: str) -> list[tuple[str, str, dt.date, dt.date, pd.DataFrame, pd.DataFrame]]:
        """Pairs of exports of `table` that cover a day in common: the newer file, the older file, the first and last
        common day, and what each of them holds of these days, whichever owns them. Days in the marketplace's calendar.
        """
        newest = sorted((export for export in self._exports.get(table, ()) if export.first is not None), key=_age,
                        reverse=True)
        found = []
        for at, older in enumerate(newest):
            for newer in (export for export in newest[:at] if _overlap(export, older)):
                first, last = max(newer.first, older.first), min(newer.last, older.last)
                rows = [_between(export, first, last, self.seller.time_zone) for export in (newer, older)]
                found.append((newer.report.part.label, older.report.part.label, _date(first), _date(last), *rows))
        return found

    def distinct(self, table: str, column: str) -> dict[str, list[str]]:
        """File -> the distinct texts in `column` of the exports of `table`, rows replaced by newer exports included."""
        return {export.report.part.label: pc.unique(export.report.data.column(column)).to_pylist()
                for export in self._exports.get(table, ())}

    def _frame(self, name: str, columns: Sequence[str] | None, cut: bool,
               where: tuple[str, Sequence[str]] | None, days: tuple[dt.date, dt.date] | None) -> pd.DataFrame:
        exports = sorted((export for export in self._exports.get(name, ()) if days is None or _touches(export, *days)),
                         key=lambda e: (e.first is None, e.first or 0, e.report.part.label))
        if not exports:
            table = reports.empty(name)
            table = table.append_column("file", pa.array([], pa.dictionary(pa.int32(), pa.string())))
            if any(spec.snapshot for spec in specs.reports().values() if spec.table == name):
                table = table.append_column("snapshot_on", pa.array([], pa.date32()))
        else:
            through = self.through if cut else None
            pieces = [_owned(export, through, self.seller.time_zone, columns, where, days) for export in exports]
            labels = pa.array([export.report.part.label for export in exports], pa.string())
            size = np.min_scalar_type(-len(pieces))
            at = np.repeat(np.arange(len(pieces), dtype=size), [piece.num_rows for piece in pieces])
            table = _joined(pieces).append_column("file", pa.DictionaryArray.from_arrays(at, labels))
        if columns is not None:
            table = table.select([*columns, *(name for name in ("file", "line") if name not in columns)])
        return reports.frame(table, copy=False)  # never handed out but as a copy on write


def open(seller: str | Path, through: str | dt.date | None = None, *,
         progress: Callable[[Sequence], Sequence] = list) -> Books:
    """The books of the seller folder `seller`, up to and including the day `through` (all when None).

    `progress` may wrap the list of exports to show how far reading is. Raises SellerError (seller.toml, or two regions
    in one folder) and FileNotFoundError (no such folder). A file that cannot be read is no error: it stands in `files`
    and `problems` with the reason.
    """
    folder = Path(seller)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder. Give the folder that holds a seller's export files.")
    stated = sellers.settings(folder)
    rows: list[dict] = []
    problems: list[tuple] = []
    exports: list[_Export] = []
    seen: dict[str, str] = {}
    for part, read in cache.read_all(progress(_parts(folder, rows, problems)), stated.get("region", "")):
        entry = {"file": part.label, "report": "", "status": "read"}
        rows.append(entry)
        try:
            sha, report = read()
            entry["sha256"] = sha
            if sha in seen:
                entry |= {"status": f"identical to {seen[sha]}", "report": rows_report(rows, seen[sha])}
                continue
            if isinstance(report, Exception):
                raise report
        except (ValueError, OSError) as error:
            entry["status"] = "not read"
            why = str(error).removeprefix(f"{part.label}: ")
            problems.append((part.label, 0, "", "", why, "file"))
            continue
        seen[sha] = part.label
        problems.extend((part.label, p.line, p.column, p.value, p.why, p.kind) for p in report.found)
        entry |= {"report": report.spec.name, "encoding": report.encoding, "rows": report.rows,
                  "rows_set_aside": report.rows - cache.facts(report)["lines"]}
        exports.append(_Export(report, sha, stamp=part.modified))
    who = sellers.seller(folder, [] if stated.get("region") else _evidence(exports))
    for export in exports:
        _dated(export, who.time_zone)
    day = _as_date(through) or max((_date(e.last) for e in exports if e.last is not None and e.report.spec.day),
                                   default=dt.date(1970, 1, 1))
    tables: dict[str, list[_Export]] = {}
    for export in exports:
        tables.setdefault(export.report.spec.table, []).append(export)
    for group in tables.values():
        _settle(group, who.time_zone)
    overview = _overview(rows, exports, day, who.time_zone)
    found = pd.DataFrame(problems, columns=["file", "line", "column", "value", "why", "kind"])
    return Books(who, day, overview, found, tables)


def rows_report(rows: Sequence[dict], label: str) -> str:
    """The report of the file `label` among the rows of the overview."""
    return next(row["report"] for row in rows if row["file"] == label)


def _parts(folder: Path, rows: list[dict], problems: list[tuple]) -> list[files.Part]:
    """Every export in the folder; files that are none, and archives that do not open, go to the overview."""
    found = []
    for path, label in files.walk(folder):
        if not files.may_be_export(path):
            _pass_over(label, rows, problems)
            continue
        try:
            held = files.parts(path, label)
        except files.Refused as error:
            rows.append({"file": label, "report": "", "status": "not read"})
            problems.append((label, 0, "", "", str(error).removeprefix(f"{label}: "), "file"))
            continue
        for part in held:
            if part.member and not files.may_be_export(Path(part.member)) or part.name.lower().endswith(".zip"):
                _pass_over(part.label, rows, problems)
            else:
                found.append(part)
    return found


def _pass_over(label: str, rows: list[dict], problems: list[tuple]) -> None:
    """A file that is no export; one that may hold a report all the same is told with what to do about it."""
    what = files.foreign(label)
    rows.append({"file": label, "report": "", "status": "not read" if what else "not an export"})
    if what:
        problems.append((label, 0, "", "", what, "file"))


def _evidence(exports: Sequence[_Export]) -> list[sellers.Evidence]:
    """What currency, marketplace and country columns say of the region, for a seller that states none."""
    found = []
    for export in exports:
        for column, kind in (("currency", "currencies"), ("marketplace", "sites"), ("sales_channel", "sites"),
                             ("country", "countries")):
            for word, count in cache.facts(export.report)["words"].get(column, {}).items():
                region = sellers.region_of_word(kind, word)
                if region:
                    found.append(sellers.Evidence(region, kind, word, export.report.part.label, count))
    return found


# ---------------------------------------------------------------------------------------------------- days

_NAME_TIMES = (
    (re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)[T_ -]?"
                r"([0-2]\d)[-_:.]?([0-5]\d)(?:[-_:.]?([0-5]\d))?(?!\d)"), "ymdhms"),
    (re.compile(r"(?<!\d)\d{5}0(\d{5})(?!\d)"), "days"),
)


def exported_on(name: str) -> float | None:
    """When Amazon made the file, by its own name: `50011020300.txt` ends in days since 1970 (20300 is 2025-07-31); a
    full time stamp (2026-07-01T08-30, 20260701083000) counts too. None when the name does not tell; a bare day or
    month in a name is what the export covers, not when it was made.

    >>> exported_on("50011020300.txt") == 20300 * 86400.0, exported_on("ledger-2026-06.txt")
    (True, None)
    """
    for pattern, kind in _NAME_TIMES:
        found = pattern.search(name)
        if found and kind == "days" and 14000 <= int(found[1]) <= 40000:
            return int(found[1]) * 86400.0
        if found and kind == "ymdhms":
            try:
                parts = [int(part or 0) for part in found.groups()]
                return dt.datetime(*parts, tzinfo=dt.UTC).timestamp()
            except ValueError:
                continue
    return None


def _dated(export: _Export, zone: str) -> None:
    """First and last day of the export, and when it was made."""
    named = exported_on(export.report.part.name)
    export.named = None if named is None else dt.datetime.fromtimestamp(named, dt.UTC).date()
    export.stamp = float(int(export.stamp)) if named is None else named
    known = cache.facts(export.report)
    days = list(known.get("printed") or ())
    if known.get("moments"):
        export.begin, export.end = known["moments"]
        days += [(dt.datetime.fromtimestamp(at, ZoneInfo(zone)).date() - EPOCH).days for at in known["moments"]]
    if days:
        export.first, export.last = min(days), max(days)


def _days(table: pa.Table, day: str, zone: str) -> pa.ChunkedArray:
    """The calendar day of each row: of the moment in the marketplace's zone, else the day as printed."""
    printed, moments = table.column(day), _moments(table, day)
    if moments.null_count == table.num_rows:
        return printed
    local = pc.local_timestamp(moments.cast(pa.timestamp("s", zone)))
    return pc.coalesce(local.cast(pa.timestamp("s")).cast(pa.date32(), safe=False), printed)


def _moments(table: pa.Table, day: str) -> pa.ChunkedArray:
    """The moments (UTC) behind the column `day`; all null where the report has none."""
    moment = next((name for name, fact in specs.registry().items() if fact.get("day") == day), "")
    if moment in table.schema.names:
        return table.column(moment)
    return pa.chunked_array([pa.nulls(table.num_rows, pa.timestamp("s", "UTC"))])


def _local(table: pa.Table, zone: str) -> pa.Table:
    """The table with every day that belongs to a moment counted in the marketplace's calendar."""
    for fact in specs.registry().values():
        day = fact.get("day")
        if day in table.schema.names:
            table = table.set_column(table.schema.get_field_index(day), day, _days(table, day, zone))
    return table


def _date(day: int) -> dt.date:
    return EPOCH + dt.timedelta(days=day)


def _as_date(day: str | dt.date | None) -> dt.date | None:
    return dt.date.fromisoformat(day) if isinstance(day, str) else day


# ---------------------------------------------------------------------------------------------------- overlaps

def _settle(exports: list[_Export], zone: str) -> None:
    """Marks which rows each export of one table owns."""
    newest = sorted(exports, key=_age, reverse=True)
    spec = newest[0].report.spec
    if spec.snapshot:
        taken: set[dt.date | None] = set()
        for export in newest:
            export.keep = np.zeros(export.report.data.num_rows, bool) if export.named in taken else None
            taken.add(export.named)
    elif spec.owner is None:
        _settle_days(newest, zone)
    elif spec.owner and len(newest) > 1:
        _settle_keys(newest, spec.owner)


def _age(export: _Export) -> tuple:
    return export.stamp, export.report.part.modified, export.last or 0, export.sha


def _between(export: _Export, first: int, last: int, zone: str) -> pd.DataFrame:
    """All rows of the export dated from `first` to `last`, owned or not."""
    table = _local(export.report.data, zone)
    days = table.column(export.report.spec.day).cast(pa.int32())
    return reports.frame(table.filter(pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last))))


def _settle_days(newest: list[_Export], zone: str) -> None:
    dated = [export for export in newest if export.first is not None]
    if len(dated) < 2:
        return
    for at, export in enumerate(dated):
        newer = [other for other in dated[:at] if _overlap(export, other)]
        if newer:
            owned = np.zeros(export.last - export.first + 1, bool)
            for other in newer:
                owned[max(other.first - export.first, 0):other.last - export.first + 1] = True
            days = _days(export.report.data, export.report.spec.day, zone).cast(pa.int32()).to_numpy() - export.first
            export.keep = ~owned[days]


def _overlap(one: _Export, other: _Export) -> bool:
    """Whether two exports cover a day in common.

    Exports cut by UTC days share a day of the marketplace's calendar without sharing a moment: where both have moments,
    one that ends before the other begins does not overlap it.
    """
    if one.last < other.first or other.last < one.first:
        return False
    if one.begin is None or other.begin is None:
        return True
    return one.begin <= other.end and other.begin <= one.end


def _settle_keys(newest: list[_Export], owner: Sequence[str]) -> None:
    taken = pd.MultiIndex.from_arrays([[] for _ in owner]) if len(owner) > 1 else pd.Index([], dtype="str")
    for export in newest:
        frame = reports.frame(export.report.data.select(list(owner))).astype("str")
        keys = pd.MultiIndex.from_frame(frame) if len(owner) > 1 else pd.Index(frame[owner[0]])
        export.keep = ~keys.isin(taken)
        taken = taken.append(keys.unique()).unique()


def _owned(export: _Export, through: dt.date | None, zone: str, columns: Sequence[str] | None = None,
           where: tuple[str, Sequence[str]] | None = None, dated: tuple[dt.date, dt.date] | None = None) -> pa.Table:
    """The rows the export owns, up to `through`, with days in the marketplace's calendar."""
    whole = export.report.data
    wanted = [_kept(export, through, zone), None if where is None else _with_words(whole.column(where[0]), where[1]),
              None if dated is None else _within(export, *dated, zone)]
    wanted = [rows for rows in wanted if rows is not None]
    names = [name for name in whole.schema.names if columns is None or name in (*columns, "line")]
    days = {fact["day"] for fact in specs.registry().values() if "day" in fact}
    table = pa.table([_days(whole, name, zone) if name in days else whole.column(name) for name in names],
                     schema=pa.schema([whole.schema.field(name) for name in names]))
    if export.report.spec.snapshot:
        table = table.append_column("snapshot_on", pa.array([export.named] * table.num_rows, pa.date32()))
    return table.filter(pa.array(np.logical_and.reduce(wanted))) if wanted else table


def _touches(export: _Export, first: dt.date, last: dt.date) -> bool:
    """Whether any row of the export may be dated from `first` to `last`."""
    return export.first is not None and _date(export.first) <= last and first <= _date(export.last)


def _kept(export: _Export, through: dt.date | None, zone: str) -> np.ndarray | None:
    """Which rows the export owns up to `through`; None: all."""
    if through is None or export.last is None or _date(export.last) <= through:
        return export.keep
    days = _days(export.report.data, export.report.spec.day, zone)
    soon = pc.fill_null(pc.less_equal(days, through), True).to_numpy()
    return soon if export.keep is None else export.keep & soon


def _within(export: _Export, first: dt.date, last: dt.date, zone: str) -> np.ndarray | None:
    """Which rows are dated from `first` to `last`; None: all."""
    whole, day = export.report.data, export.report.spec.day
    if first <= _date(export.first) and _date(export.last) <= last and not whole.column(day).null_count:
        return None
    days = _days(whole, day, zone)
    return pc.fill_null(pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last)), False).to_numpy()


def _with_words(column: pa.ChunkedArray, words: Sequence[str]) -> np.ndarray:
    """Which rows have a wanted word, decided once per distinct word."""
    wanted = [pc.is_in(chunk.dictionary, pa.array(list(words), pa.string())).to_numpy(zero_copy_only=False)[
        chunk.indices.to_numpy()] for chunk in column.chunks]
    return np.concatenate(wanted) if wanted else np.empty(0, bool)


def _joined(pieces: list[pa.Table]) -> pa.Table:
    """One table out of several; a column only some have is blank in the others."""
    fields = {field.name: field for piece in reversed(pieces) for field in piece.schema}
    names = list(dict.fromkeys(name for piece in pieces for name in piece.schema.names))

    def joined(name: str) -> pa.Array:
        chunks = [chunk for piece in pieces for chunk in (
            piece.column(name).chunks if name in piece.schema.names
            else [reports.blank(fields[name].type, piece.num_rows)])]
        return lines.one(chunks or [reports.blank(fields[name].type, 0)], small=True)  # a filter may leave no chunk

    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        columns = list(pool.map(joined, names))
    return pa.table(columns, schema=pa.schema([pa.field(name, column.type, metadata=fields[name].metadata)
                                               for name, column in zip(names, columns, strict=True)]))


def _overview(rows: list[dict], exports: Sequence[_Export], through: dt.date, zone: str) -> pd.DataFrame:
    """One row per file: what it is, how many rows it has, and what became of each of them."""
    known = {export.report.part.label: export for export in exports}
    for row in rows:
        export = known.get(row["file"])
        if export is None:
            continue
        good = cache.facts(export.report)["lines"]
        kept, used = (good if keep is None else int(keep.sum()) if not export.report.spec.unfold
                      else len(np.unique(export.report.data.column("line").to_numpy()[keep]))
                      for keep in (export.keep, _kept(export, through, zone)))
        row |= {"rows_used": used, "rows_replaced": good - kept, "rows_later": kept - used,
                "first_day": None if export.first is None else _date(export.first),
                "last_day": None if export.last is None else _date(export.last)}
    columns = ["file", "report", "status", "encoding", "rows", "rows_used", "rows_replaced", "rows_later",
               "rows_set_aside", "first_day", "last_day", "sha256"]
    table = pd.DataFrame(rows, columns=columns).sort_values("file", kind="stable", ignore_index=True)
    counts = [name for name in columns if name.startswith("rows")]
    table[counts] = table[counts].fillna(0).astype("int64")
    for name in ("report", "status", "encoding", "sha256"):
        table[name] = table[name].astype("object").fillna("").astype("str")
    for name in ("first_day", "last_day"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
    return table
