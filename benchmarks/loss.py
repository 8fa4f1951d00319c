"""Loss counts by month, centre and product of the reopened ledger: python -m benchmarks.loss [--rows 10_000_000]

The dense cube of `np.bincount` over integer codes, against duckdb's and polars' GROUP BY of the same columns in memory.
What is measured is the grouping; the tables are loaded before.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks import data, rounds

COLUMNS = ["event_date", "fnsku", "event_type", "fulfillment_center", "reason", "units"]
HANDLED = ("Receipts", "Shipments", "CustomerReturns")
SQL = f"""SELECT month, fulfillment_center, fnsku,
  sum(CASE WHEN event_type IN {HANDLED} THEN abs(units) ELSE 0 END) AS handled,
  sum(CASE WHEN event_type = 'Adjustments' AND reason IN ('M', '5') THEN -units ELSE 0 END) AS lost
  FROM ledger GROUP BY ALL"""


def cube(folder: Path) -> dict:
    """One bincount per measure over the codes of month, centre and product."""
    table = _ledger(folder)

    def work() -> np.ndarray:
        months = table["event_date"].to_numpy().astype("datetime64[M]").astype(np.int64)
        months -= months.min()
        centers, products = table["fulfillment_center"].cat, table["fnsku"].cat
        sizes = int(months.max()) + 1, len(centers.categories), len(products.categories)
        cell = (months * sizes[1] + centers.codes.to_numpy()) * sizes[2] + products.codes.to_numpy()
        units = table["units"].to_numpy()
        kinds, reasons = table["event_type"].cat, table["reason"].cat
        handled = np.isin(kinds.categories, HANDLED)[kinds.codes]
        lost = np.isin(reasons.categories, ["M", "5"])[reasons.codes]
        lost &= (kinds.categories == "Adjustments")[kinds.codes]
        count = int(np.prod(sizes))
        return np.stack([np.bincount(cell[handled], np.abs(units[handled]), count),
                         np.bincount(cell[lost], -units[lost], count)])

    return rounds.measured(work, lambda found: [int(found[0].sum()), int(found[1].sum()), int((found[0] > 0).sum())])


def duckdb(folder: Path) -> dict:
    """GROUP BY over a table in memory with enumerated words."""
    import duckdb

    ledger = _ledger(folder)
    ledger["month"] = ledger["event_date"].to_numpy().astype("datetime64[M]").astype(np.int64)
    base = duckdb.connect()
    base.execute("CREATE TABLE ledger AS SELECT month, fulfillment_center, fnsku, event_type, reason, units FROM ledger")
    return rounds.measured(lambda: base.execute(SQL).fetchnumpy(), lambda found: [
        int(found["handled"].sum()), int(found["lost"].sum()), int((found["handled"] > 0).sum())])


def polars(folder: Path) -> dict:
    """group_by over categoricals."""
    import polars as pl

    table = _ledger(folder)
    table["month"] = table["event_date"].to_numpy().astype("datetime64[M]").astype(np.int64)
    frame = pl.from_pandas(table.drop(columns=["file", "line", "event_date"]))
    kind, reason = pl.col("event_type").cast(pl.String), pl.col("reason").cast(pl.String)
    lost = (kind == "Adjustments") & reason.is_in(["M", "5"])
    work = frame.lazy().group_by("month", "fulfillment_center", "fnsku").agg(
        handled=pl.col("units").abs().filter(kind.is_in(HANDLED)).sum(), lost=(-pl.col("units")).filter(lost).sum())
    return rounds.measured(work.collect, lambda found: [
        int(found["handled"].sum()), int(found["lost"].sum()), int((found["handled"] > 0).sum())])


def rates(folder: Path) -> dict:
    """The whole analysis: `loss.loss_rates` with matching of finds, intervals and verdicts."""
    import datetime as dt

    from workbench import books, loss

    table = books.open(folder)["ledger_detail"]
    return rounds.measured(lambda: loss.loss_rates(table, ("month", "fulfillment_center", "fnsku"),
                                                   as_of=dt.date(2026, 6, 30)),
                           lambda found: [int(found["units_handled"].sum()), int(found["units_lost_gross"].sum())])


VARIANTS = {run.__name__: run for run in (cube, duckdb, polars, rates)}


def _ledger(folder: Path):
    from workbench import books

    return books.open(folder).table("ledger_detail", COLUMNS)


def main() -> None:
    chosen, root = rounds.begun(__doc__.splitlines()[0], 1_000_000, VARIANTS)
    data.months(root / "months", chosen.rows)
    names = [*rounds.installed("duckdb", "polars"), "cube"]
    found = rounds.compared("benchmarks.loss", {name: [name, str(root / "months")] for name in (*names, "rates")},
                            chosen.rounds)
    rounds.same_answers({name: found[name] for name in names})
    print(rounds.shown(rounds.table(found), f"loss counts by month, centre and product, {chosen.rows:,} rows"))


if __name__ == "__main__":
    main()
