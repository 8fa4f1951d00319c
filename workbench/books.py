"""A seller's books: every export in a folder, overlaps settled, one tidy table per report.

    books = open("sellers/acme", through="2026-06-30")
    books["ledger_detail"]        # pandas; every row with its `file` and `line`
    books.files, books.problems   # what was read, and what was not
    books.is_absent("returns")    # known to be absent: its table is empty, and no zero may be made of it

Where exports of one report overlap, the newest owns what they share (see `overlaps`). Identical files count once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench import cache, encoding, files, lines, overlaps, reports, specs
from workbench import seller as sellers
from workbench.cells import one
from workbench.overlaps import EPOCH, Export


@dataclass(frozen=True)
class Books:
    """One seller, everything known up to and including `through`. Immutable; tables load when first asked for."""

    seller: sellers.Seller
    through: dt.date
    files: pd.DataFrame  # one row per file: file, report, status, rows, rows_used, rows_set_aside, first_day, …
    problems: pd.DataFrame  # one row per thing set aside or worth knowing: file, line, column, value, why, kind
    _exports: dict[str, list[Export]] = field(repr=False)
    _frames: dict[tuple, pd.DataFrame] = field(default_factory=dict, repr=False)

    def __getitem__(self, table: str) -> pd.DataFrame:
        """The whole tidy table; empty, with all its columns, where no file holds it."""
        return self.table(table)

    def table(self, name: str, columns: Sequence[str] | None = None, *, cut: bool = True,
              where: tuple[str, Sequence[str]] | None = None,
              days: tuple[dt.date, dt.date] | None = None) -> pd.DataFrame:
        """The tidy table `name` with `columns` (all when None), always with `file` and `line`.

        Rows are in the order of their exports' first days (snapshots: of when they were taken) and of their lines.
        `cut=False` keeps rows after `through`, for checks of whole files. `where`: a column of codes and the words
        wanted in it; `days`: the first and the last day wanted, in the marketplace's calendar. Other rows are left out
        before anything is made of them, and exports without such a day are not looked at. Whole columns are kept for the
        next time they are asked for, parts of them are not. Raises KeyError for a table nobody knows.
        """
        if name not in specs.tables():
            raise KeyError(f"no table {name!r}; there are {', '.join(sorted(specs.tables()))}")
        if where or days:
            return self._frame(name, columns, cut, where, days)
        key = (name, None if columns is None else tuple(columns), cut)
        if key not in self._frames:
            self._frames[key] = self._frame(name, columns, cut)
        return self._frames[key].copy(deep=False)

    def is_absent(self, table: str) -> bool:
        """No readable file of this report is in the folder. An empty report (a header only) is not absent."""
        return not self._exports.get(table)

    def first_day(self, table: str) -> dt.date | None:
        """The first day any row of the table is dated; None when there is none."""
        return min((export.first_day for export in self._exports.get(table, ()) if export.first_day), default=None)

    def last_day(self, table: str) -> dt.date | None:
        """The last day any row is dated, at most `through`; None when there is none."""
        dated = [export for export in self._exports.get(table, ()) if export.last_day]
        return min(max(export.last_day for export in dated), self.through) if dated else None

    def line(self, place: str) -> str:
        """The text of `file:line` as it stands in the seller's file (line 1 is its first); "" for a workbook's row and
        where there is no such line."""
        return self.lines([place])[0]

    def lines(self, places: Sequence[str]) -> list[str]:
        """The texts of several `file:line`, as `line` gives them; each file is read once, up to the last line asked for."""
        parted = [(label, int(number) if number.isdecimal() else 0)
                  for label, _, number in (place.rpartition(":") for place in places)]
        asked: dict[str, set[int]] = {}
        for label, number in parted:
            asked.setdefault(label, set()).add(number)
        texts: dict[tuple[str, int], str] = {}
        for export in (export for group in self._exports.values() for export in group if export.label in asked):
            spelled = export.report.encoding
            numbers = asked[export.label] - {0}
            if spelled == "xlsx" or not numbers:
                continue
            pieces = export.report.part.pieces()
            found = lines.numbered(encoding.as_utf8(pieces, spelled) if spelled == "utf-16" else pieces, numbers)
            code = {"json": "utf-8-sig", "utf-16": "utf-8"}.get(spelled, spelled)
            texts |= {(export.label, number): text.decode(code, "replace") for number, text in found.items()}
        return [texts.get(place, "") for place in parted]

    def rivals(self, table: str) -> list[overlaps.Rivals]:
        """Every two exports of `table` that cover a whole day in common."""
        return list(overlaps.rivals(self._exports.get(table, ()), self.seller.time_zone))

    def distinct(self, table: str, column: str) -> dict[str, list[str]]:
        """File -> the distinct texts in `column` of the exports of `table`, rows replaced by newer exports included."""
        return {export.label: pc.unique(export.report.data.column(column)).to_pylist()
                for export in self._exports.get(table, ())}

    def _frame(self, name: str, columns: Sequence[str] | None, cut: bool, where: tuple[str, Sequence[str]] | None = None,
               days: tuple[dt.date, dt.date] | None = None) -> pd.DataFrame:
        exports = sorted((export for export in self._exports.get(name, ())
                          if days is None or overlaps.touches(export, *days)),
                         key=lambda e: (e.first is None, e.first or 0, e.stamp if e.report.spec.snapshot else 0, e.label))
        if not exports:
            table = reports.empty(name)
            table = table.append_column("file", pa.array([], pa.dictionary(pa.int32(), pa.string())))
            if any(spec.snapshot for spec in specs.reports().values() if spec.table == name):
                table = table.append_column("snapshot_on", pa.array([], pa.date32()))
        else:
            through = self.through if cut else None
            with ThreadPoolExecutor(pa.cpu_count()) as pool:
                pieces = list(pool.map(lambda export: overlaps.owned(
                    export, through, self.seller.time_zone, columns, where, days), exports))
            labels = pa.array([export.label for export in exports], pa.string())
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
    exports: list[Export] = []
    seen: dict[str, dict] = {}
    for part, read in cache.read_all(progress(_parts(folder, rows, problems)), stated.get("region", "")):
        entry = {"file": part.label, "report": "", "status": "read"}
        rows.append(entry)
        try:
            sha, report = read()
            entry["sha256"] = sha
            if sha in seen:
                entry |= {"status": f"identical to {seen[sha]['file']}", "report": seen[sha]["report"]}
                continue
            if isinstance(report, Exception):
                raise report
        except (ValueError, OSError) as error:
            entry["status"] = "not read"
            why = str(error).removeprefix(f"{part.label}: ")
            problems.append((part.label, 0, "", "", why, "file"))
            continue
        seen[sha] = entry
        problems.extend((part.label, p.line, p.column, p.value, p.why, p.kind) for p in report.found)
        entry |= {"report": report.spec.name, "encoding": report.encoding, "rows": report.rows,
                  "rows_set_aside": report.rows - cache.facts(report)["lines"]}
        exports.append(Export(report, sha, stamp=part.modified))
    who = sellers.seller(folder, [] if stated.get("region") else _evidence(exports))
    for export in exports:
        overlaps.find_days(export, who.time_zone)
    day = _as_date(through) or max((export.last_day for export in exports if export.last_day and export.report.spec.day),
                                   default=EPOCH)
    tables: dict[str, list[Export]] = {}
    for export in exports:
        tables.setdefault(export.report.spec.table, []).append(export)
    for group in tables.values():
        overlaps.settle(group, who.time_zone)
    overview = _overview(rows, exports, day, who.time_zone)
    found = pd.DataFrame(problems, columns=["file", "line", "column", "value", "why", "kind"])
    return Books(who, day, overview, found, tables)


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


def _evidence(exports: Sequence[Export]) -> list[sellers.Evidence]:
    """What currency, marketplace and country columns say of the region, for a seller that states none."""
    found = []
    for export in exports:
        for column, kind in (("currency", "currencies"), ("marketplace", "sites"), ("sales_channel", "sites"),
                             ("country", "countries")):
            for word, count in cache.facts(export.report)["words"].get(column, {}).items():
                region = sellers.region_of_word(kind, word)
                if region:
                    found.append(sellers.Evidence(region, kind, word, export.label, count))
    return found


def _joined(pieces: list[pa.Table]) -> pa.Table:
    """One table out of several; a column only some have is blank in the others."""
    fields = {field.name: field for piece in reversed(pieces) for field in piece.schema}
    names = list(dict.fromkeys(name for piece in pieces for name in piece.schema.names))

    def joined(name: str) -> pa.Array:
        chunks = [chunk for piece in pieces for chunk in (
            piece.column(name).chunks if name in piece.schema.names
            else [reports.blank(fields[name].type, piece.num_rows)])]
        return one(chunks or [reports.blank(fields[name].type, 0)], small=True)  # a filter may leave no chunk

    with ThreadPoolExecutor(pa.cpu_count()) as pool:
        columns = list(pool.map(joined, names))
    return pa.table(columns, schema=pa.schema([pa.field(name, column.type, metadata=fields[name].metadata)
                                               for name, column in zip(names, columns, strict=True)]))


def _overview(rows: list[dict], exports: Sequence[Export], through: dt.date, zone: str) -> pd.DataFrame:
    """One row per file: what it is, how many rows it has, and what became of each of them."""
    known = {export.label: export for export in exports}
    for row in rows:
        export = known.get(row["file"])
        if export is None:
            continue
        good = cache.facts(export.report)["lines"]
        kept, used = (good if keep is None else int(keep.sum()) if not export.report.spec.unfold
                      else len(np.unique(export.report.data.column("line").to_numpy()[keep]))
                      for keep in (export.keep, overlaps.kept(export, through, zone)))
        row |= {"rows_used": used, "rows_replaced": good - kept, "rows_later": kept - used,
                "first_day": export.first_day,
                "last_day": export.last_day}
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


def _as_date(day: str | dt.date | None) -> dt.date | None:
    return dt.date.fromisoformat(day) if isinstance(day, str) else day
