"""Units lost on the way to Amazon or on the way back to the seller."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench import coded
from workbench.detectors.account import EVER, Account, lines, sources_of
from workbench.detectors.found import Found, first_of, found, nothing
from workbench.detectors.papers import Papers, key, paid_for, sure_labels
from workbench.detectors.reach import uncovered

CLOSED = "CLOSED"
TO_THE_SELLER = "return"  # removal orders of other types end elsewhere
LATER = "the removal order was updated later: what had been shipped by then is not in the files"
PARCEL = ["order_id", "tracking_number", "msku"]
REPORTED_WITHIN = 3  # days: a parcel is in the shipment report so soon after the order says it was shipped


def inbound_shortage(papers: Papers) -> Found:
    """Closed shipments: units shipped less net receipts, less what siblings of the same plan received too much, less
    reimbursed; one row per shipment and SKU.

    A Lost_Inbound payment names no shipment: one of exactly its size is settled first, else the oldest delivery. What was
    delivered or closed after the day asked about, though the export is of a later day, was not owed yet.
    """
    rows, today = papers.once(shipments), pd.Timestamp(papers.as_of)
    rows = rows[~((rows["day"] > today) | (rows["closed_on"] > today)).to_numpy()].reset_index(drop=True)
    short = (rows["units_shipped"] - rows["units_net"]).astype("int64")
    judged = rows["shipment_status"].isin([CLOSED, ""])
    owed = rows[judged & (short > 0)].assign(units=short[judged & (short > 0)]).reset_index(drop=True)
    over = rows.assign(units=(-short).clip(lower=0), day=EVER)
    over = over[(over["units"] > 0).to_numpy()].reset_index(drop=True)
    account = Account(owed)
    account.settle(over, ["plan", "key"], "sibling")
    paid = sure_labels(paid_for(papers, "inbound"), owed)
    exact = _of_the_same_size(account, paid)
    left = account.settle(paid[exact].reset_index(drop=True), ["key", "size"], "paid") if exact.any() else paid[:0]
    account.pay(pd.concat([paid[~exact], left], ignore_index=True))
    group = owed.assign(open=account.open > 0).groupby("key")["open"]
    pooled = owed["key"].isin(paid["key"]) & (group.transform("size") > 1) & group.transform("any")
    doubt = first_of(coded.chosen(
        [owed["shipment_status"] == "", owed["units_received"].isna() & owed["booked"].isna(), owed["day"].isna()],
        ["whether the shipment is closed is not in the files", "the units received are not in the files",
         "no day of delivery is in the files"]), uncovered(papers, "reimbursements", owed["day"]))
    note = coded.chosen([owed["delivered_on"].isna(), pooled],
                        ["no day of delivery is in the files: days count from the first receipt, so file some days early",
                         "payments name no shipment: which of several short ones they are for is inferred"])
    return found(owed, account.settled, [*account.sources, _receipts_of(papers.once(receipts), owed)],
                 stage="before_order", ambiguous=doubt, note=note)


def removal_lost(papers: Papers) -> Found:
    """Units a removal order says were shipped, less those in its shipment rows, less reimbursed; one row per order, SKU
    and disposition. Dated by the first parcel, else by the order's last update.

    An order updated after the day asked about says what was shipped later: what was shipped by then is not known."""
    books, today = papers.books, pd.Timestamp(papers.as_of)
    orders, parcels = (_removals(papers, name) for name in ("removal_orders", "removal_shipments"))
    orders = orders[orders["order_type"].astype("str").str.casefold().str.contains(TO_THE_SELLER)]
    orders = orders.assign(updated=orders["updated_on"].fillna(orders["requested_on"]),
                           first=orders["order_id"].map(parcels.groupby("order_id")["shipped_on"].min()))
    orders = orders.assign(day=orders["first"].fillna(orders["updated"]))
    orders = orders[((orders["units"] > 0) & ~(orders["day"] > today)).to_numpy()].reset_index(drop=True)
    by = ["order_id", "key", "disposition", "msku"]  # several SKUs may share a label
    group = orders.groupby(by).ngroup().to_numpy()
    whole = orders.groupby(by, as_index=False).agg(
        {"units": "sum", "day": "min", "updated": "max", "first": "min", "fnsku": "first"})
    sent = Account(whole)
    for names in (by, by[:3], by[:2]):  # a parcel may leave SKU or disposition out, or name another
        parcels = sent.settle(parcels.assign(day=EVER), names, "sent")
    relabelled = sent.would_settle(parcels, ["order_id"])
    short = sent.open > 0
    owed = whole[short].assign(units=sent.open[short]).reset_index(drop=True)
    account = Account(owed)
    paid = paid_for(papers, "removal")
    paid = account.settle(paid.assign(day=EVER), ["order_id", "key"], "paid").assign(day=paid["day"])
    account.settle(paid[(paid["order_id"] == "").to_numpy()].reset_index(drop=True), ["key"], "paid")
    sources = sources_of(short, [lines(group, orders, "event"), *sent.sources])
    last = books.last_day("removal_shipments")
    after = owed["first"].isna() & (owed["updated"] > pd.Timestamp(last or "1995-01-01") + pd.Timedelta(
        days=REPORTED_WITHIN))
    too_new = after & (owed.loc[after, "order_id"].nunique() > 1)  # one is lost, several are not reported
    doubt = first_of(coded.chosen([owed["updated"] > today, relabelled[short], too_new],
                                  [LATER, "a parcel of the order holds units under another label",
                                   f"removal_shipments ends already on {last}"]),
                     uncovered(papers, "removal_shipments", owed["day"]), uncovered(papers, "reimbursements", owed["day"]))
    return found(owed, account.settled, [*sources, *account.sources], stage="before_order", ambiguous=doubt)


def removal_short(papers: Papers) -> Found:
    """Units of removal parcels that did not reach the seller: shipped less received by the analyst's own sheet, less what
    was paid for the order and settled no lost parcel; one row per order, parcel and SKU, dated by the day of receipt.

    Where the sheet leaves out what was shipped, the parcel's row in the shipment report tells it; and of a parcel that was
    received in several lots, each a row of the sheet. Without the sheet nothing is said: what arrived stands in no report
    of Amazon's.
    """
    books = papers.books
    if books.is_absent("removal_receipts"):
        return nothing()
    lots = _lots(books["removal_receipts"])
    parcels = _received(lots, books["removal_shipments"])
    owed = parcels[(parcels["missing"] > 0).fillna(False).to_numpy(bool)].reset_index(drop=True)
    if owed.empty:
        return nothing()
    owed = owed.assign(units=owed["missing"].astype("int64"))
    later = lots[lots["parcel"].isin(owed["parcel"]) & lots["parcel"].duplicated()]
    claim = later["parcel"].map(pd.Series(owed.index, index=owed["parcel"]))
    owed = owed.assign(key=key(papers, owed))
    paid = paid_for(papers, "removal")
    if not books.is_absent("removal_orders"):
        told = papers.once(removal_lost).sources
        used = told[told["role"] == "paid"].groupby(["file", "line"])["units"].sum()
        paid["units"] -= used.reindex(pd.MultiIndex.from_frame(paid[["file", "line"]])).fillna(0).to_numpy(np.int64)
    account = Account(owed)
    account.settle(paid.assign(day=EVER), ["order_id", "key"], "paid")
    sources = [*account.sources, lines(claim, later, "received", later["units_received"])]
    return found(owed, account.settled, sources, stage="before_order",
                 ambiguous=uncovered(papers, "reimbursements", owed["day"]))


# ---------------------------------------------------------------------------------------------------- inside

def _of_the_same_size(account: Account, paid: pd.DataFrame) -> np.ndarray:
    """Payments of exactly what one shipment lacks; gives account and payments their `size`."""
    account.owed["size"] = account.open.astype("str")
    paid["size"] = paid["units"].astype("str")
    held = pd.MultiIndex.from_arrays([account.owed["key"], account.owed["size"]])
    return pd.MultiIndex.from_arrays([paid["key"], paid["size"]]).isin(held)


def _removals(papers: Papers, name: str) -> pd.DataFrame:
    table = papers.books[name]
    texts = {column: table[column].astype("str") for column in ("order_id", "file", "fnsku", "msku")}
    return table.assign(**texts, key=key(papers, table), disposition=table["disposition"].astype("str").str.upper(),
                        units=table["units_shipped"].fillna(0).astype("int64").clip(lower=0)).reset_index(drop=True)


def _lots(sheet: pd.DataFrame) -> pd.DataFrame:
    """The rows of the analyst's sheet of receipts in the order of their days, each with the number of its `parcel`; one
    without a tracking number is a parcel of its own."""
    texts = {name: sheet[name].astype("str") for name in ("tracking_number", "msku", "file")}
    rows = sheet.assign(**texts, order_id=sheet["removal_order_id"].astype("str"), fnsku="", day=sheet["received_on"])
    rows = rows.sort_values("day", kind="stable", ignore_index=True)
    known = rows.groupby(PARCEL).ngroup()
    return rows.assign(parcel=np.where(rows["tracking_number"] == "", -1 - np.arange(len(rows)), known))


def _received(lots: pd.DataFrame, shipped: pd.DataFrame) -> pd.DataFrame:
    """One row per parcel, with the units `missing` (NA where nothing tells what was sent): sent, by its one row of the
    sheet, else by the shipment report (`shipped`), less received."""
    parcels = lots.assign(lots=1).groupby("parcel", as_index=False, sort=False).agg(
        {**dict.fromkeys([*PARCEL, "fnsku", "day", "file", "line"], "first"), "units_shipped": "max",
         "units_received": "sum", "lots": "sum"})
    sent = shipped.astype(dict.fromkeys(PARCEL, "str")).groupby(PARCEL, as_index=False).agg(sent=("units_shipped", "sum"))
    parcels = parcels.merge(sent, on=PARCEL, how="left", validate="many_to_one")
    told, reported = (parcels[name].astype("Float64") for name in ("units_shipped", "sent"))
    sent_units = told.fillna(reported).where(parcels["lots"] == 1, reported.fillna(told))
    return parcels.assign(missing=sent_units - parcels["units_received"])


def receipts(papers: Papers) -> pd.DataFrame:
    """The ledger's receipts that name a shipment: shipment_id, key, units (signed), day, file, line."""
    table = papers.books.table("ledger_detail", ["event_date", "fnsku", "msku", "reference_id", "units"],
                               where=("event_type", ("Receipts",)))
    table = table[table["reference_id"].ne("").to_numpy()]
    return pd.DataFrame({"shipment_id": table["reference_id"].astype("str"), "key": key(papers, table),
                         "units": table["units"], "day": table["event_date"], "file": table["file"].astype("str"),
                         "line": table["line"]}).reset_index(drop=True)


