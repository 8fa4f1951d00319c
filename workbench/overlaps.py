"""Which export owns which row: where two exports of one report cover the same day, the newest owns the day.

Newest by the time in Amazon's own file name, else by the file's (or archive member's) modification time, else by the
later last event. Identical rows inside one export are separate events. Settlements, inbound shipments and the analyst's
sheets are owned by their ids instead of by days, a snapshot by the day it was taken and the store it is of.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench import cache, reports, specs

EPOCH = dt.date(1970, 1, 1)
LARGE = 100_000  # rows; mapping fewer anew, for every table made of them, costs more than the memory they leave
_NAME_TIMES = (
    (re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)[T_ -]?"
                r"([0-2]\d)[-_:.]?([0-5]\d)(?:[-_:.]?([0-5]\d))?(?!\d)"), "ymdhms"),
    (re.compile(r"(?<!\d)\d{5}0(\d{5})(?!\d)"), "days"),
)


@dataclass
class Export:
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

    @property
    def label(self) -> str:
        """The file as it is called in the seller's folder."""
        return self.report.part.label

    @property
    def rows(self) -> pa.Table:
        """All its rows; those of a large export leave memory with this table."""
        return self.report.data if self.report.data.num_rows < LARGE else cache.rows(self.report)

    @property
    def first_day(self) -> dt.date | None:
        """The first day any row is dated; None where none is."""
        return None if self.first is None else _date(self.first)

    @property
    def last_day(self) -> dt.date | None:
        """The last day any row is dated; None where none is."""
        return None if self.last is None else _date(self.last)


class Rivals(NamedTuple):
    """Two exports that cover whole days in common, in the marketplace's calendar, and what each of them holds of these
    days, whichever owns them."""

    newer: str  # its file
    older: str
    first: dt.date
    last: dt.date
    new: pd.DataFrame
    old: pd.DataFrame


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


def find_days(export: Export, zone: str) -> None:
    """Writes into the export its first and last day, and when it was made."""
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


def settle(exports: list[Export], zone: str) -> None:
    """Marks which rows each export of one table owns."""
    newest = sorted(exports, key=_age, reverse=True)
    spec = newest[0].report.spec
    if spec.snapshot:
        _settle_snapshots(newest)
    elif spec.owner is None:
        _settle_days(newest, zone)
    elif spec.owner and len(newest) > 1:
        _settle_keys(newest, spec.owner)


def touches(export: Export, first: dt.date, last: dt.date) -> bool:
    """Whether any row of the export may be dated from `first` to `last`."""
    return export.first is not None and export.first_day <= last and first <= export.last_day


def kept(export: Export, through: dt.date | None, zone: str) -> np.ndarray | None:
    """Which rows the export owns up to `through`; None: all."""
    soon = _until(export, None, through, zone)
    return export.keep if soon is None else soon if export.keep is None else export.keep & soon


def owned(export: Export, through: dt.date | None, zone: str, columns: Sequence[str] | None = None,
          where: tuple[str, Sequence[str]] | None = None, days: tuple[dt.date, dt.date] | None = None) -> pa.Table:
    """The rows the export owns, up to `through`, with days in the marketplace's calendar; `columns`, `where` and `days`
    as in `Books.table`. Days are counted only for the rows that the words leave."""
    whole = export.rows
    names = [name for name in whole.schema.names if columns is None or name in (*columns, "line")]
    behind = specs.moments()
    needed = {*names, export.report.spec.day, *(behind.get(name) for name in (*names, export.report.spec.day))}
    table = _filtered(whole.select([name for name in whole.schema.names if name in needed]), export.keep,
                      None if where is None else _with_words(whole.column(where[0]), where[1]))
    table = _filtered(table, _until(export, table, through, zone),
                      None if days is None else _within(export, table, *days, zone))
    table = pa.table([_days(table, name, zone) if name in behind else table.column(name) for name in names],
                     schema=pa.schema([whole.schema.field(name) for name in names]))
    if export.report.spec.snapshot:
        table = table.append_column("snapshot_on", pa.array([export.named] * table.num_rows, pa.date32()))
    return table


