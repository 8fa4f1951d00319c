"""Reading exports for the first time, and again: python -m benchmarks.ingest [--rows 10_000_000] [--rounds 5]

Compared with how fast duckdb and polars can count the rows of the same files with every column's type given (they read
everything and keep nothing). Ours reads, types, checks, keeps the line number of every row, and writes the cache.
"""

from __future__ import annotations

import datetime as dt
import gzip
import shutil
from pathlib import Path

from benchmarks import data, rounds

NEEDED = ["event_date", "fnsku", "msku", "asin", "event_type", "fulfillment_center", "disposition", "reason", "country",
          "units"]
TYPES = {"Quantity": "INTEGER", "Reconciled Quantity": "INTEGER", "Unreconciled Quantity": "INTEGER",
         "Date and Time": "TIMESTAMPTZ"}


# ---------------------------------------------------------------------------------------------------- variants

def duckdb(folder: Path) -> dict:
    """Counts the rows, all types given: nothing is sniffed, nothing is kept."""
    import duckdb

    columns = {name: TYPES.get(name, "VARCHAR") for name in data.HEADER}
    query = ("SELECT count(*), sum(\"Quantity\") FROM read_csv($files, delim='\t', quote='\"', escape='\"', header=true, "
             "auto_detect=false, columns=" + str(columns) + ", timestampformat='%Y-%m-%dT%H:%M:%S%z')")
    return rounds.measured(lambda: duckdb.execute(query, {"files": exports(folder)}).fetchone(), list)


def polars(folder: Path) -> dict:
    """The same with polars."""
    import polars as pl

    types = {name: pl.Int32 if TYPES.get(name) == "INTEGER" else pl.String for name in data.HEADER}
    work = pl.scan_csv(exports(folder), separator="\t", schema=types).select(
        pl.len().alias("rows"), pl.col("Quantity").cast(pl.Int64).sum())
    return rounds.measured(lambda: work.collect(engine="streaming").row(0), list)


def first(folder: Path) -> dict:
    """Reads every export and writes the cache."""
    from workbench import books, cache

    shutil.rmtree(cache.folder(), ignore_errors=True)
    return rounds.measured(lambda: books.open(folder), lambda found: [
        int(found.files["rows_used"].sum()), int(found["ledger_detail"]["units"].sum())])


def again(folder: Path) -> dict:
    """Opens the unchanged folder and loads every column the analyses need."""
    from workbench import books

    return rounds.measured(lambda: books.open(folder).table("ledger_detail", NEEDED),
                           lambda table: [len(table), int(table["units"].sum())])


def month(folder: Path) -> dict:
    """Opens the unchanged folder and loads the same columns of its sixth month."""
    from workbench import books

    days = dt.date(2025, 12, 1), dt.date(2025, 12, 31)
    return rounds.measured(lambda: books.open(folder).table("ledger_detail", NEEDED, days=days), len)


VARIANTS = {run.__name__: run for run in (duckdb, polars, first, again, month)}


def exports(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.iterdir() if path.suffix == ".txt")


# ---------------------------------------------------------------------------------------------------- the folders

def folders(root: Path, rows: int) -> dict[str, Path]:
    """The exports in their shapes: month files, one file, one month plain, packed and in other encodings."""
    months = data.months(root / "months", rows)
    japanese = data.months(root / "japanese", rows, language="ja", count=1)[0]
    made = {"months": root / "months", "whole": data.whole(root / "whole", months).parent}
    for name, source, change in (
            ("month", months[0], bytes), ("gz", months[0], lambda text: gzip.compress(text, 6, mtime=0)),
            ("cp1252", months[0], lambda text: text.decode().encode("cp1252")),
            ("month-ja", japanese, bytes), ("cp932", japanese, lambda text: text.decode().encode("cp932"))):
        path = root / name / ("ledger.txt.gz" if name == "gz" else "ledger.txt")
        data.once(path, lambda part, source=source, change=change: part.write_bytes(change(source.read_bytes())))
        made[name] = path.parent
    return made


def main() -> None:
    chosen, root = rounds.begun(__doc__.splitlines()[0], 1_000_000, VARIANTS)
    made = folders(root, chosen.rows)
    every = (*rounds.installed("duckdb", "polars"), "first", "again")
    runs = [{run: [run, str(made[name])] for run in every} for name in ("months", "whole")]
    runs += [{name: ["first", str(made[name])] for name in pair}
             for pair in (("month", "gz"), ("month", "cp1252"), ("month-ja", "cp932"))]
    runs[0]["month"] = ["month", str(made["months"])]
    for variants in runs:
        found = rounds.compared("benchmarks.ingest", variants, chosen.rounds)
        rounds.same_answers({name: answers for name, answers in found.items() if name != "month" or len(found) == 2})
        name = Path(next(iter(variants.values()))[1]).name
        print(rounds.shown(rounds.table(found), f"{name}, {chosen.rows:,} rows in the year"), flush=True)


if __name__ == "__main__":
    main()