def shipments(papers: Papers) -> pd.DataFrame:
    """One row per shipment and SKU: units_shipped, units_net (received), status ("" where no file tells), plan, day of
    delivery.

    The inbound API gives a shipment's head and its items apart, and no day of delivery: the shipment's first receipt in
    the ledger then stands for it, which may be some days later. Cancelled and deleted shipments are left out.
    """
    table = papers.books["inbound_shipments"]
    texts = {name: table[name].astype("str") for name in ("shipment_id", "shipment_name", "inbound_plan_id", "file",
                                                          "shipment_status", "fulfillment_center", "msku", "fnsku")}
    table = table.assign(**texts, key=key(papers, table))
    table["shipment_status"] = table["shipment_status"].where(
        (table["shipment_status"] != "") | table["closed_on"].isna(), CLOSED)
    items = table[table["units_shipped"].notna()].reset_index(drop=True)
    for name in ("shipment_status", "shipment_name", "inbound_plan_id", "fulfillment_center"):
        head = table[table[name] != ""].drop_duplicates("shipment_id", keep="last").set_index("shipment_id")[name]
        items[name] = items[name].where(items[name] != "", items["shipment_id"].map(head).astype("object").fillna(""))
    items = items[~items["shipment_status"].isin(["CANCELLED", "DELETED"])].reset_index(drop=True)
    for name in ("delivered_on", "created_on", "closed_on"):
        items[name] = items[name].fillna(items["shipment_id"].map(table.groupby("shipment_id")[name].min()))
    booked = papers.once(receipts)
    net = booked.assign(into=booked["units"].clip(lower=0)).groupby(["shipment_id", "key"], as_index=False).agg(
        booked=("units", "sum"), into=("into", "sum"))
    items = items.merge(net, on=["shipment_id", "key"], how="left", validate="many_to_one")
    items = items.join(booked.groupby("shipment_id")["day"].min().rename("first"), on="shipment_id")
    items["units_net"] = _net(papers, items)
    series = items["shipment_name"].str.replace(r"\s*-\s*(\d+|[A-Z]{3}\d)\s*$", "", regex=True)  # "… - 2", "…-ONT8"
    items["plan"] = np.where(items["inbound_plan_id"] != "", items["inbound_plan_id"],
                             np.where(series != "", series, items["shipment_id"]))
    return items.assign(day=items["delivered_on"].fillna(items["first"]),
                        units_shipped=items["units_shipped"].astype("int64"))