def rivals(exports: Sequence[Export], zone: str) -> Iterator[Rivals]:
    """Every two exports of one table that cover a whole day in common."""
    newest = sorted((export for export in exports if export.first is not None), key=_age, reverse=True)
    for at, older in enumerate(newest):
        for newer in (export for export in newest[:at] if _overlap(export, older)):
            same = (newer.begin, newer.end) == (older.begin, older.end)  # then also the parts of days are comparable
            spans = [(export.first, export.last) if same else _held(export, zone)[:2] for export in (newer, older)]
            first, last = max(span[0] for span in spans), min(span[1] for span in spans)
            if first <= last:
                yield Rivals(newer.label, older.label, _date(first), _date(last),
                             *(_between(export, _date(first), _date(last), zone) for export in (newer, older)))


# ---------------------------------------------------------------------------------------------------- inside

def _settle_days(newest: list[Export], zone: str) -> None:
    known = [export for export in newest if export.first is not None]
    if len(known) < 2:
        return
    for at, export in enumerate(known):
        newer = [other for other in known[:at] if _overlap(export, other)]
        if newer:
            rows, day = export.rows, export.report.spec.day
            days = _days(rows, day, zone).cast(pa.int32()).to_numpy()
            whole, parts = np.zeros(export.last - export.first + 1, bool), []
            for other in newer:
                first, last, cut = _held(other, zone)
                whole[max(first - export.first, 0):max(last - export.first + 1, 0)] = True
                parts += cut
            export.keep = ~whole[days - export.first]
            moments = pc.fill_null(_moments(rows, day).cast(pa.int64()), -1).to_numpy() if parts else days
            for part, begin, end in parts:  # a row without a moment is of the whole day
                export.keep &= ~((days == part) & ((moments == -1) | (moments >= begin) & (moments < end)))


def _held(export: Export, zone: str) -> tuple[int, int, list[tuple[int, int, int]]]:
    """The first and last day that the export holds whole; and the days it holds in part, each from a moment to a moment.

    A window cut by UTC days, as the API cuts it, begins and ends inside days of the marketplace's calendar: on its first
    day an export without a row before midnight UTC says nothing of the hours before, and on its last likewise.
    """
    if export.begin is None:
        return export.first, export.last, []
    never = 1 << 62
    opens, closes = (_midnight(day, zone) for day in (export.first, export.last))
    opens = opens if opens is not None and export.begin >= opens else None
    closes = closes if closes is not None and export.end < closes else None
    parts = {}
    if opens is not None:
        parts[export.first] = (opens, never)
    if closes is not None:
        parts[export.last] = (parts.get(export.last, (0, never))[0], closes)
    return (export.first + (opens is not None), export.last - (closes is not None),
            [(day, *span) for day, span in parts.items()])


