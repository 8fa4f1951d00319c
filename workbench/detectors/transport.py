"""Units lost on the way to Amazon or on the way back to the seller."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.books import Books
from workbench.detectors.found import Found, Papers, found, key, lines, reimbursements, settle, uncovered

CLOSED = ("CLOSED",)
TO_THE_SELLER = "return"  # removal orders of other types end elsewhere


def inbound_shortage(papers: Papers) -> Found:
    """Closed shipments: units shipped less net receipts, less what siblings of the same plan received too much, less
    reimbursed; one row per shipment and SKU.

    Net receipts are the ledger's (positive and negative rows of the shipment) where it holds any, else the shipment's
    own count. A Lost_Inbound payment names no shipment: the oldest delivery is settled first.
    """
    rows = papers.once(_shipments)
    closed = rows[rows["shipment_status"].isin(CLOSED)].reset_index(drop=True)
    short = (closed["units_shipped"] - closed["units_net"]).astype("int64")
    owed = closed[short > 0].assign(units=short[short > 0]).reset_index(drop=True)
    over = rows.assign(units=(rows["units_net"] - rows["units_shipped"]).clip(lower=0).astype("int64"))
    over = over[over["units"] > 0].reset_index(drop=True)
    offset = settle(owed, over.assign(day=pd.Timestamp("2200-01-01")), ["plan", "key"])
    paid = papers.once(reimbursements)
    paid = paid[paid["kind"] == "inbound"].reset_index(drop=True)
    reimbursed = settle(owed, paid, ["key"], open_units=owed["units"].to_numpy(np.int64) - offset.units)
    sources = [lines(offset.owed, over.iloc[offset.supply]), lines(reimbursed.owed, paid.iloc[reimbursed.supply]),
               _receipts_of(papers.once(receipts), owed)]
    undated = np.select([owed["units_received"].isna() & owed["booked"].isna(), owed["day"].isna()],
                        ["the units received are not in the files", "no day of delivery is in the files"], "")
    doubt = np.where(undated == "", uncovered(papers, "reimbursements", owed["day"]), undated)
    return found(owed, offset.units + reimbursed.units, sources, stage="before_order", ambiguous=doubt)


def removal_lost(papers: Papers) -> Found:
    """Units a removal order says were shipped, less those in its shipment rows, less reimbursed; one row per order, SKU
    and disposition. Dated by the first parcel, else by the order's last update."""
    books = papers.books
    orders, parcels = (_removals(books[name]) for name in ("removal_orders", "removal_shipments"))
    orders = orders[orders["order_type"].astype("str").str.casefold().str.contains(TO_THE_SELLER)]
    by = ["order_id", "key", "disposition"]
    parcels = parcels.assign(units=parcels["units_shipped"].fillna(0).astype("int64"), day=parcels["shipped_on"])
    if not parcels["disposition"].ne("").any() or not orders["disposition"].ne("").any():
        orders, parcels = orders.assign(disposition="any"), parcels.assign(disposition="any")
    first = parcels.groupby("order_id")["shipped_on"].min()
    updated = orders["updated_on"].fillna(orders["requested_on"])
    shipped = orders["units_shipped"].fillna(0).astype("int64")
    orders = orders.assign(units=shipped, day=orders["order_id"].map(first).fillna(updated))
    orders = orders[orders["units"] > 0]
    whole = orders.groupby(by, as_index=False, sort=False).agg({
        "units": "sum", "day": "min", "fnsku": "first", "msku": "first", "file": "first", "line": "first"})
    sent = settle(whole, parcels.assign(day=pd.Timestamp("2200-01-01")), by)
    missing = whole["units"].to_numpy(np.int64) - sent.units
    at = np.flatnonzero(missing > 0)
    owed = whole.iloc[at].assign(units=missing[at]).reset_index(drop=True)
    paid = papers.once(reimbursements)
    paid = paid[paid["kind"] == "removal"].reset_index(drop=True)
    whenever = paid.assign(day=pd.Timestamp("2200-01-01"))
    named = settle(owed, whenever, ["order_id", "key"])
    nameless = paid.assign(units=named.left)[(paid["order_id"] == "").to_numpy()].reset_index(drop=True)
    pooled = settle(owed, nameless, ["key"], open_units=owed["units"].to_numpy(np.int64) - named.units)
    place = np.full(len(whole), -1)
    place[at] = np.arange(len(at))
    seen = place[sent.owed] >= 0
    sources = [lines(place[sent.owed][seen], parcels.iloc[sent.supply[seen]]), lines(named.owed, paid.iloc[named.supply]),
               lines(pooled.owed, nameless.iloc[pooled.supply])]
    doubt = uncovered(papers, "removal_shipments", owed["day"])
    doubt = np.where(doubt == "", uncovered(papers, "reimbursements", owed["day"]), doubt)
    return found(owed, named.units + pooled.units, sources, stage="before_order", ambiguous=doubt)


