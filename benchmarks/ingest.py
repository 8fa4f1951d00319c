"""Reading exports for the first time, and again: python -m benchmarks.ingest [--rows 10_000_000] [--rounds 5]

Compared with how fast duckdb and polars can count the rows of the same files with every column's type given (they read
everything and keep nothing). Ours reads, types, checks, keeps the line number of every row, and writes the cache.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from benchmarks import rounds

NEEDED = ["event_date", "fnsku", "msku", "asin", "event_type", "fulfillment_center", "disposition", "reason", "country",
          "units"]
TYPES = {"Quantity": "INTEGER", "Reconciled Quantity": "INTEGER", "Unreconciled Quantity": "INTEGER",
         "Date and Time": "TIMESTAMPTZ"}
HEADER = ["Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity", "Fulfillment Center",
          "Disposition", "Reason", "Country", "Reconciled Quantity", "Unreconciled Quantity", "Date and Time", "Store"]


# ---------------------------------------------------------------------------------------------------- variants

def duckdb(folder: Path) -> dict:
    """Counts the rows, all types given: nothing is sniffed, nothing is kept."""
    import duckdb

    columns = {name: TYPES.get(name, "VARCHAR") for name in HEADER}
    files = [str(path) for path in exports(folder)]
    query = ("SELECT count(*), sum(\"Quantity\") FROM read_csv($files, delim='\t', quote='\"', escape='\"', header=true, "
             "auto_detect=false, columns=" + str(columns) + ", timestampformat='%Y-%m-%dT%H:%M:%S%z')")
    return rounds.measured(lambda: duckdb.execute(query, {"files": files}).fetchone(), list)


def polars(folder: Path) -> dict:
    """The same with polars."""
    import polars as pl

    types = {name: pl.Int32 if TYPES.get(name) == "INTEGER" else pl.String for name in HEADER}
    frame = pl.scan_csv(exports(folder), separator="\t", schema=types)
    work = frame.select(pl.len().alias("rows"), pl.col("Quantity").cast(pl.Int64).sum())
    return rounds.measured(lambda: work.collect(engine="streaming").row(0), list)


def first(folder: Path) -> dict:
    """Reads every export and writes the cache."""
    from workbench import books, cache

    shutil.rmtree(cache.folder(), ignore_errors=True)
    return rounds.measured(lambda: books.open(folder), _total)


def again(folder: Path) -> dict:
    """Opens the unchanged folder and loads every column the analyses need."""
    from workbench import books

    return rounds.measured(lambda: books.open(folder).table("ledger_detail", NEEDED),
                           lambda table: [len(table), int(table["units"].sum())])


def _total(found: object) -> list[int]:
    return [int(found.files["rows_used"].sum()), int(found["ledger_detail"]["units"].sum())]


VARIANTS = {name: run for run in (duckdb, polars, first, again) for name in [run.__name__]}


# ---------------------------------------------------------------------------------------------------- the run

def exports(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == ".txt")


def main() -> None:
    options = rounds.parser(__doc__.splitlines()[0], 1_000_000)
    options.add_argument("exports", nargs="?", type=Path)
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(VARIANTS[chosen.one](chosen.exports)))


if __name__ == "__main__":
    main()