def _midnight(day: int, zone: str) -> int | None:
    """The moment of midnight UTC inside the day of the marketplace's calendar; None where the day begins with it."""
    start = int(dt.datetime.combine(_date(day), dt.time(), ZoneInfo(zone)).timestamp())
    return -(-start // 86400) * 86400 if start % 86400 else None


def _settle_snapshots(newest: list[Export]) -> None:
    """Of the exports of one day the newest that has rows counts; of a report that names the store or its currency, each
    store's own."""
    taken: dict[dt.date | None, set[str]] = {}
    for export in newest:
        rows = export.rows
        named = [name for name in ("marketplace", "currency") if name in rows.column_names]
        frame = reports.frame(rows.select(named)).astype("str")
        stores = pd.Series("", index=range(rows.num_rows), dtype="str").str.cat([frame[name] for name in named], sep="\x1f")
        known = taken.setdefault(export.named, set())
        export.keep = ~stores.isin(known).to_numpy() if known else None
        known.update(stores.unique())


def _settle_keys(newest: list[Export], owner: Sequence[str]) -> None:
    taken = pd.MultiIndex.from_arrays([[] for _ in owner]) if len(owner) > 1 else pd.Index([], dtype="str")
    for export in newest:
        frame = reports.frame(export.rows.select(list(owner))).astype("str")
        keys = pd.MultiIndex.from_frame(frame) if len(owner) > 1 else pd.Index(frame[owner[0]])
        export.keep = ~keys.isin(taken)
        taken = taken.append(keys.unique()).unique()


def _overlap(one: Export, other: Export) -> bool:
    """Whether two exports cover a day in common.

    Exports cut by UTC days share a day of the marketplace's calendar without sharing a moment: where both have moments,
    one that ends before the other begins does not overlap it.
    """
    if one.last < other.first or other.last < one.first:
        return False
    if one.begin is None or other.begin is None:
        return True
    return one.begin <= other.end and other.begin <= one.end


def _age(export: Export) -> tuple:
    return export.stamp, export.report.part.modified, export.last or 0, export.sha


def _between(export: Export, first: dt.date, last: dt.date, zone: str) -> pd.DataFrame:
    """All rows of the export dated from `first` to `last`, owned or not."""
    table = _local(export.rows, zone)
    return reports.frame(table.filter(_in(table.column(export.report.spec.day), first, last)))


def _until(export: Export, rows: pa.Table | None, through: dt.date | None, zone: str) -> np.ndarray | None:
    """Which of these rows of the export (None: of all) are dated up to `through`, or not at all; None: all."""
    if through is None or export.last is None or export.last_day <= through:
        return None
    days = _days(export.rows if rows is None else rows, export.report.spec.day, zone)
    return pc.fill_null(pc.less_equal(days, through), True).to_numpy()


def _within(export: Export, rows: pa.Table, first: dt.date, last: dt.date, zone: str) -> np.ndarray | None:
    """Which of these rows of the export are dated from `first` to `last`; None: all."""
    day = export.report.spec.day
    if first <= export.first_day and export.last_day <= last and not rows.column(day).null_count:
        return None
    return pc.fill_null(_in(_days(rows, day, zone), first, last), False).to_numpy()


def _in(days: pa.ChunkedArray, first: dt.date, last: dt.date) -> pa.ChunkedArray:
    return pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last))


def _with_words(column: pa.ChunkedArray, words: Sequence[str]) -> np.ndarray:
    """Which rows have a wanted word, decided once per distinct word."""
    wanted = [pc.is_in(chunk.dictionary, pa.array(list(words), pa.string())).to_numpy(zero_copy_only=False)[
        chunk.indices.to_numpy()] for chunk in column.chunks]
    return np.concatenate(wanted) if wanted else np.empty(0, bool)


def _days(table: pa.Table, day: str, zone: str) -> pa.ChunkedArray:
    """The calendar day of each row: of the moment in the marketplace's zone, else the day as printed."""
    printed, moments = table.column(day), _moments(table, day)
    if moments.null_count == table.num_rows:
        return printed
    local = pc.local_timestamp(moments.cast(pa.timestamp("s", zone)))
    return pc.coalesce(local.cast(pa.timestamp("s")).cast(pa.date32(), safe=False), printed)


def _moments(table: pa.Table, day: str) -> pa.ChunkedArray:
    """The moments (UTC) behind the column `day`; all null where the report has none."""
    moment = specs.moments().get(day, "")
    if moment in table.schema.names:
        return table.column(moment)
    return pa.chunked_array([pa.nulls(table.num_rows, pa.timestamp("s", "UTC"))])


def _local(table: pa.Table, zone: str) -> pa.Table:
    """The table with every day that belongs to a moment counted in the marketplace's calendar."""
    for day in specs.moments():
        if day in table.schema.names:
            table = table.set_column(table.schema.get_field_index(day), day, _days(table, day, zone))
    return table


def _filtered(table: pa.Table, *wanted: np.ndarray | None) -> pa.Table:
    masks = [rows for rows in wanted if rows is not None]
    return table.filter(pa.array(np.logical_and.reduce(masks))) if masks else table


def _date(day: int) -> dt.date:
    return EPOCH + dt.timedelta(days=day)
