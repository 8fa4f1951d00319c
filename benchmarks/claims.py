"""What is owed to a large seller, from the cache: python -m benchmarks.claims [--rows 10_000_000] [--rounds 5]

A fiftieth of the rows is reimbursements. `claims` opens the unchanged folder and makes the whole table: events,
settlements, values, deadlines, evidence down to the line, numbers. `polars` does the matching alone, first in, first
out by windows over integer keys, from Arrow files of just the columns it needs, and must settle the same units of the
same days. The payments are also judged (`underpaid`) by `claims`, which polars leaves out.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from benchmarks import data, rounds

AS_OF = dt.date(2026, 6, 30)
COLUMNS = {"ledger_detail": ["event_date", "fnsku", "event_type", "disposition", "reason", "units"],
           "reimbursements": ["approved_on", "fnsku", "reason", "units_cash", "units_inventory"]}
GRACE = 7  # days that a payment may be dated before its event


# ---------------------------------------------------------------------------------------------------- variants

def polars(folder: Path) -> dict:
    """The matching, by cumulative sums over the rows of each key."""
    import polars as pl

    def fifo(demand: pl.DataFrame, supply: pl.DataFrame, *by: str, grace: int = 0, sign: int = 1) -> tuple:
        """Units left of each demand and of each supply."""
        pieces = [rows.select(*by, row=pl.int_range(pl.len()), side=pl.lit(side), units="units",
                              day=(pl.col("day") - early) * sign)
                  for rows, side, early in ((demand, 0, grace), (supply, 1, 0))]
        amount, is_supply = pl.col("units"), pl.col("side") == 1
        wanted, given = pl.when(is_supply).then(0).otherwise(amount), pl.when(is_supply).then(amount).otherwise(0)
        events = pl.concat(pieces).lazy().sort(*by, "day", "side", maintain_order=True).with_columns(
            ends=wanted.cum_sum().over(by), balance=(given - wanted).cum_sum().over(by)).with_columns(
            wasted=pl.col("balance").cum_max().over(by).clip(0)).with_columns(
            left=pl.col("wasted") - pl.col("wasted").shift(1, fill_value=0).over(by)).with_columns(
            total=(given - pl.col("left")).filter(is_supply).sum().over(by)).with_columns(
            open=(pl.col("ends") - pl.max_horizontal(pl.col("ends") - amount, "total")).clip(0))
        done = events.select("row", "side", value=pl.when(is_supply).then("left").otherwise("open")).collect()
        return tuple(done.filter(pl.col("side") == side).sort("row")["value"] for side in (0, 1))

    def work() -> list[pl.DataFrame]:
        ledger = pl.scan_ipc(folder / "ledger_detail.arrow").filter(pl.col("event_type") == "Adjustments").select(
            key=pl.col("fnsku").to_physical(), day=pl.col("event_date").cast(pl.Date).to_physical(),
            signed=pl.col("units").cast(pl.Int64), units=pl.col("units").cast(pl.Int64).abs(), reason="reason",
            disposition="disposition", grade=pl.col("disposition").is_in(["", "SELLABLE"])).collect()
        paid = pl.read_ipc(folder / "reimbursements.arrow").select(
            key=pl.col("fnsku").to_physical(), day=pl.col("approved_on").cast(pl.Date).to_physical(), grade=pl.lit(True),
            cash="units_cash", units=pl.col("units_cash") + pl.col("units_inventory"), reason="reason")
        out, reason = pl.col("signed") < 0, pl.col("reason")
        finds = ledger.filter(~out & (reason == "F"))
        taken = ledger.filter(out & (reason == "O"))
        regraded = ledger.filter(out & (reason == "Q") & (pl.col("disposition") == "WAREHOUSE_DAMAGED"))
        cash = paid.filter(reason.is_in(["Lost_Warehouse", "Damaged_Warehouse"])).with_columns(units="cash")
        explained = fifo(cash, taken, "key", grace=GRACE)[1]
        bought = taken.with_columns(units=taken["units"] - explained)
        finds = finds.with_columns(units=fifo(bought, finds, "key", sign=-1)[1])

        lost = ledger.filter(out & reason.is_in(["M", "5"]))
        pay = paid.filter(reason == "Lost_Warehouse")
        names = ["key", "day", "units", "grade"]
        both, still = pl.concat([finds.select(names), pay.select(names)]), lost
        for by in (("key", "grade"), ("key",)):
            left, over = fifo(still, both, *by)
            still, both = still.with_columns(units=left), both.with_columns(units=over)
        left, _ = fifo(still, both[len(finds):], "key", grace=GRACE)
        hurt = ledger.filter(out & (reason == "E"))
        pay = paid.filter(reason == "Damaged_Warehouse")
        broken, over = fifo(hurt, pl.concat([regraded.select(names), pay.select(names)]), "key")
        broken, _ = fifo(hurt.with_columns(units=broken), pay.with_columns(units=over[len(regraded):]), "key", grace=GRACE)
        return [lost.with_columns(open=left), hurt.with_columns(open=broken)]

    return rounds.measured(work, lambda found: [_answer(rows["day"].to_numpy(), rows["units"].to_numpy(),
                                                        (rows["units"] - rows["open"]).to_numpy()) for rows in found])


def claims(folder: Path) -> dict:
    """The claims table, from the folder of export files."""
    from workbench import books, claims, policy

    rules = policy.load("amazon", "US")

    def answer(table) -> list:
        parts = (table[table["claim_type"] == name] for name in ("lost_warehouse", "damaged_warehouse"))
        return [_answer(rows["event_date"].to_numpy(), rows["units_owed"].to_numpy(), rows["units_settled"].to_numpy())
                for rows in parts]

    return rounds.measured(lambda: claims.claims(books.open(folder), AS_OF, rules), answer)


VARIANTS = {run.__name__: run for run in (polars, claims)}


def _answer(days: np.ndarray, owed: np.ndarray, settled: np.ndarray) -> list[int]:
    """Events, units owed, units settled, and the same weighted by the day, so that they are those of the same days."""
    at = days.astype("datetime64[D]").astype(np.int64)
    return [len(days), int(owed.sum()), int(settled.sum()), int((at * settled).sum())]


def _narrowed(folder: Path, seller: Path) -> Path:
    """The columns that the matching needs, one Arrow file per table."""
    import pyarrow as pa

    from workbench import books

    def write(table: str, path: Path) -> None:
        rows = pa.Table.from_pandas(books.open(seller).table(table, COLUMNS[table])[COLUMNS[table]], preserve_index=False)
        with pa.ipc.new_file(path, rows.schema) as sink:
            sink.write_table(rows, 1 << 20)

    for name in COLUMNS:
        data.once(folder / f"{name}.arrow", lambda path, name=name: write(name, path))
    return folder


def main() -> None:
    chosen, root = rounds.begun(__doc__.splitlines()[0], 1_000_000, VARIANTS)
    seller = data.seller(root / "seller", chosen.rows)
    from workbench import books

    books.open(seller)  # read once: the cache holds it
    variants = {"polars": ["polars", str(_narrowed(root / "narrow", seller))]} if rounds.installed("polars") else {}
    found = rounds.compared("benchmarks.claims", variants | {"claims": ["claims", str(seller)]}, chosen.rounds)
    rounds.same_answers(found)
    (lost, damaged), paid = found["claims"][0]["answer"], chosen.rows // 50
    print(rounds.shown(rounds.table(found), f"claims, {chosen.rows:,} ledger rows, {paid:,} reimbursements, "
                                            f"{lost[0] + damaged[0]:,} events in the warehouse"))


if __name__ == "__main__":
    main()