# ---------------------------------------------------------------------------------------------------- inside

def _removals(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(key=key(table), order_id=table["order_id"].astype("str"), file=table["file"].astype("str"),
                        disposition=table["disposition"].astype("str").str.upper()).reset_index(drop=True)


def receipts(books: Books) -> pd.DataFrame:
    """The ledger's receipts that name a shipment: shipment_id, key, units (signed), day, file, line."""
    table = books.table("ledger_detail", ["event_date", "fnsku", "msku", "event_type", "reference_id", "units"])
    table = table[(table["event_type"] == "Receipts").to_numpy() & table["reference_id"].ne("").to_numpy()]
    return pd.DataFrame({"shipment_id": table["reference_id"].astype("str"), "key": key(table), "units": table["units"],
                         "day": table["event_date"], "file": table["file"].astype("str"), "line": table["line"]})


def _shipments(books: Books) -> pd.DataFrame:
    """One row per shipment and SKU: units_shipped, units_net (received), status, plan, day of delivery.

    The inbound API gives a shipment's head and its items apart, and no day of delivery: the first receipt in the ledger
    then stands for it.
    """
    table = books["inbound_shipments"]
    text = {name: table[name].astype("str") for name in ("shipment_id", "shipment_name", "inbound_plan_id",
                                                          "shipment_status", "fulfillment_center", "msku")}
    table = table.assign(**text, key=key(table), file=table["file"].astype("str"))
    heads = table[table["shipment_status"] != ""].drop_duplicates("shipment_id", keep="last").set_index("shipment_id")
    items = table[table["units_shipped"].notna()].reset_index(drop=True)
    for name in ("shipment_status", "shipment_name", "inbound_plan_id", "fulfillment_center"):
        items[name] = items[name].where(items[name] != "", items["shipment_id"].map(heads[name]).fillna(""))
    delivered = items["delivered_on"].fillna(items["shipment_id"].map(heads["delivered_on"]))
    booked = receipts(books)
    net = booked.groupby(["shipment_id", "key"], as_index=False).agg(booked=("units", "sum"), first=("day", "min"))
    items = items.merge(net, on=["shipment_id", "key"], how="left", validate="many_to_one")
    counted = items["units_received"].fillna(0).astype("int64")
    several = items.duplicated(["shipment_id", "key"], keep=False)  # the ledger does not divide a shipment's SKU
    whole = _reaches(books, items)
    items["units_net"] = np.where(items["booked"].notna() & ~several & whole, items["booked"].fillna(0), counted).astype(
        "int64")
    series = items["shipment_name"].str.replace(r"\s*-\s*\d+\s*$", "", regex=True)
    items["plan"] = np.where(items["inbound_plan_id"] != "", items["inbound_plan_id"],
                             np.where(series != "", series, items["shipment_id"]))
    return items.assign(day=delivered.fillna(items["first"]), units_shipped=items["units_shipped"].astype("int64"))


def _reaches(books: Books, items: pd.DataFrame) -> np.ndarray:
    """Whether the ledger begins before the shipment was made, so that it holds all its receipts."""
    first = books.first_day("ledger_detail")
    if first is None:
        return np.zeros(len(items), bool)
    made = items["created_on"].fillna(items["first"])
    return (made > pd.Timestamp(first)).to_numpy()


def _receipts_of(booked: pd.DataFrame, owed: pd.DataFrame) -> pd.DataFrame:
    at = owed[["shipment_id", "key"]].assign(claim=np.arange(len(owed)))
    joined = booked.merge(at, on=["shipment_id", "key"], how="inner", validate="many_to_many")
    return lines(joined["claim"].to_numpy(), joined)