def _net(papers: Papers, items: pd.DataFrame) -> np.ndarray:
    """Net receipts: the ledger's, where it holds all that the shipment's own count has, else that count.

    The ledger knows of more than a count that is older (late receipts, stock deducted after the shipment was closed); a
    ledger with less than the count lacks rows. Without a count the ledger must begin before the shipment was made, or
    else before the day of its first receipt.
    """
    counted, booked, into = (items[name].astype("Float64").fillna(-1).to_numpy(float)
                             for name in ("units_received", "booked", "into"))
    start = papers.books.first_day("ledger_detail")
    made = items["created_on"].fillna(items["first"])
    whole = np.zeros(len(items), bool) if start is None else (made > pd.Timestamp(start)).to_numpy()
    several = items.duplicated(["shipment_id", "key"], keep=False).to_numpy()  # the ledger does not divide a SKU's rows
    told = items["booked"].notna().to_numpy() & ~several & np.where(counted >= 0, into >= counted, whole)
    return np.where(told, np.maximum(booked, 0), np.maximum(counted, 0)).astype(np.int64)


def _receipts_of(booked: pd.DataFrame, owed: pd.DataFrame) -> pd.DataFrame:
    at = owed[["shipment_id", "key"]].assign(claim=np.arange(len(owed)))
    joined = booked.merge(at, on=["shipment_id", "key"], how="inner", validate="many_to_many")
    return lines(joined["claim"].to_numpy(), joined, "received")
